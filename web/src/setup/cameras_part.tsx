import { useState } from "preact/hooks";
import { HealthBadge } from "../components/camera_card";
import { LivePicture } from "../components/live_picture";
import { state } from "../live";
import { text, word } from "../preferences";
import { routeTo } from "../route";
import { cameraNames, chosenCamera } from "./camera_choice";
import { CameraSource, sourceKind } from "./camera_source";
import { CameraTrial } from "./camera_trial";
import { inForce, rename, set } from "./draft";
import { valueAt } from "./edits";
import { CheckField, Faults, IdField, NumberField, TextField } from "./fields";
import { freeId } from "./geometry";

/** Keys that have fields of their own here; zones, lines and calibration have parts of their own. */
const SHOWN_ELSEWHERE = [
  "name",
  "mobile",
  "analysis_fps",
  "input_size",
  "stale_after_s",
  "source",
  "zones",
  "lines",
  "calibration",
];

function CameraForm({
  id,
  name,
  onRename,
  onDelete,
}: {
  id: string;
  name: string;
  onRename: (id: string) => void;
  onDelete: () => void;
}) {
  const texts = text();
  const path = ["cameras", id];
  const isNew = valueAt(inForce.value?.values ?? undefined, path) === undefined;
  const running = state.value?.cameras.find((camera) => camera.id === id);
  const change = (to: string) => {
    rename(path, to);
    onRename(to);
  };
  return (
    <div class="plain camera-form">
      {running?.fresh && !isNew && (
        <div class="preview">
          <LivePicture camera={id} name={name} />
        </div>
      )}
      <div class="field-grid">
        <TextField path={[...path, "name"]} label={texts.name} hint={id} />
        {isNew && <IdField id={id} taken={cameraNames().map(([one]) => one)} onRename={change} />}
        <NumberField path={[...path, "analysis_fps"]} label={texts.analysis_fps} hint={texts.every_frame} />
        <TextField path={[...path, "input_size"]} label={texts.input_size} hint="512x384" />
        <NumberField path={[...path, "stale_after_s"]} label={texts.stale_after} hint="3" />
        <CheckField path={[...path, "mobile"]} label={texts.mobile} otherwise={false} />
      </div>
      <CameraSource camera={id} />
      <CameraTrial camera={id} name={name} />
      <Faults path={path} besides={SHOWN_ELSEWHERE} />
      <div class="buttons">
        <a
          class="button"
          href={routeTo("setup", "zones")}
          onClick={() => {
            chosenCamera.value = id;
          }}
        >
          {texts.part_zones}
        </a>
        <a
          class="button"
          href={routeTo("setup", "calibration")}
          onClick={() => {
            chosenCamera.value = id;
          }}
        >
          {texts.part_calibration}
        </a>
        <button
          type="button"
          onClick={() => {
            set(path, null);
            onDelete();
          }}
        >
          {texts.remove_camera}
        </button>
      </div>
    </div>
  );
}

function CameraItem({
  id,
  name,
  isChosen,
  onChoose,
}: {
  id: string;
  name: string;
  isChosen: boolean;
  onChoose: (id: string) => void;
}) {
  const texts = text();
  const running = state.value?.cameras.find((camera) => camera.id === id);
  const kind = sourceKind(id);
  return (
    <li class={`card camera-item${isChosen ? " chosen" : ""}`} data-camera={id}>
      <div class="row">
        <button type="button" aria-expanded={isChosen} onClick={() => onChoose(isChosen ? "" : id)}>
          {name}
        </button>
        <span class="faint">{kind && word(`source_${kind}`)}</span>
        {running ? <HealthBadge camera={running} /> : <span class="badge bad">{texts.not_in_force_yet}</span>}
      </div>
      {running?.error && <p class="warning">{running.error}</p>}
      {isChosen ? (
        <CameraForm id={id} name={name} onRename={onChoose} onDelete={() => onChoose("")} />
      ) : (
        <Faults path={["cameras", id]} />
      )}
    </li>
  );
}

/** The cameras: added, tried before they are saved, looked at, changed, taken away. */
export function CamerasPart() {
  const texts = text();
  const [chosen, setChosen] = useState("");
  const names = cameraNames();
  const add = () => {
    const id = freeId(
      "camera",
      names.map(([one]) => one),
    );
    set(["cameras", id], { source: { rtsp: {} } });
    setChosen(id);
  };
  return (
    <div class="column">
      <div class="row">
        <p class="faint">{texts.cameras_hint}</p>
        <button type="button" onClick={add}>
          {texts.new_camera}
        </button>
      </div>
      {names.length === 0 && <p class="none">{texts.no_cameras}</p>}
      <ul class="plain" id="setup-cameras">
        {names.map(([id, name]) => (
          <CameraItem key={id} id={id} name={name} isChosen={id === chosen} onChoose={setChosen} />
        ))}
      </ul>
    </div>
  );
}
