import { describe, expect, it } from "vitest";
import { Metrics, parseMetrics } from "./metrics_text";

const TEXT = `# HELP crowdflow_frames_analysed_total Frames whose result was reported.
# TYPE crowdflow_frames_analysed_total counter
crowdflow_frames_analysed_total{camera="gate"} 7
crowdflow_frames_analysed_total{camera="quay"} 3
crowdflow_build_info{version="1.2.3",note="a \\"b\\", c"} 1
crowdflow_result_age_seconds_bucket{camera="gate",le="+Inf"} 4
crowdflow_result_age_seconds_sum{camera="gate"} 2
crowdflow_result_age_seconds_count{camera="gate"} 4
crowdflow_result_age_seconds_sum{camera="quay"} 0
crowdflow_result_age_seconds_count{camera="quay"} 0
crowdflow_store_up 1
`;

describe("Prometheus text", () => {
  const metrics = new Metrics(parseMetrics(TEXT));

  it("is read with its labels", () => {
    expect(metrics.sum("frames_analysed_total", { camera: "gate" })).toBe(7);
    expect(metrics.sum("frames_analysed_total")).toBe(10);
    expect(metrics.sum("store_up")).toBe(1);
    expect(metrics.all("build_info")[0]?.labels).toEqual({ version: "1.2.3", note: 'a "b", c' });
    expect(metrics.values("camera", "frames_analysed_total")).toEqual(["gate", "quay"]);
  });

  it("takes what is absent for unknown, not for zero", () => {
    expect(metrics.sum("zone_occupancy")).toBeNull();
    expect(metrics.mean("result_age_seconds", { camera: "gate" })).toBe(0.5);
    expect(metrics.mean("result_age_seconds", { camera: "quay" })).toBeNull();
  });
});
