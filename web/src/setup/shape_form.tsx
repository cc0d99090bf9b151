import { text } from "../preferences";
import type { GroundAnswer } from "../wire";
import { inForce, rename, set } from "./draft";
import { valueAt } from "./edits";
import { ChoiceField, Faults, IdField, NumberField, TextField } from "./fields";
import { ShareFields } from "./picture";
import { isDrawable, LEAST_CORNERS, type Shape, setPoints, withCorner } from "./shapes";

/** Below it a person is about 25 pixels high (docs/calibration.md). */
const LEAST_PX_PER_M = 15;

/** Difference of a given and a derived area that is worth a second look, as a share (docs/calibration.md). */
const DIFFERENCE_MOST = 0.15;

/** What the shape is in metres, as the configuration stands in the draft. */
export function InMetres({ shape, ground }: { shape: Shape; ground: GroundAnswer | null }) {
  const texts = text();
  const unknown = <span class="faint">{ground?.faults.length ? texts.unknown_for_faults : texts.not_calibrated}</span>;
  const line = ground?.lines.find((one) => one.id === shape.id);
  const zone = ground?.zones.find((one) => one.id === shape.id);
  if (shape.kind === "lines") {
    const width_m = line?.width_m ?? null;
    return (
      <p class="metres">
        {texts.width}: {width_m === null ? unknown : `${width_m.toFixed(2)} m`}
      </p>
    );
  }
  const [area_m2, px_per_m] = [zone?.area_m2 ?? null, zone?.px_per_m ?? null];
  const derived_m2 = zone?.derived_area_m2 ?? null;
  const differs = area_m2 !== null && derived_m2 !== null && Math.abs(derived_m2 / area_m2 - 1) > DIFFERENCE_MOST;
  return (
    <div class="metres">
      <p>
        {texts.area}: {area_m2 === null ? unknown : `${area_m2.toFixed(1)} m²`}
      </p>
      {differs && <p class="warning">{texts.derived_area(derived_m2.toFixed(1))}</p>}
      {px_per_m !== null && (
        <p class={px_per_m < LEAST_PX_PER_M ? "warning" : ""}>
          {texts.scale}: {px_per_m.toFixed(0)} px/m
          {px_per_m < LEAST_PX_PER_M && ` · ${texts.too_small}`}
        </p>
      )}
    </div>
  );
}

function Corners({ shape }: { shape: Shape }) {
  const texts = text();
  const { points } = shape;
  const isRemovable = shape.kind === "zones" && points.length > LEAST_CORNERS;
  return (
    <>
      <p class="faint">{texts.corner_hint}</p>
      <table class="corners">
        <thead>
          <tr>
            <th scope="col">#</th>
            <th scope="col">{texts.from_left}</th>
            <th scope="col">{texts.from_top}</th>
            <th scope="col">
              <span class="for-listeners">{texts.remove}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {points.map((point, index) => (
            <tr key={index}>
              <th scope="row">{shape.kind === "lines" ? "ab"[index] : index + 1}</th>
              <ShareFields
                point={point}
                label={texts.corner(index + 1)}
                onMove={(to) => setPoints(shape, points.with(index, to))}
              />
              <td>
                {isRemovable && (
                  <button
                    type="button"
                    aria-label={`${texts.remove}: ${texts.corner(index + 1)}`}
                    onClick={() =>
                      setPoints(
                        shape,
                        points.filter((_, other) => other !== index),
                      )
                    }
                  >
                    ✕
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** All about the chosen zone or line. */
export function ShapeForm({
  shape,
  taken,
  onRename,
  onDelete,
}: {
  shape: Shape;
  /** Ids of the same kind. */
  taken: string[];
  onRename: (id: string) => void;
  onDelete: () => void;
}) {
  const texts = text();
  const isNew = valueAt(inForce.value?.values ?? undefined, shape.path) === undefined;
  const isZone = shape.kind === "zones";
  return (
    <div class="plain shape-form">
      <div class="field-grid">
        <TextField path={[...shape.path, "name"]} label={texts.name} />
        {isNew && (
          <IdField
            id={shape.id}
            taken={taken}
            onRename={(id) => {
              rename(shape.path, id);
              onRename(id);
            }}
          />
        )}
        <NumberField
          path={[...shape.path, isZone ? "area_m2" : "width_m"]}
          label={isZone ? texts.given_area : texts.given_width}
        />
        {isZone ? (
          <ChoiceField
            path={[...shape.path, "use"]}
            label={texts.zone_use}
            hint={texts.use_walkway}
            choices={[["waiting", texts.use_waiting]]}
          />
        ) : (
          <ChoiceField
            path={[...shape.path, "allowed"]}
            label={texts.line_allowed}
            hint={texts.both_ways}
            choices={[
              ["in", texts.inwards],
              ["out", texts.outwards],
            ]}
          />
        )}
      </div>
      {isDrawable(shape) ? <Corners shape={shape} /> : <p class="warning">{texts.in_metres_hint}</p>}
      <div class="buttons">
        {isZone && isDrawable(shape) && (
          <button type="button" onClick={() => setPoints(shape, withCorner(shape.points))}>
            {texts.add_corner}
          </button>
        )}
        {!isZone && isDrawable(shape) && (
          <button type="button" onClick={() => setPoints(shape, [...shape.points].reverse())}>
            {texts.turn_around}
          </button>
        )}
        <button
          type="button"
          onClick={() => {
            set(shape.path, null);
            onDelete();
          }}
        >
          {texts.delete}
        </button>
      </div>
      <Faults path={shape.path} besides={["name", "area_m2", "width_m", "use", "allowed"]} />
    </div>
  );
}
