import { useState } from "preact/hooks";
import { auditEntries } from "../api";
import { WideTable } from "../components/wide_table";
import { dateTimeText } from "../format";
import { useLoaded } from "../loaded";
import { text, word } from "../preferences";
import { whyNoUsers } from "./users_part";

const SPANS_DAYS = [1, 7, 30, 365];
const DAY_MS = 86_400_000;

function Choice(props: {
  label: string;
  none: string;
  of: [value: string, name: string][];
  value: string;
  onChoose: (value: string) => void;
}) {
  return (
    <label>
      {props.label}
      <select value={props.value} onChange={(event) => props.onChoose(event.currentTarget.value)}>
        <option value="">{props.none}</option>
        {props.of.map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What people did, the newest first. */
export function AuditPart() {
  const texts = text();
  const [days, setDays] = useState(7);
  const [kind, setKind] = useState("");
  const [who, setWho] = useState("");
  const why = whyNoUsers();
  const loaded = useLoaded(`${why ?? ""} ${days}`, async (stop) => {
    if (why) return null;
    const to = new Date(Date.now() + 1000);
    return auditEntries(new Date(to.getTime() - days * DAY_MS), to, stop);
  });
  if (why) return <p class="none">{why}</p>;
  const entries = loaded.value?.audit ?? [];
  const kinds = [...new Set(entries.map((entry) => entry.kind))].sort();
  const people = [...new Set(entries.map((entry) => entry.who))].sort();
  const shown = entries.filter((entry) => (!kind || entry.kind === kind) && (!who || entry.who === who));
  return (
    <section class="card" aria-labelledby="audit-title">
      <div class="row">
        <h2 id="audit-title">{texts.part_audit}</h2>
        <div class="buttons">
          {SPANS_DAYS.map((span) => (
            <button key={span} type="button" aria-pressed={span === days} onClick={() => setDays(span)}>
              {texts.days(span)}
            </button>
          ))}
        </div>
      </div>
      <p class="faint">{texts.audit_hint}</p>
      <div class="fields">
        <Choice
          label={texts.audit_kind}
          none={texts.audit_everything}
          of={kinds.map((one) => [one, word(one)])}
          value={kind}
          onChoose={setKind}
        />
        <Choice
          label={texts.audit_who}
          none={texts.audit_everybody}
          of={people.map((one) => [one, one])}
          value={who}
          onChoose={setWho}
        />
      </div>
      {loaded.error && <p class="fault">{`${texts.failed_to_load} ${loaded.error}`}</p>}
      {loaded.value?.cut && <p class="warning">{texts.cut_off}</p>}
      {loaded.value && shown.length === 0 && <p class="none">{texts.no_audit}</p>}
      {shown.length > 0 && (
        <WideTable
          heads={[texts.when, texts.audit_who, texts.audit_kind, texts.audit_subject, texts.audit_detail]}
          label={texts.part_audit}
        >
          {shown.map((entry) => (
            <tr key={`${entry.time} ${entry.who} ${entry.kind} ${entry.subject}`} data-kind={entry.kind}>
              <td class="number">{dateTimeText(entry.time)}</td>
              <th scope="row">{entry.who}</th>
              <td>{word(entry.kind)}</td>
              <td class="anywhere">{entry.subject}</td>
              <td class="anywhere">{entry.detail}</td>
            </tr>
          ))}
        </WideTable>
      )}
    </section>
  );
}
