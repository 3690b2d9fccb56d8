/**
 * Runs the modules of `run.ts` one after the other in one process and writes one JSON line for each.
 * A module that ends the process, or blocks it, is noticed by `run.ts`, which starts the rest anew.
 */

/** One module to run. */
export interface Job {
  /** `file:` URL of the generated module. */
  readonly url: string;
}

/** What became of one module. */
export interface Outcome {
  /** How many of its blocks ran to their end. */
  readonly done: number;
  /** What each block printed, the unfinished one last. */
  readonly printed: readonly (readonly string[])[];
  /** Why it failed, if it did: what was thrown or rejected, and where in the page. */
  readonly error?: { readonly text: string; readonly line?: number };
}

/** A block that waits longer than this for something does not end. */
const BLOCK_MS = 10_000;

let printed: string[][] = [[]];
let done = 0;
let fail: (error: unknown) => void = () => {};

function print(...args: unknown[]): void {
  const text = args.map((arg) =>
    typeof arg === "string" ? arg : Deno.inspect(arg, { breakLength: Infinity, compact: true })
  ).join(" ");
  printed.at(-1)?.push(...text.split("\n"));
}

function docsBlockDone(): void {
  done += 1;
  printed.push([]);
}

function explain(error: unknown, url: string): { text: string; line?: number } {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : Deno.inspect(error);
  const stack = error instanceof Error ? error.stack ?? "" : "";
  const frame = stack.split("\n").find((row) => row.includes(url));
  const line = frame === undefined ? undefined : /:(\d+):\d+\)?$/.exec(frame)?.[1];
  return line === undefined ? { text } : { text, line: Number(line) };
}

async function execute(job: Job): Promise<Outcome> {
  printed = [[]];
  done = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const trouble = new Promise<unknown>((resolve) => {
    fail = (error) => resolve(error);
    timer = setTimeout(() => resolve(new Error(`it does not end in ${BLOCK_MS} ms`)), BLOCK_MS);
  });
  // One macrotask more: a rejection that nobody handles is reported after the module has ended.
  const ran = import(job.url).then(
    () => new Promise<undefined>((resolve) => setTimeout(resolve, 0, undefined)),
    (error: unknown) => [error],
  );
  const failed = await Promise.race([ran, trouble.then((error) => [error])]);
  clearTimeout(timer);
  const outcome = { done, printed };
  return failed === undefined ? outcome : { ...outcome, error: explain(failed[0], job.url) };
}

async function main(listFile: string, from: number): Promise<void> {
  const jobs = JSON.parse(await Deno.readTextFile(listFile)) as Job[];
  Object.assign(globalThis, { docsBlockDone });
  Object.assign(console, { log: print, info: print, warn: print, error: print, debug: print });
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    fail(event.reason);
  });
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    fail(event.error);
  });
  const encoder = new TextEncoder();
  for (const job of jobs.slice(from)) {
    const outcome = await execute(job);
    Deno.stdout.writeSync(encoder.encode(JSON.stringify(outcome) + "\n"));
  }
  Deno.exit(0); // a block may leave a timer behind; its own page says what it closes
}

if (import.meta.main) await main(Deno.args[0] ?? "", Number(Deno.args[1] ?? 0));
