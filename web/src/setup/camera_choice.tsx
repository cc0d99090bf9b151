import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { state } from "../live";
import { text } from "../preferences";
import { values } from "./draft";
import { tablesAt } from "./edits";

/** The camera that is worked on in all parts; empty: nobody has chosen yet. */
export const chosenCamera = signal("");

/** Cameras of the configuration as it would be, with their names. */
export function cameraNames(): [id: string, name: string][] {
  return tablesAt(values.value ?? undefined, ["cameras"]).map(([id, camera]) => [
    id,
    typeof camera.name === "string" ? camera.name : id,
  ]);
}

/** The camera that is worked on, at first one that has a picture; `null`: there is none. */
export function useCurrentCamera(): { id: string; name: string } | null {
  const names = cameraNames();
  const hasPicture = (id: string) => state.value?.cameras.some((camera) => camera.id === id && camera.fresh) ?? false;
  const [id, name] =
    names.find(([one]) => one === chosenCamera.value) ?? names.find(([one]) => hasPicture(one)) ?? names[0] ?? [];
  // It stays the one, also while it has no picture.
  useEffect(() => {
    if (id !== undefined) chosenCamera.value = id;
  }, [id]);
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
