import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { state } from "../live";
import { text } from "../preferences";
import {
  answerIndex,
  changePoints,
  forgetPoints,
  isWhole,
  LEAST_POINTS,
  type MarkedPoint,
  markedPoints,
} from "./calibration_points";
import { CameraChoice, useCurrentCamera } from "./camera_choice";
import { set, table } from "./draft";
import { Faults, NumberField, Typed } from "./fields";
import { type Point, type Size, sizeOf } from "./geometry";
import { type Ground, useGround } from "./ground";
import { GridNumbers, GroundGrid } from "./ground_grid";
import { Handle, inPercent, Picture } from "./picture";
import { ShapeOutline } from "./shape_drawing";
import { InMetres } from "./shape_form";
import { shapesOf } from "./shapes";

/** Residual on the ground above which a calibration is worth another look (docs/calibration.md). */
const RMS_MOST_M = 0.3;
/** Difference of two pictures' shapes that is more than rounding. */
const SHAPE_DIFFERENCE_MOST = 0.02;

type Calibration = NonNullable<NonNullable<Ground["answer"]>["calibration"]>;

/** The size of the pictures that the camera sends; `null`: not known. */
function sentSize(camera: string): Size | null {
  const picture = state.value?.cameras.find((one) => one.id === camera)?.input?.picture;
  const [width = 0, height = 0] = (picture ?? "").split("x").map(Number);
  return width > 0 && height > 0 ? [width, height] : null;
}

function MetresField({
  value,
  label,
  onType,
}: {
  value: number | null;
  label: string;
  onType: (to: number | null) => void;
}) {
  return (
    <Typed
      isNumber
      value={value === null ? "" : `${value}`}
      attributes={{ "aria-label": label }}
      onType={(typed) => onType(typed === "" ? null : Number(typed))}
    />
  );
}

function Residual({ point }: { point: Calibration["points"][number] | undefined }) {
  const texts = text();
  if (!point)
    return (
      <td colSpan={2} class="faint">
        –
      </td>
    );
  const told = (value: number | null, digits: number) => (value === null ? "–" : value.toFixed(digits));
  return (
    <>
      <td class={`number${point.used ? "" : " warning"}`}>
        {told(point.residual_m, 2)}
        {!point.used && <strong class="left-out"> ✕ {texts.left_out}</strong>}
      </td>
      <td class="number">{told(point.residual_px, 1)}</td>
    </>
  );
}

function Points(props: {
  points: MarkedPoint[];
  chosen: number | null;
  calibration: Calibration | null;
  onChange: (points: MarkedPoint[]) => void;
}) {
  const { points, calibration, onChange } = props;
  const texts = text();
  const rows = useRef<HTMLTableSectionElement>(null);
  const shown = useRef({ chosen: props.chosen, count: points.length });
  // Whoever has clicked a point, or added one, types its metres next.
  useLayoutEffect(() => {
    const { chosen, count } = shown.current;
    shown.current = { chosen: props.chosen, count: points.length };
    if (props.chosen !== null && (props.chosen !== chosen || points.length > count))
      rows.current?.rows[props.chosen]?.querySelector("input")?.focus();
  }, [props.chosen, points.length]);
  if (points.length === 0) return null;
  const change = (index: number, to: Partial<MarkedPoint>) => {
    const before = points[index];
    if (before) onChange(points.with(index, { ...before, ...to }));
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section class="wide" tabIndex={0} aria-label={texts.points}>
      <table class="corners" id="calibration-points">
        <thead>
          <tr>
            {["#", texts.x_m, texts.y_m, texts.off_m, texts.off_px].map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
            <th scope="col">
              <span class="for-listeners">{texts.remove}</span>
            </th>
          </tr>
        </thead>
        <tbody ref={rows}>
          {points.map((point, index) => {
            const name = texts.point(index + 1);
            const answered = answerIndex(points, index);
            return (
              <tr key={index} class={props.chosen === index ? "chosen" : ""}>
                <th scope="row">{index + 1}</th>
                <td>
                  <MetresField
                    value={point.x_m}
                    label={`${name}, ${texts.x_m}`}
                    onType={(x_m) => change(index, { x_m })}
                  />
                </td>
                <td>
                  <MetresField
                    value={point.y_m}
                    label={`${name}, ${texts.y_m}`}
                    onType={(y_m) => change(index, { y_m })}
                  />
                </td>
                <Residual point={answered === null ? undefined : calibration?.points[answered]} />
                <td>
                  <button
                    type="button"
                    aria-label={`${texts.remove}: ${name}`}
                    onClick={() => onChange(points.filter((_, other) => other !== index))}
                  >
                    ✕
                  </button>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

/** How exact it is, and how large a metre is where. */
function Exactness({ calibration }: { calibration: Calibration }) {
  const texts = text();
  const rms_m = calibration.rms_ground_m;
  const scaleAt = (row: number) => calibration.scale[row * 5 + 2]?.px_per_m ?? null;
  const rows: [string, number | null][] = [
    [texts.scale_far, scaleAt(1)],
    [texts.scale_middle, scaleAt(2)],
    [texts.scale_near, scaleAt(4)],
  ];
  return (
    <dl class="facts" id="exactness">
      {rms_m !== null && (
        <div>
          <dt>{texts.rms}</dt>
          <dd class={rms_m > RMS_MOST_M ? "warning" : ""}>
            {rms_m.toFixed(2)} m{rms_m > RMS_MOST_M && ` · ${texts.rms_large}`}
          </dd>
        </div>
      )}
      {rows.map(([name, px_per_m]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{px_per_m === null ? texts.beyond_horizon : `${px_per_m.toFixed(0)} px/m`}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The picture that pixels are counted in. */
function FrameSize({ camera, sent }: { camera: string; sent: Size | null }) {
  const texts = text();
  const path = ["cameras", camera, "calibration"];
  const calibration = table(path);
  const size = sizeOf(calibration, table(["cameras", camera]));
  if (Object.keys(calibration).length === 0) return null;
  const differs = size && sent && Math.abs(size[0] / size[1] / (sent[0] / sent[1]) - 1) > SHAPE_DIFFERENCE_MOST;
  return (
    <div class="plain">
      <p>
        {texts.made_in_picture}: {size ? `${size[0]} × ${size[1]} px` : texts.not_given}
        {sent && <span class="faint"> · {texts.sends_pictures(sent[0], sent[1])}</span>}
      </p>
      {differs && <p class="warning">{texts.other_shape}</p>}
      {sent && (!size || differs) && (
        <div class="buttons">
          <button type="button" onClick={() => set([...path, "frame_size"], sent)}>
            {texts.take_size(sent[0], sent[1])}
          </button>
        </div>
      )}
    </div>
  );
}

function CalibrationOf({ camera }: { camera: { id: string; name: string } }) {
  const texts = text();
  const [chosen, setChosen] = useState<number | null>(null);
  const [natural, setNatural] = useState<Size | null>(null);
  const ground = useGround(camera.id);
  const path = ["cameras", camera.id, "calibration"];
  const said = table(path);
  const points = markedPoints(camera.id);
  const whole = points.filter(isWhole).length;
  const calibration = ground.answer?.calibration ?? null;
  const sent = sentSize(camera.id);
  const change = (to: MarkedPoint[]) => changePoints(camera.id, to, sent ?? natural);
  const add = (image: Point) => {
    setChosen(points.length);
    change([...points, { image, x_m: null, y_m: null }]);
  };
  const isOther = said.homography !== undefined || said.camera !== undefined;
  const shapes = shapesOf(camera.id);
  return (
    <div class="two">
      <section class="card" aria-label={texts.picture_of(camera.name)}>
        <div class="fields">
          <CameraChoice current={camera.id} />
          <button type="button" onClick={() => add([0.5, 0.5])}>
            {texts.add_point}
          </button>
        </div>
        <Picture
          key={camera.id}
          camera={camera.id}
          name={camera.name}
          size={sizeOf(said, table(["cameras", camera.id]))}
          isAsking
          onPick={add}
          onSize={setNatural}
          drawing={
            <>
              {shapes.map((shape) => (
                <ShapeOutline
                  key={`${shape.kind}/${shape.id}`}
                  shape={shape}
                  isChosen={false}
                  onChoose={() => undefined}
                />
              ))}
              {calibration && <GroundGrid lines={calibration.grid} />}
            </>
          }
        >
          {calibration && <GridNumbers lines={calibration.grid} />}
          {points.map((point, index) => (
            <Handle
              key={index}
              point={point.image}
              label={texts.point_at(index + 1, inPercent(point.image[0]), inPercent(point.image[1]))}
              sign={`${index + 1}`}
              isOff={calibration?.points[answerIndex(points, index) ?? -1]?.used === false}
              onPress={() => setChosen(index)}
              onMove={(image) => change(points.with(index, { ...point, image }))}
              onRemove={() => change(points.filter((_, other) => other !== index))}
            />
          ))}
        </Picture>
      </section>
      <section class="card" aria-labelledby="calibration-title">
        <h2 id="calibration-title">{texts.calibration_of(camera.name)}</h2>
        <p class="faint">{texts.calibration_hint}</p>
        {isOther && <p class="warning">{texts.calibration_other}</p>}
        {points.length === 0 && !isOther && <p>{texts.no_calibration}</p>}
        <Points points={points} chosen={chosen} calibration={calibration} onChange={change} />
        {points.length > 0 && whole < LEAST_POINTS && <p class="warning">{texts.calibration_few(whole)}</p>}
        {whole < points.length && <p class="faint">{texts.calibration_waits}</p>}
        {calibration && <Exactness calibration={calibration} />}
        <FrameSize camera={camera.id} sent={sent} />
        {Object.keys(said).length > 0 && (
          <>
            <div class="field-grid">
              <NumberField path={[...path, "k1"]} label={texts.lens_k1} hint="0" />
            </div>
            <div class="buttons">
              <button
                type="button"
                onClick={() => {
                  forgetPoints(camera.id);
                  set(path, null);
                }}
              >
                {texts.remove_calibration}
              </button>
            </div>
          </>
        )}
        <Faults path={path} besides={["k1"]} />
        {ground.error && <p class="fault">{ground.error}</p>}
        {shapes.length > 0 && (
          <>
            <h3>{texts.zones_of(camera.name)}</h3>
            <ul class="shapes">
              {shapes.map((shape) => (
                <li key={`${shape.kind}/${shape.id}`} data-shape={`${shape.kind}/${shape.id}`}>
                  <strong>{shape.name}</strong>
                  <InMetres shape={shape} ground={ground.answer} />
                </li>
              ))}
            </ul>
          </>
        )}
      </section>
    </div>
  );
}

/** Points on the ground whose metres are known, clicked on the picture, and the grid that follows from them. */
export function CalibrationPart() {
  const camera = useCurrentCamera();
  if (!camera) return <p class="none">{text().no_cameras}</p>;
  return <CalibrationOf key={camera.id} camera={camera} />;
}
