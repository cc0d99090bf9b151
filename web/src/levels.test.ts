import { describe, expect, it } from "vitest";
import { inOrder, overall, worst } from "./levels";
import type { Alert, Level, Rule, RuleLevel } from "./wire";

const alert = (id: string, level: Level, raised: string, drill = false) => ({ id, level, raised, drill }) as Alert;
const rule = (level: RuleLevel) => ({ level }) as Rule;

describe("levels", () => {
  it("sorts alerts by level, then by the time of their rise, drills behind what is real", () => {
    const alerts = [
      alert("old yellow", "yellow", "2026-11-24T10:00:00Z"),
      alert("drill", "red", "2026-11-24T12:00:00Z", true),
      alert("red", "red", "2026-11-24T09:00:00Z"),
      alert("new yellow", "yellow", "2026-11-24T11:00:00Z"),
    ];
    expect(inOrder(alerts).map(({ id }) => id)).toEqual(["red", "new yellow", "old yellow", "drill"]);
  });

  it("takes unknown for worse than calm", () => {
    expect(worst(["calm", "unknown", "calm"])).toBe("unknown");
    expect(worst(["unknown", "blue"])).toBe("blue");
    expect(worst([])).toBeNull();
  });

  it("is as grave as the gravest rule or alert, drills left out", () => {
    expect(overall([rule("calm")], [alert("blind", "orange", "")])).toBe("orange");
    expect(overall([rule("calm")], [alert("drill", "red", "", true)])).toBe("calm");
    expect(overall([], [])).toBeNull();
  });
});
