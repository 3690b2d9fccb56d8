/**
 * What publishers give and get.
 */

import type { DraftOf, EventMap, EventOf } from "../event/event.ts";

/** How a topic recognises what is published again. */
export interface DedupeOptions<Events extends EventMap = Record<string, unknown>> {
  /**
   * What an event is recognised by: a string of 1–256 bytes.
   *
   * @default {its id, if its publisher gave one}
   */
  readonly key?: (event: EventOf<Events>) => string;
  /**
   * How long an event is remembered, in milliseconds.
   *
   * @default {600_000}
   */
  readonly windowMs?: number;
  /**
   * How many events are remembered. Young ones never make room for others: the topic is full, as
   * `overflow` says, until the oldest has been remembered for `windowMs`.
   *
   * @default {100_000}
   */
  readonly maxIds?: number;
}

/** Options of publishing. */
export interface PublishOptions {
  /** Governs admission only: what was accepted is delivered. */
  readonly signal?: AbortSignal;
  /**
   * How long the event waits until it enters, in milliseconds. It has its room, and `dedupe` knows it,
   * from acceptance on; its number it gets when it enters.
   *
   * @default {0}
   */
  readonly delayMs?: number;
  /** When the event enters: a `Date`, or epoch milliseconds; instead of `delayMs`. */
  readonly at?: number | Date;
  /**
   * How long after it entered the event is worth handing out, in milliseconds. Then subscriptions that
   * have not taken it leave it out, and count it as `expired`.
   *
   * @default {Infinity}
   */
  readonly ttlMs?: number;
}

/** Options of publishing through a {@linkcode TopicProducer}. */
export interface ProduceOptions extends PublishOptions {
  /**
   * The number of the event, from 1, among those of this producer in the same partition.
   *
   * @default {the next one, taken when the event is accepted}
   */
  readonly sequence?: number;
}

/**
 * A publisher that numbers its events, for each partition from 1. The next number is accepted, one
 * that was there is a duplicate, and one that leaves others out is refused.
 *
 * Events without a key all go to the partition of the producer.
 */
export interface TopicProducer<Events extends EventMap = Record<string, unknown>> {
  /** Names it. */
  readonly id: string;

  /**
   * Publishes an event. It rejects as {@linkcode Topic.publish} does, and with
   * {@linkcode SequenceGapError} for a number that leaves others out.
   */
  publish(event: DraftOf<Events>, options?: ProduceOptions): Promise<Receipt>;

  /**
   * Publishes an event if there is room, without a promise or a receipt.
   *
   * @throws {SequenceGapError} If its number leaves others out.
   */
  tryPublish(event: DraftOf<Events>, sequence?: number): boolean;
}

/** Options of {@linkcode Bus.request}. */
export interface RequestOptions {
  /**
   * How long to wait for the reply, in milliseconds. The event is not handed out any more after that.
   *
   * @default {30_000}
   */
  readonly timeoutMs?: number;
  /** Ends the waiting; an event that was accepted is handled all the same. */
  readonly signal?: AbortSignal;
}

/** What a publisher gets for an event. */
export interface Receipt {
  /** The id of the event. */
  readonly id: string;
  /** The partition it went to. */
  readonly partition: number;
  /** Its place in the topic, from 1; 0 when it was dropped, is delayed, or is a duplicate of long ago. */
  readonly sequence: number;
  /** Whether it had been accepted before. */
  readonly duplicate: boolean;
  /** Whether the topic was full and its policy is to drop what is new. */
  readonly dropped: boolean;
}
