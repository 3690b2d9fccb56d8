/**
 * Where events enter a durable topic: into its log, if the subscriptions that keep up have room.
 */

import { BufferFullError } from "../../errors.ts";
import type { Draft, NovaEvent } from "../../event/event.ts";
import { isolate } from "../../event/isolation.ts";
import { admitEvent } from "../../event/make.ts";
import { requireOptions, requireSignal } from "../../internal/check.ts";
import type { Env } from "../../internal/env.ts";
import { WaitingLine } from "../../queue/waiting_line.ts";
import type { PublishOptions, Receipt } from "../api.ts";
import type { EntranceStats } from "../entrance.ts";
import { refuseNameless } from "../dedupe.ts";
import { isNameless } from "../stage_door.ts";
import type { Destination } from "../staged.ts";
import type { Partition } from "../partition.ts";
import type { Reading, TopicSettings } from "../settings.ts";
import type { DurablePart } from "./part.ts";

/** What a log entrance is made of. */
export interface LogEntranceOptions {
  readonly topic: string;
  readonly settings: TopicSettings;
  readonly durable: DurablePart;
  /** Where dead letters are kept in memory, if it is their topic. */
  readonly kept: Partition | undefined;
  readonly env: Env;
}

/** An event that waits for room in a partition. */
interface Entrant {
  readonly event: NovaEvent;
  readonly partition: number;
}

/** The publishers' side of a durable topic. */
export class LogEntrance {
  readonly #options: LogEntranceOptions;
  readonly #lines: readonly WaitingLine<Entrant, Receipt>[];
  /** Partitions whose waiting publishers are about to be let in. */
  readonly #lettingIn = new Set<number>();
  readonly #accepted: number[];
  readonly #destination: Destination & { shut(makeError: () => Error): void };
  #refusal: (() => Error) | undefined;
  /** The same for handlers, which may publish for longer. */
  #stageRefusal: (() => Error) | undefined;
  #rejected = 0;
  #dropped = 0;
  #duplicates = 0;

  constructor(options: LogEntranceOptions) {
    const { topic, env, settings: { partitions, bufferSize, waitMs } } = options;
    this.#options = options;
    const timedOut = (): Error => new BufferFullError(`topic "${topic}"`, bufferSize, waitMs);
    this.#lines = Array.from({ length: partitions }, () => new WaitingLine(env, waitMs, timedOut));
    this.#accepted = new Array<number>(partitions).fill(0);
    const { durable } = options;
    this.#destination = {
      log: durable.log,
      stage: (event, id) => {
        this.#requireStage();
        const draft = isNameless(event) && id !== undefined ? { ...event, id } : event;
        const admitted = admitEvent(draft, env);
        return { event: admitted, hash: durable.partitionFor(admitted), token: undefined };
      },
      check: ({ hash }, others) => {
        this.#requireStage();
        if (durable.log.hasRoom(hash, bufferSize * 2 - others)) return;
        throw new BufferFullError(`topic "${topic}"`, bufferSize * 2);
      },
      enterStaged: ({ hash }) => void (this.#accepted[hash]! += 1),
      shut: (makeError) => void (this.#stageRefusal = makeError),
    };
  }

  publish(
    event: Draft,
    options?: PublishOptions,
    _asked?: (event: NovaEvent) => void,
  ): Promise<Receipt> {
    try {
      requireOptions("a publish", options);
      this.#refuseTimes(options);
      const { durable, env, topic, settings } = this.#options;
      const admitted = isolate(admitEvent(event, env), settings.isolation) as NovaEvent;
      if (event.id === undefined && settings.delivery === "exactly-once") {
        refuseNameless(topic, event);
      }
      const partition = durable.partitionFor(admitted);
      const signal = options?.signal;
      requireSignal(signal);
      if (this.#refusal !== undefined || signal?.aborted === true) this.#rejected += 1;
      this.requireOpen();
      signal?.throwIfAborted();
      // Nobody overtakes a publisher that waits.
      return this.#lines[partition]!.length === 0 && durable.log.hasRoom(partition)
        ? this.#append(admitted, partition, signal)
        : this.#onFull({ event: admitted, partition }, signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  tryPublish(_event: Draft): boolean {
    throw this.#options.durable.log.unsupported("publish at once to");
  }

  producer(_id: string): never {
    throw this.#options.durable.log.unsupported("number what is published to");
  }

  /** Where handlers publish to: past `bufferSize`, up to twice that. */
  get destination(): Destination & { shut(makeError: () => Error): void } {
    return this.#destination;
  }

  /** Events whose time has not come: there are none. */
  readonly delayed = 0;

  end(): void {}

  /** Keeps a dead letter that is in the log. */
  enter(partition: number, letter: NovaEvent, hash: number): boolean {
    if (this.#options.kept?.add(letter, hash, 0) !== true) return false;
    this.#accepted[partition]! += 1;
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

  /** Refuses what a reader of the log cannot do. */
  requireStart({ onLag }: Reading): void {
    const { log } = this.#options.durable;
    if (onLag === "backpressure" || onLag === "spill") return;
    throw log.unsupported(`use "${onLag}" as "onLag" of`);
  }

  /** A subscription got on in a partition. Publishers that wait are let in by the batch. */
  progressed({ index, queued }: Partition): void {
    if (this.#lines[index]!.length === 0) return;
    if (queued * 2 <= this.#options.settings.bufferSize) this.#letIn(index);
    else if (!this.#lettingIn.has(index)) {
      this.#lettingIn.add(index);
      this.#options.env.defer(() => {
        this.#lettingIn.delete(index);
        this.#letIn(index);
      });
    }
  }

  /** The figures of now. */
  stats(): EntranceStats {
    const { log } = this.#options.durable;
    const accepted = this.#accepted.reduce((sum, count) => sum + count, 0);
    const waiting = this.#lines.reduce((sum, line) => sum + line.length, log.inFlight);
    const rejected = this.#lines.reduce((sum, line) => sum + line.refused, this.#rejected);
    const duplicates = this.#duplicates;
    const dropped = this.#dropped;
    return {
      attempts: accepted + duplicates + rejected + dropped + waiting,
      accepted,
      duplicates,
      rejected,
      dropped,
      waiting,
      delayed: 0,
      queued: this.#options.kept?.queued ?? log.queued,
      partitions: this.#lines.map(({ length }, index) => ({
        ...log.statsIn(index),
        accepted: this.#accepted[index]!,
        queued: log.queuedIn(index),
        // A subscription begins in the store.
        kept: 0,
        waiting: length,
      })),
    };
  }

  #requireStage(): void {
    if (this.#stageRefusal !== undefined) throw this.#stageRefusal();
  }

  #refuseTimes(options: PublishOptions = {}): void {
    const { delayMs, at, ttlMs } = options;
    if ((delayMs ?? at ?? ttlMs) === undefined) return;
    throw this.#options.durable.log.unsupported("publish for another time to");
  }

  async #append(
    event: NovaEvent,
    partition: number,
    signal: AbortSignal | undefined,
  ): Promise<Receipt> {
    try {
      const receipt = await this.#options.durable.log.publish(event, partition, signal);
      if (receipt.duplicate) this.#duplicates += 1;
      else this.#accepted[receipt.partition]! += 1;
      return receipt;
    } catch (error) {
      this.#rejected += 1;
      throw error;
    }
  }

  #onFull(entrant: Entrant, signal: AbortSignal | undefined): Promise<Receipt> {
    const { topic, settings: { overflow, bufferSize } } = this.#options;
    const { event: { id }, partition } = entrant;
    if (overflow === "wait") return this.#lines[partition]!.join(entrant, signal);
    if (overflow === "reject") {
      this.#rejected += 1;
      return Promise.reject(new BufferFullError(`topic "${topic}"`, bufferSize));
    }
    this.#dropped += 1;
    return Promise.resolve({ id, partition, sequence: 0, duplicate: false, dropped: true });
  }

  #letIn(index: number): void {
    this.#lines[index]!.admit(({ event, partition }) =>
      this.#options.durable.log.hasRoom(partition)
        ? this.#append(event, partition, undefined)
        : undefined
    );
  }
}
