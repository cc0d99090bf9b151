import { expect, it } from "vitest";
import { diffLines } from "./diff_lines";

it("a diff is told line by line, and where it is", () => {
  const diff =
    "--- original\n+++ modified\n@@ -20,3 +21,4 @@\n [cameras.gate]\n-mobile = true\n+-- = 1\n+\n\\ No newline at end of file\n";
  expect(diffLines(diff)).toEqual([
    { kind: "place", words: "… 21" },
    { kind: "same", words: "[cameras.gate]" },
    { kind: "removed", words: "mobile = true" },
    { kind: "added", words: "-- = 1" },
    { kind: "added", words: "" },
  ]);
});
