import type { GroundAnswer } from "../wire";
import type { Point } from "./geometry";
import { at, joined, useUnits } from "./picture";

/** Metres between the lines that are drawn thick and have their number. */
const LABELLED_M = 5;

/** So far apart are two numbers, as shares of width or height. */
const CLEAR: Point = [0.07, 0.05];

type Line = NonNullable<GroundAnswer["calibration"]>["grid"][number];

const isInside = ([x, y]: Point): boolean => x >= 0.02 && x <= 0.98 && y >= 0.03 && y <= 0.97;

function weight({ at_m }: Line): string {
  if (at_m === 0) return "axis";
  return at_m % LABELLED_M === 0 ? "thick" : "thin";
}

/** Lines of whole metres on the ground, as they lie in the picture. */
export function GroundGrid({ lines }: { lines: Line[] }) {
  const units = useUnits();
  return (
    <g class="ground-grid">
      {lines.map((line) => {
        const points = joined(line.points.map(units));
        return (
          <g key={`${line.axis} ${line.at_m}`} class={weight(line)}>
            <polyline class="below" points={points} />
            <polyline class="above" points={points} />
          </g>
        );
      })}
    </g>
  );
}

/** Where a line's number stands; `null`: it isn't in the picture. */
function numberPlace({ axis, points }: Line): Point | null {
  const better = (one: Point, other: Point) => (axis === "x" ? one[1] > other[1] : one[0] < other[0]);
  const inside = points.filter(isInside);
  return inside.reduce<Point | null>((best, point) => (best === null || better(point, best) ? point : best), null);
}

/** Every fifth line with the place of its number; far away, where they would lie on one another, not all of them. */
function numbered(lines: Line[]): { line: Line; place: Point }[] {
  const shown: { line: Line; place: Point }[] = [];
  for (const line of lines.filter(({ at_m }) => at_m % LABELLED_M === 0)) {
    const place = numberPlace(line);
    const isClear = ({ place: [x, y] }: { place: Point }) =>
      place !== null && (Math.abs(x - place[0]) > CLEAR[0] || Math.abs(y - place[1]) > CLEAR[1]);
    if (place && shown.every(isClear)) shown.push({ line, place });
  }
  return shown;
}

/** The metres of every fifth line, where it comes into the picture: x below, y at its side. */
export function GridNumbers({ lines }: { lines: Line[] }) {
  return (
    <>
      {numbered(lines).map(({ line: { axis, at_m }, place }) => (
        <span key={`${axis} ${at_m}`} class="grid-number" style={at(place)} aria-hidden="true">
          {axis} {at_m}
        </span>
      ))}
    </>
  );
}
