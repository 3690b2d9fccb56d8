// The command line of the demo: strict, so that a typing error never runs as something else.

/** What the command line says. */
export interface Options {
  /** Handle at most this many flights. @default Infinity */
  readonly limit: number;
  /** Seed of the injected failures. @default 1 */
  readonly seed: number;
  /** Share of first attempts that fail, 0 to 1. @default 0.00005 */
  readonly failures: number;
  /** Parquet file to read instead of the one of vega-datasets. */
  readonly file?: string;
  /** Where the topic lives, if it is durable: "memory", or the file of a database. */
  readonly store?: { readonly is: "memory" } | { readonly is: "sqlite"; readonly path: string };
  /** Where to write the summary as JSON. */
  readonly json?: string;
  /** Print the usage and stop. */
  readonly help: boolean;
}

/** The command line makes no sense; the message says why. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** One in 20,000: visible in three million flights, yet small. */
const DEFAULT_FAILURES = 1 / 20_000;
const MAX_SEED = 2 ** 32 - 1;

/** The text of `--help`. */
export const usage: string = `Three million flights through a Nova topic, a store, and back.

  --limit=N        handle the first N flights only
  --seed=N         seed of the injected handler failures (default 1)
  --failures=RATE  share of first attempts that fail, 0 to 1 (default ${DEFAULT_FAILURES})
  --file=PATH      read this parquet file instead of the one of vega-datasets
  --store=WHERE    make the topic durable: memory, or sqlite:PATH; killed and started again with the
                   same PATH, it goes on where it was
  --json=FILE      write the summary to FILE
  --help           print this text
`;

/** Reads the arguments after the script name. Throws {@link UsageError}. */
export function parseOptions(args: readonly string[]): Options {
  const given = new Map<string, string>();
  let help = false;
  for (const arg of args) {
    if (arg === "--help" || arg === "-h") {
      help = true;
      continue;
    }
    const [, name, value] = /^--([a-z]+)(?:=(.*))?$/s.exec(arg) ?? [];
    if (name === undefined || !NAMES.has(name)) {
      throw new UsageError(`unknown argument ${JSON.stringify(arg)}`);
    }
    if (value === undefined || value === "") {
      throw new UsageError(`--${name} needs a value: --${name}=…`);
    }
    if (given.has(name)) throw new UsageError(`--${name} is given twice`);
    given.set(name, value);
  }
  const file = given.get("file");
  const json = given.get("json");
  const store = storeOf(given.get("store"));
  return {
    limit: whole(given, "limit", 1, Number.MAX_SAFE_INTEGER) ?? Infinity,
    seed: whole(given, "seed", 0, MAX_SEED) ?? 1,
    failures: share(given, "failures") ?? DEFAULT_FAILURES,
    ...(file === undefined ? {} : { file }),
    ...(store === undefined ? {} : { store }),
    ...(json === undefined ? {} : { json }),
    help,
  };
}

const NAMES: ReadonlySet<string> = new Set([
  "limit",
  "seed",
  "failures",
  "file",
  "store",
  "json",
]);

function storeOf(text: string | undefined): Options["store"] {
  if (text === undefined) return undefined;
  if (text === "memory") return { is: "memory" };
  const [, path] = /^sqlite:(.+)$/s.exec(text) ?? [];
  if (path !== undefined) return { is: "sqlite", path };
  throw new UsageError(`--store must be memory or sqlite:PATH, not ${JSON.stringify(text)}`);
}

function whole(
  given: ReadonlyMap<string, string>,
  name: string,
  least: number,
  most: number,
): number | undefined {
  const text = given.get(name);
  if (text === undefined) return undefined;
  // Number() alone would accept "0x10", " 7 " and "1e3".
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(
    `--${name} must be a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`,
  );
}

function share(given: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = given.get(name);
  if (text === undefined) return undefined;
  const value = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
  if (value >= 0 && value <= 1) return value;
  throw new UsageError(`--${name} must be a number from 0 to 1, not ${JSON.stringify(text)}`);
}
