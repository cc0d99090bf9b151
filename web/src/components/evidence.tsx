import { alertEvidence, evidencePath } from "../api";
import { timeText } from "../format";
import { useLoaded } from "../loaded";
import { text } from "../preferences";
import type { Evidence } from "../wire";

function Shown({ alert, one }: { alert: string; one: Evidence }) {
  const texts = text();
  const path = evidencePath(alert, one.number);
  if (one.content_type.startsWith("image/")) {
    const caption = texts.evidence_picture(timeText(one.at));
    return (
      <figure>
        <a href={path}>
          <img src={path} alt={caption} loading="lazy" />
        </a>
        <figcaption class="faint">{caption}</figcaption>
      </figure>
    );
  }
  if (one.content_type.startsWith("video/")) {
    const caption = texts.evidence_clip(timeText(one.at));
    return (
      <figure>
        {/* biome-ignore lint/a11y/useMediaCaption: the clip has no sound */}
        <video src={path} controls preload="metadata" aria-label={caption} />
        <figcaption class="faint">{caption}</figcaption>
      </figure>
    );
  }
  return null;
}

/** What was kept of an alert's rises: pictures and clips to look at, the rest to download. */
export function AlertEvidence({ alert, changes }: { alert: string; changes: string }) {
  const texts = text();
  // A clip is on record only some seconds after the rise.
  const loaded = useLoaded(`${alert} ${changes}`, (stop) => alertEvidence(alert, stop), 5000);
  const all = loaded.value?.evidence ?? [];
  return (
    <section class="card" aria-labelledby="evidence-title">
      <h2 id="evidence-title">{texts.evidence}</h2>
      {loaded.error && (
        <p class="fault">
          {texts.failed_to_load} {loaded.error}
        </p>
      )}
      {loaded.value && all.length === 0 && <p class="faint">{texts.no_evidence}</p>}
      <div class="evidence">
        {all.map((one) => (
          <Shown key={one.number} alert={alert} one={one} />
        ))}
      </div>
      <ul class="files">
        {all.map((one) => (
          <li key={one.number}>
            <a href={evidencePath(alert, one.number)} download={one.name}>
              {one.name}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
