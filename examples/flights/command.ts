// The command line around the job: options, Ctrl-C, what goes wrong, and exit codes.

import process from "node:process";
import { checkWritable, OutputError, writeJson } from "./json_file.ts";
import { type Options, parseOptions, usage, UsageError } from "./options.ts";
import { Progress } from "./progress.ts";
import { formatReport, type Summary } from "./report.ts";
import { SourceError } from "./source.ts";

/** What the command runs; `signal` aborts on Ctrl-C. */
export type Job = (options: Options, progress: Progress, signal: AbortSignal) => Promise<Summary>;

/** Runs `job` and reports. Returns the exit code: 0, 1 failed, 2 wrong usage, 130 interrupted. */
export async function command(args: readonly string[], job: Job): Promise<number> {
  const interrupt = new AbortController();
  const progress = new Progress(process.stdout, interrupt.signal);
  process.stdout.on("error", onOutputError);
  // After the first Ctrl-C the default is back: a second one ends the process at once.
  process.once("SIGINT", () => interrupt.abort());
  try {
    const options = parseOptions(args);
    if (options.help) {
      print(usage);
      return 0;
    }
    if (options.json !== undefined) await checkWritable(options.json);
    const summary = await job(options, progress, interrupt.signal);
    progress.clear();
    print(formatReport(summary));
    if (options.json !== undefined) await writeJson(options.json, summary);
    return summary.differences.length === 0 ? 0 : 1;
  } catch (error) {
    progress.clear();
    if (interrupt.signal.aborted) {
      process.stderr.write("Interrupted.\n");
      return 130;
    }
    process.stderr.write(describe(error));
    return error instanceof UsageError ? 2 : 1;
  }
}

/** Writes to the standard output. Behind it may be a full disk: some runtimes throw at once … */
function print(text: string): void {
  try {
    process.stdout.write(text);
  } catch (error) {
    onOutputError(error);
  }
}

/** … others say so later. */
function onOutputError(error: unknown): never {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(`cannot write to the standard output: ${reason}\n`);
  process.exit(1);
}

/** What the user can mend gets its message, anything else its stack. */
function describe(error: unknown): string {
  if (error instanceof UsageError) return `${error.message}\n\n${usage}`;
  if (error instanceof SourceError || error instanceof OutputError) return `${error.message}\n`;
  return `${error instanceof Error ? error.stack ?? error.message : String(error)}\n`;
}
