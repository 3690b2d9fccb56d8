/**
 * When old events go: by age, number and bytes, oldest first, by the store's own time. Nothing that a
 * protected checkpoint or a live follower has not seen goes, unless forced.
 */

import type { Env } from "../internal/env.ts";
import { andThen } from "./awaitable.ts";
import type { Awaitable, Driver } from "./driver.ts";

/** What a store keeps; see `RetentionOptions`. */
export interface RetentionSettings {
  readonly maxAgeMs: number;
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** Engines that write to disk remove in portions: this part of what may be there. */
const PORTION = 1 / 16;
/** … and at most this often by age. */
const PORTION_MS = 1000;

/** Applies the retention of one store. */
export class Retention {
  readonly #driver: Driver<never>;
  readonly #env: Env;
  readonly #settings: RetentionSettings;
  readonly #liveFloor: () => number;
  readonly #portion: number;
  /** When the oldest event will be too old; 0: look. */
  #nextAge = 0;
  #busy = false;

  constructor(
    driver: Driver<never>,
    env: Env,
    settings: RetentionSettings,
    liveFloor: () => number,
  ) {
    this.#driver = driver;
    this.#env = env;
    this.#settings = settings;
    this.#liveFloor = liveFloor;
    this.#portion = driver.capabilities.data === "reference" ? 0 : PORTION;
  }

  /** Removes what is due, if enough is. */
  apply(): Awaitable<void> {
    const { maxAgeMs, maxEvents, maxBytes } = this.#settings;
    const { events, bytes } = this.#driver.figures();
    const slack = 1 + this.#portion;
    const due = events > maxEvents * slack || bytes > maxBytes * slack ||
      (maxAgeMs < Infinity && events > 0 && this.#env.coarse() >= this.#nextAge);
    if (!due || this.#busy) return;
    return andThen(this.enforce(false), () => {});
  }

  /** Removes all that is due; answers how many events went. */
  enforce(force: boolean): Awaitable<number> {
    const { maxAgeMs, maxEvents, maxBytes } = this.#settings;
    const before = this.#driver.figures().events;
    this.#busy = true;
    const free = <T>(value: T): T => {
      this.#busy = false;
      return value;
    };
    try {
      const trimmed = andThen(this.#floor(force), (floor) =>
        this.#driver.trim({
          floor,
          ...(maxAgeMs < Infinity ? { recordedBefore: this.#env.coarse() - maxAgeMs } : {}),
          ...(maxEvents < Infinity ? { events: maxEvents } : {}),
          ...(maxBytes < Infinity ? { bytes: maxBytes } : {}),
        }));
      const done = andThen(
        andThen(trimmed, () => this.#lookAhead()),
        () => free(before - this.#driver.figures().events),
      );
      return done instanceof Promise ? done.finally(() => free(0)) : done;
    } catch (error) {
      free(0);
      throw error;
    }
  }

  #floor(force: boolean): Awaitable<number> {
    if (force) return Infinity;
    return andThen(this.#driver.marks(), (marks) => {
      let floor = this.#liveFloor();
      for (const mark of marks) if (mark.protect) floor = Math.min(floor, mark.low + 1);
      return floor;
    });
  }

  #lookAhead(): Awaitable<void> {
    const { maxAgeMs } = this.#settings;
    if (maxAgeMs === Infinity) return;
    return andThen(this.#driver.read({ after: 0, limit: 1 }), ({ records }) => {
      const oldest = records[0]?.recordedAt;
      const now = this.#env.coarse();
      const pause = this.#portion === 0 ? 0 : Math.min(PORTION_MS, maxAgeMs * this.#portion);
      // What is recorded exactly maxAgeMs ago is kept: `recordedBefore` is exclusive.
      this.#nextAge = Math.max(oldest === undefined ? 0 : oldest + maxAgeMs + 1, now + pause);
    });
  }
}
