import { effect, signal } from "@preact/signals";
import { en, type Texts } from "./texts/en";
import { zh } from "./texts/zh";

/** What a viewer has chosen; it stays in this browser. */

export type Language = "en" | "zh";
export type Theme = "dark" | "light";

function kept(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    // Storage is switched off: the choice lasts as long as the page.
    return null;
  }
}

export function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // As above.
  }
}

function first<T extends string>(known: readonly T[], ...wanted: (string | null)[]): T | undefined {
  return wanted.map((word) => known.find((one) => one === word)).find((one) => one !== undefined);
}

const asked = new URLSearchParams(location.search);
const browserLanguage = navigator.language.startsWith("zh") ? "zh" : "en";

export const language = signal<Language>(
  first(["en", "zh"], asked.get("lang"), kept("language"), browserLanguage) ?? "en",
);
/** Dark unless somebody wants it otherwise: control rooms are. */
export const theme = signal<Theme>(first(["dark", "light"], asked.get("theme"), kept("theme")) ?? "dark");
/** Whether zones are looked at on site maps, where there are any, or all as tiles. */
export const zonesAs = signal<"map" | "tiles">(first(["map", "tiles"], kept("zones_as")) ?? "map");
/** Who gives orders from this browser; empty: nobody has said yet. */
export const who = signal(kept("who") ?? "");

export function text(): Texts {
  return language.value === "zh" ? zh : en;
}

/** The text of a word that came from the service; the word itself where there is none. */
export function word(key: string): string {
  const found = (text() as unknown as Record<string, unknown>)[key];
  return typeof found === "string" ? found : key.replaceAll("_", " ");
}

effect(() => {
  document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
});
effect(() => {
  document.documentElement.dataset.theme = theme.value;
});

export function chooseLanguage(chosen: Language): void {
  language.value = chosen;
  keep("language", chosen);
}

export function chooseTheme(chosen: Theme): void {
  theme.value = chosen;
  keep("theme", chosen);
}

export function chooseZonesAs(chosen: "map" | "tiles"): void {
  zonesAs.value = chosen;
  keep("zones_as", chosen);
}

export function nameYourself(name: string): void {
  who.value = name;
  keep("who", name);
}
