import { text } from "../preferences";
import { faultsOf } from "./draft";
import { inwards, middle, type Point } from "./geometry";
import { at, joined, useAspect, useUnits } from "./picture";
import { isDrawable, type Shape } from "./shapes";

/** The arrow's length, as a share of the picture's height. */
const ARROW = 0.09;

function Arrow({ a, b }: { a: Point; b: Point }) {
  const aspect = useAspect();
  const units = useUnits();
  const { from, to } = inwards(a, b, aspect, ARROW);
  const [[x0, y0], [x1, y1]] = [units(from), units(to)];
  // Its two barbs, a third of its length back and to the sides.
  const [dx, dy] = [(x1 - x0) / 3, (y1 - y0) / 3];
  const barbs: Point[] = [
    [x1 - dx - dy * 0.7, y1 - dy + dx * 0.7],
    [x1, y1],
    [x1 - dx + dy * 0.7, y1 - dy - dx * 0.7],
  ];
  return (
    <>
      <line x1={x0} y1={y0} x2={x1} y2={y1} />
      <polyline points={joined(barbs)} />
    </>
  );
}

/** A zone's outline, or a line with the arrow that shows which way is in. */
export function ShapeOutline({ shape, isChosen, onChoose }: { shape: Shape; isChosen: boolean; onChoose: () => void }) {
  const units = useUnits();
  if (!isDrawable(shape)) return null;
  const points = joined(shape.points.map(units));
  const [a, b] = shape.points;
  const isFaulty = faultsOf(shape.path).length > 0;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the list beside the picture does the same by keyboard
    <g class={`outline ${shape.kind}${isChosen ? " chosen" : ""}${isFaulty ? " faulty" : ""}`} onClick={onChoose}>
      {/* Drawn twice, dark below bright: it is seen on every picture. */}
      {["below", "above"].map((layer) => (
        <g key={layer} class={layer}>
          {shape.kind === "zones" ? <polygon points={points} /> : <polyline points={points} />}
          {shape.kind === "lines" && a && b && <Arrow a={a} b={b} />}
        </g>
      ))}
    </g>
  );
}

/** Its name, where it is. */
export function ShapeName({ shape, isChosen }: { shape: Shape; isChosen: boolean }) {
  const aspect = useAspect();
  const [a, b] = shape.points;
  if (!isDrawable(shape) || !a || !b) return null;
  const place = shape.kind === "zones" ? middle(shape.points) : inwards(a, b, aspect, ARROW * 1.5).to;
  return (
    <span class={`shape-name${isChosen ? " chosen" : ""}`} style={at(place)} aria-hidden="true">
      {shape.kind === "zones" ? shape.name : `${shape.name}: ${text().in_word}`}
    </span>
  );
}
