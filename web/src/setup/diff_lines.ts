export interface DiffLine {
  kind: "added" | "removed" | "same" | "place";
  words: string;
}

/** The lines of a unified diff, without its heads. */
export function diffLines(diff: string): DiffLine[] {
  const lines = diff
    .split("\n")
    .filter((line) => line !== "" && !/^(---|\+\+\+) /.test(line) && !line.startsWith("\\"));
  return lines.map((line) => {
    if (line.startsWith("@@")) return { kind: "place", words: line.replace(/^@@ -\d+(?:,\d+)? \+(\d+).*$/, "… $1") };
    if (line.startsWith("+")) return { kind: "added", words: line.slice(1) };
    if (line.startsWith("-")) return { kind: "removed", words: line.slice(1) };
    return { kind: "same", words: line.slice(1) };
  });
}
