/**
 * Keeps supervised listeners by name: starts and stops them, and says how they are doing.
 */

import { ClosedError, ListenerExistsError } from "../errors.ts";
import type { Emitted } from "../event/event.ts";
import type { Listener, ListenerContext, Subscription } from "../event/listener.ts";
import { requireOptions, show } from "../internal/check.ts";
import { type CloseOptions, Closing } from "../internal/closing.ts";
import { type Env, RESOLVED, systemEnv } from "../internal/env.ts";
import { lendRoster, Roster } from "../internal/roster.ts";
import { isThenable } from "../internal/thenable.ts";
import { type HealthReason, type HealthStatus, type ListenerHealth, overall } from "./health.ts";
import {
  type SupervisedListener,
  type SupervisedStats,
  type SuperviseOptions,
  totalSupervision,
} from "./options.ts";
import { supervised } from "./supervise.ts";
import { Supervisor, type SupervisorOwner } from "./supervisor.ts";

/** Options of a {@linkcode ListenerManager}. */
export interface ListenerManagerOptions {
  /**
   * Names it in errors and figures.
   *
   * @default {"listeners"}
   */
  readonly name?: string;
  /**
   * What its listeners are supervised with unless they say otherwise.
   *
   * @default {the defaults of supervise}
   */
  readonly defaults?: Omit<SuperviseOptions, "name" | "env">;
  /**
   * The world around it and its listeners.
   *
   * @default {the real one}
   */
  readonly env?: Env;
}

/** An event that was not handled, and the listener it was for. */
export interface Unhandled {
  /** The name of the listener. */
  readonly listener: string;
  /** The event. */
  readonly event: Emitted;
}

/** What `stop` resolves to. */
export interface StopResult {
  /** Events that were done with while stopping. */
  readonly completed: number;
  /** Events that waited for their next attempt: nobody will make it. */
  readonly released: readonly Unhandled[];
  /** Events that were still running, or waiting for a slot, when the time was up. */
  readonly left: readonly Unhandled[];
}

/** How a manager is doing: its own word, and each listener's with reasons. */
export interface ManagerHealth {
  /**
   * `"healthy"` if all are; `"degraded"` if some are not; else `"circuit-open"` if all circuits are
   * open, or `"unhealthy"`. One bad listener does not hide the others.
   */
  readonly status: HealthStatus;
  /** Why it is not healthy. */
  readonly reasons: readonly HealthReason[];
  /** Each listener, by name. */
  readonly listeners: Readonly<Record<string, ListenerHealth>>;
}

/** The figures of several listeners, added up: without what is of each. */
export type SupervisedTotal = Omit<SupervisedStats, "bufferSize" | "concurrency" | "circuit">;

/** The figures of a manager. */
export interface ManagerStats {
  /** Whether it takes events. */
  readonly running: boolean;
  /** How many listeners are registered. */
  readonly registered: number;
  /** All listeners added up. */
  readonly total: SupervisedTotal;
  /** Each listener, by name. */
  readonly listeners: Readonly<Record<string, SupervisedStats>>;
}

interface Entry {
  readonly supervisor: Supervisor;
  readonly context: ListenerContext;
}

/**
 * Supervised listeners by name. Listeners come and go at any time; events are taken between `start`
 * and `stop`, and it can be started again. What `register` answers is a listener to subscribe
 * anywhere; `dispatch` calls one directly.
 *
 * @example Usage
 * ```ts
 * import { ListenerManager } from "@nova/events/listener";
 *
 * const manager = new ListenerManager();
 * manager.register("greet", ({ data }) => console.log("Hello", data));
 * manager.start();
 * await manager.dispatch("greet", { type: "joined", data: "Ada" }); // Hello Ada
 * console.log(manager.health().status); // healthy
 * await manager.stop();
 * ```
 */
export class ListenerManager implements AsyncDisposable {
  /** Names it in errors and figures. */
  readonly name: string;
  readonly #env: Env;
  readonly #defaults: SuperviseOptions;
  readonly #entries = new Map<string, Entry>();
  /** Listeners that are gone, as long as they have something under way. */
  readonly #leaving = new Set<Supervisor>();
  #running = false;
  #closing: Closing<readonly Unhandled[]> | undefined;
  #stopped: Promise<StopResult> | undefined;
  #signal = new AbortController();
  #roster: Roster | undefined;
  #finishedBefore = 0;
  /** What listeners that are gone had finished. */
  #retired = 0;
  readonly #owner: SupervisorOwner;

  /**
   * Makes a manager that is not started; it holds no timer and reads no clock.
   *
   * @throws {RangeError} If an option makes no sense.
   */
  constructor(options: ListenerManagerOptions = {}) {
    requireOptions("a listener manager", options);
    this.name = options.name ?? "listeners";
    this.#env = options.env ?? systemEnv;
    this.#defaults = { ...options.defaults };
    // Nonsense in the defaults shows here, not at the first listener.
    totalSupervision(() => {}, this.#defaults as SuperviseOptions<never>);
    const closing = (): unknown => this.#closing;
    this.#owner = {
      get stopping() {
        return closing();
      },
      settled: () => this.#settled(),
    };
    lendRoster(this, () => {
      if (this.#roster !== undefined) return this.#roster;
      const roster = this.#roster = new Roster(this.#env);
      for (const supervisor of this.#supervisors()) supervisor.roster = roster;
      return roster;
    });
  }

  /**
   * Puts a listener under supervision and under a name, before or after `start`. What it answers can
   * be subscribed to an emitter, a bus or a store.
   *
   * @throws {ListenerExistsError} If the name is taken.
   */
  register<Event extends Emitted = Emitted>(
    name: string,
    listener: Listener<Event>,
    options?: Omit<SuperviseOptions<Event>, "name" | "env">,
  ): SupervisedListener<Event> {
    if (typeof name !== "string" || name === "") {
      throw new TypeError(`Cannot use ${show(name)} as the name of a listener: it must be a text`);
    }
    requireOptions("supervision", options);
    if (this.#entries.has(name)) throw new ListenerExistsError(name);
    const given = { ...this.#defaults, ...withoutUndefined(options), name, env: this.#env };
    const supervisor = new Supervisor(
      listener,
      totalSupervision(listener, given as SuperviseOptions<never>),
      this.#owner,
    );
    supervisor.roster = this.#roster;
    if (this.#running) supervisor.start();
    const listed = supervised<Event>(supervisor);
    const signal = (): AbortSignal => this.#signal.signal;
    this.#entries.set(name, { supervisor, context: new Direct(signal, this.#handleOf(name)) });
    return listed;
  }

  /**
   * Takes a listener out, at any time, also from within itself. Calls under way go on; events that
   * wait fail with a `ClosedError`. It never waits; false when there is no such listener.
   */
  unregister(name: string): boolean {
    const entry = this.#entries.get(name);
    if (entry === undefined) return false;
    const { supervisor } = entry;
    this.#entries.delete(name);
    this.#leaving.add(supervisor);
    supervisor.stop(true);
    this.#settled();
    return true;
  }

  /** Takes events from now on. Does nothing when it already does; waits for nothing. */
  start(): void {
    if (this.#running) return;
    if (this.#closing !== undefined) {
      throw new ClosedError(`listener manager "${this.name}" (its stop has not resolved)`);
    }
    this.#running = true;
    this.#signal = new AbortController();
    for (const { supervisor } of this.#entries.values()) supervisor.start();
  }

  /**
   * Takes no more events, lets what runs or waits for a slot finish, and gives back what waits for
   * another attempt. It resolves also when the signal (or 30 s) ends the waiting, and does not wait for
   * a listener that called it before its first `await`. Afterwards it can be started again.
   */
  stop(options: CloseOptions = {}): Promise<StopResult> {
    if (this.#stopped !== undefined) return this.#stopped;
    if (!this.#running) return Promise.resolve({ completed: 0, released: [], left: [] });
    this.#running = false;
    this.#finishedBefore = this.#finished();
    const released = this.#each((supervisor) => supervisor.stop(false));
    this.#closing = new Closing<readonly Unhandled[]>(
      {
        isIdle: () => this.#supervisors().every(({ idle }) => idle),
        end: () => this.#end(),
      },
      this.#env,
      options.signal,
    );
    this.#stopped = this.#closing.result.then(({ completed, left }) => ({
      completed,
      released,
      left,
    }));
    return this.#stopped;
  }

  /** Stops and starts again, with the same listeners. */
  async restart(options: CloseOptions = {}): Promise<StopResult> {
    const result = await this.stop(options);
    this.start();
    return result;
  }

  /**
   * Gives an event to a listener. Resolves when it is done with; rejects with what supervision threw,
   * or with `ClosedError` when there is no such listener or it is not started.
   */
  dispatch(name: string, event: Emitted): Promise<void> {
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      return Promise.reject(
        new ClosedError(`listener ${show(name)} (not registered)`),
      );
    }
    try {
      const result = entry.supervisor.handle(event, entry.context);
      return isThenable(result) ? result as Promise<void> : RESOLVED;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** How it is doing, and why. Looking changes nothing. */
  health(): ManagerHealth {
    const listeners: Record<string, ListenerHealth> = {};
    for (const [name, { supervisor }] of this.#entries) {
      listeners[name] = supervisor.figures.health();
    }
    const bad = Object.entries(listeners).filter(([, { status }]) => status !== "healthy");
    const reasons: HealthReason[] = bad.flatMap(([name, { reasons }]) =>
      reasons.map(({ code, message }) => ({ code, message: `${name}: ${message}` }))
    );
    if (!this.#running) reasons.unshift({ code: "stopped", message: "it is not started" });
    const words = Object.values(listeners).map(({ status }) => status);
    return { status: this.#running ? overall(words) : "unhealthy", reasons, listeners };
  }

  /** The figures of now. */
  stats(): ManagerStats {
    const listeners: Record<string, SupervisedStats> = {};
    for (const [name, { supervisor }] of this.#entries) {
      listeners[name] = supervisor.figures.stats();
    }
    return {
      running: this.#running,
      registered: this.#entries.size,
      total: sum(Object.values(listeners)),
      listeners,
    };
  }

  /** Stops it with the default limit. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #settled(): void {
    for (const supervisor of this.#leaving) {
      if (!supervisor.idle) continue;
      this.#leaving.delete(supervisor);
      this.#retired += supervisor.figures.finished;
    }
    this.#closing?.check();
  }

  #end(): { completed: number; left: readonly Unhandled[] } {
    const completed = this.#finished() - this.#finishedBefore;
    this.#closing = undefined;
    this.#stopped = undefined;
    const left = this.#each((supervisor) => supervisor.abandon());
    this.#signal.abort(new ClosedError(`listener manager "${this.name}"`));
    return { completed, left };
  }

  #supervisors(): Supervisor[] {
    return [...[...this.#entries.values()].map(({ supervisor }) => supervisor), ...this.#leaving];
  }

  #each(take: (supervisor: Supervisor) => readonly Emitted[]): Unhandled[] {
    return this.#supervisors().flatMap((supervisor) => {
      const listener = supervisor.settings.name;
      return take(supervisor).map((event) => ({ listener, event }));
    });
  }

  #finished(): number {
    return this.#supervisors().reduce(
      (total, { figures }) => total + figures.finished,
      this.#retired,
    );
  }

  #handleOf(name: string): Subscription {
    const isActive = (): boolean => this.#entries.has(name);
    const unsubscribe = (): void => void this.unregister(name);
    return {
      id: name,
      get active() {
        return isActive();
      },
      unsubscribe,
      [Symbol.dispose]: unsubscribe,
    };
  }
}

/** The context of what `dispatch` hands over. */
class Direct implements ListenerContext {
  readonly attempt = 1;
  readonly subscription: Subscription;
  readonly #signal: () => AbortSignal;

  constructor(signal: () => AbortSignal, subscription: Subscription) {
    this.#signal = signal;
    this.subscription = subscription;
  }

  get signal(): AbortSignal {
    return this.#signal();
  }
}

function sum(all: readonly SupervisedStats[]): SupervisedTotal {
  const total = {
    succeeded: 0,
    failed: 0,
    deadLettered: 0,
    rejected: 0,
    released: 0,
    queued: 0,
    delayed: 0,
    inFlight: 0,
    burying: 0,
    offered: 0,
    attemptFailures: 0,
    retries: 0,
    timeouts: 0,
    zombies: 0,
    overBudget: 0,
  };
  for (const stats of all) {
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += stats[key];
  }
  return total;
}

function withoutUndefined<Options extends object>(options: Options | undefined): Partial<Options> {
  return Object.fromEntries(
    Object.entries(options ?? {}).filter(([, value]) => value !== undefined),
  ) as Partial<Options>;
}
