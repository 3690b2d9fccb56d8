/**
 * All profiles of a program under one roof.
 */

import { LimitExceededError } from "../errors.ts";
import { UnavailableError, UnsupportedError } from "../errors/store.ts";
import { booleanOption, requireOptions } from "../internal/check.ts";
import { type Env, systemEnv } from "../internal/env.ts";
import { type NamedPart, namedParts, type Parts } from "../internal/parts.ts";
import { type CpuOptions, profileCpu } from "./cpu_run.ts";
import { type HeapBook, heapBookOf } from "./heap.ts";
import { goroutineProfile, goroutineText, listenerProfile, threadProfile } from "./live.ts";
import { pause } from "./pause.ts";
import type { Profiler } from "./port.ts";
import type { Profile } from "./profile.ts";
import { snapshotProfile } from "./snapshot.ts";
import { keepRosters } from "./tasks.ts";
import { recordTrace, type Trace } from "./trace.ts";
import { waitProfile } from "./waits.ts";

/** Options of {@linkcode Profiles}. */
export interface ProfilesOptions {
  /**
   * The engine: `engineProfiler()` of `./profiler`.
   *
   * @default {none: only the profiles of the parts}
   */
  readonly profiler?: Profiler;
  /**
   * Whether allocations are sampled from the start, and not only from the first look on. It costs
   * about one percent.
   *
   * @default {false}
   */
  readonly heapSampling?: boolean;
  /**
   * Whether snapshots of the heap may be taken. They stop the program for a moment, up to seconds,
   * and hold all its strings, secrets too.
   *
   * @default {false}
   */
  readonly heapSnapshots?: boolean;
  /**
   * Clock and timers.
   *
   * @default {the runtime's}
   */
  readonly env?: Env;
}

/** How long a profile with an end takes, and what ends it before. */
export interface Window {
  /** How long. */
  readonly seconds: number;
  /** Ends it at once; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Profiles of what the parts count anyway. */
export type LiveProfile = "goroutine" | "listener" | "threadcreate";

const NO_ENGINE = "is not supported: there is no profiler (give engineProfiler() as profiler)";

/** A snapshot costs too much to be taken more often. */
const SNAPSHOT_PAUSE_MS = 60_000;

/**
 * Profiles of a program: its engine's, and those of its parts.
 *
 * @example Usage
 * ```ts
 * import { Emitter } from "@nova/events/emitter";
 * import { Profiles } from "@nova/events/profile";
 *
 * const emitter = new Emitter({ name: "shop" });
 * emitter.on("order.placed", () => {}, { id: "mail" });
 * await emitter.emit("order.placed", 1);
 *
 * const profiles = new Profiles({ emitter });
 * const [mail] = profiles.live("listener").samples;
 * console.log(mail?.labels.listener, mail?.values[0]); // mail 1
 * await emitter.close();
 * ```
 */
export class Profiles {
  /** The engine, if there is one. */
  readonly profiler: Profiler | undefined;
  readonly #parts: readonly NamedPart[];
  readonly #env: Env;
  readonly #snapshots: boolean;
  #tracing = false;
  #snapshotRuns = false;
  #lastSnapshot = -Infinity;

  /**
   * The parts remember from now on since when their handlers run.
   *
   * @throws {TypeError} If a part is none.
   */
  constructor(parts: Parts, options: ProfilesOptions = {}) {
    this.#parts = namedParts("profile", parts);
    requireOptions("profiles", options);
    const { profiler, env = systemEnv } = options;
    const heapSampling = booleanOption("heapSampling", options.heapSampling, false);
    this.profiler = profiler;
    this.#env = env;
    this.#snapshots = booleanOption("heapSnapshots", options.heapSnapshots, false);
    keepRosters(this.#parts);
    if (heapSampling && typeof profiler?.heap === "object") {
      this.#book(profiler).start().catch((error) => {
        // Whoever asks for a heap profile is told.
        if (!(error instanceof UnsupportedError)) env.report(error);
      });
    }
  }

  /** Whether this can be had here; if not, the reason. */
  why(what: "profile" | "heap" | "allocs" | "heapsnapshot"): string | undefined {
    const { profiler } = this;
    if (profiler === undefined) return `${what} profile ${NO_ENGINE}`;
    if (what === "profile") return asReason(profiler.cpu);
    if (what === "heapsnapshot" || (what === "heap" && typeof profiler.heap === "string")) {
      if (typeof profiler.snapshot === "string") return profiler.snapshot;
      if (this.#snapshots) return undefined;
      return what === "heap"
        ? asReason(profiler.heap)
        : "heap snapshots are off: see the option heapSnapshots";
    }
    return asReason(profiler.heap);
  }

  /** The longest CPU profile, in seconds. */
  get maxSeconds(): number {
    const cpu = this.profiler?.cpu;
    return typeof cpu === "object" ? cpu.maxSeconds : 300;
  }

  /**
   * A CPU profile. It rejects with `UnavailableError` while another runs, with `UnsupportedError`
   * where there can be none, and with `LimitExceededError` beyond {@linkcode maxSeconds}.
   */
  async cpu(options: CpuOptions): Promise<Profile> {
    this.#require("profile");
    const { maxSeconds } = this;
    if (options.seconds > maxSeconds) {
      throw new LimitExceededError(
        "maxSeconds",
        maxSeconds,
        `Cannot profile for ${options.seconds} s: ${maxSeconds} s is the longest`,
      );
    }
    return await profileCpu(this.profiler!, this.#env, options);
  }

  /**
   * What is in use, and what was seen to be allocated; with `gc` after a run of the collector. Without
   * a sampler it is made from a snapshot, if these are allowed.
   */
  async heap(options: { readonly gc?: boolean } = {}): Promise<Profile> {
    this.#require("heap");
    const { heap } = this.profiler!;
    if (typeof heap === "string") return await this.#heapOfSnapshot();
    return await this.#book(this.profiler!).read(options.gc === true);
  }

  /** Everything that is allocated in the time, also what the collector takes. */
  async allocations({ seconds, signal }: Window): Promise<Profile> {
    this.#require("allocs");
    return await this.#book(this.profiler!).window(seconds, signal);
  }

  /** The heap in V8's format of snapshots, for the developer tools of a browser. */
  heapSnapshot(): ReadableStream<Uint8Array> {
    this.#require("heapsnapshot");
    const { snapshot } = this.profiler!;
    if (this.#snapshotRuns) throw new UnavailableError("heap snapshot already in use");
    const ended = (): void => {
      this.#snapshotRuns = false;
    };
    const reader = (snapshot as () => ReadableStream<Uint8Array>)().getReader();
    this.#snapshotRuns = true;
    return new ReadableStream({
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (value !== undefined) controller.enqueue(value);
          if (!done) return;
          ended();
          controller.close();
        } catch (error) {
          ended();
          throw error;
        }
      },
      async cancel(reason) {
        ended();
        await reader.cancel(reason);
      },
    });
  }

  /** A profile of what the parts count anyway, as of now. */
  live(what: LiveProfile): Profile {
    const now = this.#env.now();
    if (what === "goroutine") return goroutineProfile(this.#parts, now);
    if (what === "listener") return listenerProfile(this.#parts, now);
    return threadProfile(this.#parts, now);
  }

  /** Each handler that runs and what waits, for people. */
  goroutines(): string {
    return goroutineText(this.#parts, this.#env.now());
  }

  /** Time that events wait: in queues (`block`), or for a key or a slot (`mutex`). */
  async waits(kind: "block" | "mutex", { seconds, signal }: Window): Promise<Profile> {
    return await waitProfile(kind, this.#parts, this.#env, seconds, signal);
  }

  /** What has changed in so many seconds. */
  async delta(
    take: () => Profile | Promise<Profile>,
    { seconds, signal }: Window,
  ): Promise<Profile> {
    const before = await take();
    await pause(this.#env, seconds * 1000, signal);
    return (await take()).since(before);
  }

  /** Handlers, queues and stacks over time. It rejects with `UnavailableError` while another runs. */
  async trace({ seconds, signal }: Window): Promise<Trace> {
    if (this.#tracing) throw new UnavailableError("tracing is already enabled");
    this.#tracing = true;
    try {
      return await recordTrace(this.#parts, this.profiler, this.#env, seconds, signal);
    } finally {
      this.#tracing = false;
    }
  }

  #require(what: "profile" | "heap" | "allocs" | "heapsnapshot"): void {
    const reason = this.why(what);
    if (reason !== undefined) throw new UnsupportedError(reason);
  }

  #book(profiler: Profiler): HeapBook {
    const { heap } = profiler;
    if (typeof heap === "string") throw new UnsupportedError(heap);
    return heapBookOf(profiler, heap, this.#env);
  }

  async #heapOfSnapshot(): Promise<Profile> {
    const now = this.#env.monotonic();
    if (now - this.#lastSnapshot < SNAPSHOT_PAUSE_MS) {
      throw new UnavailableError("heap snapshot already taken within the last 60 s");
    }
    const text = await new Response(this.heapSnapshot()).text();
    this.#lastSnapshot = this.#env.monotonic();
    return snapshotProfile(text, { time: this.#env.now(), program: this.profiler!.runtime });
  }
}

function asReason(instrument: object | string): string | undefined {
  return typeof instrument === "string" ? instrument : undefined;
}
