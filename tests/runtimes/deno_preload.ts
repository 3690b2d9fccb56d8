/**
 * Loaded before every test file on Deno, whose `node:test` (2.9) swallows what no case is there to
 * catch: an error at the top level behind the first `it`, an error thrown by a timer. This writes
 * such errors to a file, and the runner counts them.
 *
 * @module
 */

/** The environment variable that says where to. */
export const TROUBLE_FILE = "NOVA_TEST_TROUBLE";

/** Between two errors in the file. */
export const SEPARATOR = "\u0000";

const path = Deno.env.get(TROUBLE_FILE);

function note(error: unknown): void {
  if (path === undefined) return;
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  Deno.writeTextFileSync(path, text + SEPARATOR, { append: true });
}

globalThis.addEventListener("unhandledrejection", (event) => note(event.reason));
globalThis.addEventListener("error", (event) => note(event.error));
