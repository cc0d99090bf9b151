import { text } from "../preferences";
import { values } from "./draft";
import { tablesAt } from "./edits";
import { chosenCamera } from "./ground";

/** Cameras of the configuration as it would be, with their names. */
export function cameraNames(): [id: string, name: string][] {
  return tablesAt(values.value ?? undefined, ["cameras"]).map(([id, camera]) => [
    id,
    typeof camera.name === "string" ? camera.name : id,
  ]);
}

/** The camera that is worked on; `null`: there is none. */
export function currentCamera(): { id: string; name: string } | null {
  const names = cameraNames();
  const [id, name] = names.find(([one]) => one === chosenCamera.value) ?? names[0] ?? [];
  return id !== undefined && name !== undefined ? { id, name } : null;
}

export function CameraChoice({ current }: { current: string }) {
  return (
    <label>
      {text().camera}
      <select
        id="setup-camera"
        value={current}
        onChange={(event) => {
          chosenCamera.value = event.currentTarget.value;
        }}
      >
        {cameraNames().map(([id, name]) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
