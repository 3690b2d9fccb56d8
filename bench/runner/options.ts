/** The command line of the bench runner. */

import process from "node:process";
import { parseArgs } from "node:util";
import type { ProfileKind } from "./profile.ts";
import { type RuntimeName, runtimeNames } from "./runtimes.ts";

/** What was asked for. */
export interface Options {
  readonly modules: readonly string[];
  readonly runtimes: readonly RuntimeName[];
  readonly count: number;
  readonly filter: RegExp;
  /** Whether a filter was given. */
  readonly filtered: boolean;
  readonly baseline: string | undefined;
  readonly json: string | undefined;
  readonly readme: boolean;
  readonly bytes: boolean;
  /** Files for profiles of the CPU and of allocations, by kind. */
  readonly profiles: Readonly<Partial<Record<ProfileKind, string>>>;
}

/** How to call it. */
export const usage = `deno task bench[:module] [options]

  --runtime=LIST   deno, bun, node or several with commas (default: all three)
  --count=N        fresh processes per case and runtime (default: 3)
  --filter=REGEXP  only cases whose name matches, case ignored
  --baseline=NAME  the case the ratios of the plain list are to (default: none)
  --no-bytes       do not measure bytes per operation
  --cpuprofile=FILE, --memprofile=FILE
                   run each case once more, and write what go tool pprof opens
  --json=FILE      write all figures there
  --readme         write the baseline table of README.md and bench/results/baseline.json
`;

/** Reads the arguments; nonsense throws and says what would be right. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    // Deno hands the "--" of "deno task bench -- --count=5" through.
    args: args.filter((each) => each !== "--"),
    allowPositionals: true,
    options: {
      "runtime": { type: "string", default: runtimeNames.join(",") },
      "count": { type: "string", default: "3" },
      "filter": { type: "string", default: "" },
      "baseline": { type: "string" },
      "json": { type: "string" },
      "readme": { type: "boolean", default: false },
      "cpuprofile": { type: "string" },
      "memprofile": { type: "string" },
      "no-bytes": { type: "boolean", default: false },
      "help": { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    process.exit(0);
  }
  const count = Number(values.count);
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`--count must be a whole number from 1, got "${values.count}"`);
  }
  return {
    modules: positionals,
    runtimes: values.runtime.split(",").map(runtimeName),
    count,
    filter: new RegExp(values.filter, "i"),
    filtered: values.filter !== "",
    baseline: values.baseline,
    json: values.json,
    readme: values.readme,
    bytes: !values["no-bytes"],
    profiles: {
      ...values.cpuprofile === undefined ? {} : { cpu: values.cpuprofile },
      ...values.memprofile === undefined ? {} : { mem: values.memprofile },
    },
  };
}

function runtimeName(text: string): RuntimeName {
  const name = runtimeNames.find((each) => each === text.trim());
  if (name === undefined) {
    throw new RangeError(`--runtime must be of ${runtimeNames.join(", ")}, got "${text}"`);
  }
  return name;
}
