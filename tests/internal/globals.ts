/**
 * Replaces a global for as long as a test looks.
 *
 * @module
 */

/** Runs `body` while `globalThis[name]` is something else. */
export async function withGlobal(
  name: string,
  value: unknown,
  body: () => void | Promise<void>,
): Promise<void> {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  try {
    await body();
  } finally {
    if (before === undefined) Reflect.deleteProperty(globalThis, name);
    else Object.defineProperty(globalThis, name, before);
  }
}
