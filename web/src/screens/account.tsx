import { useEffect, useState } from "preact/hooks";
import { addApiToken, apiTokens, changeOwnPassword, openSessions, session } from "../api";
import { SessionTable, TokenTable } from "../components/credentials";
import { isOfNothing, ScopeChoice, scopeText } from "../components/scope_choice";
import { dateTimeText } from "../format";
import { type KnownPlaces, knownPlaces } from "../known_places";
import { useDoing, useLoaded } from "../loaded";
import { mayEverywhere } from "../permissions";
import { text, word } from "../preferences";
import { load } from "../setup/draft";
import { type AccessScope, ROLES, type Role, type Session, type State } from "../wire";

const DAY_MS = 86_400_000;
/** A token ends within a year. */
const TOKEN_MOST_DAYS = 365;
const TOKEN_USUAL_DAYS = 90;

const dateOf = (at: Date): string => {
  const two = (number: number) => String(number).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
};
const inDays = (days: number): string => dateOf(new Date(Date.now() + days * DAY_MS));

function You({ known, places }: { known: Session; places: KnownPlaces }) {
  const texts = text();
  return (
    <section class="card" aria-labelledby="you-title">
      <h2 id="you-title">{known.name}</h2>
      <dl class="facts">
        <div>
          <dt>{texts.role}</dt>
          <dd>{word(`role_${known.role}`)}</dd>
        </div>
        <div>
          <dt>{texts.scope}</dt>
          <dd>{scopeText(known.scope, places)}</dd>
        </div>
        {known.expires && (
          <div>
            <dt>{texts.logged_in_until}</dt>
            <dd>{dateTimeText(known.expires)}</dd>
          </div>
        )}
      </dl>
    </section>
  );
}

function Password({ onChanged }: { onChanged: () => void }) {
  const texts = text();
  const doing = useDoing();
  const [said, setSaid] = useState("");
  const change = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const read = (name: string) => String(new FormData(form).get(name) ?? "");
    setSaid("");
    const isDone = await doing.run(async () => {
      if (read("new") !== read("again")) throw new Error(texts.passwords_differ);
      await changeOwnPassword(read("old"), read("new"));
    });
    if (!isDone) return;
    form.reset();
    setSaid(texts.password_changed);
    onChanged();
  };
  return (
    <section class="card" aria-labelledby="password-title">
      <h2 id="password-title">{texts.change_password}</h2>
      <form class="plain" onSubmit={(event) => void change(event)}>
        <input type="hidden" name="username" autocomplete="username" value={session.value?.name ?? ""} />
        <label>
          {texts.old_password}
          <input name="old" type="password" autocomplete="current-password" required />
        </label>
        <label>
          {texts.new_password}
          <input name="new" type="password" autocomplete="new-password" minLength={10} required />
        </label>
        <label>
          {texts.new_password_again}
          <input name="again" type="password" autocomplete="new-password" minLength={10} required />
        </label>
        <p class="faint">{texts.password_hint}</p>
        <p class="fault" role="alert">
          {doing.fault}
        </p>
        <p class="good" role="status">
          {said}
        </p>
        <div class="buttons">
          <button type="submit" disabled={doing.isUnderWay}>
            {texts.change_password}
          </button>
        </div>
      </form>
    </section>
  );
}

/** A token that was just made; nobody can look at it again. */
function NewToken({ name, token, onClose }: { name: string; token: string; onClose: () => void }) {
  const texts = text();
  const [said, setSaid] = useState("");
  return (
    <div class="new-token" role="status">
      <label>
        {texts.new_token(name)}
        <input id="new-token" readOnly value={token} onFocus={({ currentTarget: field }) => field.select()} />
      </label>
      <div class="buttons">
        {/* Browsers have no clipboard where the page came over the network without TLS. */}
        {navigator.clipboard && (
          <button
            type="button"
            onClick={() => void navigator.clipboard.writeText(token).then(() => setSaid(texts.copied))}
          >
            {texts.copy}
          </button>
        )}
        <button type="button" onClick={onClose}>
          {texts.close}
        </button>
        <span class="good">{said}</span>
      </div>
    </div>
  );
}

function MakeToken({
  known,
  places,
  onMade,
}: {
  known: Session;
  places: KnownPlaces;
  onMade: (name: string, token: string) => void;
}) {
  const texts = text();
  const doing = useDoing();
  const [scope, setScope] = useState<AccessScope>(known.scope);
  const roles = ROLES.slice(0, ROLES.indexOf(known.role) + 1);
  // Nobody can give away what they don't have.
  const own = known.scope;
  const givable =
    own === "all" ? places : { ...places, units: places.units.filter(({ id }) => own.only.units.includes(id)) };
  const make = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const read = (name: string) => String(new FormData(form).get(name) ?? "").trim();
    const name = read("name");
    let token = "";
    const isDone = await doing.run(async () => {
      // The chosen day is over at its end, in this browser's time zone.
      const expires = new Date(`${read("until")}T23:59:59`).toISOString();
      ({ token } = await addApiToken({ name, role: read("role") as Role, scope, expires }));
    });
    if (!isDone) return;
    form.reset();
    setScope(known.scope);
    onMade(name, token);
  };
  return (
    <form class="plain" onSubmit={(event) => void make(event)}>
      <div class="fields">
        <label>
          {texts.token_for}
          <input name="name" maxLength={100} autocomplete="off" required />
        </label>
        <label>
          {texts.role}
          <select name="role">
            {roles.map((role) => (
              <option key={role} value={role}>
                {word(`role_${role}`)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {texts.token_until}
          <input
            name="until"
            type="date"
            required
            min={inDays(0)}
            max={inDays(TOKEN_MOST_DAYS)}
            defaultValue={inDays(TOKEN_USUAL_DAYS)}
          />
        </label>
      </div>
      <ScopeChoice scope={scope} whole={known.scope} known={givable} onChoose={setScope} />
      <p class="fault" role="alert">
        {doing.fault}
      </p>
      <div class="buttons">
        <button type="submit" disabled={doing.isUnderWay || isOfNothing(scope)}>
          {texts.make_token}
        </button>
      </div>
    </form>
  );
}

function Credentials({ known, places, changes }: { known: Session; places: KnownPlaces; changes: number }) {
  const texts = text();
  const [again, setAgain] = useState(0);
  const [made, setMade] = useState<{ name: string; token: string } | null>(null);
  const reload = () => setAgain((times) => times + 1);
  // Admins are told of everybody's; those are under Set-up.
  const isOwn = (one: { user: string }) => one.user === known.name;
  const sessions = useLoaded(`${again} ${changes}`, openSessions);
  const tokens = useLoaded(`${again}`, apiTokens);
  return (
    <>
      <section class="card" aria-labelledby="sessions-title">
        <h2 id="sessions-title">{texts.sessions}</h2>
        <p class="faint">{texts.sessions_hint}</p>
        {sessions.error && <p class="fault">{`${texts.failed_to_load} ${sessions.error}`}</p>}
        {sessions.value && (
          <SessionTable sessions={sessions.value.sessions.filter(isOwn)} label={texts.sessions} onEnded={reload} />
        )}
      </section>
      <section class="card" aria-labelledby="tokens-title">
        <h2 id="tokens-title">{texts.tokens}</h2>
        <p class="faint">{texts.tokens_hint}</p>
        {made && <NewToken {...made} onClose={() => setMade(null)} />}
        {tokens.error && <p class="fault">{`${texts.failed_to_load} ${tokens.error}`}</p>}
        {tokens.value && (
          <TokenTable tokens={tokens.value.tokens.filter(isOwn)} label={texts.tokens} known={places} onEnded={reload} />
        )}
        <h3>{texts.make_token}</h3>
        <MakeToken
          known={known}
          places={places}
          onMade={(name, token) => {
            setMade({ name, token });
            reload();
          }}
        />
      </section>
    </>
  );
}

/** Whoever is logged in: password, sessions, tokens. */
export function AccountScreen({ state }: { state: State }) {
  const known = session.value;
  const [changes, setChanges] = useState(0);
  const readsConfig = mayEverywhere("planner");
  useEffect(() => {
    // For the units' names.
    if (readsConfig) void load();
  }, [readsConfig]);
  if (!known) return <p class="none">{text().loading}</p>;
  if (!known.name) return <p class="none">{text().accounts_off}</p>;
  const places = knownPlaces(state);
  return (
    <div class="two">
      <div class="column">
        <Credentials known={known} places={places} changes={changes} />
      </div>
      <div class="column">
        <You known={known} places={places} />
        <Password onChanged={() => setChanges((times) => times + 1)} />
      </div>
    </div>
  );
}
