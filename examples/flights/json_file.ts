// The summary as a file.

import { open, writeFile } from "node:fs/promises";

/** The file cannot be written; the message says which and why. */
export class OutputError extends Error {
  override readonly name = "OutputError";
}

/** Fails now rather than after the work; what stands in the file is kept. */
export async function checkWritable(path: string): Promise<void> {
  try {
    await (await open(path, "a")).close();
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** Writes `value` to `path`. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  try {
    await writeFile(path, JSON.stringify(value, null, 2) + "\n");
  } catch (error) {
    throw unwritable(path, error);
  }
}

function unwritable(path: string, error: unknown): OutputError {
  const reason = error instanceof Error ? error.message : String(error);
  return new OutputError(`cannot write the summary to ${path}: ${reason}`, { cause: error });
}
