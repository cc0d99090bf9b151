import { expect, it } from "vitest";
import { awaitSlot, WindowLocks } from "./moving_pictures";

/** All that follows from what was done. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

function pictures(count: number, slots: string[]) {
  const locks = new WindowLocks();
  const moving = new Set<number>();
  const stops = Array.from({ length: count }, (_, at) => {
    const giveBack = awaitSlot(locks, slots, () => moving.add(at));
    return () => {
      moving.delete(at);
      giveBack();
    };
  });
  const stop = (at: number) => stops[at]?.();
  return { now: () => [...moving].sort(), stop };
}

it("moves as many pictures as there are slots, and the next one when one stops", async () => {
  const { now, stop } = pictures(4, ["a", "b"]);
  await settled();
  expect(now()).toEqual([0, 1]);
  stop(1);
  await settled();
  expect(now()).toEqual([0, 2]);
  stop(0);
  await settled();
  expect(now()).toEqual([2, 3]);
});

it("passes over a picture that waits no longer", async () => {
  const { now, stop } = pictures(3, ["a"]);
  await settled();
  stop(1);
  stop(0);
  await settled();
  expect(now()).toEqual([2]);
  stop(2);
  stop(2);
  await settled();
  expect(now()).toEqual([]);
});

it("holds one slot only, and frees it for whoever comes later", async () => {
  const locks = new WindowLocks();
  const begun: string[] = [];
  const giveBack = awaitSlot(locks, ["a", "b"], () => begun.push("first"));
  await settled();
  awaitSlot(locks, ["b"], () => begun.push("second"));
  await settled();
  expect(begun).toEqual(["first", "second"]);
  awaitSlot(locks, ["a"], () => begun.push("third"));
  await settled();
  expect(begun).toEqual(["first", "second"]);
  giveBack();
  await settled();
  expect(begun).toEqual(["first", "second", "third"]);
});
