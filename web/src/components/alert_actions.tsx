import { useState } from "preact/hooks";
import { act, session } from "../api";
import { may } from "../permissions";
import { text } from "../preferences";
import type { Action, Alert } from "../wire";
import { Dialogue, order } from "./orders";

const SHELF_MINUTES = [5, 15, 30, 60];

function ShelveDialogue({ onShelve, onClose }: { onShelve: (action: Action) => void; onClose: () => void }) {
  const shelve = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const until = new Date(Date.now() + Number(form.get("minutes")) * 60_000).toISOString();
    const reason = String(form.get("reason") ?? "").trim();
    if (!reason) return;
    onClose();
    onShelve({ action: "shelve", until, reason });
  };
  return (
    <Dialogue title={text().shelve_title} onClose={onClose}>
      <form onSubmit={shelve}>
        <p class="faint">{text().shelve_hint}</p>
        <label>
          {text().for_minutes}
          <select name="minutes" defaultValue="15">
            {SHELF_MINUTES.map((minutes) => (
              <option key={minutes} value={minutes} selected={minutes === 15}>
                {text().minutes(minutes)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {text().reason}
          <input name="reason" maxLength={2000} required autocomplete="off" />
        </label>
        <div class="buttons">
          <button type="submit" class="primary">
            {text().shelve}
          </button>
          <button type="button" onClick={onClose}>
            {text().cancel}
          </button>
        </div>
      </form>
    </Dialogue>
  );
}

/** What can be done about an open alert as a whole. */
export function AlertActions({ alert }: { alert: Alert }) {
  const [isShelving, setShelving] = useState(false);
  const [isUnderWay, setUnderWay] = useState(false);
  if (!may("operator")) return null;
  const texts = text();
  const give = (action: Action) =>
    void order(async (who) => {
      setUnderWay(true);
      try {
        return await act(alert.id, who, action);
      } finally {
        setUnderWay(false);
      }
    });
  return (
    <div class="buttons" aria-busy={isUnderWay}>
      {!alert.acknowledged && (
        <button type="button" class="primary" disabled={isUnderWay} onClick={() => give({ action: "acknowledge" })}>
          {texts.acknowledge}
        </button>
      )}
      {!alert.escalated && (
        <button type="button" disabled={isUnderWay} onClick={() => give({ action: "escalate" })}>
          {texts.escalate}
        </button>
      )}
      {alert.shelved ? (
        <button type="button" disabled={isUnderWay} onClick={() => give({ action: "unshelve" })}>
          {texts.unshelve}
        </button>
      ) : (
        <button type="button" disabled={isUnderWay} onClick={() => setShelving(true)}>
          {texts.shelve}
        </button>
      )}
      <output class="faint">{isUnderWay && texts.order_under_way}</output>
      {isShelving && <ShelveDialogue onShelve={give} onClose={() => setShelving(false)} />}
    </div>
  );
}

export function CommentForm({ alert }: { alert: Alert }) {
  const [words, setWords] = useState("");
  if (!may("operator")) return session.value && <p class="faint">{text().only_looks}</p>;
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    const said = words.trim();
    if (said && (await order((who) => act(alert.id, who, { action: "comment", text: said })))) setWords("");
  };
  return (
    <form class="comment" onSubmit={send}>
      <label>
        {text().comment}
        <textarea
          rows={2}
          maxLength={2000}
          placeholder={text().comment_hint}
          value={words}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
      </label>
      <button type="submit" disabled={!words.trim()}>
        {text().send}
      </button>
    </form>
  );
}
