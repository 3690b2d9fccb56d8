/** The table of README.md: the rows people know from the Go library, as they are here. */

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bytesOf } from "./report.ts";
import { type Report, type Row, rowOf, spread } from "./result.ts";
import { rate, short } from "./table.ts";

const BEGIN = "<!-- bench:begin -->";
const END = "<!-- bench:end -->";

const README = new URL("../../README.md", import.meta.url);
const RESULTS = new URL("../results/baseline.json", import.meta.url);

/** A row of the table. The Go figures are those of that library's own tuning guide. */
const baseline = [
  { label: "Emitter (sync)", name: "emitter sync", go: "~4M · ~250" },
  { label: "Emitter (async)", name: "emitter async (enqueue)", go: "~8M · ~125" },
  { label: "Bus (publish)", name: "bus publish", go: "~3M · ~300" },
  { label: "Store (append)", name: "store append", go: "~3M · ~350" },
] as const;

/** Writes the table into README.md and the figures behind it into `bench/results/baseline.json`. */
export function writeReadme(report: Report): void {
  const readme = readFileSync(README, "utf8");
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) {
    throw new Error(`${fileURLToPath(README)} must have a line ${BEGIN} and below it ${END}`);
  }
  const table = baselineTable(report);
  const before = readme.slice(0, begin + BEGIN.length);
  writeFileSync(README, `${before}\n\n${table}\n\n${readme.slice(end)}`);
  execFileSync(process.execPath, ["fmt", "--quiet", fileURLToPath(README)]);
  const rows = report.rows.filter((row) => baseline.some(({ name }) => name === row.name));
  mkdirSync(new URL(".", RESULTS), { recursive: true });
  writeFileSync(RESULTS, `${JSON.stringify({ ...report, rows }, null, 2)}\n`);
}

function baselineTable(report: Report): string {
  const runtimes = Object.entries(report.runtimes);
  const head = ["", "Go Nova", ...runtimes.map(([name]) => title(name))];
  const unit = ["", "ops/s · ns/op", ...runtimes.map(() => "ops/s · ns/op · bytes/op")];
  const rows = baseline.map(({ label, name, go }) => [
    label,
    go,
    ...runtimes.map(([runtime]) => cell(rowOf(report, runtime, name), runtime, name)),
  ]);
  const versions = runtimes.map(([name, version]) => `${title(name)} ${version}`).join(", ");
  return [
    markdown([head, unit, ...rows]),
    "",
    `Measured ${report.date} on ${report.machine}, one thread; ${versions}; median of ` +
    `${report.count} processes, CPU time. \`${report.command}\` makes this table. ` +
    "The Go figures are those of its tuning guide; its bus figure stops at the queue, " +
    "ours when the handler has run.",
  ].join("\n");
}

function cell(row: Row | undefined, runtime: string, name: string): string {
  const figures = row === undefined ? undefined : spread(row);
  if (row === undefined || figures === undefined) {
    throw new Error(`The README table needs "${name}" on ${runtime}: run all cases, or repair it`);
  }
  return [rate(figures.median), short(figures.median), bytesOf(row)]
    .filter((part) => part !== "").join(" · ");
}

function title(runtime: string): string {
  return runtime.charAt(0).toUpperCase() + runtime.slice(1);
}

function markdown([head, ...body]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head!), line(head!.map(() => "---")), ...body.map(line)].join("\n");
}
