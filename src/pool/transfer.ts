/**
 * Moving what a task returns instead of copying it.
 */

const lists = new WeakMap<object, readonly Transferable[]>();

/**
 * Marks a result of a task: what is in `list` moves to the caller instead of being copied, and is
 * gone from the thread. Answers the result itself.
 *
 * @example Usage
 * ```ts
 * import { inline, transferring } from "@nova/events/pool";
 *
 * const pool = inline({
 *   zeros(length: number): Uint8Array {
 *     const bytes = new Uint8Array(length);
 *     return transferring(bytes, [bytes.buffer]);
 *   },
 * });
 * console.log((await pool.run("zeros", 3)).length); // 3
 * await pool.close();
 * ```
 */
export function transferring<Result extends object>(
  result: Result,
  list: readonly Transferable[],
): Result {
  lists.set(result, list);
  return result;
}

/** The list that was given with a result. */
export function transferListOf(result: unknown): readonly Transferable[] | undefined {
  return typeof result === "object" && result !== null ? lists.get(result) : undefined;
}
