/** A measure's names, its unit, and how many decimals it is shown with. What each means: docs/measures.md. */
export interface MeasureInfo {
  en: string;
  zh: string;
  unit: string;
  decimals: number;
}

const of = (en: string, zh: string, unit: string, decimals: number): MeasureInfo => ({ en, zh, unit, decimals });

export const MEASURES: Record<string, MeasureInfo> = {
  occupancy: of("Inside", "区域内", "", 0),
  density: of("Density", "密度", "/m²", 2),
  voronoi_density: of("Density (Voronoi)", "密度(Voronoi)", "/m²", 2),
  local_density: of("Greatest local density", "局部最大密度", "/m²", 2),
  level_of_service: of("Level of service", "服务水平", "", 0),
  speed: of("Speed", "速度", " m/s", 2),
  speed_deficit: of("Speed against expected", "速度比(实测/预期)", "", 2),
  standing_share: of("Standing", "站立比例", "", 2),
  stop_and_go: of("Stop-and-go", "走停指数", "", 2),
  oscillation: of("Oscillation", "振荡", "", 2),
  pressure: of("Crowd pressure", "人群压力", " /s²", 3),
  turbulence: of("Turbulence", "人群湍流", "", 0),
  counter_flow: of("Counter-flow", "对冲比", "", 2),
  polar_order: of("Polar order", "方向一致度", "", 2),
  direction_entropy: of("Direction entropy", "方向熵", "", 2),
  wrong_way_share: of("Wrong way", "逆行比例", "", 2),
  mean_dwell: of("Mean stay", "平均停留", " s", 0),
  median_dwell: of("Median stay", "停留中位数", " s", 0),
  p90_dwell: of("90 % stay up to", "90% 停留不超过", " s", 0),
  longest_dwell: of("Longest stay", "最长停留", " s", 0),
  loitering: of("Loitering", "徘徊", "", 0),
  standing_groups: of("Standing groups", "驻足人群数", "", 0),
  largest_standing_group: of("Largest standing group", "最大驻足人群", "", 0),
  gathering: of("Gathering", "聚集", "", 0),
  dispersal: of("Dispersal", "四散", "", 0),
  surge: of("Rise", "人数增速", "/min", 1),
  fill_rate: of("Net fill rate", "净流入率", " /m²·min", 2),
  balance_drift: of("Flow balance drift", "流量平衡漂移", "", 0),
  count_disagreement: of("Second opinion differs by", "第二计数偏差", "", 2),
  time_to_blue: of("Time to blue", "距蓝色", " s", 0),
  time_to_yellow: of("Time to yellow", "距黄色", " s", 0),
  time_to_orange: of("Time to orange", "距橙色", " s", 0),
  time_to_red: of("Time to red", "距红色", " s", 0),
  flow_in: of("Flow in", "流入", "/min", 1),
  flow_out: of("Flow out", "流出", "/min", 1),
  specific_flow_in: of("Specific flow in", "单宽流入", " /m·s", 2),
  specific_flow_out: of("Specific flow out", "单宽流出", " /m·s", 2),
  capacity_ratio: of("Share of capacity", "通行能力占比", "", 2),
  people: of("People", "人数", "", 0),
  blind: of("Without a picture", "无画面时长", " s", 0),
  share_of_capacity: of("Share of published capacity", "承载量占比", "", 2),
  undelivered: of("Messages given up", "未送达的消息", "", 0),
  admissible_flow: of("May still enter", "可进入人数", "/min", 0),
};

export const SERVICE_LETTERS = ["A", "B", "C", "D", "E", "F"];

/** Level of service as Fruin's letters. */
export function serviceLetter(value: number): string {
  return SERVICE_LETTERS[Math.round(value) - 1] ?? String(value);
}

/** Measures that make sense as a curve over hours, in the order in which they are offered. */
export const CHARTED: Record<"zone" | "line" | "camera" | "site", string[]> = {
  zone: [
    "occupancy",
    "density",
    "local_density",
    "speed",
    "flow_in",
    "flow_out",
    "level_of_service",
    "pressure",
    "counter_flow",
    "mean_dwell",
    "standing_share",
    "surge",
  ],
  line: ["flow_in", "flow_out", "capacity_ratio", "specific_flow_in", "specific_flow_out"],
  camera: ["people"],
  site: ["share_of_capacity", "occupancy", "people", "admissible_flow"],
};
