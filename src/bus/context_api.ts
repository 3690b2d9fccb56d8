/**
 * What handlers of a topic get beside their event.
 */

import type { DraftOf, EventMap, NovaEvent } from "../event/event.ts";
import type { ListenerContext } from "../event/listener.ts";
import type { Topic } from "./api.ts";

/**
 * A write of a handler that happens together with the acknowledgement. `tx` is what the store of the
 * bus writes with; without a store it is undefined, and an effect may not be asynchronous.
 */
export type Effect = (tx: never) => void | Promise<void>;

/**
 * What a handler of a topic may know and do beside its event. What it registers here happens when it
 * has returned, or its promise has resolved, together with the acknowledgement; nothing of it happens
 * when it fails. The functions may be taken out of the object.
 */
export interface TopicContext extends ListenerContext {
  /**
   * The same for every attempt of this subscription at this event: give it to others, so that they can
   * recognise what they did already.
   */
  readonly idempotencyKey: string;

  /**
   * Registers a write. Those of one handler run in order, in one unit, once it has succeeded.
   *
   * @throws {TypeError} If it is no function, or the attempt is over.
   */
  effect(effect: Effect): void;

  /**
   * Publishes an event, to a handle or a name of a topic, once the handler has succeeded. It enters past
   * `bufferSize`, up to twice that, so that a full topic never waits for its own handlers. Without an id
   * it gets one that is the same at every attempt.
   *
   * @throws {ValidationError} If the event is not valid.
   * @throws {TopicNotFoundError} If there is no such topic.
   * @throws {TypeError} If the attempt is over.
   */
  publish<Events extends EventMap>(topic: Topic<Events> | string, event: DraftOf<Events>): void;

  /**
   * Answers {@linkcode Bus.request} with an event of type `reply`, once the handler has succeeded. The
   * first answer counts; without a request it goes nowhere.
   *
   * @throws {TypeError} If the attempt is over.
   */
  reply(data: unknown): void;
}

/** Handles an event of a topic. Returning acknowledges it; throwing or rejecting fails the attempt. */
export type TopicListener<Event extends NovaEvent = NovaEvent> = (
  event: Event,
  context: TopicContext,
) => void | Promise<void>;
