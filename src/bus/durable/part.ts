/**
 * The durable side of a topic: its log, a reader for each of its subscriptions, and, if it is the
 * topic of dead letters, what is kept of them.
 */

import { FencedError } from "../../errors/store.ts";
import type { NovaEvent, Recorded } from "../../event/event.ts";
import { placeOf } from "../../internal/hash.ts";
import { checkKey } from "../../store/settings.ts";
import type { Append } from "../../store/driver.ts";
import type { Key } from "../api.ts";
import { Expiries } from "../expiries.ts";
import { letterOf } from "../letter.ts";
import { isDeadLetterName, lettersOf } from "../names.ts";
import { Partition } from "../partition.ts";
import type { Placing } from "../placing.ts";
import type { TopicSettings } from "../settings.ts";
import type { Staged } from "../staged.ts";
import type { Subscriber, SubscriberOptions, SubscriptionOwner } from "../subscription.ts";
import type { TopicOwner } from "../topic.ts";
import type { Account, Finish } from "./committer.ts";
import { type Durability, recordOf } from "./durability.ts";
import { Letters, type Settled } from "./letters.ts";
import { Reader } from "./reader.ts";
import { streamOf, type TopicLog } from "./topic_log.ts";

const NO_LETTERS: Settled = { marks: [], underWay: [] };

/** What the durable side asks of its topic. */
export interface DurableHost {
  readonly name: string;
  readonly owner: TopicOwner;
  readonly settings: TopicSettings;
  readonly placing: Placing;
  /** What every subscription of the topic may ask. */
  readonly parts: SubscriptionOwner;
  /** A partition got on. */
  progressed(partition: Partition): void;
  /** A subscription ended. */
  removed(subscriber: Subscriber, parts: SubscriptionOwner): void;
  /** Where dead letters are kept, if it is their topic. */
  readonly kept: Partition | undefined;
  keep(letter: Recorded): boolean;
}

/** A topic in a store. */
export class DurablePart {
  readonly log: TopicLog;
  readonly letters: Letters | undefined;
  readonly #host: DurableHost;

  constructor(host: DurableHost, durability: Durability) {
    const { name, settings: { partitions, bufferSize }, kept } = host;
    this.#host = host;
    this.log = durability.log({
      topic: name,
      partitions,
      bufferSize,
      hashOf: (event) => this.#hashOf(event),
      opened: () => this.#findLetters(durability),
    });
    this.#refuse(host.settings);
    if (kept === undefined) return;
    const keep = (letter: Recorded): boolean => host.keep(letter);
    this.letters = new Letters({ log: this.log, kept, maxEvents: bufferSize, keep });
  }

  /** What a topic in a store cannot do, or leaves to it. */
  #refuse({ delivery, dedupe, retained, retainedMs }: TopicSettings): void {
    const { log } = this;
    if (delivery === "at-most-once") throw log.unsupported("deliver at most once from");
    if (dedupe?.key !== undefined) throw log.unsupported('use "dedupe.key" with');
    if (retained > 0 || retainedMs < Infinity) throw log.unsupported('use "retention" with');
  }

  /** The partition for an event that has no place yet: the turn of those without a key is a guess. */
  partitionFor(event: NovaEvent): number {
    const key = this.#host.placing.keyOf(event);
    return key === undefined ? this.log.turn : this.#partitionOf(key);
  }

  /** What a new subscription may ask: it gets a reader of its own. */
  join(subscriber: () => Subscriber, options: SubscriberOptions): SubscriptionOwner {
    const { id, from, onLag } = options;
    const { name, settings, parts, owner } = this.#host;
    checkKey("subscription", `${streamOf(name)}/${id}`);
    const partitions = Array.from({ length: settings.partitions }, (_, index) =>
      new Partition({
        index,
        bufferSize: settings.bufferSize,
        keyed: settings.key !== undefined,
        maxHeld: settings.maxHeld,
        retain: false,
        expiries: new Expiries(owner.env),
        maxEvents: 0,
        maxAgeMs: Infinity,
        numbered: false,
        env: owner.env,
        progressed: (partition) => {
          reader.progressed();
          this.#host.progressed(partition);
        },
      }));
    const reader = new Reader({
      log: this.log,
      id,
      from,
      gates: onLag !== "spill",
      partitions,
      hashOf: (event) => this.#hashOf(event),
      partitionOf: (key) => this.#partitionOf(key),
      isGone: ({ position }) => this.letters?.isGone(position) ?? false,
      accounted: (inHand, finishing) => this.#account(id, inHand, finishing),
      finished: (finishing) => {
        const letters = this.#lettersOf();
        for (const { event } of finishing) letters?.finished(event);
      },
      placed: () => this.#findLetters(owner.durability!),
      lost: () => subscriber().rejoin(this.join(subscriber, options)),
    });
    const durable: SubscriptionOwner = {
      ...parts,
      partitions,
      // What was handed out before its place was lost is no longer its to finish.
      commits: (staged, event, partition) =>
        partitions.includes(partition)
          ? this.#commit(reader, staged, event as Recorded)
          : Promise.reject(new FencedError(reader.name)),
      keepsAccount: true,
      ready: reader.ready,
      keyOf: (event) => this.#keyOf(event),
      hashOf: (event) => this.#hashOf(event as Recorded),
      bury: (failure, partition) => {
        if (isDeadLetterName(name) || !partitions.includes(partition)) return false;
        const { letters } = owner.deadLetters(name, settings.deadLetters).durable!;
        const parks = subscriber().onFailure === "park-key"
          ? this.#keyOf(failure.event)
          : undefined;
        return letters!.bury(letterOf(failure, owner.env.now()), reader, parks);
      },
      joined: (cursor) => {
        reader.joined(cursor);
        parts.joined(cursor);
      },
      removed: (which) => {
        this.#host.removed(which, durable);
        reader.end();
      },
    };
    return durable;
  }

  /** What a handler staged, and that its event is done, as one. */
  async #commit(reader: Reader, staged: Staged, event: Recorded): Promise<void> {
    const { engine } = this.log.options;
    const appends: Append[] = [];
    staged.check();
    for (const { to: { log }, outgoing } of staged.outgoing) {
      if (log?.options.engine !== engine) {
        throw new TypeError(
          "Cannot publish to a topic of another bus together with the checkpoint",
        );
      }
      appends.push(engine.append(log.stream, [outgoing.event], "all", "any"));
    }
    const { effects } = staged;
    const placed = await reader.finish({ event, appends, effects, marks: [], parks: undefined });
    for (const [i, { to, outgoing }] of staged.outgoing.entries()) {
      if (placed[i]!.duplicate) continue;
      to.enterStaged(outgoing);
      to.log!.entered(recordOf(to.log!.stream, outgoing.event, placed[i]!));
    }
    staged.answer();
  }

  #account(
    subscription: string,
    inHand: ReadonlySet<NovaEvent>,
    finishing: readonly Finish[],
  ): Account {
    const finished = new Set<NovaEvent>(finishing.map(({ event }) => event));
    const letters = this.#lettersOf();
    const { marks, underWay } = letters?.settled(subscription, inHand, finished) ?? NO_LETTERS;
    return { marks, keys: underWay.map((event) => this.#keyOf(event)) };
  }

  #lettersOf(): Letters | undefined {
    return this.#host.owner.deadLettersOf(this.#host.name)?.durable?.letters;
  }

  /** After a restart: what is dead is found with its topic. */
  async #findLetters({ engine }: Durability): Promise<void> {
    const { name, settings, owner } = this.#host;
    if (this.letters !== undefined) return void await this.letters.load();
    const stream = streamOf(lettersOf(name));
    if (await engine.driver.stream(stream) === undefined) return;
    const { log, letters } = owner.deadLetters(name, settings.deadLetters).durable!;
    await log.open();
    await letters!.load();
  }

  #partitionOf(key: string | number): number {
    return placeOf(this.#host.placing.hashKey(key), this.#host.settings.partitions);
  }

  /** Events without a key take turns, in the order in which they are in the log. */
  #hashOf(event: Recorded): number {
    const key = this.#keyOf(event);
    return key === undefined ? event.version - 1 : this.#host.placing.hashKey(key);
  }

  /** What is in the log stays readable, whatever became of the key function. */
  #keyOf(event: NovaEvent): Key {
    try {
      return this.#host.placing.keyOf(event);
    } catch (error) {
      this.#host.owner.env.report(error);
      return undefined;
    }
  }
}
