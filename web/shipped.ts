import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** What the issue that asked for this page allows: JavaScript as it goes over the wire. */
const MOST_JAVASCRIPT_BYTES = 350_000;
const COMPRESSIBLE = /\.(js|css|html|svg)$/;
/** A packet's worth: below that compressing saves nothing. */
const LEAST_BYTES = 1400;

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

/** Lays a compressed copy beside each file that is smaller for it, and fails the build where JavaScript got too big. */
export function shipped(folder: string): Plugin {
  return {
    name: "shipped",
    apply: "build",
    closeBundle() {
      let javascript = 0;
      for (const path of filesBelow(folder)) {
        if (!COMPRESSIBLE.test(path)) continue;
        const bytes = readFileSync(path);
        const compressed = gzipSync(bytes, { level: 9 });
        if (path.endsWith(".js")) javascript += compressed.length;
        if (bytes.length >= LEAST_BYTES) writeFileSync(`${path}.gz`, compressed);
      }
      if (javascript > MOST_JAVASCRIPT_BYTES) {
        throw new Error(
          `JavaScript is ${javascript} bytes compressed, at most ${MOST_JAVASCRIPT_BYTES} may be shipped`,
        );
      }
      console.log(`JavaScript shipped: ${javascript} bytes compressed, of ${MOST_JAVASCRIPT_BYTES} at most`);
    },
  };
}
