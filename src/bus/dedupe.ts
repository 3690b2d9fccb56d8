/**
 * Recognising events that were published before, by their id or by a key of the topic.
 */

import { ValidationError } from "../errors.ts";
import { IdConflictError } from "../errors/store.ts";
import type { Draft, NovaEvent } from "../event/event.ts";
import { checkName } from "../event/validate.ts";
import type { Env } from "../internal/env.ts";
import { TurnClock } from "../internal/turn_clock.ts";
import { type Seen, SeenWindow } from "../queue/seen_window.ts";
import { sameData } from "../store/same_data.ts";
import type { DedupeStats, Receipt } from "./api.ts";
import type { Guard } from "./guard.ts";
import type { Partition } from "./partition.ts";
import type { Placing } from "./placing.ts";
import type { DedupeSettings } from "./settings.ts";

/** What recognising takes. */
export interface DedupeParts {
  readonly topic: string;
  readonly settings: DedupeSettings;
  /** Whether every event must be recognisable. */
  readonly required: boolean;
  readonly partitions: readonly Partition[];
  readonly placing: Placing;
  readonly env: Env;
}

/** The memory of a topic. */
export class Dedupe implements Guard {
  readonly #parts: DedupeParts;
  readonly #clock: TurnClock;
  /** Made at the first event: constructors draw no random numbers. */
  #window: SeenWindow | undefined;
  /** The last hash, as looking up and remembering follow each other. */
  #hash = 0;

  constructor(parts: DedupeParts) {
    this.#parts = parts;
    this.#clock = new TurnClock(parts.env);
  }

  /** The figures of now. */
  stats(): DedupeStats {
    return { remembered: this.#window?.length ?? 0, maxIds: this.#parts.settings.maxIds };
  }

  /** Whether nothing more can be remembered now. */
  get full(): boolean {
    return this.#window !== undefined && this.#window.full;
  }

  /** In how many milliseconds the oldest event is forgotten. */
  get expiresIn(): number {
    return this.#window?.expiresIn(this.#clock.now()) ?? 0;
  }

  /** What an event is recognised by; undefined when its id was stamped here, new at every attempt. */
  tokenOf(draft: Draft, event: NovaEvent): string | undefined {
    const { key } = this.#parts.settings;
    if (key === undefined) {
      if (draft.id === undefined && this.#parts.required) refuseNameless(this.#parts.topic, draft);
      return draft.id === undefined ? undefined : event.id;
    }
    let token: unknown;
    try {
      token = key(event as never);
    } catch (cause) {
      const message = `Cannot publish to "${this.#parts.topic}" as its dedupe.key threw`;
      throw new ValidationError("dedupe.key", event, message, { cause });
    }
    checkName("dedupe.key", token);
    return token;
  }

  find(token: string, event: NovaEvent): Receipt | undefined {
    const window = this.#opened();
    window.expire(this.#clock.now());
    this.#hash = window.hash(token);
    const seen = window.find(this.#hash, token);
    if (seen === undefined) return undefined;
    const original = this.#originalOf(seen);
    if (original !== undefined && !this.#isSame(original, event)) {
      const { topic } = this.#parts;
      throw new IdConflictError(
        topic,
        token,
        `Cannot publish "${token}" to "${topic}" again with another type, key or data: ` +
          `send the same event, or a new id`,
      );
    }
    const { partition, sequence } = seen;
    return {
      id: original?.id ?? event.id,
      partition,
      sequence,
      duplicate: true,
      dropped: false,
    };
  }

  admits(): boolean {
    return !this.#opened().full;
  }

  /** Whether so many events of handlers may enter, past `maxIds`. */
  hasRoomPast(count: number): boolean {
    return this.#opened().hasRoomPast(count);
  }

  remember(token: string, _event: NovaEvent, seen: Seen): void {
    this.#opened().add(this.#hash, token, this.#clock.now(), seen);
  }

  update(token: string, seen: Seen): void {
    const window = this.#opened();
    window.update(window.hash(token), token, seen);
  }

  /** The event that entered first, while it is still held. */
  #originalOf({ partition: index, place }: Seen): NovaEvent | undefined {
    const partition = this.#parts.partitions[index]!;
    return place < partition.oldest ? undefined : partition.at(place);
  }

  #isSame(original: NovaEvent, event: NovaEvent): boolean {
    if (original === event) return true;
    const { placing } = this.#parts;
    return original.type === event.type && sameData(original.data, event.data) &&
      placing.keyInside(original) === placing.keyOf(event);
  }

  #opened(): SeenWindow {
    this.#window ??= new SeenWindow({
      ...this.#parts.settings,
      seed: Math.floor(this.#parts.env.random() * 2 ** 32),
    });
    return this.#window;
  }
}

/** Refuses an event that nobody could recognise. */
export function refuseNameless(topic: string, draft: Draft): never {
  const message = `Cannot publish to "${topic}" exactly once without an id of your own: ` +
    "one that is stamped here is new each time you try. Give the event an id, the topic a " +
    "dedupe.key, or publish through topic.producer(id)";
  throw new ValidationError("id", draft, message);
}
