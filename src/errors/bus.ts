/**
 * The conditions of a bus, as one class each, beside those that other parts share.
 *
 * @module
 */

import { NovaError } from "../errors.ts";

/** A producer left numbers out: what they named was not accepted. */
export class SequenceGapError extends NovaError {
  /** @ignore */
  override get name(): string {
    return "SequenceGapError";
  }
  /** The topic. */
  readonly topic: string;
  /** The producer. */
  readonly producer: string;
  /** The partition that counts. */
  readonly partition: number;
  /** The number that is next. */
  readonly expected: number;
  /** The number that was given. */
  readonly actual: number;

  /** Names who published where, and both numbers. */
  constructor(
    topic: string,
    producer: string,
    partition: number,
    expected: number,
    actual: number,
  ) {
    super(
      "sequence-gap",
      `Cannot publish number ${actual} of producer "${producer}" to "${topic}" as number ${expected} ` +
        `is next in partition ${partition}: publish what is missing first`,
    );
    this.topic = topic;
    this.producer = producer;
    this.partition = partition;
    this.expected = expected;
    this.actual = actual;
  }
}

/** A verb came from a delivery that is over: it was settled before, or its lease has ended. */
export class StaleAckError extends NovaError {
  /** @ignore */
  override get name(): string {
    return "StaleAckError";
  }
  /** The verb. */
  readonly verb: string;
  /** The id of the event. */
  readonly event: string;

  /** Names the verb, the event and the consumer. */
  constructor(verb: string, event: string, consumer: string) {
    super(
      "stale-ack",
      `Cannot ${verb} event "${event}" of consumer "${consumer}" as this delivery of it is over: ` +
        "it was settled before, or its lease has ended",
    );
    this.verb = verb;
    this.event = event;
  }
}
