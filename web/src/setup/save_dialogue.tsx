import { useState } from "preact/hooks";
import { session } from "../api";
import { Dialogue } from "../components/orders";
import { nameYourself, text, who } from "../preferences";
import { Diff } from "./diff";
import { checked, faults, isChanged, load, suggestedWhy } from "./draft";
import { save, saving } from "./save";
import { SavingNews } from "./save_bar";

/** Characters of a reason that the service takes. */
const WHY_MOST = 500;

function Form({ onClose }: { onClose: () => void }) {
  const texts = text();
  const [isAsked, setAsked] = useState(false);
  const found = checked.value;
  const failed = saving.value.step === "failed" ? saving.value : null;
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const said = (key: string) => String(form.get(key) ?? "").trim();
    if (!session.value?.name) nameYourself(said("who"));
    setAsked(true);
    await save(said("why"));
    setAsked(false);
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      {found === null && <p class="faint">{texts.checking}</p>}
      {faults.value.length > 0 && (
        <ul class="faults" role="alert">
          {faults.value.map((fault) => (
            <li key={fault} class="fault">
              {fault}
            </li>
          ))}
        </ul>
      )}
      {found && <Diff diff={found.diff} />}
      {!session.value?.name && (
        <label>
          {texts.your_name}
          <input name="who" maxLength={100} autocomplete="name" required defaultValue={who.value} />
        </label>
      )}
      <label>
        {texts.why}
        <input
          name="why"
          maxLength={WHY_MOST}
          autocomplete="off"
          required
          pattern=".*\S.*"
          placeholder={texts.why_hint}
          defaultValue={suggestedWhy.value}
        />
      </label>
      <SavingNews />
      {failed?.conflict && (
        <div class="plain">
          <button type="button" onClick={() => void load()}>
            {texts.load_anew}
          </button>
          <p class="faint">{texts.loaded_anew_hint}</p>
        </div>
      )}
      <div class="buttons">
        <button type="submit" class="primary" disabled={!found?.ok || found.diff === "" || isAsked}>
          {texts.put_in_force}
        </button>
        <button type="button" onClick={onClose}>
          {texts.cancel}
        </button>
      </div>
    </form>
  );
}

/** The change is looked at, gets its reason, and is followed until it is in force or known not to be. */
export function SaveDialogue({ onClose }: { onClose: () => void }) {
  const texts = text();
  const { step } = saving.value;
  const isDecided = step === "changing" || step === "in_force" || step === "gone_back" || step === "unsure";
  return (
    <Dialogue title={texts.save_title} isWide onClose={onClose}>
      {isDecided || !isChanged.value ? (
        <div class="plain">
          <SavingNews />
          {step === "gone_back" && <p class="faint">{texts.still_changed}</p>}
          <div class="buttons">
            <button type="button" class="primary" onClick={onClose}>
              {texts.close}
            </button>
          </div>
        </div>
      ) : (
        <Form onClose={onClose} />
      )}
    </Dialogue>
  );
}
