/** Colours of heat maps: viridis, which grows evenly in brightness, is read by the colour-blind, and is no alert's colour. */
const STOPS: [number, number, number][] = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
];

/** The colour of a value as a share of the scale's top. */
export function colourOf(share: number): string {
  const at = Math.min(Math.max(share, 0), 1) * (STOPS.length - 1);
  const below = Math.min(Math.floor(at), STOPS.length - 2);
  const [low, high] = [STOPS[below], STOPS[below + 1]];
  if (!low || !high) return "rgb(0 0 0)";
  const mixed = low.map((value, channel) => Math.round(value + ((high[channel] ?? value) - value) * (at - below)));
  return `rgb(${mixed.join(" ")})`;
}

/** Share of the cells that the scale reaches: one bench would else leave all paths dark. */
const TOP_SHARE = 0.98;

/** Where a scale ends: the next of 1, 2, 5, 10… from nearly the greatest value on. */
export function topOf(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.min(Math.floor(sorted.length * TOP_SHARE), sorted.length - 1)];
  if (value === undefined || value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const top = ([1, 2, 5].find((step) => step * power >= value * (1 - 1e-9)) ?? 10) * power;
  // Without what binary fractions leave behind: it is read.
  return Number(top.toPrecision(1));
}
