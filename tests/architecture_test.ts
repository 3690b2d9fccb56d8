import { assert, assertArrayIncludes, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "node:test";
import { checkArchitecture } from "./support/architecture.ts";
import { scan } from "./support/source_text.ts";
import { sources } from "./support/sources.ts";

const MANIFEST = JSON.stringify({ name: "n", version: "1.0.0", exports: { ".": "./mod.ts" } });
const ENTRY = '/**\n * An entry.\n *\n * @module\n */\nexport { one } from "./src/errors.ts";\n';

/** The problems of a small house that is in order but for the given files. */
function problemsOf(changes: Readonly<Record<string, string>>): string[] {
  const files = new Map([
    ["deno.json", MANIFEST],
    ["package.json", MANIFEST],
    ["mod.ts", ENTRY],
    ["src/errors.ts", "export const one = 1;\n"],
    ...Object.entries(changes),
  ]);
  return checkArchitecture(files);
}

/** Fails unless the text as that file is exactly one breach of the rules. */
function assertBreach(path: string, text: string, words: string): void {
  const problems = problemsOf({ [path]: text });
  assertEquals(problems.length, 1, problems.join("; "));
  assertStringIncludes(problems[0] ?? "", words);
}

describe("the house", () => {
  it("keeps its own rules", () => {
    const files = sources();

    assert(files.size > 20, `only ${files.size} files were read`);
    assertArrayIncludes([...files.keys()], ["mod.ts", "deno.json", "src/errors.ts"]);
    assertEquals(checkArchitecture(files), []);
  });
});

describe("checkArchitecture()", () => {
  it("has nothing to say about a house that is in order", () => {
    assertEquals(
      problemsOf({
        "src/queue/ring.ts": 'import type { A } from "../event/event.ts";\nimport "./lanes.ts";\n',
        "src/bus/bus.ts": 'export { B } from "../queue/ring.ts";\nimport "../store/store.ts";\n',
        "src/testing/env.ts": 'import { E } from "../internal/env.ts";\n',
        "src/adapters/node.ts": 'import fs from "node:fs";\nprocess.exit(Buffer.from("x")[0]);\n',
      }),
      [],
    );
  });

  it("finds imports that go up", () => {
    assertBreach("src/event/event.ts", 'import { R } from "../queue/ring.ts";', "imports up");
    assertBreach("src/internal/env.ts", 'export * from "../event/event.ts";', "imports up");
    assertBreach("src/store/store.ts", 'import type { B } from "../bus/bus.ts";', "imports up");
    assertBreach("src/http/http.ts", 'await import("../adapters/node.ts");', "imports up");
    assertBreach("src/bus/bus.ts", 'import "../../mod.ts";', "imports up");
  });

  it("finds imports between rooms of one floor", () => {
    assertBreach("src/emitter/emitter.ts", 'import "../store/store.ts";', "sideways");
    assertBreach(
      "src/queue/ring.ts",
      'import {\n  a,\n  b,\n} from "../metrics/mod.ts";',
      "sideways",
    );
    assertBreach("src/internal/check.ts", 'import { E } from "../errors.ts";', "sideways");
    assertBreach("src/errors.ts", 'import { E } from "./internal/env.ts";', "sideways");
  });

  it("finds rooms that are not in the plan, and imports from outside", () => {
    assertBreach("src/utils/helpers.ts", "export {};", "no room");
    assertBreach("src/bus/bus.ts", 'import "../../tests/support/env.ts";', "outside of the house");
    assertBreach("src/bus/bus.ts", 'import "./topic";', "without its .ts");
  });

  it("finds what is not of the project", () => {
    for (
      const name of ["node:fs", "bun:test", "npm:hono", "hono", "jsr:@std/assert", "@nova/events"]
    ) {
      assertBreach("src/bus/bus.ts", `import x from "${name}";`, `imports "${name}"`);
    }
  });

  it("finds names of runtimes outside of adapters", () => {
    for (
      const code of [
        "Deno.readTextFile(path)",
        "Bun.sleep(1)",
        "process.nextTick(fn)",
        "const data = new Buffer(1)",
        "globalThis.process",
        'globalThis["Deno"]',
        "typeof x === `${Deno.pid}`",
        'require("x")',
      ]
    ) assertBreach("src/bus/bus.ts", code, "names a runtime");
  });

  it("knows words from names", () => {
    assertEquals(
      problemsOf({
        "src/bus/bus.ts": [
          "// Deno.readTextFile() and process.exit() in a comment",
          "/* eval(text); import x from 'node:fs' */",
          'const text = "Deno.pid and eval(x)" + `process.env ${one} Bun.sleep`;',
          "const pattern = /Deno.x|'|\"|`/;",
          "this.process(event); const process = 1; new ArrayBuffer(8); own.eval(1);",
          "const half = one / two / three; const fn: (Bun: number) => void = noop;",
        ].join("\n"),
      }),
      [],
    );
  });

  it("finds evaluated code and syntax that Node cannot parse", () => {
    assertBreach("src/bus/bus.ts", "eval(text)", "evaluates");
    assertBreach("src/bus/bus.ts", "new Function('return 1')", "evaluates");
    assertBreach("src/adapters/node.ts", "Function(text)()", "evaluates");
    assertBreach("src/bus/bus.ts", "{ await using bus = make(); }", "using");
  });

  it("finds files that are too long", () => {
    assertEquals(problemsOf({ "src/bus/bus.ts": "//\n".repeat(400) }), []);
    assertBreach("src/bus/bus.ts", "//\n".repeat(401), "401 lines");
  });

  it("finds manifests that differ", () => {
    const other = (changes: object): string =>
      JSON.stringify({ ...JSON.parse(MANIFEST), ...changes });
    const two = { exports: { ".": "./mod.ts", "./bus": "./src/bus/mod.ts" } };

    assertEquals(problemsOf({ "package.json": other(two) }).length, 1);
    assertStringIncludes(problemsOf({ "package.json": other(two) }).join(), 'export "./bus"');
    assertStringIncludes(problemsOf({ "package.json": other({ version: "2" }) }).join(), "version");
    assertStringIncludes(
      problemsOf({ "deno.json": other(two), "package.json": other(two) }).join(),
      "there is no src/bus/mod.ts",
    );
    assertStringIncludes(
      problemsOf({ "deno.json": "{}", "package.json": "{}" }).join(),
      "no exports",
    );
  });

  it("finds entries that say nothing or name nothing", () => {
    assertBreach("mod.ts", 'export { one } from "./src/errors.ts";', "@module");
    assertBreach("mod.ts", '// @module\nexport { one } from "./src/errors.ts";', "@module");
    assertBreach("mod.ts", '/** @module */\nexport * from "./src/errors.ts";', "exports *");
  });
});

describe("scan()", () => {
  it("takes comments, texts and regular expressions out of the code", () => {
    const { code } = scan("a /* b */ + 'c' // d\n/ e / f; g = /h'[/]i/; `j ${k + `l ${m}`} n`;");

    for (const name of "agfkm") assertStringIncludes(code, name);
    for (const name of "bcdhijln") assert(!code.includes(name), `${name} is still in: ${code}`);
  });

  it("lists every way to import", () => {
    const text = [
      'import a from "1";',
      "import '2';",
      'export { b } from "3";',
      'export * as c from "4";',
      'const d = await import("5");',
      'type E = import("6").E;',
      'import {\n  f, // from "no"\n} from\n  "7";',
      'const no = { from: "no" };',
    ].join("\n");

    assertEquals(scan(text).imports, ["1", "2", "3", "4", "5", "6", "7"]);
  });
});
