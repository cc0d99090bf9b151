import { age, timeText } from "../format";
import { connectionIsLost, silent_s } from "../live";
import { text, word } from "../preferences";
import { routeTo } from "../route";
import type { Camera } from "../wire";
import { LinesTable } from "./lines_table";
import { LivePicture } from "./live_picture";
import { ReadingValue } from "./reading";

function pictureAge(camera: Camera): string {
  return camera.age_s === null ? text().never_seen : text().last_picture(age(camera.age_s + silent_s.value));
}

/** How a camera is, and how old what it shows. */
export function HealthBadge({ camera }: { camera: Camera }) {
  return (
    <span class={`badge ${camera.fresh ? "good" : "bad"}`}>
      {camera.fresh ? word(camera.state) : pictureAge(camera)}
    </span>
  );
}

/** A camera on the wall: picture, how it is, who is in the picture, and its lines. */
export function CameraCard({ camera }: { camera: Camera }) {
  const texts = text();
  return (
    <article class={`card camera${camera.fresh ? "" : " not-fresh"}`} id={`camera-${camera.id}`}>
      <header class="row">
        <h3>
          <a href={routeTo("place", `camera:${camera.id}`)}>{camera.name}</a>
        </h3>
        <HealthBadge camera={camera} />
      </header>
      <div class="picture">
        {/* A camera without pictures would keep a connection waiting for one. */}
        {camera.fresh && <LivePicture camera={camera.id} name={camera.name} />}
        {!camera.fresh && (
          <div class="cover">
            <strong>{texts.not_fresh}</strong>
            <span>{word(connectionIsLost.value ? "unknown:lost" : camera.state)}</span>
            <span>{pictureAge(camera)}</span>
            {camera.error && <span class="reason">{camera.error}</span>}
            {camera.next_try && <span class="faint">{texts.next_try(timeText(camera.next_try))}</span>}
          </div>
        )}
      </div>
      <p class="in-picture">
        {texts.in_picture}:{" "}
        {camera.counts.map((count, at) => (
          <span key={count.class}>
            {at > 0 && " · "}
            <strong>
              <ReadingValue reading={count} measure="people" />
            </strong>{" "}
            {word(count.class)}
          </span>
        ))}
      </p>
      <LinesTable within={camera} />
    </article>
  );
}
