import type { HeatMap } from "./wire";

/** People per m² in each cell of a heat map, as a mean over the time that was seen; empty where nothing was. */
export function meanDensities(map: HeatMap): number[] {
  if (map.cell_m === null || map.observed_s <= 0) return [];
  const seen_s_m2 = map.observed_s * map.cell_m ** 2;
  return map.cells.map((cell) => cell.occupancy_s / seen_s_m2);
}
