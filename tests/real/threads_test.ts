/** Real threads, on every runtime that has them. The cases are in `threads/cases.ts`. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "node:test";
import { bun, type Command, installPackages, node, run } from "../runtimes/tools.ts";

interface Line {
  readonly name: string;
  readonly failure?: string;
}

const SCRIPT = "tests/real/threads/run.ts";
const MAP = "--import-map=tests/std/offline.json";

await installPackages();
const runtimes: Readonly<Record<string, Command>> = {
  Deno: [Deno.execPath(), "run", "-A", "--quiet", MAP, SCRIPT],
  Bun: [...await bun(), "run", `./${SCRIPT}`],
  Node: [...await node(), "--no-warnings", SCRIPT],
};

for (const [name, command] of Object.entries(runtimes)) {
  const { code, output } = await run(command, { NO_COLOR: "1" });
  const lines = output.split("\n").filter((line) => line.startsWith("case: "))
    .map((line) => JSON.parse(line.slice("case: ".length)) as Line);

  describe(`threads on ${name}`, () => {
    for (const line of lines) {
      it(line.name, () => {
        assert(line.failure === undefined, line.failure);
      });
    }

    it("end with the program, and the program by itself", () => {
      assert(lines.length > 15, output);
      assertEquals(code, 0, output);
      assertStringIncludes(output, "ended by itself");
    });
  });
}
