/**
 * The heap of the three runtimes, as far as it can be counted.
 *
 * - Node and Deno (V8): used heap plus external memory, exact to some 20 kB. The process runs with a
 *   young generation so large that nothing is collected during a measurement.
 * - Bun (JSC): the blocks its heap has taken, in steps of 16 kB, good to about ten percent. JSC
 *   collects after some 8 MB and offers no switch for it, so measurements stay below that.
 */

import process from "node:process";

interface JscHeap {
  heapStats(): { heapCapacity: number };
}

const bun = (globalThis as { Bun?: { gc(force: boolean): void } }).Bun;
const v8Collect = (globalThis as { gc?: () => void }).gc;
// A variable, so that other runtimes do not look for it.
const jscName = "bun:jsc";
const jsc = bun === undefined ? undefined : await import(jscName) as JscHeap;

/** Collects all garbage now; `undefined` where the runtime does not let us. */
export const collect: (() => void) | undefined = bun === undefined ? v8Collect : () => bun.gc(true);

/** How much may be allocated before the runtime collects on its own. */
export const youngGeneration: number = jsc === undefined ? 48 * 2 ** 20 : 6 * 2 ** 20;

/** Bytes the heap has taken. */
export function heapBytes(): number {
  if (jsc !== undefined) return jsc.heapStats().heapCapacity;
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
