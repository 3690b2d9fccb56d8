/**
 * Where events enter a topic: checked, placed, let in, made to wait, or turned away.
 */

import { BufferFullError } from "../errors.ts";
import type { Draft, NovaEvent } from "../event/event.ts";
import { admitEvent } from "../event/make.ts";
import { requireOptions, requireSignal, show } from "../internal/check.ts";
import type { Env } from "../internal/env.ts";
import { WaitingLine } from "../queue/waiting_line.ts";
import type { From, PublishOptions, Receipt, TopicStats } from "./api.ts";
import type { Partition } from "./partition.ts";
import type { Placing } from "./placing.ts";
import type { TopicSettings } from "./settings.ts";

/** What an entrance is made of. */
export interface EntranceOptions {
  readonly topic: string;
  readonly settings: TopicSettings;
  readonly partitions: readonly Partition[];
  readonly placing: Placing;
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
  readonly #env: Env;
  readonly #lines: readonly WaitingLine<Waiting, Receipt>[];
  /** Partitions whose waiting publishers are about to be let in. */
  readonly #lettingIn = new Set<number>();
  /** Makes the error that every publisher gets once the topic takes nothing more. */
  #refusal: (() => Error) | undefined;
  #accepted = 0;
  #rejected = 0;
  #dropped = 0;

  constructor({ topic, settings, partitions, placing, env }: EntranceOptions) {
    const { bufferSize, waitMs } = settings;
    this.#topic = topic;
    this.#settings = settings;
    this.#partitions = partitions;
    this.#placing = placing;
    this.#env = env;
    const timedOut = () => new BufferFullError(`topic "${topic}"`, bufferSize, waitMs);
    this.#lines = partitions.map(() => new WaitingLine(env, waitMs, timedOut));
  }

  publish(event: Draft, options?: PublishOptions): Promise<Receipt> {
    try {
      requireOptions("a publish", options);
      const admitted = admitEvent(event, this.#env);
      const hash = this.#placing.hashOf(admitted);
      if (this.#refusal !== undefined) this.#refuse(this.#refusal);
      if (options?.signal !== undefined) this.#refuseAborted(options.signal);
      if (this.#add(admitted, hash)) return Promise.resolve(this.#receipt(admitted, hash));
      return this.#onFull(admitted, hash, options?.signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  tryPublish(event: Draft): boolean {
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
    if (!this.#partitions[partition]!.add(event, hash, this.#accepted + 1)) return false;
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

  /** Refuses to begin at a sequence that no event has had, and that the next one will not have. */
  requireReached(from: From): void {
    if (typeof from !== "number" || from <= this.#accepted + 1) return;
    throw new RangeError(
      `Cannot use ${from} as "from" as topic "${this.#topic}" is at ${this.#accepted}: ` +
        "it may belong to a topic that was deleted",
    );
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
    const waiting = this.#lines.reduce((sum, line) => sum + line.length, 0);
    const rejected = this.#lines.reduce((sum, line) => sum + line.refused, this.#rejected);
    return {
      attempts: accepted + rejected + dropped + waiting,
      accepted,
      rejected,
      dropped,
      waiting,
      queued: this.#partitions.reduce((sum, partition) => sum + partition.queued, 0),
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
    this.#lines[index]!.admit(({ event, hash }) =>
      this.enter(index, event, hash) ? this.#receipt(event, hash) : undefined
    );
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
