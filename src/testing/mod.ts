/**
 * Tools to test programs that use Nova: a world in which the test is the clock.
 *
 * ```ts
 * import { createTestEnv } from "@nova/events/testing";
 *
 * const env = createTestEnv({ now: 0 });
 * let fired = false;
 * env.setTimer(() => (fired = true), 60_000);
 * await env.advance(60_000);
 * console.log(fired, env.now(), env.pending.timers); // true 60000 0
 * ```
 *
 * @module
 */

export { createTestEnv, type TestEnv, type TestEnvOptions } from "./env.ts";
export type { Env } from "../internal/env.ts";
export { storeContract } from "./store/contract.ts";
export type { AnyStore, ContractCase, ContractEvents, MakeStore } from "./store/kit.ts";
export type { Capabilities, Store, StoreOptions } from "../store/mod.ts";
