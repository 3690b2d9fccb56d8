/**
 * What a listener sees of its attempt.
 */

import type { Draft, NovaEvent } from "../event/event.ts";
import type { Subscription } from "../event/listener.ts";
import { byteLength, MAX_NAME_BYTES } from "../event/validate.ts";
import { hashString } from "../internal/hash.ts";
import type { Pausable } from "../internal/postpone.ts";
import type { Effect, TopicContext } from "./context_api.ts";
import type { Partition } from "./partition.ts";
import { type Outlets, Staged } from "./staged.ts";

/** What a context asks of its subscription. */
export interface ContextOwner {
  /** Whose handler is called. */
  readonly seat: Subscription;
  /** How long an attempt may take, in milliseconds. */
  readonly deadlineMs: number;
  /** Names topic and subscription in what is recognised elsewhere. */
  readonly scope: string;
  /** Makes what a handler staged happen in a store, if the topic lives in one. */
  readonly commits:
    | ((staged: Staged, event: NovaEvent, partition: Partition) => Promise<void>)
    | undefined;
  stopSignal(): AbortSignal;
  /** The name of its topic. */
  readonly topic: string;
  /** Where what handlers stage goes. */
  readonly outlets: Outlets;
}

/** Who hands events out. */
export interface Giver {
  /** The event whose handler is being called. */
  readonly current: NovaEvent | undefined;
  /** Where it has them from. */
  readonly partition: Partition;
}

/**
 * The context of an attempt. As long as handlers are synchronous and stage nothing, one serves all
 * first attempts; a handler that returns a promise keeps its own. It has getters only, so that nobody
 * can change it: freezing each would cost as much as all else that is kept of an asynchronous delivery.
 */
export class AttemptContext implements TopicContext, Pausable {
  readonly #attempt: number;
  readonly #owner: ContextOwner;
  readonly #giver: Giver;
  #seat: Subscription | undefined;
  /** The event of one that is kept. */
  #event: NovaEvent | undefined;
  #staged: Staged | undefined;
  #isOver = false;
  #controller: AbortController | undefined;
  #pause: { readonly error: unknown; readonly afterMs: number } | undefined;

  constructor(owner: ContextOwner, giver: Giver, attempt: number) {
    this.#attempt = attempt;
    this.#owner = owner;
    this.#giver = giver;
  }

  get attempt(): number {
    return this.#attempt;
  }

  get subscription(): Subscription {
    return this.#seat ?? this.#owner.seat;
  }

  get idempotencyKey(): string {
    return `${this.#owner.scope}/${this.#eventNow().id}`;
  }

  get effect(): (effect: Effect) => void {
    return (effect) => this.stage().effect(effect);
  }

  get publish(): (topic: unknown, event: Draft) => void {
    return (topic, event) => {
      const staged = this.stage();
      staged.publish(this.#owner.outlets.destination(topic), event, this.#idOf(staged.size + 1));
    };
  }

  get reply(): (data: unknown) => void {
    return (data) => {
      const event = this.#eventNow();
      const { topic, outlets } = this.#owner;
      this.stage().reply(() => outlets.answer(topic, event, data));
    };
  }

  /** From now on it is that of one attempt only. */
  keep(event: NovaEvent): void {
    this.#event = event;
    this.#seat = this.#owner.seat;
  }

  /** Whether something is to happen with the acknowledgement. */
  get hasStaged(): boolean {
    return this.#staged !== undefined;
  }

  /** The attempt is over: what it staged, and nothing more from now on. */
  finish(): Staged | undefined {
    const staged = this.#staged;
    this.#isOver = true;
    this.#staged = undefined;
    return staged;
  }

  /** Whether nothing more can be staged. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Without a deadline all attempts share one; else each has its own, made when it is asked for. */
  get signal(): AbortSignal {
    if (this.#owner.deadlineMs === Infinity) return this.#owner.stopSignal();
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  /** The attempt is about to fail with this error, and was none: see {@linkcode takePause}. */
  postpone(error: unknown, afterMs: number): void {
    this.#pause = { error, afterMs };
  }

  /** After how many milliseconds to deliver the event again, if its failure was no attempt. */
  takePause(error: unknown): number | undefined {
    const pause = this.#pause;
    this.#pause = undefined;
    return pause !== undefined && Object.is(pause.error, error) ? pause.afterMs : undefined;
  }

  /** Nobody waits for the attempt any more. */
  abort(reason: unknown): void {
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
  }

  /** The unit of the attempt: from now on there is one. */
  stage(): Staged {
    this.#eventNow();
    if (this.#isOver) throw overdue();
    return this.#staged ??= new Staged();
  }

  #eventNow(): NovaEvent {
    const event = this.#event ?? this.#giver.current;
    if (event === undefined) throw overdue();
    return event;
  }

  /** An id for the n-th event that is published from here, if there is one that is short enough. */
  #idOf(n: number): string | undefined {
    const id = `${this.#eventNow().id}~${hashString(this.#owner.scope).toString(36)}.${n}`;
    return byteLength(id) <= MAX_NAME_BYTES ? id : undefined;
  }
}

function overdue(): TypeError {
  return new TypeError("Cannot use the context of a handler as its attempt is over");
}
