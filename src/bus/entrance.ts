/**
 * Where events enter a topic: checked, placed, let in, made to wait, or turned away.
 */

import { BufferFullError, LimitExceededError } from "../errors.ts";
import type { Draft, NovaEvent } from "../event/event.ts";
import { admitEvent } from "../event/make.ts";
import { checkName } from "../event/validate.ts";
import { integerOption, requireOptions, requireSignal, show } from "../internal/check.ts";
import type { Env } from "../internal/env.ts";
import { WaitingLine } from "../queue/waiting_line.ts";
import type { ProduceOptions, PublishOptions, Receipt, TopicStats } from "./api.ts";
import { Dedupe } from "./dedupe.ts";
import type { Guard, Token } from "./guard.ts";
import type { Partition } from "./partition.ts";
import type { Placing } from "./placing.ts";
import { Producer } from "./producer.ts";
import type { TopicSettings } from "./settings.ts";

/** Producers of one topic; each costs a count for each partition. */
const MAX_PRODUCERS = 10_000;

/** What an entrance is made of. */
export interface EntranceOptions {
  readonly topic: string;
  readonly settings: TopicSettings;
  readonly partitions: readonly Partition[];
  readonly placing: Placing;
  readonly env: Env;
}

/** An event on its way in, with the hash that places it. */
interface Entrant {
  readonly event: NovaEvent;
  readonly hash: number;
  /** Knows whether it entered before, by the token. */
  readonly guard: Guard | undefined;
  readonly token: Token;
}

/** What an entrance counts of a topic. */
export type EntranceStats = Omit<TopicStats, "name" | "bufferSize" | "keyed" | "subscriptions">;

/** The publishers' side of a topic. */
export class Entrance {
  readonly #topic: string;
  readonly #settings: TopicSettings;
  readonly #partitions: readonly Partition[];
  readonly #placing: Placing;
  readonly #env: Env;
  readonly #lines: readonly WaitingLine<Entrant, Receipt>[];
  /** Partitions whose waiting publishers are about to be let in. */
  readonly #lettingIn = new Set<number>();
  readonly #dedupe: Dedupe | undefined;
  readonly #producers = new Map<string, Producer>();
  /** Runs while somebody waits for the memory of `dedupe`. */
  #remembering: Disposable | undefined;
  /** Makes the error that every publisher gets once the topic takes nothing more. */
  #refusal: (() => Error) | undefined;
  #accepted = 0;
  #rejected = 0;
  #dropped = 0;
  #duplicates = 0;

  constructor({ topic, settings, partitions, placing, env }: EntranceOptions) {
    const { bufferSize, waitMs } = settings;
    this.#topic = topic;
    this.#settings = settings;
    this.#partitions = partitions;
    this.#placing = placing;
    this.#env = env;
    this.#dedupe = settings.dedupe &&
      new Dedupe({ topic, settings: settings.dedupe, partitions, placing, env });
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
      const token = this.#dedupe?.tokenOf(event, admitted);
      const guard = token === undefined ? undefined : this.#dedupe;
      return this.#admit({ event: admitted, hash, guard, token }, options?.signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  tryPublish(event: Draft): boolean {
    const admitted = admitEvent(event, this.#env);
    const hash = this.#placing.hashOf(admitted);
    if (this.#refusal !== undefined) this.#refuse(this.#refusal);
    const token = this.#dedupe?.tokenOf(event, admitted);
    const entered = token === undefined
      ? this.#add(admitted, hash)
      : this.#pass(admitted, hash, this.#dedupe!, token, false) !== undefined;
    return entered || this.#lose();
  }

  /** Publishes an event of a producer, with its number if it gives one. */
  produce(producer: Producer, event: Draft, options?: ProduceOptions): Promise<Receipt> {
    try {
      requireOptions("a publish", options);
      const token = checkNumber(options?.sequence);
      const admitted = admitEvent(event, this.#env);
      const hash = this.#placing.hashAtHome(admitted, producer.home);
      if (this.#refusal !== undefined) this.#refuse(this.#refusal);
      if (options?.signal !== undefined) this.#refuseAborted(options.signal);
      return this.#admit({ event: admitted, hash, guard: producer, token }, options?.signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  tryProduce(producer: Producer, event: Draft, sequence?: number): boolean {
    const token = checkNumber(sequence);
    const admitted = admitEvent(event, this.#env);
    const hash = this.#placing.hashAtHome(admitted, producer.home);
    if (this.#refusal !== undefined) this.#refuse(this.#refusal);
    return this.#pass(admitted, hash, producer, token, false) !== undefined || this.#lose();
  }

  /** The producer of an id; the same one for the same id. */
  producer(id: string): Producer {
    checkName("producer", id);
    const known = this.#producers.get(id);
    if (known !== undefined) return known;
    if (this.#producers.size >= MAX_PRODUCERS) {
      throw new LimitExceededError(
        "producers",
        MAX_PRODUCERS,
        `Cannot make producer ${show(id)} as topic "${this.#topic}" has ${MAX_PRODUCERS} already`,
      );
    }
    const producer = new Producer(this.#topic, this, this.#partitions.length, id);
    this.#producers.set(id, producer);
    return producer;
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
    this.#remembering?.[Symbol.dispose]();
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
    const duplicates = this.#duplicates;
    const waiting = this.#lines.reduce((sum, line) => sum + line.length, 0);
    const rejected = this.#lines.reduce((sum, line) => sum + line.refused, this.#rejected);
    return {
      attempts: accepted + duplicates + rejected + dropped + waiting,
      accepted,
      duplicates,
      rejected,
      dropped,
      waiting,
      queued: this.#partitions.reduce((sum, partition) => sum + partition.queued, 0),
      ...(this.#dedupe === undefined ? {} : { dedupe: this.#dedupe.stats() }),
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

  /** Lets an event in, or does with it what the policy says. */
  #admit(entrant: Entrant, signal: AbortSignal | undefined): Promise<Receipt> {
    const { event, hash, guard, token } = entrant;
    if (guard === undefined) {
      if (this.#add(event, hash)) return Promise.resolve(this.#receipt(event, hash));
    } else {
      const receipt = this.#pass(event, hash, guard, token, false);
      if (receipt !== undefined) return Promise.resolve(receipt);
    }
    return this.#onFull(entrant, signal);
  }

  /** The way past a guard: the receipt of now, or of the first time; undefined when there is no room. */
  #pass(
    event: NovaEvent,
    hash: number,
    guard: Guard,
    token: Token,
    waited: boolean,
  ): Receipt | undefined {
    const partition = hash % this.#partitions.length;
    try {
      const first = guard.find(token, event, partition);
      if (first !== undefined) {
        this.#duplicates += 1;
        return first;
      }
      if (!waited && this.#lines[partition]!.length > 0) return undefined;
      if (!guard.admits(token, partition) || !this.enter(partition, event, hash)) return undefined;
    } catch (error) {
      this.#rejected += 1;
      throw error;
    }
    const place = this.#partitions[partition]!.tail - 1;
    guard.remember(token, event, { partition, place, sequence: this.#accepted });
    return this.#receipt(event, hash);
  }

  /** The receipt of the event that entered last. */
  #receipt({ id }: NovaEvent, hash: number): Receipt {
    const partition = hash % this.#partitions.length;
    return { id, partition, sequence: this.#accepted, duplicate: false, dropped: false };
  }

  /** Counts an event that found no room and does not wait. */
  #lose(): false {
    if (this.#settings.overflow === "drop-newest") this.#dropped += 1;
    else this.#rejected += 1;
    return false;
  }

  #onFull(entrant: Entrant, signal: AbortSignal | undefined): Promise<Receipt> {
    const { overflow } = this.#settings;
    const partition = entrant.hash % this.#partitions.length;
    if (overflow === "wait") {
      const admission = this.#lines[partition]!.join(entrant, signal);
      this.#watchMemory();
      return admission;
    }
    if (overflow === "reject") {
      this.#rejected += 1;
      return Promise.reject(this.#fullError(entrant));
    }
    this.#dropped += 1;
    return Promise.resolve({
      id: entrant.event.id,
      partition,
      sequence: 0,
      duplicate: false,
      dropped: true,
    });
  }

  #fullError({ guard }: Entrant): BufferFullError {
    const { bufferSize, dedupe } = this.#settings;
    const what = `topic "${this.#topic}"`;
    if (guard === undefined || guard !== this.#dedupe || !this.#dedupe.full) {
      return new BufferFullError(what, bufferSize);
    }
    return new BufferFullError(`the memory of ${what}`, dedupe!.maxIds);
  }

  #letIn(index: number): void {
    this.#lines[index]!.admit(({ event, hash, guard, token }) => {
      if (guard === undefined) {
        return this.enter(index, event, hash) ? this.#receipt(event, hash) : undefined;
      }
      try {
        return this.#pass(event, hash, guard, token, true);
      } catch (error) {
        return Promise.reject(error);
      }
    });
    this.#watchMemory();
  }

  /** Whoever waits for the memory of `dedupe` is let in when the oldest event is forgotten. */
  #watchMemory(): void {
    if (this.#dedupe?.full !== true || this.#remembering !== undefined) return;
    const { expiresIn } = this.#dedupe;
    // Otherwise nobody who waits now still waits then.
    if (expiresIn > this.#settings.waitMs || this.#lines.every(({ length }) => length === 0)) {
      return;
    }
    this.#remembering = this.#env.setTimer(() => {
      this.#remembering = undefined;
      for (const index of this.#lines.keys()) this.#letIn(index);
    }, expiresIn);
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

/** The number of an event, if it has one. */
function checkNumber(sequence: number | undefined): number | undefined {
  return sequence === undefined ? undefined : integerOption("sequence", sequence, 1);
}
