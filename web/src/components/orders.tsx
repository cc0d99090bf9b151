import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { session, type Who } from "../api";
import { lastKnown } from "../live";
import { faultText } from "../loaded";
import { nameYourself, text, who } from "../preferences";
import type { OrderAnswer } from "../wire";

/** What became of the last order where it was not simply done. */
export const orderFault = signal("");

const asking = signal<((name: string | null) => void) | null>(null);

/** Who gives an order. The service knows who is logged in; without accounts it is the name that the viewer gives, and
 * `null` where they would rather not. */
function someone(): Promise<Who | null> {
  if (session.value?.name) return Promise.resolve(undefined);
  if (who.value) return Promise.resolve(who.value);
  return askName();
}

export function askName(): Promise<string | null> {
  return new Promise((answer) => {
    asking.value = answer;
  });
}

/** Gives an order in the viewer's name. `true`: it was taken. */
export async function order(give: (who: Who) => Promise<OrderAnswer>): Promise<boolean> {
  const name = await someone();
  if (name === null) return false;
  orderFault.value = "";
  try {
    const { stored } = await give(name);
    if (!stored && lastKnown.value?.kept) orderFault.value = text().not_stored;
    return true;
  } catch (fault) {
    orderFault.value = faultText(fault);
    return false;
  }
}

export function OrderFault() {
  return (
    <p class="fault" role="alert">
      {orderFault.value}
    </p>
  );
}

/** A dialogue that is open as long as it is drawn; the browser keeps the keyboard in it and closes it by Escape. */
export function Dialogue(props: {
  title: string;
  isWide?: boolean;
  onClose: () => void;
  children: preact.ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class={props.isWide ? "wide-dialogue" : ""} onClose={props.onClose} aria-label={props.title}>
      <h2>{props.title}</h2>
      {props.children}
    </dialog>
  );
}

export function NameDialogue() {
  const answer = asking.value;
  if (!answer) return null;
  const end = (name: string | null) => {
    if (asking.value === null) return;
    asking.value = null;
    answer(name);
  };
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget as HTMLFormElement).get("who") ?? "").trim();
    if (!name) return;
    nameYourself(name);
    end(name);
  };
  return (
    <Dialogue title={text().who_are_you} onClose={() => end(null)}>
      <form onSubmit={save}>
        <label>
          {text().your_name}
          <input name="who" maxLength={100} autocomplete="name" required defaultValue={who.value} />
        </label>
        <p class="faint">{text().name_is_shown}</p>
        <div class="buttons">
          <button type="submit" class="primary">
            {text().save}
          </button>
          <button type="button" onClick={() => end(null)}>
            {text().cancel}
          </button>
        </div>
      </form>
    </Dialogue>
  );
}
