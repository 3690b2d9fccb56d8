/**
 * The CPU profile of one thread.
 */

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
