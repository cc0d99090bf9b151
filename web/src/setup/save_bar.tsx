import { signal } from "@preact/signals";
import { timeText } from "../format";
import { text } from "../preferences";
import { changeCount, checked, discard, faults, inForce, isChanged } from "./draft";
import { saving } from "./save";
import { SaveDialogue } from "./save_dialogue";

const isOpen = signal(false);

function forget(): void {
  if (saving.value.step !== "changing") saving.value = { step: "idle" };
}

/** Opens the dialogue in which the draft is looked at and put in force. */
export function lookAndSave(): void {
  forget();
  isOpen.value = true;
}

function Verdict() {
  const texts = text();
  if (checked.value === null) return <span class="faint">{texts.checking}</span>;
  const count = faults.value.length;
  if (count === 0) return <span class="good">{texts.no_faults}</span>;
  return (
    <details>
      <summary class="fault">✕ {texts.faults_count(count)}</summary>
      <ul class="faults" id="all-faults">
        {faults.value.map((fault) => (
          <li key={fault}>{fault}</li>
        ))}
      </ul>
    </details>
  );
}

/** What became of the last change. */
export function SavingNews() {
  const texts = text();
  const now = saving.value;
  switch (now.step) {
    case "idle":
      return null;
    case "changing":
      return <p role="status">{texts.changing_over}</p>;
    case "in_force":
      return (
        <p role="status" class="good" id="in-force">
          {texts.now_in_force(timeText(now.at.toISOString()))}
        </p>
      );
    case "gone_back":
      return (
        <p role="alert" class="fault">
          {texts.gone_back} {now.why}
        </p>
      );
    case "unsure":
      return (
        <p role="alert" class="fault">
          {texts.may_be_done}
        </p>
      );
    case "failed":
      return (
        <div role="alert" class="fault">
          {texts.not_taken}
          <ul class="faults">
            {now.why.split("\n").map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </div>
      );
  }
}

/** Below every part: what is changed and not saved, and what became of what was saved. */
export function SaveBar() {
  const texts = text();
  const isMoving = saving.value.step === "changing";
  const isShown = isChanged.value || saving.value.step !== "idle";
  return (
    <>
      {isShown && (
        <section class="save-bar" aria-label={texts.changes_title}>
          {!isOpen.value && saving.value.step !== "idle" && (
            <div class="row">
              <SavingNews />
              {!isMoving && (
                <button type="button" onClick={forget}>
                  {texts.close}
                </button>
              )}
            </div>
          )}
          {isChanged.value && !isMoving && (
            <div class="row">
              <div role="status">
                <strong>{changeCount.value === null ? texts.text_changed : texts.changes(changeCount.value)}</strong>{" "}
                <Verdict />
              </div>
              <div class="buttons">
                <button
                  type="button"
                  onClick={() => {
                    forget();
                    discard();
                  }}
                >
                  {texts.discard}
                </button>
                <button
                  type="button"
                  class="primary"
                  id="look-and-save"
                  disabled={inForce.value?.changeable === false}
                  onClick={lookAndSave}
                >
                  {texts.look_and_save}
                </button>
              </div>
            </div>
          )}
        </section>
      )}
      {isOpen.value && (
        <SaveDialogue
          onClose={() => {
            isOpen.value = false;
          }}
        />
      )}
    </>
  );
}
