/**
 * Where publishers come in: checked, placed, let in, made to wait, or turned away.
 */

import { BufferFullError } from "../errors.ts";
import { UnsupportedError } from "../errors/store.ts";
import type { Draft, NovaEvent } from "../event/event.ts";
import { integerOption, requireOptions, requireSignal } from "../internal/check.ts";
import type { Env } from "../internal/env.ts";
import { placeOf } from "../internal/hash.ts";
import { WaitingLine } from "../queue/waiting_line.ts";
import type { ProduceOptions, PublishOptions, Receipt, TopicStats } from "./api.ts";
import { Door, type DoorParts, type Entrant } from "./door.ts";
import { ownCopy } from "./expiries.ts";
import type { Guard, Token } from "./guard.ts";
import type { Partition } from "./partition.ts";
import type { Placing } from "./placing.ts";
import { type Producer, Producers } from "./producer.ts";
import { dueAtOf, ttlOf } from "./schedule.ts";
import { StageDoor } from "./stage_door.ts";
import type { Reading, TopicSettings } from "./settings.ts";

/** What an entrance counts of a topic. */
export type EntranceStats = Omit<TopicStats, "name" | "bufferSize" | "keyed" | "subscriptions">;

/** The publishers' side of a topic. */
export class Entrance {
  /** Where handlers publish to. */
  readonly destination: StageDoor;
  readonly #topic: string;
  readonly #settings: TopicSettings;
  readonly #partitions: readonly Partition[];
  readonly #placing: Placing;
  readonly #env: Env;
  readonly #door: Door;
  readonly #producers: Producers;
  readonly #lines: readonly WaitingLine<Entrant, Receipt>[];
  /** Partitions whose waiting publishers are about to be let in. */
  readonly #lettingIn = new Set<number>();
  /** Runs while somebody waits for the memory of `dedupe`. */
  #remembering: Disposable | undefined;
  /** Makes the error that every publisher gets once the topic takes nothing more. */
  #refusal: (() => Error) | undefined;
  #rejected = 0;
  #dropped = 0;

  constructor(parts: DoorParts) {
    const { topic, settings, partitions, placing, env } = parts;
    const { bufferSize, waitMs } = settings;
    this.#topic = topic;
    this.#settings = settings;
    this.#partitions = partitions;
    this.#placing = placing;
    this.#env = env;
    this.#door = new Door(parts);
    this.#producers = new Producers(topic, this, partitions.length);
    this.destination = new StageDoor(parts, this.#door);
    const timedOut = () => new BufferFullError(`topic "${topic}"`, bufferSize, waitMs);
    this.#lines = partitions.map(() => new WaitingLine(env, waitMs, timedOut));
    this.#door.onRoom = (partition) => this.progressed(partition);
  }

  /** `asked` learns of the event before anybody else does. */
  publish(
    event: Draft,
    options?: PublishOptions,
    asked?: (event: NovaEvent) => void,
  ): Promise<Receipt> {
    try {
      requireOptions("a publish", options);
      const admitted = this.#door.check(event);
      const hash = this.#placing.hashOf(admitted);
      if (this.#refusal !== undefined) this.#refuse(this.#refusal);
      const { dedupe } = this.#door;
      if (dedupe === undefined && options === undefined) {
        if (this.#add(admitted, hash)) return Promise.resolve(this.#door.receipt(admitted, hash));
        return this.#onFull({ event: admitted, hash, guard: undefined, token: undefined });
      }
      const token = dedupe?.tokenOf(event, admitted);
      const guard = token === undefined ? undefined : dedupe;
      return this.#admit(admitted, hash, guard, token, options, asked);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  tryPublish(event: Draft): boolean {
    const admitted = this.#door.check(event);
    const hash = this.#placing.hashOf(admitted);
    if (this.#refusal !== undefined) this.#refuse(this.#refusal);
    const { dedupe } = this.#door;
    if (dedupe === undefined) return this.#add(admitted, hash) || this.#lose();
    const token = dedupe.tokenOf(event, admitted);
    return token === undefined
      ? this.#add(admitted, hash) || this.#lose()
      : this.#tryPass(admitted, hash, dedupe, token);
  }

  /** Publishes an event of a producer, with its number if it gives one. */
  produce(producer: Producer, event: Draft, options?: ProduceOptions): Promise<Receipt> {
    try {
      requireOptions("a publish", options);
      const token = checkNumber(options?.sequence);
      const admitted = this.#door.check(event);
      const hash = this.#placing.hashAtHome(admitted, producer.home);
      if (this.#refusal !== undefined) this.#refuse(this.#refusal);
      return this.#admit(admitted, hash, producer, token, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  tryProduce(producer: Producer, event: Draft, sequence?: number): boolean {
    const admitted = this.#door.check(event);
    const hash = this.#placing.hashAtHome(admitted, producer.home);
    if (this.#refusal !== undefined) this.#refuse(this.#refusal);
    const index = placeOf(hash, this.#partitions.length);
    // A repeat, a gap, or no number at all: only those have to be looked into.
    if (!producer.isNext(sequence, index)) {
      return this.#tryPass(admitted, hash, producer, checkNumber(sequence));
    }
    if (!this.#add(admitted, hash)) return this.#lose();
    producer.count(index, admitted.id, this.#door.sequence);
    return true;
  }

  /** The producer of an id. */
  producer(id: string): Producer {
    return this.#producers.of(id);
  }

  /** Keeps a dead letter, also when the topic is closed; false when there is no room. */
  enter(index: number, event: NovaEvent, hash: number): boolean {
    return this.#door.enter(index, event, hash);
  }

  /** Events whose time has not come. */
  get delayed(): number {
    return this.#door.delayed;
  }

  /** From now on handlers cannot publish here either, and what is delayed is given up. */
  end(makeError: () => Error): void {
    this.destination.shut(makeError);
    this.#door.end();
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

  /** Refuses to begin at a sequence that no event has had, and that the next one will not have. */
  requireStart({ from, onLag }: Reading): void {
    if (onLag === "spill") {
      throw new UnsupportedError(
        `Cannot use "spill" as "onLag" as topic "${this.#topic}" has no store to read from`,
      );
    }
    if (typeof from !== "number" || from <= this.#door.sequence + 1) return;
    throw new RangeError(
      `Cannot use ${from} as "from" as topic "${this.#topic}" is at ${this.#door.sequence}: ` +
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
    const { accepted, delayed, duplicates } = this.#door;
    const dropped = this.#dropped;
    const waiting = this.#lines.reduce((sum, line) => sum + line.length, 0);
    const rejected = this.#lines.reduce((sum, line) => sum + line.refused, this.#rejected);
    return {
      attempts: accepted + duplicates + rejected + dropped + waiting,
      accepted,
      duplicates,
      rejected,
      dropped,
      waiting,
      delayed,
      queued: this.#partitions.reduce((sum, partition) => sum + partition.queued, 0),
      ...(this.#door.dedupe === undefined ? {} : { dedupe: this.#door.dedupe.stats() }),
      partitions: this.#partitions.map((partition, index) => ({
        ...partition.stats(),
        waiting: this.#lines[index]!.length,
      })),
    };
  }

  #add(event: NovaEvent, hash: number): boolean {
    const index = placeOf(hash, this.#partitions.length);
    // Nobody overtakes a publisher that waits.
    return this.#lines[index]!.length === 0 && this.#door.enter(index, event, hash);
  }

  /** Lets an event in, or does with it what the policy says. */
  #admit(
    event: NovaEvent,
    hash: number,
    guard: Guard | undefined,
    token: Token,
    options: PublishOptions = {},
    asked?: (event: NovaEvent) => void,
  ): Promise<Receipt> {
    const { signal } = options;
    const dueAt = dueAtOf(options, this.#env);
    const ttlMs = ttlOf(options);
    if (signal !== undefined) this.#refuseAborted(signal);
    const own = ttlMs === undefined ? event : ownCopy(event);
    const entrant: Entrant = { event: own, hash, guard, token, dueAt, ttlMs };
    asked?.(own);
    const receipt = this.#pass(entrant, this.#isNext(hash));
    return receipt === undefined ? this.#onFull(entrant, signal) : Promise.resolve(receipt);
  }

  #tryPass(event: NovaEvent, hash: number, guard: Guard, token: Token): boolean {
    try {
      return this.#door.pass(event, hash, guard, token, this.#isNext(hash)) !== undefined ||
        this.#lose();
    } catch (error) {
      this.#rejected += 1;
      throw error;
    }
  }

  #pass(entrant: Entrant, isNext: boolean): Receipt | undefined {
    try {
      return this.#door.admit(entrant, isNext);
    } catch (error) {
      this.#rejected += 1;
      throw error;
    }
  }

  /** Whether nobody waits who would be overtaken. */
  #isNext(hash: number): boolean {
    return this.#lines[placeOf(hash, this.#partitions.length)]!.length === 0;
  }

  /** Counts an event that found no room and does not wait. */
  #lose(): false {
    if (this.#settings.overflow === "drop-newest") this.#dropped += 1;
    else this.#rejected += 1;
    return false;
  }

  #onFull(entrant: Entrant, signal?: AbortSignal): Promise<Receipt> {
    const { overflow } = this.#settings;
    const partition = placeOf(entrant.hash, this.#partitions.length);
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
    const memory = this.#door.dedupe;
    if (memory === undefined || guard !== memory || !memory.full) {
      return new BufferFullError(what, bufferSize);
    }
    return new BufferFullError(`the memory of ${what}`, dedupe!.maxIds);
  }

  #letIn(index: number): void {
    this.#lines[index]!.admit((entrant) => {
      try {
        return this.#pass(entrant, true);
      } catch (error) {
        return Promise.reject(error);
      }
    });
    this.#watchMemory();
  }

  /** Whoever waits for the memory of `dedupe` is let in when the oldest event is forgotten. */
  #watchMemory(): void {
    const memory = this.#door.dedupe;
    if (memory?.full !== true || this.#remembering !== undefined) return;
    const { expiresIn } = memory;
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
