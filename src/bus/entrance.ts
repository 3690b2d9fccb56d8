/**
 * Where events enter a topic: checked, placed, let in, made to wait, or turned away.
 */

import { BufferFullError } from "../errors.ts";
import type { Draft, NovaEvent } from "../event/event.ts";
import { admitEvent } from "../event/make.ts";
import { requireOptions, requireSignal, show } from "../internal/check.ts";
import type { Env } from "../internal/env.ts";
import { WaitingLine } from "../queue/waiting_line.ts";
import type { PublishOptions, Receipt, TopicStats } from "./api.ts";
import type { DurablePart } from "./durable/part.ts";
import type { Partition } from "./partition.ts";
import type { Placing } from "./placing.ts";
import type { TopicSettings } from "./settings.ts";

/** What an entrance is made of. */
export interface EntranceOptions {
  readonly topic: string;
  readonly settings: TopicSettings;
  readonly partitions: readonly Partition[];
  readonly placing: Placing;
  /** Where events go instead, if the topic lives in a store. */
  readonly durable: DurablePart | undefined;
  readonly env: Env;
}

/** An event that waits for room, with the hash that places it. */
interface Waiting {
  readonly event: NovaEvent;
  readonly hash: number;
}

/** What an entrance counts of a topic. */
type EntranceStats = Omit<TopicStats, "name" | "bufferSize" | "keyed" | "subscriptions">;

/** The publishers' side of a topic. */
export class Entrance {
  readonly #topic: string;
  readonly #settings: TopicSettings;
  readonly #partitions: readonly Partition[];
  readonly #placing: Placing;
  readonly #durable: DurablePart | undefined;
  readonly #env: Env;
  readonly #lines: readonly WaitingLine<Waiting, Receipt>[];
  /** Partitions whose waiting publishers are about to be let in. */
  readonly #lettingIn = new Set<number>();
  /** Makes the error that every publisher gets once the topic takes nothing more. */
  #refusal: (() => Error) | undefined;
  #accepted = 0;
  #rejected = 0;
  #dropped = 0;

  constructor({ topic, settings, partitions, placing, durable, env }: EntranceOptions) {
    const { bufferSize, waitMs } = settings;
    this.#topic = topic;
    this.#settings = settings;
    this.#partitions = partitions;
    this.#placing = placing;
    this.#durable = durable;
    this.#env = env;
    const timedOut = () => new BufferFullError(`topic "${topic}"`, bufferSize, waitMs);
    this.#lines = partitions.map(() => new WaitingLine(env, waitMs, timedOut));
  }

  publish(event: Draft, options?: PublishOptions): Promise<Receipt> {
    try {
      requireOptions("a publish", options);
      const admitted = admitEvent(event, this.#env);
      const durable = this.#durable;
      const hash = durable?.partitionFor(admitted) ?? this.#placing.hashOf(admitted);
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
    if (this.#durable !== undefined) throw this.#durable.log.unsupported("publish at once to");
    const admitted = admitEvent(event, this.#env);
    const hash = this.#placing.hashOf(admitted);
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

  /** Takes an event without asking whether the topic is closed; false when there is no room. */
  enter(partition: number, event: NovaEvent, hash: number): boolean {
    if (!this.#partitions[partition]!.add(event, hash)) return false;
    this.#accepted += 1;
    return true;
  }

  /** Takes nothing more, and sends the waiting publishers away. */
  shut(makeError: () => Error): void {
    this.#refusal = makeError;
    for (const line of this.#lines) if (line.length > 0) line.refuseAll(makeError());
  }

  /** Refuses who comes too late. */
  requireOpen(): void {
    if (this.#refusal !== undefined) throw this.#refusal();
  }

  /**
   * Room may have come free. Publishers that wait are let in by the batch: now if half of the partition
   * is free, else behind what runs in this turn. One at a time each would cost a turn of its own.
   */
  progressed(partition: Partition): void {
    const { index } = partition;
    if (this.#lines[index]!.length === 0) return;
    if (partition.queued * 2 <= this.#settings.bufferSize) this.#letIn(index);
    else if (!this.#lettingIn.has(index)) {
      this.#lettingIn.add(index);
      this.#env.defer(() => {
        this.#lettingIn.delete(index);
        this.#letIn(index);
      });
    }
  }

  /** The figures of now. */
  stats(): EntranceStats {
    const accepted = this.#accepted;
    const dropped = this.#dropped;
    const log = this.#durable?.log;
    const waiting = this.#lines.reduce((sum, line) => sum + line.length, log?.inFlight ?? 0);
    const rejected = this.#lines.reduce((sum, line) => sum + line.refused, this.#rejected);
    return {
      attempts: accepted + rejected + dropped + waiting,
      accepted,
      rejected,
      dropped,
      waiting,
      queued: log?.queued ?? this.#partitions.reduce((sum, { queued }) => sum + queued, 0),
      partitions: this.#partitions.map(({ tail, queued }, index) => ({
        accepted: tail,
        queued,
        waiting: this.#lines[index]!.length,
      })),
    };
  }

  #add(event: NovaEvent, hash: number): boolean {
    const partition = hash % this.#partitions.length;
    // Nobody overtakes a publisher that waits.
    if (this.#lines[partition]!.length > 0) return false;
    return this.enter(partition, event, hash);
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
      return Promise.reject(new BufferFullError(`topic "${this.#topic}"`, bufferSize));
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

  #letIn(index: number): void {
    const durable = this.#durable;
    this.#lines[index]!.admit(({ event, hash }) => {
      if (durable !== undefined) {
        return durable.log.hasRoom(index) ? this.#commit(durable, event, index) : undefined;
      }
      return this.enter(index, event, hash) ? this.#receipt(event, hash) : undefined;
    });
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
