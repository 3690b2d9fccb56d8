/**
 * The CPU profile of one thread.
 */

import process from "node:process";
import { UnavailableError } from "../../errors/store.ts";
import type { EngineCpuProfile } from "../../profile/port.ts";
import { InspectorSession } from "./session.ts";

/**
 * Engines have one profiler per thread, or none that two could share; so whoever profiles holds this,
 * also from another copy of the module.
 */
const HOLDER = Symbol.for("@nova/events cpu profile");

/** Profiles the thread it lives in. */
export class ThreadProfiler {
  #session: InspectorSession | undefined;

  /** Begins. */
  async start(intervalUs: number): Promise<void> {
    const scope = globalThis as { [HOLDER]?: unknown };
    if (scope[HOLDER] !== undefined) throw new UnavailableError("cpu profiling already in use");
    const session = new InspectorSession();
    scope[HOLDER] = session;
    this.#session = session;
    try {
      await session.call("Profiler.enable");
      await session.call("Profiler.setSamplingInterval", { interval: intervalUs });
      await session.call("Profiler.start");
      if (mayForgetCode()) await forgetOptimizedCode(session);
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  /** Ends it. */
  async stop(): Promise<EngineCpuProfile> {
    const session = this.#session;
    if (session === undefined) throw new UnavailableError("cpu profiling is not in use");
    this.#session = undefined;
    try {
      return (await session.call<{ profile: EngineCpuProfile }>("Profiler.stop")).profile;
    } finally {
      this.#close(session);
    }
  }

  #close(session: InspectorSession | undefined = this.#session): void {
    this.#session = undefined;
    session?.close();
    delete (globalThis as { [HOLDER]?: unknown })[HOLDER];
  }
}

/**
 * V8 keeps no positions of functions that were inlined before the profile began, and bills them to
 * whoever called them. Precise coverage throws all optimized code away when it begins, so that what
 * runs is optimized anew, now with positions: a few milliseconds for a true profile.
 */
async function forgetOptimizedCode(session: InspectorSession): Promise<void> {
  await session.call("Profiler.startPreciseCoverage", { callCount: false, detailed: false });
  await session.call("Profiler.stopPreciseCoverage");
}

/** Bun's engine is another one; and where coverage is measured, it would end. */
function mayForgetCode(): boolean {
  const { versions, env } = process;
  if (versions.bun !== undefined) return false;
  // Deno asks a person before it lets a program look at the environment.
  return versions.deno !== undefined || env.NODE_V8_COVERAGE === undefined;
}
