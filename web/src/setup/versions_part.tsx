import { useState } from "preact/hooks";
import { checkConfig, configVersion, configVersions } from "../api";
import { dateTimeText } from "../format";
import { faultText, useLoaded } from "../loaded";
import { text } from "../preferences";
import type { ConfigVersion } from "../wire";
import { Diff } from "./diff";
import { inForce, isChanged, suggestedWhy, write } from "./draft";
import { lookAndSave } from "./save_bar";

function Compared({ version }: { version: ConfigVersion }) {
  const texts = text();
  const now = inForce.value?.hash ?? "";
  const loaded = useLoaded(`${version.hash} ${now}`, async (stop) => {
    const { text: then } = await configVersion(version.hash, stop);
    return checkConfig({ text: then }, stop);
  });
  const found = loaded.value;
  return (
    <section class="card" id="compared" aria-labelledby="compared-title">
      <h2 id="compared-title">{texts.compared_with(dateTimeText(version.at))}</h2>
      {loaded.error && <p class="fault">{loaded.error}</p>}
      {found ? <Diff diff={found.diff} /> : !loaded.error && <p class="faint">{texts.loading}</p>}
      {found && found.faults.length > 0 && (
        <ul class="faults">
          {found.faults.map((fault) => (
            <li key={fault} class="fault">
              {fault}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** What was in force, and the way back to it. */
export function VersionsPart() {
  const texts = text();
  const [shown, setShown] = useState<ConfigVersion | null>(null);
  const [fault, setFault] = useState("");
  const now = inForce.value;
  const loaded = useLoaded(`versions ${now?.hash} ${now?.refused?.at}`, (stop) => configVersions(stop));
  const versions = loaded.value?.versions ?? [];
  const newest = versions.findIndex((version) => version.hash === now?.hash);
  const takeBack = async (version: ConfigVersion) => {
    setFault("");
    try {
      write((await configVersion(version.hash)).text);
      suggestedWhy.value = texts.back_to(dateTimeText(version.at));
      lookAndSave();
    } catch (error) {
      setFault(faultText(error));
    }
  };
  return (
    <div class={shown ? "two" : "column"}>
      <section class="card" aria-labelledby="versions-title">
        <h2 id="versions-title">{texts.part_versions}</h2>
        <p class="faint">{texts.versions_hint}</p>
        {loaded.error && <p class="fault">{loaded.error}</p>}
        {fault && (
          <p class="fault" role="alert">
            {fault}
          </p>
        )}
        {isChanged.value && <p class="warning">{texts.pending_first}</p>}
        <ol class="versions" aria-labelledby="versions-title">
          {versions.map((version, index) => (
            <li key={`${version.at} ${version.hash}`} data-version={version.hash}>
              <div>
                <p>
                  <span class="number">{dateTimeText(version.at)}</span> · <strong>{version.who}</strong>{" "}
                  {index === newest && <span class="badge good">{texts.is_in_force}</span>}
                </p>
                <p class="why">{version.why}</p>
              </div>
              {index !== newest && (
                <div class="buttons">
                  <button
                    type="button"
                    aria-pressed={shown === version}
                    onClick={() => setShown(shown === version ? null : version)}
                  >
                    {texts.look_at}
                  </button>
                  <button
                    type="button"
                    disabled={isChanged.value || version.hash === now?.hash}
                    onClick={() => void takeBack(version)}
                  >
                    {texts.take_back}
                  </button>
                </div>
              )}
            </li>
          ))}
        </ol>
      </section>
      {shown && <Compared version={shown} />}
    </div>
  );
}
