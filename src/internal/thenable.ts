/** Whether a listener answered with a promise, or with anything that can be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === "object" || typeof value === "function") && value !== null &&
    typeof (value as { then?: unknown }).then === "function";
}

const { then } = Promise.prototype;

/**
 * A promise that settles once, in a later turn, whatever the thenable does: settle twice, call back
 * at once, throw. A promise with a `then` of its own is as foreign as any other object.
 */
export function adopt(thenable: PromiseLike<unknown>): Promise<unknown> {
  return thenable.then === then
    ? Promise.resolve(thenable)
    : new Promise((resolve) => resolve(thenable));
}
