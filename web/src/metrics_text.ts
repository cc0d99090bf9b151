/** Prometheus text, as `/metrics` gives it: enough of it for the Health screen. */

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

function number(text: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  if (text === "-Inf") return Number.NEGATIVE_INFINITY;
  return Number(text);
}

const unescaped = (text: string): string => text.replace(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char));

export function parseMetrics(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    const found = line.startsWith("#") ? null : LINE.exec(line);
    if (!found) continue;
    const [, name = "", inner = "", value = ""] = found;
    const labels = Object.fromEntries([...inner.matchAll(LABEL)].map(([, key, of]) => [key, unescaped(of ?? "")]));
    samples.push({ name: name.replace(/^crowdflow_/, ""), labels, value: number(value) });
  }
  return samples;
}

/** Looks metrics up by name and labels. */
export class Metrics {
  constructor(private readonly samples: Sample[]) {}

  all(name: string, labels: Record<string, string> = {}): Sample[] {
    const wanted = Object.entries(labels);
    return this.samples.filter(
      (sample) => sample.name === name && wanted.every(([key, value]) => sample.labels[key] === value),
    );
  }

  /** The sum of all that match; `null`: there is none, which is not zero. */
  sum(name: string, labels: Record<string, string> = {}): number | null {
    const found = this.all(name, labels);
    return found.length === 0 ? null : found.reduce((sum, sample) => sum + sample.value, 0);
  }

  /** The mean of a histogram; `null` where nothing was observed. */
  mean(name: string, labels: Record<string, string> = {}): number | null {
    const [sum, count] = [this.sum(`${name}_sum`, labels), this.sum(`${name}_count`, labels)];
    return sum === null || !count ? null : sum / count;
  }

  values(label: string, name: string): string[] {
    return [...new Set(this.all(name).map((sample) => sample.labels[label] ?? ""))];
  }
}
