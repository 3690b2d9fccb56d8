/**
 * A topic: where events enter, get their partition, and meet their subscriptions.
 */

import { BufferFullError, ClosedError, ValidationError } from "../errors.ts";
import type { Draft, NovaEvent } from "../event/event.ts";
import type { Listener } from "../event/listener.ts";
import { admitEvent } from "../event/make.ts";
import { checkType } from "../event/validate.ts";
import {
  integerOption,
  requireFunction,
  requireOptions,
  requireSignal,
  show,
  wordOption,
} from "../internal/check.ts";
import type { Env } from "../internal/env.ts";
import { KeyHasher } from "../internal/hash.ts";
import { totalRetry } from "../listener/backoff.ts";
import type { DelayQueue } from "../queue/delay_queue.ts";
import { WaitingLine } from "../queue/waiting_line.ts";
import type { Cursor, Job } from "./cursor.ts";
import type {
  PublishOptions,
  Receipt,
  SubscribeOptions,
  Topic,
  TopicStats,
  TopicSubscription,
} from "./api.ts";
import { Partition } from "./partition.ts";
import type { TopicSettings } from "./settings.ts";
import { Subscriber, type SubscriptionOwner } from "./subscription.ts";

/** What a topic asks of its bus. */
export interface TopicOwner {
  readonly env: Env;
  readonly delays: DelayQueue<Job>;
  /** How often the bus was told to close. */
  readonly closeCalls: number;
  stopSignal(): AbortSignal;
  /** Something finished: closing may be done. */
  progressed(): void;
  /** Writes a dead letter; false when their topic is full. */
  bury(
    topic: string,
    subscription: string,
    event: NovaEvent,
    error: unknown,
    attempts: number,
  ): boolean;
}

/** An event that waits for room, with the hash that places it. */
interface Waiting {
  readonly event: NovaEvent;
  readonly hash: number;
}

/** The topic behind the handle. */
export class BusTopic implements Topic<Record<string, unknown>> {
  readonly name: string;
  readonly #owner: TopicOwner;
  readonly #settings: TopicSettings;
  readonly #partitions: readonly Partition[];
  readonly #lines: readonly WaitingLine<Waiting, Receipt>[];
  readonly #hasher: KeyHasher | undefined;
  readonly #subscribers = new Set<Subscriber>();
  /** Those that ended while a handler ran, or while the bus closes: closing waits and counts them. */
  readonly #leaving = new Set<Subscriber>();
  /** What subscriptions may ask of their topic. */
  readonly #parts: SubscriptionOwner;
  /** Partitions whose waiting publishers are about to be let in. */
  readonly #lettingIn = new Set<number>();
  #accepted = 0;
  #rejected = 0;
  #dropped = 0;
  #turn = 0;
  #unnamed = 0;

  constructor(owner: TopicOwner, name: string, settings: TopicSettings, retain: boolean) {
    const { env } = owner;
    const { bufferSize, waitMs, key } = settings;
    this.name = name;
    this.#owner = owner;
    this.#settings = settings;
    this.#hasher = key === undefined ? undefined : new KeyHasher();
    this.#partitions = Array.from({ length: settings.partitions }, (_, index) =>
      new Partition({
        index,
        bufferSize,
        keyed: key !== undefined,
        retain,
        env,
        progressed: this.#progressed,
      }));
    const timedOut = () => new BufferFullError(`topic "${name}"`, bufferSize, waitMs);
    this.#lines = this.#partitions.map(() => new WaitingLine(env, waitMs, timedOut));
    this.#parts = {
      partitions: this.#partitions,
      keyed: key !== undefined,
      maxHeld: settings.maxHeld,
      delays: owner.delays,
      get closeCalls() {
        return owner.closeCalls;
      },
      random: () => env.random(),
      stopSignal: () => owner.stopSignal(),
      bury: (subscription, event, error, attempts) =>
        owner.bury(name, subscription, event, error, attempts),
      removed: (subscriber) => {
        this.#subscribers.delete(subscriber);
        if (subscriber.running || owner.closeCalls > 0) this.#leaving.add(subscriber);
      },
      settledLate: (subscriber) => {
        if (!subscriber.running && owner.closeCalls === 0) this.#leaving.delete(subscriber);
      },
    };
  }

  publish(event: Draft, options?: PublishOptions): Promise<Receipt> {
    try {
      requireOptions("a publish", options);
      const admitted = admitEvent(event, this.#owner.env);
      const hash = this.#place(admitted);
      if (this.#owner.closeCalls > 0) this.#refuseClosed();
      if (options?.signal !== undefined) this.#refuseAborted(options.signal);
      if (this.#add(admitted, hash)) return Promise.resolve(this.#receipt(admitted, hash));
      return this.#onFull(admitted, hash, options?.signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  tryPublish(event: Draft): boolean {
    const admitted = admitEvent(event, this.#owner.env);
    const hash = this.#place(admitted);
    if (this.#owner.closeCalls > 0) this.#refuseClosed();
    if (this.#add(admitted, hash)) return true;
    if (this.#settings.overflow === "drop-newest") this.#dropped += 1;
    else this.#rejected += 1;
    return false;
  }

  publishBatch(
    events: readonly Draft[],
    options?: PublishOptions,
  ): Promise<PromiseSettledResult<Receipt>[]> {
    if (!Array.isArray(events)) {
      const message = `Cannot publish ${show(events)} as a batch: it must be an array of events`;
      return Promise.reject(new TypeError(message));
    }
    return Promise.allSettled(Array.from(events, (event) => this.publish(event, options)));
  }

  subscribe(listener: Listener<NovaEvent>, options: SubscribeOptions = {}): TopicSubscription {
    requireFunction("a listener", listener);
    requireOptions("a subscription", options);
    requireOptions("a subscription's retry", options.retry);
    this.#requireOpen();
    const { maxConcurrency, retry } = this.#settings;
    const { signal } = options;
    requireSignal(signal);
    const subscriber = new Subscriber(this.#parts, listener, {
      id: options.id ?? (listener.name || `${this.name}#${++this.#unnamed}`),
      from: wordOption("from", options.from, ["latest", "earliest"], "latest"),
      maxConcurrency: integerOption("maxConcurrency", options.maxConcurrency, maxConcurrency),
      retry: totalRetry(options.retry, retry),
    });
    this.#subscribers.add(subscriber);
    if (signal !== undefined) {
      subscriber.endsWith(this.#owner.env.onAbort(signal, () => subscriber.unsubscribe()));
    }
    return subscriber;
  }

  on(type: string, listener: Listener<never>, options: SubscribeOptions = {}): TopicSubscription {
    checkType(type);
    requireFunction("a listener", listener);
    requireOptions("a subscription", options);
    return this.subscribe(
      (event, context) => event.type === type ? listener(event as never, context) : undefined,
      { ...options, id: options.id ?? (listener.name || `${type}#${++this.#unnamed}`) },
    );
  }

  stats(): TopicStats {
    const waiting = this.#lines.reduce((sum, line) => sum + line.length, 0);
    const rejected = this.#lines.reduce((sum, line) => sum + line.refused, this.#rejected);
    return {
      name: this.name,
      attempts: this.#accepted + rejected + this.#dropped + waiting,
      accepted: this.#accepted,
      rejected,
      dropped: this.#dropped,
      waiting,
      queued: this.#partitions.reduce((sum, partition) => sum + partition.queued, 0),
      subscriptions: [...this.#subscribers].map((subscriber) => subscriber.stats()),
    };
  }

  /** Whether closing has nothing to wait for here. */
  get idle(): boolean {
    return this.#cursors().every((cursor) => cursor.idle);
  }

  /** Events that were handled, or went to the dead letters, over all subscriptions. */
  get finished(): number {
    return this.#cursors().reduce(
      (sum, { counts }) => sum + counts.succeeded + counts.deadLettered,
      0,
    );
  }

  /** Takes a dead letter, also while the bus closes. */
  enterDeadLetter(letter: NovaEvent): boolean {
    return this.#enter(0, letter, 0);
  }

  /** Sends the waiting publishers away. */
  refuseWaiting(): void {
    for (const line of this.#lines) line.refuseAll(this.#closedError());
  }

  /** Ends every subscription; answers how many deliveries were left. */
  end(): number {
    let left = 0;
    for (const { inFlight, exempt, queued, held } of this.#cursors()) {
      left += inFlight - exempt + queued + held;
    }
    for (const subscriber of this.#subscribers) subscriber.unsubscribe();
    return left;
  }

  /** The cursors of all subscriptions, also of those that are leaving. */
  #cursors(): Cursor[] {
    return [...this.#subscribers, ...this.#leaving].flatMap((subscriber) => subscriber.cursors);
  }

  /**
   * The hash that decides on partition and lane. Without a key an event belongs nowhere in particular:
   * partitions, and lanes within them, take turns.
   */
  #place(event: NovaEvent): number {
    if (this.#hasher === undefined) return this.#turn++;
    let key: unknown;
    try {
      key = this.#settings.key!(event as never);
    } catch (cause) {
      const message = `Cannot publish to "${this.name}" as its key function threw`;
      throw new ValidationError("key", event, message, { cause });
    }
    if (typeof key === "string" || Number.isSafeInteger(key)) {
      return this.#hasher.hash(key as string | number);
    }
    if (key === undefined) return this.#turn++;
    throw new ValidationError(
      "key",
      key,
      `Cannot publish to "${this.name}" as its key function answered ${show(key)}: ` +
        "a key is a string, a safe integer or undefined",
    );
  }

  #add(event: NovaEvent, hash: number): boolean {
    const partition = hash % this.#partitions.length;
    // Nobody overtakes a publisher that waits.
    if (this.#lines[partition]!.length > 0) return false;
    return this.#enter(partition, event, hash);
  }

  #enter(partition: number, event: NovaEvent, hash: number): boolean {
    if (!this.#partitions[partition]!.add(event, hash)) return false;
    this.#accepted += 1;
    return true;
  }

  /** The receipt of the event that entered last. */
  #receipt({ id }: NovaEvent, hash: number): Receipt {
    const partition = hash % this.#partitions.length;
    return { id, partition, sequence: this.#accepted, duplicate: false, dropped: false };
  }

  #onFull(event: NovaEvent, hash: number, signal: AbortSignal | undefined): Promise<Receipt> {
    const { overflow, bufferSize } = this.#settings;
    const partition = hash % this.#partitions.length;
    if (overflow === "wait") return this.#lines[partition]!.join({ event, hash }, signal);
    if (overflow === "reject") {
      this.#rejected += 1;
      return Promise.reject(new BufferFullError(`topic "${this.name}"`, bufferSize));
    }
    this.#dropped += 1;
    return Promise.resolve({
      id: event.id,
      partition,
      sequence: 0,
      duplicate: false,
      dropped: true,
    });
  }

  readonly #progressed = (partition: Partition): void => {
    if (this.#lines[partition.index]!.length > 0) this.#makeRoomKnown(partition);
    this.#owner.progressed();
  };

  /**
   * Publishers that wait are let in by the batch: now if half of the partition is free, else behind
   * what runs in this turn. One at a time each would cost a turn of its own.
   */
  #makeRoomKnown(partition: Partition): void {
    if (partition.queued * 2 <= this.#settings.bufferSize) this.#letIn(partition.index);
    else if (!this.#lettingIn.has(partition.index)) {
      this.#lettingIn.add(partition.index);
      this.#owner.env.defer(() => {
        this.#lettingIn.delete(partition.index);
        this.#letIn(partition.index);
      });
    }
  }

  #letIn(index: number): void {
    this.#lines[index]!.admit(({ event, hash }) =>
      this.#enter(index, event, hash) ? this.#receipt(event, hash) : undefined
    );
  }

  #refuseClosed(): never {
    this.#rejected += 1;
    throw this.#closedError();
  }

  #refuseAborted(signal: AbortSignal): void {
    requireSignal(signal);
    if (signal.aborted) this.#rejected += 1;
    signal.throwIfAborted();
  }

  #requireOpen(): void {
    if (this.#owner.closeCalls > 0) throw this.#closedError();
  }

  #closedError(): ClosedError {
    return new ClosedError(`topic "${this.name}"`);
  }
}
