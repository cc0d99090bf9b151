import { expect, it } from "vitest";
import { applied, faultsAt, valueAt, withEdit } from "./edits";

const BASE = { cameras: { gate: { zones: { plaza: { name: "Plaza", area_m2: 60 } } } } };
const PLAZA = ["cameras", "gate", "zones", "plaza"];
const RIVER = ["cameras", "gate", "zones", "river"];

it("a zone that is drawn and then moved is one new table", () => {
  const drawn = withEdit(BASE, [], { path: RIVER, value: { name: "River", polygon: [] } });
  const moved = withEdit(BASE, drawn, { path: [...RIVER, "polygon"], value: [[0, 0]] });
  expect(moved).toEqual([{ path: RIVER, value: { name: "River", polygon: [[0, 0]] } }]);
  expect(valueAt(applied(BASE, moved), [...RIVER, "name"])).toBe("River");
  expect(withEdit(BASE, moved, { path: RIVER, value: null })).toEqual([]);
});

it("what is put back as it was is no change", () => {
  const changed = withEdit(BASE, [], { path: [...PLAZA, "area_m2"], value: 70 });
  expect(changed).toHaveLength(1);
  expect(withEdit(BASE, changed, { path: [...PLAZA, "area_m2"], value: 60 })).toEqual([]);
  expect(withEdit(BASE, [], { path: [...PLAZA, "width_m"], value: null })).toEqual([]);
});

it("taking a table away takes what was changed in it along", () => {
  const changed = withEdit(BASE, [], { path: [...PLAZA, "area_m2"], value: 70 });
  const gone = withEdit(BASE, changed, { path: PLAZA, value: null });
  expect(gone).toEqual([{ path: PLAZA, value: null }]);
  expect(valueAt(applied(BASE, gone), PLAZA)).toBeUndefined();
});

it("faults are told where they belong", () => {
  const faults = [
    "cameras.gate.zones.plaza.polygon: found 2",
    "cameras.gate.zones.plaza_2.polygon: found 1",
    "rules: x",
  ];
  expect(faultsAt(faults, PLAZA)).toEqual(["polygon: found 2"]);
  expect(faultsAt(faults, ["rules"])).toEqual(["x"]);
});
