/**
 * What the parts of a program have on their hands: handlers that run and events that wait. From their
 * figures, and from their rosters of who is at work.
 */

import { hear, type NamedPart } from "../internal/parts.ts";
import { rosterOf } from "../internal/roster.ts";

/** What an event, or a task, is doing. */
export type TaskState =
  | "running"
  | "queued"
  | "waiting for room"
  | "waiting for a slot"
  | "held"
  | "retrying";

/** So many events in one state at one place. */
export interface Task {
  /** Outermost first, from the part to the listener. */
  readonly place: readonly string[];
  readonly state: TaskState;
  readonly count: number;
  /** When it began, or when the oldest did, in epoch milliseconds; unknown if undefined. */
  readonly since: number | undefined;
  /** 1 for the first; unknown if undefined. */
  readonly attempt: number | undefined;
}

type Counts = Readonly<Record<string, number | undefined>>;

/** What all parts have on their hands now. */
export function tasksOf(parts: readonly NamedPart[], now: number): Task[] {
  const found = new Tasks(now);
  hear(parts, ignore, (part) => found.look(part));
  return found.all;
}

/** A part that cannot tell has no place in a profile: `/stats` and `/health` tell why. */
export function ignore(): void {}

/** Makes the parts remember from now on since when their handlers run. */
export function keepRosters(parts: readonly NamedPart[]): void {
  for (const { part } of parts) rosterOf(part);
}

/** How a part is called in profiles. */
export function partName({ kind, name }: NamedPart): string {
  return `${kind === "listeners" ? "listener" : kind}/${name}`;
}

class Tasks {
  readonly all: Task[] = [];
  readonly #now: number;

  constructor(now: number) {
    this.#now = now;
  }

  look(named: NamedPart): void {
    const { kind, part } = named;
    const root = partName(named);
    const known = this.#running(root, part);
    const stats: unknown = part.stats();
    const figures = stats as Counts;
    if (kind === "emitter") this.#emitter(root, stats, known);
    else if (kind === "bus") this.#bus(root, stats, known);
    else if (kind === "listeners") this.#listeners(named, stats, known);
    else if (kind === "pool") {
      this.#wait([root], "queued", figures.queued);
      this.#wait([root], "waiting for room", figures.waiting);
      this.#strangers([root], (figures.running ?? 0) - known.total);
    } else this.#wait([root], "queued", figures.queued);
  }

  /** Those on the roster; answers how many there are at each place. */
  #running(root: string, part: object): Census {
    const census = new Census();
    for (const { at, since, attempt } of rosterOf(part)?.duties ?? []) {
      const place = [root, ...at.station];
      census.count(place);
      this.all.push({ place, state: "running", count: 1, since, attempt });
    }
    return census;
  }

  #emitter(root: string, stats: unknown, known: Census): void {
    const { queued, waiting } = stats as Counts;
    this.#wait([root], "queued", queued);
    this.#wait([root], "waiting for room", waiting);
    const { listeners } = stats as {
      listeners: readonly { id: string; type: string; inFlight: number }[];
    };
    for (const { id, type, inFlight } of listeners) {
      const place = [root, type, id];
      this.#strangers(place, inFlight - known.at(place));
    }
  }

  #bus(root: string, stats: unknown, known: Census): void {
    const { topics } = stats as {
      topics: readonly (Counts & {
        name: string;
        subscriptions: readonly (Counts & { id: string })[];
      })[];
    };
    for (const { name, waiting, subscriptions } of topics) {
      this.#wait([root, name], "waiting for room", waiting);
      for (const { id, queued, held, inFlight = 0, slots = Infinity, ageMs } of subscriptions) {
        const place = [root, name, id];
        const since = ageMs === undefined ? undefined : this.#now - ageMs;
        const state = inFlight >= slots ? "waiting for a slot" : "queued";
        this.#wait(place, state, queued, since);
        this.#wait(place, "held", held, since);
        this.#strangers(place, inFlight - known.at(place));
      }
    }
  }

  #listeners(named: NamedPart, stats: unknown, known: Census): void {
    const root = partName(named);
    // A manager has several; a supervised listener is one.
    const { listeners = { [named.name]: stats as Counts } } = stats as {
      listeners?: Readonly<Record<string, Counts>>;
    };
    for (const [name, { queued, delayed, inFlight = 0 }] of Object.entries(listeners)) {
      const place = [root, name];
      this.#wait(place, "waiting for a slot", queued);
      this.#wait(place, "retrying", delayed);
      this.#strangers(place, inFlight - known.at(place));
    }
  }

  /** Handlers that began before anybody kept a roster. */
  #strangers(place: readonly string[], count: number): void {
    this.#wait(place, "running", count);
  }

  #wait(place: readonly string[], state: TaskState, count = 0, since?: number): void {
    if (count > 0) this.all.push({ place, state, count, since, attempt: undefined });
  }
}

/** How many are at each place. */
class Census {
  total = 0;
  readonly #places = new Map<string, number>();

  count(place: readonly string[]): void {
    const key = place.join("\n");
    this.total += 1;
    this.#places.set(key, this.at(place) + 1);
  }

  at(place: readonly string[]): number {
    return this.#places.get(place.join("\n")) ?? 0;
  }
}
