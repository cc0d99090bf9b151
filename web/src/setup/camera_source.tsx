import { text, word } from "../preferences";
import { set, table } from "./draft";
import { CheckField, Faults, NumberField, TextField } from "./fields";

/** Where a camera's pictures come from; exactly one of these is given. */

export const SOURCE_KINDS = ["rtsp", "http", "file", "images", "v4l2"] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

export function sourceKind(camera: string): SourceKind | null {
  const source = table(["cameras", camera, "source"]);
  return SOURCE_KINDS.find((kind) => source[kind] !== undefined) ?? null;
}

const CREDENTIALS = ["user", "user_env", "user_file", "password_env", "password_file"] as const;

/** Names of places where user and password are: the configuration never holds a password. */
function Credentials({ path }: { path: string[] }) {
  const texts = text();
  const labels = {
    user: texts.user_itself,
    user_env: texts.user_env,
    user_file: texts.user_file,
    password_env: texts.password_env,
    password_file: texts.password_file,
  };
  const dropEmpty = () => {
    if (Object.keys(table(path)).length === 0) set(path, null);
  };
  return (
    <fieldset>
      <legend>{texts.credentials}</legend>
      <p class="faint">{texts.credentials_hint}</p>
      <div class="field-grid">
        {CREDENTIALS.map((key) => (
          <TextField key={key} path={[...path, key]} label={labels[key]} afterwards={dropEmpty} />
        ))}
      </div>
      <Faults path={path} besides={[...CREDENTIALS]} />
    </fieldset>
  );
}

function Fields({ kind, path }: { kind: SourceKind; path: string[] }) {
  const texts = text();
  switch (kind) {
    case "rtsp":
    case "http":
      return (
        <>
          <TextField path={[...path, "url"]} label={texts.url} hint={`${kind}://192.168.1.20/…`} />
          <p class="faint">{texts.url_hint}</p>
          <div class="field-grid">
            <NumberField path={[...path, "open_timeout_s"]} label={texts.open_timeout} hint="10" />
            <NumberField path={[...path, "read_timeout_s"]} label={texts.read_timeout} hint="5" />
          </div>
          <Credentials path={[...path, "credentials"]} />
        </>
      );
    case "file":
    case "images":
      return (
        <>
          <TextField path={[...path, "path"]} label={kind === "file" ? texts.file_path : texts.folder_path} />
          <div class="field-grid">
            <NumberField path={[...path, "fps"]} label={texts.true_fps} />
            <CheckField path={[...path, "repeat"]} label={texts.repeat} otherwise={false} />
          </div>
        </>
      );
    case "v4l2":
      return (
        <div class="field-grid">
          <TextField path={[...path, "device"]} label={texts.device} hint="/dev/video0" />
          <NumberField path={[...path, "fps"]} label={texts.asked_fps} hint={texts.as_it_comes} />
        </div>
      );
  }
}

/** The fields that each kind's own part shows faults beside. */
const OWN_FIELDS = ["url", "open_timeout_s", "read_timeout_s", "credentials", "path", "fps", "repeat", "device"];

export function CameraSource({ camera }: { camera: string }) {
  const texts = text();
  const path = ["cameras", camera, "source"];
  const kind = sourceKind(camera);
  return (
    <fieldset>
      <legend>{texts.where_from}</legend>
      <div class="field">
        <label htmlFor={`kind-${camera}`}>{texts.source_kind}</label>
        <select
          id={`kind-${camera}`}
          value={kind ?? ""}
          onChange={({ currentTarget: field }) => set(path, { [field.value]: {} })}
        >
          {kind === null && <option value="">–</option>}
          {SOURCE_KINDS.map((one) => (
            <option key={one} value={one}>
              {word(`source_${one}`)}
            </option>
          ))}
        </select>
      </div>
      {kind && <Fields kind={kind} path={[...path, kind]} />}
      {kind && <Faults path={[...path, kind]} besides={OWN_FIELDS} />}
      <Faults path={path} besides={[...SOURCE_KINDS]} />
    </fieldset>
  );
}
