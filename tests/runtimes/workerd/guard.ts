/**
 * Runs the function of a case or hook and sees to it that nothing that goes wrong is lost: what it
 * throws, rejections that nobody handles, what its timers throw, and a case that never ends.
 *
 * @module
 */

/** What a case gets. */
export interface Context {
  /** The name of the case. */
  readonly name: string;
  /** Aborted when the case times out. */
  readonly signal: AbortSignal;
  /** Marks the case as skipped, from inside. */
  skip(reason?: string): void;
  /** Prints a line. */
  diagnostic(text: string): void;
}

/** The function of a case, a suite or a hook. */
export type Body = (context: Context) => unknown;

type Timed = (...args: unknown[]) => void;

const DEFAULT_TIMEOUT_MS = 30_000;

/** Taken before a test puts a fake clock in their place. */
const { setTimeout, setInterval, clearTimeout } = globalThis;

/** Where an error goes that nothing around it catches: to the case that runs. */
let stray: (error: unknown) => void = () => {};

// workerd logs what a timer throws, and goes on; elsewhere it ends the case.
for (const [name, real] of Object.entries({ setTimeout, setInterval })) {
  Reflect.set(globalThis, name, (fn: Timed, ms?: number, ...args: unknown[]) => {
    const guarded = (): void => {
      try {
        fn(...args);
      } catch (error) {
        stray(error);
      }
    };
    return real(guarded, ms);
  });
}

/** What the guard needs to know. */
export interface Guard {
  readonly name: string;
  readonly timeout: number | undefined;
  readonly skip: (reason: string) => void;
}

/** Runs it within its time and returns what went wrong, rejections that nobody handled included. */
export async function guarded(
  body: Body,
  { name, timeout, skip }: Guard,
): Promise<string | undefined> {
  const limitMs = timeout ?? DEFAULT_TIMEOUT_MS;
  const controller = new AbortController();
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  // workerd tells of a rejection at once, and takes it back when something handles it in the same turn:
  // a promise that is adopted, or awaited a little later.
  const unhandled = new Set<Promise<unknown>>();
  const onRejection = (event: PromiseRejectionEvent): void => {
    unhandled.add(event.promise);
    // Nobody handled it, unless a listener of the test, which runs after this one, says otherwise.
    setTimeout(() => {
      if (unhandled.has(event.promise) && !event.defaultPrevented) reject(event.reason);
    }, 0);
  };
  const onHandled = (event: PromiseRejectionEvent): void => void unhandled.delete(event.promise);
  const onError = (event: ErrorEvent): void => {
    queueMicrotask(() => event.defaultPrevented || reject(event.error));
  };
  const timer = setTimeout(() => {
    const error = new Error(`timed out after ${limitMs} ms`);
    controller.abort(error);
    reject(error);
  }, limitMs);
  stray = reject;
  globalThis.addEventListener("unhandledrejection", onRejection);
  globalThis.addEventListener("rejectionhandled", onHandled);
  globalThis.addEventListener("error", onError);
  const context: Context = {
    name,
    signal: controller.signal,
    skip: (reason = "skipped"): void => skip(reason),
    // deno-lint-ignore no-console -- this is what a diagnostic is
    diagnostic: (text): void => console.log(text),
  };
  try {
    (async (): Promise<void> => {
      await body(context);
      // A turn for the rejections that nobody handled, as the other runtimes have it, and one to tell.
      await new Promise((done) => setTimeout(done, 0));
      await new Promise((done) => setTimeout(done, 0));
    })().then(resolve, reject);
    await ended;
    return undefined;
  } catch (error) {
    return describeError(error);
  } finally {
    clearTimeout(timer);
    globalThis.removeEventListener("unhandledrejection", onRejection);
    globalThis.removeEventListener("rejectionhandled", onHandled);
    globalThis.removeEventListener("error", onError);
  }
}

/** Name, message, causes and stack, as text that crosses the wire. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `not an error: ${String(error)}`;
  const head = `${error.name}: ${error.message}`;
  const stack = error.stack?.split("\n").filter((line) => /^\s+at /.test(line)).join("\n") ?? "";
  const parts = [head, stack];
  if (error instanceof AggregateError) parts.push(...error.errors.map(describeError));
  if (error.cause !== undefined) parts.push(`caused by ${describeError(error.cause)}`);
  return parts.filter((part) => part !== "").join("\n");
}
