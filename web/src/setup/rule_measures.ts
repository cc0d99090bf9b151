import type { PlaceKind } from "../places";
import type { Level } from "../wire";

/**
 * What a rule may compare, by the kind of its place, in the order in which it is offered. A browser test asks the service
 * whether these are all of them.
 */
export const RULED: Record<PlaceKind, string[]> = {
  zone: [
    "occupancy",
    "density",
    "local_density",
    "voronoi_density",
    "level_of_service",
    "time_to_blue",
    "time_to_yellow",
    "time_to_orange",
    "time_to_red",
    "speed",
    "speed_deficit",
    "standing_share",
    "stop_and_go",
    "oscillation",
    "pressure",
    "turbulence",
    "counter_flow",
    "polar_order",
    "direction_entropy",
    "wrong_way_share",
    "mean_dwell",
    "median_dwell",
    "p90_dwell",
    "longest_dwell",
    "loitering",
    "standing_groups",
    "largest_standing_group",
    "gathering",
    "dispersal",
    "surge",
    "fill_rate",
    "balance_drift",
    "count_disagreement",
  ],
  line: [
    "flow_in",
    "flow_out",
    "specific_flow_in",
    "specific_flow_out",
    "capacity_ratio",
    "counter_flow",
    "wrong_way_share",
  ],
  camera: ["people", "blind", "speed", "standing_share", "polar_order", "direction_entropy"],
  site: [
    "share_of_capacity",
    "occupancy",
    "density",
    "local_density",
    "level_of_service",
    "flow_in",
    "flow_out",
    "admissible_flow",
  ],
};

/** Their values get worse downwards: a level is raised at or below its threshold. */
const WORSE_LOW = ["speed", "speed_deficit", "polar_order", "admissible_flow"];

export function isWorseLow(measure: string): boolean {
  return WORSE_LOW.includes(measure) || measure.includes("time_to_");
}

/** What holds where a level says nothing else. */
export const HOLD_S: Record<Level, number> = { blue: 30, yellow: 20, orange: 10, red: 5 };
export const CLEAR_HOLD_S = 60;
const CLEAR_SHARE = 0.85;

export function usualClear(raise: number, measure: string): number {
  const clear = isWorseLow(measure) ? raise / CLEAR_SHARE : raise * CLEAR_SHARE;
  return Number(clear.toPrecision(4));
}

type Shipped = Record<Level, number>;
const DENSITIES: Record<string, Shipped> = {
  walkway: { blue: 0.72, yellow: 1.08, orange: 2, red: 3.5 },
  waiting: { blue: 1.1, yellow: 2, orange: 3.5, red: 4.7 },
};
const SHARES_OF_CAPACITY: Shipped = { blue: 0.8, yellow: 0.9, orange: 1, red: 1.2 };

/** The thresholds that are shipped for a measure, where the rule gives none; `null`: there are none. */
export function shippedLevels(measure: string, use: string): Shipped | null {
  if (measure === "share_of_capacity") return SHARES_OF_CAPACITY;
  return ["density", "voronoi_density", "local_density"].includes(measure) ? (DENSITIES[use] ?? null) : null;
}
