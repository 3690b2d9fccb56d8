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
 * What the page does not use of uPlot: the bundler leaves out what is behind a constant, a fifth of it.
 * The page draws lines over numbers and has a legend and a clock of its own.
 */
const CUTS: readonly (readonly [what: RegExp, instead: string])[] = [
  // Helpers hang on its function, which keeps all of them.
  [/^uPlot\.assign = assign;[^]*(?=^export \{)/m, ""],
  // Axes of dates, in two units.
  [/^const \[ timeIncrs\w+,.*\n/gm, ""],
  [/^\tconst _time\w+ += .*\);\n/gm, ""],
  [/let isTime = .*;/g, "const isTime = false;"],
  // Its legend.
  [/\bshowLegend\b(?! =)/g, "false"],
  // Charts of points instead of lines.
  [/\bmode == 2/g, "false"],
  [/\bmode == 1/g, "true"],
  // Logarithmic scales.
  [/\b(?:sc\.)?(?:distr|xScaleDistr) == [34]/g, "false"],
  [/^const font .*$/m, 'const font = "12px system-ui, sans-serif";'],
];

const cutUplot: Plugin = {
  name: "cut-uplot",
  setup({ onLoad }) {
    onLoad({ filter: /uPlot\.esm\.js$/ }, async ({ path }) => {
      let contents = await readFile(path, "utf8");
      for (const [what, instead] of CUTS) {
        if (contents.search(what) < 0) throw new Error(`uPlot has changed: there is no ${what}`);
        contents = contents.replace(what, instead);
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
    "<!-- With uPlot, MIT, (c) Leon Sorokin: https://github.com/leeoniya/uPlot -->\n";
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
 * Generated from \`dashboard/\` by \`deno task generate\`; do not edit. It carries uPlot, with this licence:
 *
${license.trim().replace(/^/gm, " * ").replace(/ +$/gm, "")}
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
    plugins: [cutUplot],
    write: false,
  });
  const text = outputFiles[0]!.text.trim();
  // Both would end the element that the script stands in, or hide its end.
  if (/<\/script|<!--/i.test(text)) throw new Error("The script cannot stand inside of a page");
  return text;
}

async function minified(css: string): Promise<string> {
  const { code } = await transform(css, { loader: "css", minify: true, target: "es2022" });
  // Custom properties are kept as they are written.
  return code.trim().replace(/(--\w+:|[,)]) (?=[#\w])/g, "$1");
}

function read(path: string): Promise<string> {
  return readFile(new URL(path, ROOT), "utf8");
}

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
