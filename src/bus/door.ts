/**
 * The door of a topic: what comes through gets its number, is remembered, and enters now or when its
 * time has come.
 */

import type { Draft, NovaEvent } from "../event/event.ts";
import { isolate, type Isolation } from "../event/isolation.ts";
import { admitEvent } from "../event/make.ts";
import type { Env } from "../internal/env.ts";
import { placeOf } from "../internal/hash.ts";
import type { Delayed, DelayQueue } from "../queue/delay_queue.ts";
import { Dedupe } from "./dedupe.ts";
import type { Expiries } from "./expiries.ts";
import type { Guard, Token } from "./guard.ts";
import type { Due } from "./job.ts";
import type { Partition } from "./partition.ts";
import type { Placing } from "./placing.ts";
import type { Receipt } from "./publishing_api.ts";
import type { TopicSettings } from "./settings.ts";

/** What a door is made of. */
export interface DoorParts {
  readonly topic: string;
  readonly settings: TopicSettings;
  readonly partitions: readonly Partition[];
  readonly placing: Placing;
  readonly expiries: Expiries;
  readonly delays: DelayQueue<Due>;
  readonly env: Env;
}

/** An event on its way in, with the hash that places it. */
export interface Entrant {
  readonly event: NovaEvent;
  readonly hash: number;
  /** Knows whether it entered before, by the token. */
  readonly guard: Guard | undefined;
  readonly token: Token;
  /** When it enters, by the clock that never goes back; undefined for now. */
  readonly dueAt?: number | undefined;
  /** How long it is worth handing out, in milliseconds. */
  readonly ttlMs?: number | undefined;
}

/** Lets events in. */
export class Door {
  /** Recognises what comes again, if the topic does. */
  readonly dedupe: Dedupe | undefined;
  /** The number of the event that entered last. */
  sequence = 0;
  /** Events that had entered before. */
  duplicates = 0;
  /** Called when a delayed event has made room for others. */
  onRoom: (partition: Partition) => void = () => {};
  readonly #parts: DoorParts;
  readonly #env: Env;
  readonly #isolation: Isolation;
  readonly #partitions: readonly Partition[];
  readonly #delayed = new Set<DelayedEvent>();
  /** Delayed events that were given up. */
  #lost = 0;

  constructor(parts: DoorParts) {
    const { settings } = parts;
    this.#parts = parts;
    this.#env = parts.env;
    this.#isolation = settings.isolation;
    this.#partitions = parts.partitions;
    this.dedupe = settings.dedupe && new Dedupe({
      ...parts,
      settings: settings.dedupe,
      required: settings.delivery === "exactly-once",
    });
  }

  /** Events that were accepted. */
  get accepted(): number {
    return this.sequence + this.#delayed.size + this.#lost;
  }

  /** Of those, the ones whose time has not come. */
  get delayed(): number {
    return this.#delayed.size;
  }

  /** An event as it enters: checked, and out of its publisher's hands as far as the topic says. */
  check(draft: Draft): NovaEvent {
    const event = admitEvent(draft, this.#env);
    return this.#isolation === "shared" ? event : isolate(event, this.#isolation) as NovaEvent;
  }

  /** Lets an event in; false when there is no room. */
  enter(index: number, event: NovaEvent, hash: number): boolean {
    if (!this.#partitions[index]!.add(event, hash, this.sequence + 1)) return false;
    this.sequence += 1;
    return true;
  }

  /** Lets an event in past `bufferSize`. */
  enterPast(index: number, event: NovaEvent, hash: number, guard?: Guard, token?: Token): void {
    const partition = this.#partitions[index]!;
    this.sequence += 1;
    partition.addPast(event, hash, this.sequence);
    guard?.remember(token, event, this.#seen(partition));
  }

  /**
   * Lets an event in that may have entered before: the receipt of now, or of the first time; undefined
   * when there is no room, or others wait before it. Throws when it must not enter.
   */
  pass(
    event: NovaEvent,
    hash: number,
    guard: Guard,
    token: Token,
    isNext: boolean,
  ): Receipt | undefined {
    const index = placeOf(hash, this.#partitions.length);
    const first = this.#first(event, index, guard, token);
    if (first !== undefined) return first;
    if (!isNext || !guard.admits(token, index) || !this.enter(index, event, hash)) return undefined;
    guard.remember(token, event, this.#seen(this.#partitions[index]!));
    return this.receipt(event, hash);
  }

  /** Lets an event in, whatever there is to it. */
  admit(entrant: Entrant, isNext: boolean): Receipt | undefined {
    const { event, hash, guard, token, dueAt, ttlMs } = entrant;
    if (dueAt !== undefined) return this.#delay(entrant, dueAt, isNext);
    let receipt: Receipt | undefined;
    if (guard !== undefined) receipt = this.pass(event, hash, guard, token, isNext);
    else if (isNext && this.enter(placeOf(hash, this.#partitions.length), event, hash)) {
      receipt = this.receipt(event, hash);
    }
    if (receipt?.duplicate === false && ttlMs !== undefined) {
      this.#parts.expiries.start(event, ttlMs);
    }
    return receipt;
  }

  /** The receipt of the event that entered last. */
  receipt({ id }: NovaEvent, hash: number): Receipt {
    const partition = placeOf(hash, this.#partitions.length);
    return { id, partition, sequence: this.sequence, duplicate: false, dropped: false };
  }

  /** Gives up what is delayed. */
  end(): void {
    for (const { handle } of this.#delayed) this.#parts.delays.delete(handle!);
    this.#lost += this.#delayed.size;
    this.#delayed.clear();
  }

  #first(event: NovaEvent, index: number, guard: Guard, token: Token): Receipt | undefined {
    const first = guard.find(token, event, index);
    if (first !== undefined) this.duplicates += 1;
    return first;
  }

  /** Takes an event that enters later: it has its room and is remembered from now on. */
  #delay(entrant: Entrant, dueAt: number, isNext: boolean): Receipt | undefined {
    const { event, hash, guard, token } = entrant;
    const index = placeOf(hash, this.#partitions.length);
    const first = guard && this.#first(event, index, guard, token);
    if (first !== undefined) return first;
    if (!isNext || guard?.admits(token, index) === false) return undefined;
    if (!this.#partitions[index]!.reserve()) return undefined;
    guard?.remember(token, event, { partition: index, place: -1, sequence: 0 });
    const delayed = new DelayedEvent(entrant, this.#enterNow);
    this.#delayed.add(delayed);
    delayed.handle = this.#parts.delays.add(delayed, dueAt - this.#env.monotonic());
    return { id: event.id, partition: index, sequence: 0, duplicate: false, dropped: false };
  }

  /** The time of a delayed event has come. */
  readonly #enterNow = (delayed: DelayedEvent): void => {
    const { event, hash, guard, token, ttlMs } = delayed.entrant;
    const partition = this.#partitions[placeOf(hash, this.#partitions.length)]!;
    this.#delayed.delete(delayed);
    this.sequence += 1;
    partition.addReserved(event, hash, this.sequence);
    guard?.update(token, this.#seen(partition));
    if (ttlMs !== undefined) this.#parts.expiries.start(event, ttlMs);
    this.onRoom(partition);
  };

  /** Where the event is that entered last. */
  #seen({ index, tail }: Partition): Parameters<Guard["update"]>[1] {
    return { partition: index, place: tail - 1, sequence: this.sequence };
  }
}

/** An event that waits for its time. */
class DelayedEvent implements Due {
  readonly entrant: Entrant;
  readonly #enter: (delayed: DelayedEvent) => void;
  handle: Delayed<Due> | undefined;

  constructor(entrant: Entrant, enter: (delayed: DelayedEvent) => void) {
    this.entrant = entrant;
    this.#enter = enter;
  }

  due(): void {
    this.#enter(this);
  }
}
