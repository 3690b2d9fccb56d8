// The runners themselves: what must make a run fail does, on every runtime. Starts processes, so it
// is no part of the suite; what a runner reports is what its runtime really did with the file.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { after, before, describe, it } from "node:test";
import { count, type Counts, disagreements, type Outcome, summary } from "../runtimes/outcome.ts";
import { runOnBun, runOnDeno, runOnNode } from "../runtimes/runners.ts";
import { ROOT } from "../runtimes/suite.ts";
import { runOnWorkerd } from "../runtimes/workerd/host.ts";

const RUNNERS: Readonly<Record<string, (files: readonly string[]) => Promise<Outcome>>> = {
  deno: (files) => runOnDeno(files, "stand-ins"),
  bun: runOnBun,
  node: runOnNode,
  workerd: runOnWorkerd,
};

/** Inside the project, where packages resolve, but ignored by git. */
const FOLDER = `.cache/runners-${Deno.pid}`;

const IMPORTS = `import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { assertEquals } from "@std/assert";
`;

/** A test file, and what a run of it comes to: failures of hooks differ in how often they count. */
interface Fixture {
  readonly what: string;
  readonly source: string;
  readonly passed: number;
  readonly skipped?: number;
  readonly fails: boolean;
  /** What is to be read about the failure. */
  readonly says?: string;
}

const FIXTURES: readonly Fixture[] = [
  {
    what: "counts cases, not suites, files or hooks",
    source: `${IMPORTS}
const log = [];
describe("outer", () => {
  before(() => log.push("before"));
  beforeEach(() => log.push("outer"));
  afterEach(() => log.push("/outer"));
  it("one", () => log.push("one"));
  describe("inner", () => {
    beforeEach(() => log.push("inner"));
    afterEach(() => log.push("/inner"));
    it("two", async () => { await undefined; log.push("two"); });
  });
  after(() => assertEquals(
    log.join(" "),
    "before outer one /outer outer inner two /inner /outer",
  ));
});
it("three", () => {});
`,
    passed: 3,
    fails: false,
  },
  {
    what: "counts what is skipped apart",
    source: `${IMPORTS}
it("runs", () => {});
it.skip("does not", () => {});
it("neither", { skip: "a reason" }, () => {});
`,
    passed: 1,
    skipped: 2,
    fails: false,
  },
  {
    what: "fails for a failed assertion",
    source: `${IMPORTS}
describe("outer", () => {
  it("good", () => {});
  it("bad", () => assertEquals("left", "right"));
});
`,
    passed: 1,
    fails: true,
    says: "left",
  },
  {
    what: "fails for a rejected promise",
    source: `${IMPORTS}
it("good", () => {});
it("bad", async () => { await undefined; throw new RangeError("too far"); });
`,
    passed: 1,
    fails: true,
    says: "too far",
  },
  {
    what: "fails for a rejection that nobody handles",
    source: `${IMPORTS}
it("bad", async () => {
  Promise.reject(new RangeError("unseen"));
  await new Promise((resolve) => setTimeout(resolve, 20));
});
`,
    passed: 0,
    fails: true,
    says: "unseen",
  },
  {
    what: "fails for a case that takes too long",
    source: `${IMPORTS}
it("bad", { timeout: 50 }, () => new Promise((resolve) => setTimeout(resolve, 500)));
`,
    passed: 0,
    fails: true,
    says: "50",
  },
  {
    what: "fails for a file that does not load",
    source: `${IMPORTS}
it("never", () => {});
throw new RangeError("while loading");
`,
    passed: 0,
    fails: true,
    says: "while loading",
  },
  {
    what: "fails for an error that a timer throws",
    source: `${IMPORTS}
it("bad", async () => {
  setTimeout(() => { throw new RangeError("late"); }, 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
});
`,
    passed: 0,
    fails: true,
    says: "late",
  },
  {
    what: "fails for a timer that outlives its case (I7)",
    source: `${IMPORTS}
import { useTestEnv } from "../../tests/support/env.ts";
describe("leaking", () => {
  const env = useTestEnv();
  it("leaks", () => { env.setTimer(() => {}, 1000); });
});
`,
    passed: 0,
    fails: true,
    says: "I7: 1 timer",
  },
];

for (const [word, runner] of Object.entries(RUNNERS)) {
  describe(`the runner of ${word}`, () => {
    before(() => Deno.mkdir(ROOT + FOLDER, { recursive: true }));
    after(() => Deno.remove(ROOT + FOLDER, { recursive: true }));

    for (const [index, { what, source, passed, skipped = 0, fails, says }] of FIXTURES.entries()) {
      it(what, async () => {
        const file = `${FOLDER}/${word}_${index}_test.ts`;
        await Deno.writeTextFile(ROOT + file, `// @ts-nocheck a fixture\n${source}`);

        const outcome = await runner([file]);
        const counts = count(outcome);
        const text = JSON.stringify(outcome);
        assertEquals(counts.failed > 0, fails, text);
        assertEquals(counts.skipped, skipped, text);
        // Deno counts what goes wrong around a case, but not against the case.
        if (!fails || word !== "deno") assertEquals(counts.passed, passed, text);
        if (says !== undefined) assertStringIncludes(text, says);
      });
    }
  });
}

describe("disagreements()", () => {
  const run = (...names: string[]): Outcome => ({
    cases: names.map((name) => ({ name, ending: "passed" })),
    trouble: [],
    output: "",
  });

  it("names the cases that do not run everywhere", () => {
    assertEquals(disagreements(new Map([["deno", run("a", "b")], ["bun", run("b", "a")]])), []);
    assertEquals(disagreements(new Map([["deno", run("a")], ["bun", run("a", "a")]])), [
      "a: passed 1x on deno, 2x on bun",
    ]);
  });

  it("does not compare a suite with a runtime that skipped part of it aloud", () => {
    const skipped: Outcome = {
      cases: [{ name: "disk > writes", ending: "skipped" }, {
        name: "memory > reads",
        ending: "passed",
      }],
      trouble: [],
      output: "",
    };
    const all = run("disk > writes", "disk > reads", "memory > reads");
    assertEquals(disagreements(new Map([["deno", all], ["workerd", skipped]])), []);
    assertEquals(
      disagreements(
        new Map([["deno", run("disk > writes", "memory > writes")], ["workerd", skipped]]),
      ),
      [
        "memory > writes: passed 1x on deno, 0x on workerd",
        "memory > reads: passed 0x on deno, 1x on workerd",
      ],
    );
  });
});

describe("the command", () => {
  const command = async (...args: string[]): Promise<{ code: number; text: string }> => {
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "tests/runtimes/run.ts", ...args],
      cwd: ROOT,
    }).output();
    return { code, text: new TextDecoder().decode(stdout) };
  };

  it("prints one line of numbers and passes", async () => {
    const { code, text } = await command("deno", "--", "std/equal");

    assertEquals(code, 0);
    assert(/^deno: \d+ passed, 0 failed$/m.test(text), text);
  });

  it("fails when no case ran", async () => {
    const { code, text } = await command("deno", "--", "no/such/file");

    assertEquals(code, 1);
    assertStringIncludes(text, "no case ran");
  });

  it("has one shape for its line", () => {
    const counts: Counts = { passed: 1, failed: 2, skipped: 0 };

    assertEquals(summary("bun", counts), "bun: 1 passed, 2 failed");
    assertEquals(summary("bun", { ...counts, skipped: 3 }), "bun: 1 passed, 2 failed, 3 skipped");
  });
});
