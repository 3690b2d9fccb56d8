/**
 * Makes the page of the dashboard: markup, style and script as one text, and the policy that allows
 * exactly these. `deno task generate` writes `src/http/dashboard/page.ts`; a test fails when it is not
 * what this makes of the sources in `dashboard/`.
 */

import { build, type Plugin, transform } from "esbuild";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../../", import.meta.url);
const UPLOT = new URL("node_modules/uplot/", ROOT);

/**
 * uPlot hangs its helpers on its function, which keeps all of them in a bundle. The page draws lines
 * and uses none of them: without these last lines the bundler leaves a seventh of it out.
 */
const withoutHelpers: Plugin = {
  name: "uplot-without-helpers",
  setup({ onLoad }) {
    onLoad({ filter: /uPlot\.esm\.js$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const contents = text.replace(/^uPlot\.assign = assign;[^]*(?=^export \{)/m, "");
      if (contents === text) {
        throw new Error("uPlot has changed: its helpers are not where they were");
      }
      return { contents };
    });
  },
};

/** The whole module, before formatting. */
export async function generateDashboard(): Promise<string> {
  const [markup, styles, script, license] = await Promise.all([
    read("dashboard/page.html"),
    read("dashboard/style.css").then((css) => minified(css)),
    bundled(),
    readFile(new URL("LICENSE", UPLOT), "utf8"),
  ]);
  const page = markup.replace(/\n\s*/g, "\n").replaceAll(">\n<", "><").trim()
    .replace("<style></style>", () => `<style>${styles}</style>`)
    .replace("<script></script>", () => `<script>${script}</script>`) +
    `\n<!-- With uPlot (https://github.com/leeoniya/uPlot).\n${license.trim()}\n-->\n`;
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(styles)}'`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  return `/**
 * The page of the dashboard, and the policy that allows its script and its style, and nothing else.
 *
 * Generated from \`dashboard/\` by \`deno task generate\`; do not edit. It carries uPlot, and its licence.
 */

// deno-fmt-ignore-file

/** The value of its Content-Security-Policy. */
export const POLICY: string = ${JSON.stringify(policy)};

/** All of it, as HTML. */
export const PAGE: string = ${JSON.stringify(page)};
`;
}

async function bundled(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("dashboard/main.ts", ROOT))],
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    legalComments: "none",
    plugins: [withoutHelpers],
    write: false,
  });
  const text = outputFiles[0]!.text.trim();
  // Both would end the element that the script stands in, or hide its end.
  if (/<\/script|<!--/i.test(text)) throw new Error("The script cannot stand inside of a page");
  return text;
}

async function minified(css: string): Promise<string> {
  const { code } = await transform(css, { loader: "css", minify: true, target: "es2022" });
  return code.trim();
}

function read(path: string): Promise<string> {
  return readFile(new URL(path, ROOT), "utf8");
}

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
