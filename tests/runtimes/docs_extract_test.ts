import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { chainsOf, extractComments, extractMarkdown, moduleOf } from "../docs/extract.ts";
import { checkPages } from "../docs/links.ts";

const FENCE = "```";

function page(...rows: string[]): string {
  return rows.join("\n").replaceAll("FENCE", FENCE);
}

describe("extractMarkdown()", () => {
  it("finds ts blocks with their line, and leaves other languages alone", () => {
    const text = page("# Title", "FENCEts", "a();", "b();", "FENCE", "FENCEsh", "ls", "FENCE");

    const { blocks, problems } = extractMarkdown("page.md", text);

    assertEquals(blocks.map((block) => [block.line, block.lines]), [[3, ["a();", "b();"]]]);
    assertEquals(problems, []);
  });

  it("reads what a block says it prints, in order", () => {
    const text = page("FENCEts", "console.log(1); // 1", "// → 2", "f(); // no", "FENCE");

    const { blocks } = extractMarkdown("page.md", text);

    assertEquals(blocks[0]?.prints, ["1", "2"]);
    assertEquals(blocks[0]?.printsAll, true);
  });

  it("refuses a name that would escape the check, a no-run without a reason, an open block", () => {
    const text = page(
      "FENCEjs",
      "a();",
      "FENCE",
      "FENCEts no-run",
      "b();",
      "FENCE",
      "FENCEts",
      "c",
    );

    const { problems } = extractMarkdown("page.md", text);

    assertEquals(problems.map((problem) => problem.line), [1, 4, 7]);
  });

  it("refuses an unknown marker and a continue with nothing before it", () => {
    const text = page("FENCEts continue", "a();", "FENCE", "FENCEts skip", "b();", "FENCE");

    const { problems } = extractMarkdown("page.md", text);

    assertEquals(problems.map((problem) => problem.line), [1, 4]);
  });
});

describe("extractComments()", () => {
  it("finds blocks inside doc comments only, and keeps line and column", () => {
    const text = page(
      "/**",
      " * @example Usage",
      " * FENCEts",
      " *   a();",
      " * FENCE",
      " */",
      "const s = `",
      "FENCEts",
      "not a block",
      "FENCE`;",
    );

    const { blocks, problems } = extractComments("file.ts", text);

    assertEquals(blocks.map((block) => [block.line, block.lines]), [[4, ["     a();"]]]);
    assertEquals(problems, []);
  });

  it("reports a block that its comment cuts off", () => {
    const { problems } = extractComments("file.ts", page("/**", " * FENCEts", " * a();", " */"));

    assertEquals(problems.map((problem) => problem.line), [2]);
  });
});

describe("moduleOf()", () => {
  it("puts every line of a chain on its line of the page", () => {
    const text = page("#", "FENCEts", "a();", "FENCE", "text", "FENCEts continue", "b();", "FENCE");
    const [chain, ...others] = chainsOf(extractMarkdown("page.md", text).blocks);

    const rows = moduleOf(chain ?? []).split("\n");

    assertEquals(others.length, 0);
    assertEquals([rows[2], rows[6]], ["a();", "b();"]);
    assertEquals(rows.filter((row) => row.includes("docsBlockDone")).length, 2);
  });
});

describe("checkPages()", () => {
  const check = (text: string): number[] =>
    checkPages({
      exists: (path) => ["a.md", "docs/b.md", "docs"].includes(path),
      pages: new Map([["docs/b.md", "# One two\n## One two"], ["a.md", text]]),
      tasks: new Set(["test", "test:bun"]),
    }).problems.map((problem) => problem.line);

  it("accepts links to files, folders and headings, and leaves the web alone", () => {
    const text = "[x](docs/b.md) [y](docs/b.md#one-two-1) [z](./docs/) [w](https://example.com)";

    assertEquals(check(text), []);
  });

  it("reports a missing file, a missing heading and a path out of the project", () => {
    assertEquals(check("[x](c.md)\n[y](docs/b.md#three)\n[z](../a.md)"), [1, 2, 3]);
  });

  it("reports a task that does not exist, inside a code block too", () => {
    assertEquals(check("`deno task test:bun`\n```sh\ndeno task nope\n[x](c.md)\n```"), [3]);
  });
});
