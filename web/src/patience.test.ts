import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { NoAnswer, within } from "./patience";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const late = () => new NoAnswer("/order", true);

/** As a request whose answer never comes: it ends only when it is given up. */
const forEver = (stop: AbortSignal): Promise<never> =>
  new Promise((_, fail) => stop.addEventListener("abort", () => fail(new DOMException("given up", "AbortError"))));

it("gives up once the time is over, and says so", async () => {
  let ended: unknown = null;
  const asked = within(15, undefined, forEver, late).catch((fault) => {
    ended = fault;
  });
  await vi.advanceTimersByTimeAsync(14_999);
  expect(ended).toBe(null);
  await vi.advanceTimersByTimeAsync(1);
  await asked;
  expect(ended).toBeInstanceOf(NoAnswer);
  expect(ended).toMatchObject({ mayBeDone: true });
});

it("gives up at once where nobody wants it any more, and that is no missing answer", async () => {
  const stop = new AbortController();
  const asked = within(15, stop.signal, forEver, late);
  stop.abort();
  await expect(asked).rejects.toMatchObject({ name: "AbortError" });
  expect(vi.getTimerCount()).toBe(0);
});

it("hands on answers and faults, and waits for nothing more", async () => {
  expect(await within(15, undefined, async () => 7, late)).toBe(7);
  const fault = new Error("refused");
  await expect(within(15, undefined, () => Promise.reject(fault), late)).rejects.toBe(fault);
  expect(vi.getTimerCount()).toBe(0);
});
