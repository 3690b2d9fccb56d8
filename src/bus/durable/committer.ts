/**
 * What one subscription writes, one unit after the other: each unit carries a checkpoint, and a later
 * checkpoint must know the outcome of the earlier one.
 */

import type { Recorded } from "../../event/event.ts";
import type { Append, MarkWrite, Outcome, Placed, Unit } from "../../store/driver.ts";
import type { Engine } from "../../store/engine.ts";
import { requireCommitted } from "../../store/outcome.ts";
import type { Key } from "../api.ts";
import type { Effect } from "../context_api.ts";

/** Events that finish together share a unit, up to so many. */
const MOST_TOGETHER = 64;

/** What an event needs written so that it is done. */
export interface Finish {
  readonly event: Recorded;
  readonly appends: readonly Append[];
  readonly marks: readonly MarkWrite[];
  readonly effects: readonly Effect[];
  /** The key that is parked from now on. */
  readonly parks: Key;
}

/** What a unit says of the dead letters of its subscription. */
export interface Account {
  /** Some are gone with it. */
  readonly marks: readonly MarkWrite[];
  /** Keys of redriven events that are not done: those that were parked stay so until then. */
  readonly keys: readonly Key[];
}

interface Entry {
  readonly finish: Finish;
  readonly resolve: (placed: readonly Placed[]) => void;
  readonly reject: (error: unknown) => void;
}

/** What the committer asks of its subscription. */
export interface CommitterOwner {
  /** A unit with a checkpoint in which these events are done; undefined if nothing has changed. */
  unitOf(finishing: readonly Finish[]): Unit | undefined;
  /** A unit has its outcome. */
  committed(unit: Unit, outcome: Outcome, finishing: readonly Finish[]): void;
  /** Nothing waits any more. */
  rested(): void;
}

/** The writing side of one subscription. */
export class Committer {
  readonly #engine: Engine<never>;
  readonly #owner: CommitterOwner;
  readonly #waiting: Entry[] = [];
  #due = false;
  #running = false;
  #rested: () => void = () => {};

  constructor(engine: Engine<never>, owner: CommitterOwner) {
    this.#engine = engine;
    this.#owner = owner;
  }

  /** Whether everything has its outcome. */
  get idle(): boolean {
    return !this.#running;
  }

  /**
   * Writes what an event needs to be done, with a checkpoint in which it is. Answers where its appends
   * are; rejects if nothing of it was written.
   */
  finish(finish: Finish): Promise<readonly Placed[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ finish, resolve, reject });
      this.#start();
    });
  }

  /** Writes a checkpoint, if anything has changed. */
  save(): void {
    this.#due = true;
    this.#start();
  }

  /** Writes the last checkpoint; resolves when everything has its outcome. */
  close(): Promise<void> {
    this.save();
    return new Promise((resolve) => this.#rested = resolve);
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    // Who finishes in this turn shares the unit.
    await undefined;
    let alone = 0;
    while (this.#due || this.#waiting.length > 0) {
      this.#due = false;
      const entries = this.#waiting.splice(0, alone > 0 ? 1 : MOST_TOGETHER);
      if (alone > 0) alone -= 1;
      const outcome = await this.#commit(entries.map(({ finish }) => finish));
      if (entries.length > 1 && outcome.is !== "committed" && outcome.is !== "fenced") {
        // One of them may be at fault: each for itself.
        this.#waiting.unshift(...entries);
        alone = entries.length;
        continue;
      }
      await this.#settle(entries, outcome);
    }
    this.#running = false;
    this.#rested();
    this.#owner.rested();
  }

  async #settle(entries: readonly Entry[], outcome: Outcome): Promise<void> {
    try {
      let placed = await requireCommitted(this.#engine, outcome);
      for (const { finish, resolve } of entries) {
        resolve(placed.slice(0, finish.appends.length));
        placed = placed.slice(finish.appends.length);
      }
    } catch (error) {
      for (const { reject } of entries) reject(error);
    }
  }

  async #commit(finishing: readonly Finish[]): Promise<Outcome> {
    try {
      const unit = this.#owner.unitOf(finishing);
      if (unit === undefined) return { is: "committed", placed: [] };
      this.#engine.requireOpen();
      const outcome = await this.#engine.commit(unit);
      this.#owner.committed(unit, outcome, finishing);
      return outcome;
    } catch (error) {
      return { is: "refused", error };
    }
  }
}
