import { useState } from "preact/hooks";
import { addUser, changeUser } from "../api";
import { Dialogue } from "../components/orders";
import { isOfNothing, ScopeChoice } from "../components/scope_choice";
import type { KnownPlaces } from "../known_places";
import { useDoing } from "../loaded";
import { text, word } from "../preferences";
import { type AccessScope, ROLES, type Role, type User } from "../wire";

/** What differs from how the user was: with nothing else their sessions would end for nothing. */
function changeOf(user: User, role: Role, scope: AccessScope, disabled: boolean, password: string) {
  return {
    ...(role !== user.role && { role }),
    ...(JSON.stringify(scope) !== JSON.stringify(user.scope) && { scope }),
    ...(disabled !== user.disabled && { disabled }),
    ...(password && { password }),
  };
}

/** A user who is added (`null`), or changed. */
export function UserDialogue(props: {
  user: User | null;
  places: KnownPlaces;
  onClose: () => void;
  onDone: () => void;
}) {
  const { user, places, onClose, onDone } = props;
  const texts = text();
  const doing = useDoing();
  const [role, setRole] = useState<Role>(user?.role ?? "viewer");
  const [chosen, setScope] = useState<AccessScope>(user?.scope ?? "all");
  const [disabled, setDisabled] = useState(user?.disabled ?? false);
  const scope = role === "admin" ? "all" : chosen;
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const read = (name: string) => String(form.get(name) ?? "");
    const isDone = await doing.run(async () => {
      const password = read("password");
      if (!user) return addUser({ name: read("name").trim(), password, role, scope });
      const change = changeOf(user, role, scope, disabled, password);
      if (Object.keys(change).length > 0) await changeUser(user.name, change);
    });
    if (isDone) onDone();
  };
  return (
    <Dialogue title={user ? texts.change_user(user.name) : texts.new_user} onClose={onClose}>
      <form onSubmit={(event) => void save(event)}>
        {!user && (
          <label>
            {texts.name}
            <input name="name" maxLength={100} autocomplete="off" required />
          </label>
        )}
        <label>
          {texts.role}
          <select value={role} onChange={(event) => setRole(event.currentTarget.value as Role)}>
            {ROLES.map((one) => (
              <option key={one} value={one}>
                {word(`role_${one}`)}
              </option>
            ))}
          </select>
        </label>
        {role === "admin" ? (
          <p class="faint">{texts.admins_see_all}</p>
        ) : (
          <ScopeChoice scope={scope} whole="all" known={places} onChoose={setScope} />
        )}
        <label>
          {user ? texts.another_password : texts.first_password}
          <input name="password" type="password" minLength={10} autocomplete="new-password" required={!user} />
        </label>
        {user && (
          <label class="check">
            <input type="checkbox" checked={disabled} onChange={(event) => setDisabled(event.currentTarget.checked)} />
            {texts.disable_user}
          </label>
        )}
        <p class="faint">{user ? texts.change_hint : texts.first_password_hint}</p>
        <p class="fault" role="alert">
          {doing.fault}
        </p>
        <div class="buttons">
          <button type="submit" class="primary" disabled={doing.isUnderWay || isOfNothing(scope)}>
            {user ? texts.save : texts.add}
          </button>
          <button type="button" onClick={onClose}>
            {texts.cancel}
          </button>
        </div>
      </form>
    </Dialogue>
  );
}
