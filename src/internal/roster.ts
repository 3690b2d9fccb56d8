/**
 * Who is at work right now, and since when. A part keeps a roster from the moment somebody asks for
 * it; until then it costs nothing but the question whether there is one.
 */

import type { Env } from "./env.ts";

/** A place where events are handled. */
export interface Station {
  /** The names of it, outermost first; asked for when somebody looks. */
  readonly station: readonly string[];
}

/** One handler that has not settled. */
export interface Duty {
  readonly at: Station;
  /** 1 for the first. */
  readonly attempt: number;
  /** When it began, in epoch milliseconds. */
  readonly since: number;
}

/** The handlers of one part that have not settled. */
export class Roster {
  readonly #env: Env;
  readonly #duties = new Set<Duty>();
  readonly #watchers = new Set<(duty: Duty, until: number) => void>();

  constructor(env: Env) {
    this.#env = env;
  }

  /** A handler begins. */
  begin(at: Station, attempt: number): Duty {
    const duty = { at, attempt, since: this.#env.now() };
    this.#duties.add(duty);
    return duty;
  }

  /** It has settled. */
  end(duty: Duty | undefined): void {
    if (duty === undefined || !this.#duties.delete(duty)) return;
    if (this.#watchers.size === 0) return;
    const until = this.#env.now();
    for (const watcher of this.#watchers) watcher(duty, until);
  }

  /** Those that have not settled, in the order they began. */
  get duties(): readonly Duty[] {
    return [...this.#duties];
  }

  /** Calls `watcher` with each that settles, until the result is disposed of. */
  watch(watcher: (duty: Duty, until: number) => void): Disposable {
    this.#watchers.add(watcher);
    return { [Symbol.dispose]: () => this.#watchers.delete(watcher) };
  }
}

/** How to get the roster of a part: no part of what users see. */
const rosters = new WeakMap<object, () => Roster>();

/** A part says how to get its roster; whoever asks first makes it begin. */
export function lendRoster(part: object, roster: () => Roster): void {
  rosters.set(part, roster);
}

/** The roster of a part, if it keeps one; from now on it does. */
export function rosterOf(part: object): Roster | undefined {
  return rosters.get(part)?.();
}
