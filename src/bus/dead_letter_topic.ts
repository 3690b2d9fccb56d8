/**
 * The topic of the dead letters of another one: read like any topic, written by the bus alone.
 */

import type { Draft } from "../event/event.ts";
import type { Receipt, TopicProducer } from "./api.ts";
import { BusTopic } from "./topic.ts";

/** A topic that nobody publishes to. */
export class DeadLetterTopic extends BusTopic {
  override publish(_event: Draft): Promise<Receipt> {
    return Promise.reject(this.#refusal());
  }

  override tryPublish(_event: Draft): boolean {
    throw this.#refusal();
  }

  override ask(): Promise<Receipt> {
    return Promise.reject(this.#refusal());
  }

  override get destination(): never {
    throw this.#refusal();
  }

  override producer(_id: string): TopicProducer {
    throw this.#refusal();
  }

  #refusal(): RangeError {
    return new RangeError(
      `Cannot publish to "${this.name}": dead letters are what its topic could not handle`,
    );
  }
}
