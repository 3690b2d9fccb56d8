/**
 * A topic: where events enter, get their partition, and meet their subscriptions.
 */

import { BufferFullError, TopicNotFoundError, ValidationError } from "../errors.ts";
import type { Draft, NovaEvent } from "../event/event.ts";
import type { Listener } from "../event/listener.ts";
import { admitEvent } from "../event/make.ts";
import { checkType } from "../event/validate.ts";
import { nameOf, requireFunction, requireOptions, requireSignal, show } from "../internal/check.ts";
import { type Closable, type CloseResult, Closing } from "../internal/closing.ts";
import { type Env, RESOLVED } from "../internal/env.ts";
import { KeyHasher } from "../internal/hash.ts";
import type { DelayQueue } from "../queue/delay_queue.ts";
import { WaitingLine } from "../queue/waiting_line.ts";
import type { Cursor } from "./cursor.ts";
import type { CloseCalls, Failure, Job } from "./job.ts";
import type {
  Key,
  PublishOptions,
  Receipt,
  RedriveOptions,
  RedriveResult,
  SubscribeOptions,
  Topic,
  TopicStats,
  TopicSubscription,
} from "./api.ts";
import type { Durability } from "./durable/durability.ts";
import { DurablePart } from "./durable/part.ts";
import { Partition } from "./partition.ts";
import { redrive } from "./redrive.ts";
import { checkSubscribeOptions, type TopicSettings } from "./settings.ts";
import { Subscriber, type SubscriptionOwner } from "./subscription.ts";

/** What a topic asks of its bus. */
export interface TopicOwner {
  readonly env: Env;
  readonly delays: DelayQueue<Job>;
  readonly calls: CloseCalls;
  /** Where its events live, if not in memory alone. */
  readonly durability: Durability | undefined;
  stopSignal(): AbortSignal;
  /** Something finished: closing may be done. */
  progressed(): void;
  /** Writes a dead letter of a topic that keeps so many; false when there is no room. */
  bury(topic: string, maxEvents: number, failure: Failure): boolean;
  /** The dead-letter topic of a topic, made if it is not there. */
  deadLetters(topic: string, maxEvents: number): BusTopic;
  /** The dead letters of a topic, if it has any. */
  deadLettersOf(topic: string): BusTopic | undefined;
}

/** An event that waits for room, with the hash that places it. */
interface Waiting {
  readonly event: NovaEvent;
  readonly hash: number;
}

/** The topic behind the handle. */
export class BusTopic implements Topic<Record<string, unknown>>, Closable<number> {
  readonly name: string;
  /** Its side in the store, if it has one. */
  readonly durable: DurablePart | undefined;
  readonly #owner: TopicOwner;
  readonly #settings: TopicSettings;
  readonly #partitions: readonly Partition[];
  readonly #lines: readonly WaitingLine<Waiting, Receipt>[];
  readonly #hasher: KeyHasher | undefined;
  readonly #subscribers = new Set<Subscriber>();
  /** All of their cursors here, also of subscriptions that ended while a handler ran. */
  readonly #cursors = new Set<Cursor>();
  /** What subscriptions may ask of their topic. */
  readonly #parts: SubscriptionOwner;
  /** Partitions whose waiting publishers are about to be let in. */
  readonly #lettingIn = new Set<number>();
  /** Makes the error that everyone gets who publishes or subscribes, once it takes nothing more. */
  #refusal: (() => Error) | undefined;
  #deleting: Closing | undefined;
  #finishedBefore = 0;
  /** What cursors that are gone had finished. */
  #finishedGone = 0;
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
        maxHeld: settings.maxHeld,
        retain,
        env,
        progressed: this.#progressed,
      }));
    const timedOut = () => new BufferFullError(`topic "${name}"`, bufferSize, waitMs);
    this.#lines = this.#partitions.map(() => new WaitingLine(env, waitMs, timedOut));
    this.#parts = {
      partitions: this.#partitions,
      delays: owner.delays,
      calls: owner.calls,
      random: () => env.random(),
      stopSignal: () => owner.stopSignal(),
      keepsAccount: false,
      ready: RESOLVED,
      bury: (failure) => owner.bury(name, settings.deadLetters, failure),
      keyOf: (event) => this.#keyOf(event),
      hashOf: (event) => this.#place(event),
      redrive: (subscriber, options) => this.#redrive(subscriber, options),
      joined: (cursor) => this.#cursors.add(cursor),
      removed: (subscriber) => this.#removed(subscriber, this.#parts),
      settledLate: (cursor) => this.#forget(cursor),
    };
    if (owner.durability === undefined) return;
    this.durable = new DurablePart({
      name,
      owner,
      settings,
      hasher: this.#hasher,
      keyOf: (event) => this.#keyOf(event),
      parts: this.#parts,
      progressed: this.#progressed,
      removed: (subscriber, parts) => this.#removed(subscriber, parts),
      kept: retain ? this.#partitions[0] : undefined,
      keep: (letter) => this.enterDeadLetter(letter),
    }, owner.durability);
  }

  publish(event: Draft, options?: PublishOptions): Promise<Receipt> {
    try {
      requireOptions("a publish", options);
      const admitted = admitEvent(event, this.#owner.env);
      const { durable } = this;
      const hash = durable === undefined
        ? this.#place(admitted)
        : durable.partitionFor(this.#keyOf(admitted));
      if (this.#refusal !== undefined) this.#refuse(this.#refusal);
      if (options?.signal !== undefined) this.#refuseAborted(options.signal);
      if (durable !== undefined) return this.#append(durable, admitted, hash, options?.signal);
      if (this.#add(admitted, hash)) return Promise.resolve(this.#receipt(admitted, hash));
      return this.#onFull(admitted, hash, options?.signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  tryPublish(event: Draft): boolean {
    if (this.durable !== undefined) throw this.durable.log.unsupported("publish at once to");
    const admitted = admitEvent(event, this.#owner.env);
    const hash = this.#place(admitted);
    if (this.#refusal !== undefined) this.#refuse(this.#refusal);
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
    if (this.#refusal !== undefined) throw this.#refusal();
    const { signal } = options;
    this.#requireId(options);
    const checked = checkSubscribeOptions(options, this.#settings);
    const id = options.id ?? (nameOf(listener) || `${this.name}#${++this.#unnamed}`);
    const parts = this.durable?.join(() => subscriber, id, checked.from) ?? this.#parts;
    const subscriber: Subscriber = new Subscriber(parts, listener, { ...checked, id });
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
    this.#requireId(options);
    return this.subscribe(
      (event, context) => event.type === type ? listener(event as never, context) : undefined,
      { ...options, id: options.id ?? (listener.name || `${type}#${++this.#unnamed}`) },
    );
  }

  stats(): TopicStats {
    const log = this.durable?.log;
    const waiting = this.#lines.reduce((sum, line) => sum + line.length, log?.inFlight ?? 0);
    const rejected = this.#lines.reduce((sum, line) => sum + line.refused, this.#rejected);
    return {
      name: this.name,
      attempts: this.#accepted + rejected + this.#dropped + waiting,
      accepted: this.#accepted,
      rejected,
      dropped: this.#dropped,
      waiting,
      queued: this.#partitions.reduce((sum, partition) => sum + partition.queued, log?.queued ?? 0),
      bufferSize: this.#settings.bufferSize,
      keyed: this.#hasher !== undefined,
      partitions: this.#partitions.map(({ tail, queued }, index) => ({
        accepted: tail,
        queued,
        waiting: this.#lines[index]!.length,
      })),
      subscriptions: [...this.#subscribers].map((subscriber) => subscriber.stats()),
    };
  }

  /** Whether closing, or deleting, has nothing to wait for here. */
  isIdle(): boolean {
    for (const cursor of this.#cursors) if (!cursor.idle) return false;
    return this.durable?.log.idle ?? true;
  }

  /** Events that were handled, or went to the dead letters, over all subscriptions. */
  get finished(): number {
    let finished = this.#finishedGone;
    for (const cursor of this.#cursors) finished += cursor.finished;
    return finished;
  }

  /** Takes a dead letter, also while the bus closes. */
  enterDeadLetter(letter: NovaEvent): boolean {
    return this.#enter(0, letter, 0);
  }

  /** Takes nothing more, and sends the waiting publishers away. */
  shut(makeError: () => Error): void {
    this.#refusal = makeError;
    for (const line of this.#lines) if (line.length > 0) line.refuseAll(makeError());
  }

  /** Takes nothing more, and lets what was accepted finish. Its subscriptions stay active. */
  delete(signal: AbortSignal | undefined): Promise<CloseResult> {
    this.#deleting = new Closing(this, this.#owner.env, signal);
    this.#finishedBefore = this.finished;
    this.shut(() => new TopicNotFoundError(this.name));
    return this.#deleting.result;
  }

  /** Ends what is left of a topic that is being deleted. */
  end(): CloseResult {
    const left = this.#left();
    const completed = this.finished - this.#finishedBefore;
    for (const cursor of this.#cursors) {
      cursor.end();
      cursor.forgotten();
      this.#forget(cursor);
    }
    return { completed, left };
  }

  /** Ends every subscription; answers how many deliveries were left. */
  endSubscriptions(): number {
    const left = this.#left();
    for (const subscriber of this.#subscribers) subscriber.unsubscribe();
    return left;
  }

  /** Takes over the subscriptions of a deleted topic of the same name. */
  inherit(deleted: BusTopic): void {
    for (const subscriber of deleted.#subscribers) {
      this.#subscribers.add(subscriber);
      subscriber.attach(this.#parts);
    }
    deleted.#subscribers.clear();
  }

  /** Whether one of these subscriptions is already here. */
  hasMember(members: ReadonlySet<TopicSubscription>): boolean {
    for (const subscriber of this.#subscribers) if (members.has(subscriber)) return true;
    return false;
  }

  /** A durable place is kept under the id of its subscription: a name made up here would not do. */
  #requireId({ id }: SubscribeOptions): void {
    if (id !== undefined || this.durable === undefined) return;
    const message = `Cannot subscribe to "${this.name}" without an id: ` +
      "it is durable, and keeps the place of each subscription under its id";
    throw new TypeError(message);
  }

  #removed(subscriber: Subscriber, parts: SubscriptionOwner): void {
    this.#subscribers.delete(subscriber);
    for (const cursor of subscriber.cursorsIn(parts)) this.#forget(cursor);
  }

  #left(): number {
    let left = 0;
    for (const { inFlight, exempt, queued, held } of this.#cursors) {
      left += inFlight - exempt + queued + held;
    }
    return left;
  }

  /** Lets a cursor go that has ended, unless closing or deleting waits for it, or counts it. */
  #forget(cursor: Cursor): void {
    if (cursor.inFlight > 0 || this.#owner.calls.close > 0) return;
    if (this.#cursors.delete(cursor)) this.#finishedGone += cursor.finished;
  }

  /**
   * The hash that decides on partition and lane. Without a key an event belongs nowhere in particular:
   * partitions, and lanes within them, take turns.
   */
  #place(event: NovaEvent): number {
    if (this.#hasher === undefined) return this.#turn++;
    const key = this.#keyOf(event);
    return key === undefined ? this.#turn++ : this.#hasher.hash(key);
  }

  #keyOf(event: NovaEvent): Key {
    if (this.#settings.key === undefined) return undefined;
    let key: unknown;
    try {
      key = this.#settings.key(event as never);
    } catch (cause) {
      const message = `Cannot publish to "${this.name}" as its key function threw`;
      throw new ValidationError("key", event, message, { cause });
    }
    if (typeof key === "string" || key === undefined || Number.isSafeInteger(key)) {
      return key as Key;
    }
    throw new ValidationError(
      "key",
      key,
      `Cannot publish to "${this.name}" as its key function answered ${show(key)}: ` +
        "a key is a string, a safe integer or undefined",
    );
  }

  #redrive(subscriber: Subscriber, options: RedriveOptions): RedriveResult {
    const letters = this.#owner.deadLettersOf(this.name);
    const box = letters && (letters.durable?.letters ?? letters.#partitions[0]);
    const result = redrive(box, subscriber, options);
    if (result.redriven > 0 && options.dryRun !== true) {
      // There is room again for what could not become a dead letter.
      for (const cursor of this.#cursors) cursor.buryHeld();
    }
    return result;
  }

  #add(event: NovaEvent, hash: number): boolean {
    const partition = hash % this.#partitions.length;
    // Nobody overtakes a publisher that waits.
    if (this.#lines[partition]!.length > 0) return false;
    return this.#enter(partition, event, hash);
  }

  /** Appends an event to the log, if those who keep up with it have room. */
  #append(
    durable: DurablePart,
    event: NovaEvent,
    partition: number,
    signal: AbortSignal | undefined,
  ): Promise<Receipt> {
    // Nobody overtakes a publisher that waits.
    return this.#lines[partition]!.length === 0 && durable.log.hasRoom(partition)
      ? this.#commit(durable, event, partition, signal)
      : this.#onFull(event, partition, signal);
  }

  async #commit(
    { log }: DurablePart,
    event: NovaEvent,
    partition: number,
    signal?: AbortSignal,
  ): Promise<Receipt> {
    try {
      const receipt = await log.publish(event, partition, signal);
      if (!receipt.duplicate) this.#accepted += 1;
      return receipt;
    } catch (error) {
      this.#rejected += 1;
      throw error;
    }
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
    this.#deleting?.check();
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
    const { durable } = this;
    this.#lines[index]!.admit(({ event, hash }) => {
      if (durable !== undefined) {
        return durable.log.hasRoom(index) ? this.#commit(durable, event, index) : undefined;
      }
      return this.#enter(index, event, hash) ? this.#receipt(event, hash) : undefined;
    });
  }

  #refuse(makeError: () => Error): never {
    this.#rejected += 1;
    throw makeError();
  }

  #refuseAborted(signal: AbortSignal): void {
    requireSignal(signal);
    if (signal.aborted) this.#rejected += 1;
    signal.throwIfAborted();
  }
}
