/** What a run prints at its end. */

import { type Report, type Row, rowOf, spread } from "./result.ts";
import { rate, short, textTable, whole } from "./table.ts";

/** The whole report as text. */
export function printed(report: Report, baseline: string | undefined): string {
  const versions = Object.entries(report.runtimes).map((each) => each.join(" ")).join(", ");
  const head =
    `${report.machine}; commit ${report.commit}\n${versions}; CPU time, median of ${report.count} fresh ` +
    `processes [lowest–highest]`;
  return [head, plainList(report, baseline), ...rivalTables(report), failures(report)]
    .filter((part) => part !== "").join("\n\n");
}

function plainList(report: Report, baseline: string | undefined): string {
  const rows = report.rows.filter((row) => row.cell === undefined && spread(row) !== undefined);
  if (rows.length === 0) return "";
  const head = ["case", "runtime", "ops/s", "ns/op", "", "bytes/op"];
  if (baseline !== undefined) head.push("ratio");
  return textTable(
    head,
    rows.map((row) => {
      const { median, min, max } = spread(row)!;
      const inNs = row.unit === "ns";
      const cells = [
        row.name,
        row.runtime,
        inNs ? rate(median) : "",
        inNs ? short(median) : `${short(median)} ${row.unit}`,
        `[${short(min)}–${short(max)}]`,
        bytesOf(row),
      ];
      if (baseline !== undefined) cells.push(ratio(row, rowOf(report, row.runtime, baseline)));
      return cells;
    }),
  );
}

/** Bytes per operation; below one byte it is the measurement that shows. */
export function bytesOf({ bytes }: Row): string {
  if (bytes === undefined) return "";
  return bytes < 1 ? "0" : whole(bytes);
}

function ratio(row: Row, to: Row | undefined): string {
  const mine = spread(row);
  const theirs = to === undefined ? undefined : spread(to);
  return mine === undefined || theirs === undefined ? "" : `×${short(mine.median / theirs.median)}`;
}

/** One table per runtime and setting: rivals down, shapes across, in ns and against the first row. */
function rivalTables(report: Report): string[] {
  const inCells = report.rows.filter((row) => row.cell !== undefined);
  const tables = new Set(inCells.map((row) => row.cell!.table));
  const texts: string[] = [];
  for (const runtime of Object.keys(report.runtimes)) {
    for (const table of tables) {
      const rows = inCells.filter((row) => row.runtime === runtime && row.cell!.table === table);
      if (rows.length > 0) {
        texts.push(`${runtime}, ${table}: ns/op (× the first row's)\n${matrix(rows)}`);
      }
    }
  }
  return texts;
}

function matrix(rows: readonly Row[]): string {
  const names = [...new Set(rows.map((row) => row.cell!.row))];
  const columns = [...new Set(rows.map((row) => row.cell!.column))];
  const at = (name: string, column: string): Row | undefined =>
    rows.find((row) => row.cell!.row === name && row.cell!.column === column);
  return textTable(
    ["", ...columns],
    names.map((name) => [
      name,
      ...columns.map((column) => {
        const row = at(name, column);
        const figure = row === undefined ? undefined : spread(row);
        if (figure === undefined) return "–";
        const own = name === names[0];
        return short(figure.median) + (own ? "" : ` ${ratio(row!, at(names[0]!, column))}`);
      }),
    ]),
  );
}

function failures(report: Report): string {
  return report.rows.filter((row) => row.error !== undefined)
    .map((row) => `FAILED ${row.runtime} ${row.name}: ${row.error}`).join("\n");
}
