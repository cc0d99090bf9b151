import { useState } from "preact/hooks";
import { apiTokens, openSessions, session, users } from "../api";
import { SessionTable, TokenTable } from "../components/credentials";
import { scopeText } from "../components/scope_choice";
import { WideTable } from "../components/wide_table";
import { dateTimeText } from "../format";
import { type KnownPlaces, knownPlaces } from "../known_places";
import { lastKnown } from "../live";
import { useLoaded } from "../loaded";
import { text, word } from "../preferences";
import type { User } from "../wire";
import { UserDialogue } from "./user_dialogue";

const load = async (stop: AbortSignal) => {
  const [known, sessions, tokens] = await Promise.all([users(stop), openSessions(stop), apiTokens(stop)]);
  return { ...known, ...sessions, ...tokens };
};

/** Why there are no users here; `null`: there are. */
export function whyNoUsers(): string | null {
  return session.value?.accounts === "off" ? text().accounts_off : null;
}

function UserTable(props: { users: User[]; places: KnownPlaces; onChange: (user: User) => void }) {
  const texts = text();
  return (
    <WideTable heads={[texts.user, texts.role, texts.scope, texts.state, texts.user_since, ""]} label={texts.users}>
      {props.users.map((user) => (
        <tr key={user.name} data-user={user.name}>
          <th scope="row">{user.name}</th>
          <td>{word(`role_${user.role}`)}</td>
          <td>{scopeText(user.scope, props.places)}</td>
          <td>
            <span class={`badge ${user.disabled ? "bad" : "good"}`}>
              {user.disabled ? texts.user_disabled : texts.user_active}
            </span>
          </td>
          <td class="number">{dateTimeText(user.created)}</td>
          <td class="act">
            <button type="button" aria-label={texts.change_user(user.name)} onClick={() => props.onChange(user)}>
              {texts.change}
            </button>
          </td>
        </tr>
      ))}
    </WideTable>
  );
}

/** Who may use the service, where they are logged in, and their programs' tokens. */
export function UsersPart() {
  const texts = text();
  const [again, setAgain] = useState(0);
  /** Who is changed; `new`: somebody is added. */
  const [edited, setEdited] = useState<User | "new" | null>(null);
  const why = whyNoUsers();
  const loaded = useLoaded(`${why ?? ""} ${again}`, (stop) => (why ? Promise.resolve(null) : load(stop)));
  if (why) return <p class="none">{why}</p>;
  const places = knownPlaces(lastKnown.value);
  const reload = () => setAgain((times) => times + 1);
  if (!loaded.value)
    return (
      <p class={loaded.error ? "fault" : "none"}>
        {loaded.error ? `${texts.failed_to_load} ${loaded.error}` : texts.loading}
      </p>
    );
  return (
    <div class="column">
      <section class="card" aria-labelledby="users-title">
        <div class="row">
          <h2 id="users-title">{texts.users}</h2>
          <button type="button" onClick={() => setEdited("new")}>
            {texts.new_user}
          </button>
        </div>
        <p class="faint">{texts.users_hint}</p>
        <UserTable users={loaded.value.users} places={places} onChange={setEdited} />
      </section>
      <section class="card" aria-labelledby="all-sessions-title">
        <h2 id="all-sessions-title">{texts.all_sessions}</h2>
        <SessionTable sessions={loaded.value.sessions} label={texts.all_sessions} withUser onEnded={reload} />
      </section>
      <section class="card" aria-labelledby="all-tokens-title">
        <h2 id="all-tokens-title">{texts.all_tokens}</h2>
        <TokenTable tokens={loaded.value.tokens} label={texts.all_tokens} known={places} withUser onEnded={reload} />
      </section>
      {edited && (
        <UserDialogue
          user={edited === "new" ? null : edited}
          places={places}
          onClose={() => setEdited(null)}
          onDone={() => {
            setEdited(null);
            reload();
          }}
        />
      )}
    </div>
  );
}
