/**
 * Figures in README are generated, never typed: a table with measured figures stands between the two
 * markers, and the text between them says which command made it.
 */
import type { Problem } from "./extract.ts";

const BEGIN = "<!-- bench:begin -->";
const END = "<!-- bench:end -->";
const MEASURED = /\b(ops\/s(ec)?|ns\/op|bytes\/op|allocs\/op|events\/s|msgs\/s)/i;

/** Finds measured figures outside the generated part, and a generated part that is not one. */
export function checkTables(page: string, text: string): Problem[] {
  const problems: Problem[] = [];
  const report = (line: number, message: string): void => {
    problems.push({ page, line, message });
  };
  let begin = 0;
  let command = false;
  let parts = 0;
  text.split(/\r?\n/).forEach((row, index) => {
    const line = index + 1;
    if (row.trim() === BEGIN) {
      if (begin > 0) report(line, `"${BEGIN}" inside a generated part`);
      begin = line;
      command = false;
    } else if (row.trim() === END) {
      if (begin === 0) report(line, `"${END}" without "${BEGIN}"`);
      else if (!command) {
        report(begin, "the generated part does not name its `deno task bench` command");
      }
      parts += begin > 0 ? 1 : 0;
      begin = 0;
    } else if (begin > 0) {
      command ||= row.includes("deno task bench");
    } else if (row.startsWith("|") && MEASURED.test(row)) {
      report(line, "a table with measured figures stands outside the generated part");
    }
  });
  if (begin > 0) report(begin, `"${BEGIN}" without "${END}"`);
  if (parts === 0 && begin === 0) report(1, "there is no generated part");
  return problems;
}
