import { signal } from "@preact/signals";
import type { Json, JsonTable } from "../wire";
import { set, table } from "./draft";
import { isTable } from "./edits";
import { type Coords, coordsOf, fromShares, type Point, pointOf, type Size, sizeOf, toShares } from "./geometry";

/** Point pairs of a camera's calibration, also those that are not whole yet. */

export interface MarkedPoint {
  /** In the picture, as shares. */
  image: Point;
  /** Metres on the ground; `null`: not typed in yet. */
  x_m: number | null;
  y_m: number | null;
}

/** So few fix a plane; below it nothing is written. */
export const LEAST_POINTS = 4;

const pathOf = (camera: string): string[] => ["cameras", camera, "calibration"];

/** What is worked on, by camera, and the points of the draft that it was made beside. */
const working = signal<Record<string, { beside: string; points: MarkedPoint[] }>>({});

interface Written {
  coords: Coords;
  /** Of the picture that pixels are of. */
  size: Size | null;
  points: Json[];
}

function written(camera: string): Written {
  const calibration = table(pathOf(camera));
  return {
    coords: coordsOf(calibration),
    size: sizeOf(calibration, table(["cameras", camera])),
    points: Array.isArray(calibration.points) ? calibration.points : [],
  };
}

function marked(pair: Json, { coords, size }: Written): MarkedPoint | null {
  if (!isTable(pair)) return null;
  const [image, ground] = [pointOf(pair.image), pointOf(pair.ground)];
  return image && ground ? { image: toShares(image, coords, size), x_m: ground[0], y_m: ground[1] } : null;
}

/** The camera's points, as they are being worked on. */
export function markedPoints(camera: string): MarkedPoint[] {
  const now = written(camera);
  const known = working.value[camera];
  if (known && known.beside === JSON.stringify(now.points)) return known.points;
  return now.points.map((pair) => marked(pair, now)).filter((point) => point !== null);
}

export const isWhole = (point: MarkedPoint): boolean => point.x_m !== null && point.y_m !== null;

/** Where each whole point is among the service's answers. */
export function answerIndex(points: MarkedPoint[], index: number): number | null {
  const point = points[index];
  return point && isWhole(point) ? points.slice(0, index).filter(isWhole).length : null;
}

/**
 * Changes the points. Whole ones are part of the draft, from the fourth on; `picture` is the size of the camera's picture,
 * for a calibration that doesn't say in which it was made.
 */
export function changePoints(camera: string, points: MarkedPoint[], picture: Size | null): void {
  const now = written(camera);
  const whole = points.filter(isWhole);
  if (whole.length >= LEAST_POINTS || now.points.length > 0) {
    const pairs: JsonTable[] = whole.map(({ image, x_m, y_m }) => ({
      image: fromShares(image, now.coords, now.size),
      ground: [x_m, y_m],
    }));
    const calibration = table(pathOf(camera));
    const isOther = Object.keys(calibration).length > 0 && !Array.isArray(calibration.points);
    // Another way to calibrate is taken away by the first points that are enough.
    if (isOther || Object.keys(calibration).length === 0) {
      const size = now.size ?? picture;
      set(pathOf(camera), { ...(size && { frame_size: size }), points: pairs });
    } else set([...pathOf(camera), "points"], pairs);
  }
  working.value = { ...working.value, [camera]: { beside: JSON.stringify(written(camera).points), points } };
}

export function forgetPoints(camera: string): void {
  const { [camera]: _, ...others } = working.value;
  working.value = others;
}
