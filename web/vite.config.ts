import { defineConfig } from "vitest/config";
import { shipped } from "./shipped";

/** Where a running service is, for `npm run dev`. */
const SERVICE = process.env.CROWDFLOW_ADDRESS ?? "http://127.0.0.1:8090";

export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    target: "es2022",
    // The content security policy takes no styles or pictures from within the text.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  plugins: [shipped("dist")],
  server: {
    proxy: Object.fromEntries(
      ["/api", "/cameras", "/metrics", "/healthz", "/login", "/setup", "/sign_in.css", "/sign_in.js"].map((path) => [
        path,
        // It takes orders from its own pages only.
        { target: SERVICE, changeOrigin: true, headers: { origin: SERVICE } },
      ]),
    ),
  },
  test: {
    // One browser and one service at a time: the detector wants the processor.
    fileParallelism: false,
    projects: [
      { extends: true, test: { name: "unit", include: ["src/**/*.test.ts"], environment: "node" } },
      {
        extends: true,
        test: {
          name: "browser",
          include: ["tests/**/*.test.ts"],
          environment: "node",
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
