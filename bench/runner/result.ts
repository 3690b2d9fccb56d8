/** What a run has measured. */

import { cpus, totalmem, type } from "node:os";
import process from "node:process";
import type { Cell } from "../case.ts";
import { median } from "./measure.ts";
import { commit } from "./revision.ts";
import type { Runtime } from "./runtimes.ts";

/** The figures of one case, or one probe, on one runtime. */
export interface Row {
  readonly module: string;
  readonly name: string;
  readonly runtime: string;
  readonly cell?: Cell;
  /** `ns` for a case; what a probe says for a probe. */
  readonly unit: string;
  /** One figure per process. */
  readonly samples: number[];
  /** Bytes allocated per operation. */
  bytes?: number;
  /** Why there are no figures. */
  error?: string;
}

/** A run, as it is written to JSON. */
export interface Report {
  readonly date: string;
  /** The code that was measured. */
  readonly commit: string;
  readonly command: string;
  readonly machine: string;
  readonly runtimes: Readonly<Record<string, string>>;
  readonly count: number;
  readonly rows: readonly Row[];
}

/** The middle of the processes and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The spread of a row, if it was measured. */
export function spread({ samples }: Pick<Row, "samples">): Spread | undefined {
  if (samples.length === 0) return undefined;
  return { median: median(samples), min: Math.min(...samples), max: Math.max(...samples) };
}

/** Looks a row up. */
export function rowOf(report: Report, runtime: string, name: string): Row | undefined {
  return report.rows.find((row) => row.runtime === runtime && row.name === name);
}

/** What stands at the head of every report. */
export function describe(runtimes: readonly Runtime[], count: number): Omit<Report, "rows"> {
  const cores = cpus();
  const model = (cores[0]?.model ?? "unknown processor").replace(/\s+/g, " ").trim();
  const memory = Math.round(totalmem() / 2 ** 30);
  // As it is typed: "deno task bench:bus -- --count=5".
  const args = process.argv.slice(2).filter((each) => each !== "--");
  const modules = args.filter((each) => !each.startsWith("-")).map((name) => `:${name}`);
  const options = args.filter((each) => each.startsWith("-"));
  const command = [`deno task bench${modules.join("")}`, ...options.length > 0 ? ["--"] : []];
  return {
    commit: commit(),
    date: new Date().toISOString().slice(0, 10),
    command: [...command, ...options].join(" "),
    machine: `${cores.length} cores, ${model}, ${memory} GB, ${type()}`,
    runtimes: Object.fromEntries(runtimes.map(({ name, version }) => [name, version])),
    count,
  };
}
