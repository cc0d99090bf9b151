import type { Json, JsonTable } from "../wire";
import { isTable } from "./edits";

/** Places in a picture, as shares of its width and height. */

export type Point = [number, number];
/** Width and height in pixels. */
export type Size = [number, number];

/** What points are written in. Metres on the ground can't be drawn in the picture here. */
export type Coords = "normalized" | "pixel" | "ground";

export function pointOf(value: Json | undefined): Point | null {
  if (!Array.isArray(value)) return null;
  const [x, y] = value;
  return typeof x === "number" && typeof y === "number" ? [x, y] : null;
}

export function pointsOf(value: Json | undefined): Point[] {
  if (!Array.isArray(value)) return [];
  return value.map(pointOf).filter((point) => point !== null);
}

export function coordsOf(table: JsonTable): Coords {
  return table.coords === "pixel" || table.coords === "ground" ? table.coords : "normalized";
}

export function sizeOf(...tables: (Json | undefined)[]): Size | null {
  return (
    tables.map((table) => (isTable(table) ? pointOf(table.frame_size) : null)).find((size) => size !== null) ?? null
  );
}

/** A share to a tenth of a thousandth: finer than a pixel of any camera. */
const rounded = (share: number): number => Math.round(share * 10_000) / 10_000;
const clamped = (share: number): number => Math.min(1, Math.max(0, share));

export const inPicture = ([x, y]: Point): Point => [rounded(clamped(x)), rounded(clamped(y))];

export function toShares([x, y]: Point, coords: Coords, size: Size | null): Point {
  return coords === "pixel" && size ? [x / size[0], y / size[1]] : [x, y];
}

export function fromShares(point: Point, coords: Coords, size: Size | null): Point {
  const [x, y] = inPicture(point);
  return coords === "pixel" && size ? [Math.round(x * size[0]), Math.round(y * size[1])] : [x, y];
}

export function middle(points: Point[]): Point {
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / Math.max(1, points.length);
  return [mean(0), mean(1)];
}

/** The head of the arrow that shows where *in* is: to the left of a → b, as seen in the picture. */
export function inwards(a: Point, b: Point, aspect: number, length: number): { from: Point; to: Point } {
  const from = middle([a, b]);
  const [dx, dy] = [(b[0] - a[0]) * aspect, b[1] - a[1]];
  const across = Math.hypot(dx, dy) || 1;
  return { from, to: [from[0] + (dy / across) * (length / aspect), from[1] - (dx / across) * length] };
}

/** A free id: `zone`, `zone_2`, … */
export function freeId(wanted: string, taken: string[]): string {
  for (let number = 1; ; number += 1) {
    const id = number === 1 ? wanted : `${wanted}_${number}`;
    if (!taken.includes(id)) return id;
  }
}
