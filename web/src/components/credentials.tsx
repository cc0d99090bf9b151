import { endApiToken, endSession } from "../api";
import { dateTimeText } from "../format";
import type { KnownPlaces } from "../known_places";
import { type Doing, useDoing } from "../loaded";
import { text, word } from "../preferences";
import type { ApiToken, OpenSession } from "../wire";
import { scopeText } from "./scope_choice";
import { WideTable } from "./wide_table";

/** What a browser calls itself, as far as people know it by that. */
export function browserText(user_agent: string): string {
  const browser = /(Edg|OPR|Firefox|Chrome|Safari)\w*\/(\d+)/.exec(user_agent);
  const system = /(Windows|Android|iPhone|iPad|Mac OS|Linux)/.exec(user_agent);
  const names: Record<string, string> = { Edg: "Edge", OPR: "Opera" };
  const parts = [browser && `${names[browser[1] ?? ""] ?? browser[1]} ${browser[2]}`, system?.[1]];
  return parts.filter(Boolean).join(", ") || user_agent || "?";
}

function Fault({ doing }: { doing: Doing }) {
  return (
    <p class="fault" role="alert">
      {doing.fault}
    </p>
  );
}

/** Where people are logged in; each can be ended. */
export function SessionTable(props: {
  sessions: OpenSession[];
  label: string;
  withUser?: boolean;
  onEnded: () => void;
}) {
  const { sessions, label, withUser = false, onEnded } = props;
  const texts = text();
  const doing = useDoing();
  const end = async (id: number) => {
    if (await doing.run(() => endSession(id))) onEnded();
  };
  const heads = [texts.browser, texts.from_where, texts.began, texts.seen, texts.ends, ""];
  return (
    <>
      <Fault doing={doing} />
      <WideTable heads={withUser ? [texts.user, ...heads] : heads} label={label}>
        {sessions.map((session) => (
          <tr key={session.id} data-session={session.id}>
            {withUser && <th scope="row">{session.user}</th>}
            <td title={session.user_agent}>
              {browserText(session.user_agent)} {session.current && <span class="badge good">{texts.this_one}</span>}
            </td>
            <td class="number">{session.address}</td>
            <td class="number">{dateTimeText(session.created)}</td>
            <td class="number">{dateTimeText(session.seen)}</td>
            <td class="number">{dateTimeText(session.expires)}</td>
            <td class="act">
              <button
                type="button"
                disabled={doing.isUnderWay}
                aria-label={texts.end_session_of(session.user, browserText(session.user_agent))}
                onClick={() => void end(session.id)}
              >
                {texts.end_session}
              </button>
            </td>
          </tr>
        ))}
      </WideTable>
    </>
  );
}

/** Tokens of programs; each can be ended. */
export function TokenTable(props: {
  tokens: ApiToken[];
  label: string;
  known: KnownPlaces;
  withUser?: boolean;
  onEnded: () => void;
}) {
  const { tokens, label, known, withUser = false, onEnded } = props;
  const texts = text();
  const doing = useDoing();
  const end = async (id: number) => {
    if (await doing.run(() => endApiToken(id))) onEnded();
  };
  if (tokens.length === 0) return <p class="faint">{texts.no_tokens}</p>;
  const heads = [texts.token_for, texts.role, texts.scope, texts.began, texts.ends, ""];
  return (
    <>
      <Fault doing={doing} />
      <WideTable heads={withUser ? [texts.user, ...heads] : heads} label={label}>
        {tokens.map((token) => {
          const isOver = Date.parse(token.expires) <= Date.now();
          return (
            <tr key={token.id} data-token={token.name}>
              {withUser && <th scope="row">{token.user}</th>}
              <td>{token.name}</td>
              <td>{word(`role_${token.role}`)}</td>
              <td>{scopeText(token.scope, known)}</td>
              <td class="number">{dateTimeText(token.created)}</td>
              <td class={isOver ? "warning" : "number"}>
                {isOver ? `${texts.expired}: ` : ""}
                {dateTimeText(token.expires)}
              </td>
              <td class="act">
                <button
                  type="button"
                  disabled={doing.isUnderWay}
                  aria-label={texts.end_token_of(token.name)}
                  onClick={() => void end(token.id)}
                >
                  {texts.end_token}
                </button>
              </td>
            </tr>
          );
        })}
      </WideTable>
    </>
  );
}
