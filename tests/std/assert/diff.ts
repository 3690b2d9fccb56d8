/** A line diff of two texts, for the messages of the equality assertions. */

import { format } from "./format.ts";

/** Past this many lines a full comparison table costs more than it tells. */
const TABLE_LIMIT = 1_000_000;

/** Names both values: what was got with `-`, what was expected with `+`, the rest unmarked. */
export function describeDifference(actual: unknown, expected: unknown): string {
  const lines = diffLines(text(actual).split("\n"), text(expected).split("\n"));
  return `\n\n    [Diff] Actual / Expected\n\n\n${lines.join("\n")}\n`;
}

/** The text of a value in a diff: two strings are compared line by line, not as one JSON line. */
function text(value: unknown): string {
  if (typeof value !== "string" || !value.includes("\n")) return format(value);
  return value.split("\n").map((line) => JSON.stringify(line).slice(1, -1)).join("\\n\n");
}

function diffLines(actual: readonly string[], expected: readonly string[]): string[] {
  const removed = (line: string): string => `-   ${line}`;
  const added = (line: string): string => `+   ${line}`;
  const common = (line: string): string => `    ${line}`;
  if (actual.length * expected.length > TABLE_LIMIT) {
    return [...actual.map(removed), ...expected.map(added)];
  }
  const table = longestCommon(actual, expected);
  const out: string[] = [];
  let i = 0;
  let j = 0;
  while (i < actual.length || j < expected.length) {
    const left = actual[i];
    const right = expected[j];
    if (left !== undefined && left === right) {
      out.push(common(left));
      i++;
      j++;
    } else if (right === undefined || (left !== undefined && at(i + 1, j) >= at(i, j + 1))) {
      out.push(removed(left as string));
      i++;
    } else {
      out.push(added(right));
      j++;
    }
  }
  return out;

  function at(row: number, column: number): number {
    return table[row]?.[column] ?? 0;
  }
}

/** `table[i][j]`: how many lines `a` from i and `b` from j have in common, in order. */
function longestCommon(a: readonly string[], b: readonly string[]): Uint32Array[] {
  const table = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    const row = table[i] as Uint32Array;
    const below = table[i + 1] as Uint32Array;
    for (let j = b.length - 1; j >= 0; j--) {
      row[j] = a[i] === b[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return table;
}
