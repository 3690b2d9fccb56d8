/**
 * Publishers that number what they publish, so that a repeat is recognised without any memory of ids.
 */

import { LimitExceededError } from "../errors.ts";
import { SequenceGapError } from "../errors/bus.ts";
import type { Draft, NovaEvent } from "../event/event.ts";
import { checkName } from "../event/validate.ts";
import { show } from "../internal/check.ts";
import { hashString } from "../internal/hash.ts";
import type { Seen } from "../queue/seen_window.ts";
import type { ProduceOptions, Receipt, TopicProducer } from "./api.ts";
import type { Entrance } from "./entrance.ts";
import type { Guard } from "./guard.ts";

/** Producers of one topic; each costs a count for each partition. */
const MOST = 10_000;

/** Receipts that a producer keeps for each partition; what is older is still known to be a repeat. */
const RECENT = 256;

/** How far a producer is in one partition. */
interface Count {
  last: number;
  /** Ids and topic-wide numbers of the last events, by number modulo `RECENT`. */
  readonly ids: string[];
  readonly sequences: number[];
}

/** The producers of a topic. */
export class Producers {
  readonly #topic: string;
  readonly #entrance: Entrance;
  readonly #partitions: number;
  readonly #known = new Map<string, Producer>();

  constructor(topic: string, entrance: Entrance, partitions: number) {
    this.#topic = topic;
    this.#entrance = entrance;
    this.#partitions = partitions;
  }

  /** The producer of an id; the same one for the same id. */
  of(id: string): Producer {
    checkName("producer", id);
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    if (this.#known.size >= MOST) {
      throw new LimitExceededError(
        "producers",
        MOST,
        `Cannot make producer ${show(id)} as topic "${this.#topic}" has ${MOST} already`,
      );
    }
    const producer = new Producer(this.#topic, this.#entrance, this.#partitions, id);
    this.#known.set(id, producer);
    return producer;
  }
}

/** The producer behind the handle. */
export class Producer implements TopicProducer<Record<string, unknown>>, Guard {
  readonly id: string;
  /** Events without a key stay together: a repeat then meets the same count. */
  readonly home: number;
  readonly #topic: string;
  readonly #entrance: Entrance;
  readonly #counts: Count[];

  constructor(topic: string, entrance: Entrance, partitions: number, id: string) {
    this.id = id;
    // A small integer: the remainder of a larger one would cost ten nanoseconds.
    this.home = hashString(id) >>> 2;
    this.#topic = topic;
    this.#entrance = entrance;
    this.#counts = Array.from({ length: partitions }, () => ({ last: 0, ids: [], sequences: [] }));
  }

  publish(event: Draft, options?: ProduceOptions): Promise<Receipt> {
    return this.#entrance.produce(this, event, options);
  }

  tryPublish(event: Draft, sequence?: number): boolean {
    return this.#entrance.tryProduce(this, event, sequence);
  }

  find(number: number | undefined, event: NovaEvent, partition: number): Receipt | undefined {
    const { last, ids, sequences } = this.#counts[partition]!;
    if (number === undefined || number > last) return undefined;
    const isRecent = last - number < RECENT;
    return {
      id: isRecent ? ids[number % RECENT]! : event.id,
      partition,
      sequence: isRecent ? sequences[number % RECENT]! : 0,
      duplicate: true,
      dropped: false,
    };
  }

  admits(number: number | undefined, partition: number): boolean {
    if (this.isNext(number, partition)) return true;
    const next = this.#counts[partition]!.last + 1;
    throw new SequenceGapError(this.#topic, this.id, partition, next, number!);
  }

  remember(_number: number | undefined, { id }: NovaEvent, { partition, sequence }: Seen): void {
    this.count(partition, id, sequence);
  }

  /** Whether an event may enter by its number alone. */
  isNext(number: number | undefined, partition: number): boolean {
    return number === undefined || number === this.#counts[partition]!.last + 1;
  }

  /** The next event of a partition entered. */
  count(partition: number, id: string, sequence: number): void {
    const count = this.#counts[partition]!;
    count.last += 1;
    const slot = count.last % RECENT;
    count.ids[slot] = id;
    count.sequences[slot] = sequence;
  }

  /** Nobody can repeat an event whose number was counted here. */
  update(number: number | undefined, { partition, sequence }: Seen): void {
    const { last, sequences } = this.#counts[partition]!;
    if (number !== undefined && last - number < RECENT) sequences[number % RECENT] = sequence;
  }
}
