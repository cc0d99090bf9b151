import type { Json } from "../wire";
import { set, table, values } from "./draft";
import { tablesAt } from "./edits";
import {
  type Coords,
  coordsOf,
  freeId,
  fromShares,
  type Point,
  pointOf,
  pointsOf,
  type Size,
  sizeOf,
  toShares,
} from "./geometry";

/** Zones and lines of the configuration as it would be. */

export type ShapeKind = "zones" | "lines";

export interface Shape {
  kind: ShapeKind;
  id: string;
  path: string[];
  name: string;
  coords: Coords;
  size: Size | null;
  /** A zone's corners or a line's ends, as shares. */
  points: Point[];
}

export const LEAST_CORNERS = 3;

export function shapesOf(camera: string): Shape[] {
  const ofCamera = table(["cameras", camera]);
  return (["zones", "lines"] as const).flatMap((kind) =>
    tablesAt(values.value ?? undefined, ["cameras", camera, kind]).map(([id, shape]) => {
      const coords = coordsOf(shape);
      const size = sizeOf(shape, ofCamera);
      const written =
        kind === "zones"
          ? pointsOf(shape.polygon)
          : [pointOf(shape.a), pointOf(shape.b)].filter((point) => point !== null);
      const name = typeof shape.name === "string" ? shape.name : id;
      const points = written.map((point) => toShares(point, coords, size));
      return { kind, id, path: ["cameras", camera, kind, id], name, coords, size, points };
    }),
  );
}

/** Whether it can be drawn in the picture: metres on the ground and pixels of an unknown picture can't. */
export const isDrawable = (shape: Shape): boolean =>
  shape.coords === "normalized" || (shape.coords === "pixel" && shape.size !== null);

export function setPoints(shape: Shape, points: Point[]): void {
  const written = points.map((point) => fromShares(point, shape.coords, shape.size));
  if (shape.kind === "zones") set([...shape.path, "polygon"], written);
  else
    for (const [at, key] of ["a", "b"].entries()) {
      const end = written[at];
      if (end) set([...shape.path, key], end);
    }
}

/** Adds what was drawn; gives its id. */
export function addShape(camera: string, kind: ShapeKind, points: Point[]): string {
  const taken = shapesOf(camera).map((shape) => shape.id);
  const id = freeId(kind === "zones" ? "zone" : "line", taken);
  const [a = [0, 0], b = [1, 1]] = points;
  const drawn: { [key: string]: Json } = kind === "zones" ? { polygon: points } : { a, b };
  set(["cameras", camera, kind, id], drawn);
  return id;
}

/** A corner more, in the middle of the longest side: there it is found. */
export function withCorner(points: Point[]): Point[] {
  const side = (index: number): [Point, Point] => [
    points[index] ?? [0.5, 0.5],
    points[(index + 1) % points.length] ?? [0.5, 0.5],
  ];
  const length = (index: number) => {
    const [a, b] = side(index);
    return Math.hypot(b[0] - a[0], b[1] - a[1]);
  };
  const longest = points.reduce((best, _, index) => (length(index) > length(best) ? index : best), 0);
  const [a, b] = side(longest);
  const between: Point = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  return [...points.slice(0, longest + 1), between, ...points.slice(longest + 1)];
}
