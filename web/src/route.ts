import { computed, signal } from "@preact/signals";

/** Which screen is shown: what stands behind `#` in the address, so that every screen can be linked to. */

export type Screen = "live" | "alerts" | "alert" | "place" | "analytics" | "rules" | "setup" | "health" | "account";

export interface Route {
  screen: Screen;
  /** The alert's id, the place's key, or the part of the set-up. */
  of: string;
}

const SCREENS: Screen[] = ["live", "alerts", "alert", "place", "analytics", "rules", "setup", "health", "account"];

export function parseRoute(hash: string): Route {
  const [, name = "", ...rest] = hash.replace(/^#/, "").split("/");
  const screen = SCREENS.find((one) => one === name) ?? "live";
  try {
    return { screen, of: decodeURIComponent(rest.join("/")) };
  } catch {
    return { screen: "live", of: "" };
  }
}

export function routeTo(screen: Screen, of = ""): string {
  return of ? `#/${screen}/${encodeURIComponent(of)}` : `#/${screen}`;
}

const hash = signal(location.hash);
addEventListener("hashchange", () => {
  hash.value = location.hash;
});

export const route = computed(() => parseRoute(hash.value));
