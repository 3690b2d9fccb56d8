/**
 * A view that is kept up to date from a store.
 */

import { ClosedError } from "../errors.ts";
import type { EventMap, RecordedOf } from "../event/event.ts";
import {
  integerOption,
  requireFunction,
  requireOptions,
  requireSignal,
  show,
} from "../internal/check.ts";
import type { Env } from "../internal/env.ts";
import { systemEnv } from "../internal/env.ts";
import type { Awaitable } from "./driver.ts";
import { checkKey } from "./settings.ts";
import type { Store } from "./store.ts";

/** Options of {@linkcode project}. */
export interface ProjectionOptions<Events extends EventMap> {
  /** Names its checkpoint: `projection/<name>`. */
  readonly name: string;
  /**
   * Where to begin when there is no checkpoint, exclusive.
   *
   * @default {0}
   */
  readonly from?: number;
  /** Applies one event to the view. It may see an event again after a crash, unless it is idempotent. */
  readonly apply: (event: RecordedOf<Events>) => Awaitable<void>;
  /**
   * A checkpoint is saved after so many events, and whenever it has caught up; 0 for none.
   *
   * @default {256}
   */
  readonly checkpoint?: number;
  /**
   * Only these streams.
   *
   * @default {all}
   */
  readonly streams?: string | readonly string[];
  /**
   * Whether retention must not remove what it has not seen.
   *
   * @default {true}
   */
  readonly protect?: boolean;
  /**
   * Where failures go that nobody awaits.
   *
   * @default {the runtime's}
   */
  readonly env?: Env;
}

/** A projection under way. */
export interface Projection extends AsyncDisposable {
  /** Its name. */
  readonly name: string;
  /** The position it has applied. */
  readonly position: number;
  /** What ended it, if it failed. */
  readonly error: unknown;
  /** Resolves when it has ended; rejects with what `apply` threw. */
  readonly done: Promise<void>;
  /** Resolves when it has applied everything up to a position. */
  whenProcessed(position: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Ends it and saves where it is. */
  stop(): Promise<void>;
}

/**
 * Follows a store and applies each event to a view, from its checkpoint on.
 *
 * {@linkcode rebuild} makes a new view beside a running one.
 *
 * @example Usage
 * ```ts
 * import { MemoryStore, project } from "@nova/events/store";
 *
 * const store = new MemoryStore<{ paidIn: { amount: number } }>();
 * let total = 0;
 * const totals = project(store, { name: "totals", apply: ({ data }) => void (total += data.amount) });
 *
 * const { position } = await store.append("account-7", [{ type: "paidIn", data: { amount: 50 } }]);
 * await totals.whenProcessed(position);
 * console.log(total); // 50
 * await totals.stop();
 * await store.close();
 * ```
 */
export function project<Events extends EventMap, Tx>(
  store: Store<Events, Tx>,
  options: ProjectionOptions<Events>,
): Projection {
  requireOptions("a projection", options);
  checkKey("projection", options.name);
  requireFunction("apply", options.apply);
  return new Following(store, options);
}

/**
 * Builds a view anew beside a running projection of the same store. It resolves to the new projection
 * once that has seen all that the running one has, and then stops the running one and lets go of what
 * its checkpoint protected: from then on, read from the new view.
 *
 * If it fails, or the signal aborts, the new projection is stopped and the running one goes on; it
 * rejects with what `apply` threw or with the signal's reason.
 *
 * @example Usage
 * ```ts
 * import { MemoryStore, project, rebuild } from "@nova/events/store";
 *
 * const store = new MemoryStore<{ paidIn: number }>();
 * let view = { total: 0, payments: 0 };
 * const running = project(store, { name: "v1", apply: ({ data }) => void (view.total += data) });
 * await store.append("account-7", [{ type: "paidIn", data: 50 }]);
 *
 * const next = { total: 0, payments: 0 };
 * const rebuilt = await rebuild(store, running, {
 *   name: "v2",
 *   apply: ({ data }) => {
 *     next.total += data;
 *     next.payments += 1;
 *   },
 * });
 * view = next;
 * console.log(view); // { total: 50, payments: 1 }
 * await rebuilt.stop();
 * ```
 */
export async function rebuild<Events extends EventMap, Tx>(
  store: Store<Events, Tx>,
  running: Projection,
  options: ProjectionOptions<Events>,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Projection> {
  requireOptions("a projection", options);
  requireSignal(signal);
  signal?.throwIfAborted();
  if (options.name === running.name) {
    const name = show(options.name);
    throw new TypeError(`Cannot rebuild projection ${name} under its own name: give it another`);
  }
  const next = project(store, options);
  try {
    await store.open();
    do {
      const goal = Math.max(running.position, store.stats().head);
      await next.whenProcessed(goal, signal === undefined ? {} : { signal });
    } while (next.position < running.position);
  } catch (error) {
    // Not waited for: what is applied just now may take its time.
    void next.stop();
    throw error;
  }
  await running.stop();
  const key = keyOf(running.name);
  const saved = await store.checkpoint(key);
  if (saved !== undefined) await store.saveCheckpoint(key, saved, { protect: false });
  return next;
}

function keyOf(name: string): string {
  return `projection/${name}`;
}

interface Waiter {
  readonly position: number;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

class Following<Events extends EventMap, Tx> implements Projection {
  readonly name: string;
  readonly done: Promise<void>;
  position: number;
  error: unknown;
  readonly #store: Store<Events, Tx>;
  readonly #options: ProjectionOptions<Events>;
  readonly #every: number;
  readonly #env: Env;
  readonly #stopping = new AbortController();
  readonly #waiters = new Set<Waiter>();
  #saved = -1;
  #ended = false;

  constructor(store: Store<Events, Tx>, options: ProjectionOptions<Events>) {
    this.name = options.name;
    this.position = integerOption("from", options.from, 0, 0);
    this.#every = integerOption("checkpoint", options.checkpoint, 256, 0);
    this.#env = options.env ?? systemEnv;
    this.#store = store;
    this.#options = options;
    this.done = this.#run();
    // Whoever awaits `done` hears of it, and whoever waits for a position; else nobody would.
    this.done.catch(() => {});
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    try {
      if (this.#every > 0) {
        const saved = await this.#store.checkpoint(this.#key);
        if (saved !== undefined) this.position = this.#saved = saved;
        // Protected from the start, or retention would remove what it has not seen.
        else await this.#save();
      }
      const { streams, apply } = this.#options;
      let since = 0;
      const feed = this.#store.feed({
        after: this.position,
        signal,
        ...(streams === undefined ? {} : { streams }),
      });
      for await (const item of feed) {
        if (item.is === "gap") {
          throw new RangeError(`Projection "${this.name}" missed ${item.from}–${item.to}`);
        }
        if (item.is === "event") {
          await apply(item.event);
          this.#advance(item.event.position);
          since += 1;
        } else this.#advance(item.position);
        if (since >= this.#every || item.is === "caught-up") {
          since = 0;
          await this.#save();
        }
      }
      await this.#save().catch(() => {});
      this.#end(new RangeError(`Projection "${this.name}" ended`));
    } catch (error) {
      if (signal.aborted && error === signal.reason) {
        await this.#save().catch(() => {});
        this.#end(error);
        return;
      }
      // The store was closed while a checkpoint was saved: an end like any other.
      if (error instanceof ClosedError) {
        this.#end(new RangeError(`Projection "${this.name}" ended`, { cause: error }));
        return;
      }
      this.error = error;
      this.#end(error);
      this.#env.report(error);
      throw error;
    }
  }

  get #key(): string {
    return keyOf(this.name);
  }

  async #save(): Promise<void> {
    if (this.#every === 0 || this.#saved === this.position) return;
    const { position } = this;
    await this.#store.saveCheckpoint(this.#key, position, {
      protect: this.#options.protect ?? true,
    });
    this.#saved = position;
  }

  #advance(position: number): void {
    this.position = Math.max(this.position, position);
    for (const waiter of this.#waiters) {
      if (waiter.position > this.position) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  #end(reason: unknown): void {
    this.#ended = true;
    for (const { reject } of this.#waiters) reject(reason);
    this.#waiters.clear();
  }

  whenProcessed(position: number, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const { signal } = options;
      requireSignal(signal);
      signal?.throwIfAborted();
      if (integerOption("position", position ?? NaN, 0, 0) <= this.position) return resolve();
      if (this.#ended) throw this.error ?? new RangeError(`Projection "${this.name}" ended`);
      const aborting = signal && this.#env.onAbort(signal, () => {
        this.#waiters.delete(waiter);
        reject(signal.reason);
      });
      const waiter: Waiter = {
        position,
        resolve: () => {
          aborting?.[Symbol.dispose]();
          resolve();
        },
        reject: (reason) => {
          aborting?.[Symbol.dispose]();
          reject(reason);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new RangeError(`Projection "${this.name}" was stopped`));
    await this.done.catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
