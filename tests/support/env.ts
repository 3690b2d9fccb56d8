/**
 * A virtual world for every case, and the check that nothing outlives it (invariant I7).
 *
 *     describe("Emitter", () => {
 *       const env = useTestEnv();
 *       it("…", async () => { const emitter = new Emitter({ env }); … });
 *     });
 *
 * @module
 */

import { createTestEnv, type TestEnv, type TestEnvOptions } from "@nova/events/testing";
import { AssertionError } from "@std/assert";
import { after, afterEach, beforeEach } from "node:test";

/**
 * Gives every case of the suite around the call a new world, under one name. After the case
 * nothing may be pending in it: the case fails if it left a timer or an abort listener behind.
 */
export function useTestEnv(options?: TestEnvOptions): TestEnv {
  let current: TestEnv | undefined;
  const leaks: unknown[] = [];

  beforeEach(() => {
    current = createTestEnv(options);
  });
  afterEach(async () => {
    const env = current;
    current = undefined;
    if (env === undefined) return;
    try {
      await assertNoLeaks(env);
    } catch (error) {
      leaks.push(error);
      throw error;
    }
  });
  // Deno 2.9 loses what `afterEach` throws, but not what `after` throws: there the suite fails.
  after(() => {
    if (leaks.length === 1) throw leaks[0];
    if (leaks.length > 1) throw new AggregateError(leaks, "several cases left something pending");
  });

  return new Proxy({} as TestEnv, {
    get(_target, key): unknown {
      if (current === undefined) throw new Error("the test world exists only while a case runs");
      return Reflect.get(current, key);
    },
    has: (_target, key): boolean => current !== undefined && key in current,
  });
}

/** Fails if timers or abort listeners are pending once everything has settled. */
export async function assertNoLeaks(env: TestEnv): Promise<void> {
  await env.settle();
  const { timers, abortListeners } = env.pending;
  if (timers === 0 && abortListeners === 0) return;
  throw new AssertionError(
    `I7: ${timers} timer(s) and ${abortListeners} abort listener(s) outlive their owner`,
  );
}
