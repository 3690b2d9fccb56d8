import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { checkTables } from "../docs/tables.ts";

const BEGIN = "<!-- bench:begin -->";
const END = "<!-- bench:end -->";
const TABLE = "| case | ops/s |\n| --- | --- |\n| emit | 1 |";
const lines = (text: string): number[] => checkTables("README.md", text).map(({ line }) => line);

describe("checkTables()", () => {
  it("accepts figures in a generated part that names its command, and other tables", () => {
    const text = `${BEGIN}\nby \`deno task bench\`\n${TABLE}\n${END}\n| a | b |\n`;

    assertEquals(lines(text), []);
  });

  it("reports figures outside the part", () => {
    const text = `${BEGIN}\nby \`deno task bench\`\n${END}\n${TABLE}\n`;

    assertEquals(lines(text), [4]);
  });

  it("reports a part without its command, without its end, without its begin, or none at all", () => {
    assertEquals(lines(`\n${BEGIN}\n${TABLE}\n${END}\n`), [2]);
    assertEquals(lines(`\n${BEGIN}\n`), [2]);
    assertEquals(lines(`${END}\n`), [1, 1]);
    assertEquals(lines("text"), [1]);
  });
});
