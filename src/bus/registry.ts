/**
 * The topics of a bus by name: those that are there, and those that are going.
 */

import { TopicNotFoundError } from "../errors.ts";
import type { CloseResult } from "../internal/closing.ts";
import { checkTopicName, ownerOf } from "./names.ts";
import type { TopicSettings } from "./settings.ts";
import type { BusTopic } from "./topic.ts";

/** What is kept of a topic. */
export interface Entry {
  readonly topic: BusTopic;
  readonly settings: TopicSettings;
}

/** Topics by name. */
export class Registry {
  readonly #there: Map<string, Entry> = new Map();
  /** Deleted topics that are still finishing what they accepted. */
  readonly #leaving: Set<BusTopic> = new Set();
  /** The last deleted topic of a name: its subscriptions wait for the name to come back. */
  readonly #deleted: Map<string, BusTopic> = new Map();
  readonly #makeLetters: (of: Entry) => void;
  /** What deleted topics had finished. */
  #finishedGone = 0;

  /** `makeLetters` makes the dead-letter topic of a topic. */
  constructor(makeLetters: (of: Entry) => void) {
    this.#makeLetters = makeLetters;
  }

  /** The topic of a name, if it is there. */
  get(name: string): Entry | undefined {
    return this.#there.get(name);
  }

  /** The topic of a name, if it is declared; dead letters are with their topic. */
  declared(name: string): Entry | undefined {
    const known = this.#there.get(name);
    if (known !== undefined || typeof name !== "string") return known;
    const owner = ownerOf(name);
    const of = owner === undefined ? undefined : this.#there.get(owner);
    if (of !== undefined) this.#makeLetters(of);
    return this.#there.get(name);
  }

  /** The topic of a name. */
  find(name: string): BusTopic {
    const entry = this.declared(name);
    if (entry !== undefined) return entry.topic;
    checkTopicName(name);
    throw new TopicNotFoundError(name);
  }

  /** What is there. */
  get entries(): Entry[] {
    return [...this.#there.values()];
  }

  /** The topics that are there. */
  get topics(): BusTopic[] {
    return Array.from(this.#there.values(), ({ topic }) => topic);
  }

  /** Every topic that may have something to finish. */
  get all(): BusTopic[] {
    return [...this.topics, ...this.#leaving];
  }

  /** Events that were handled, or went to the dead letters, over all topics there ever were. */
  get finished(): number {
    return this.all.reduce((sum, { finished }) => sum + finished, this.#finishedGone);
  }

  /** Takes a topic in; subscriptions to its name that wait for it are now its own. */
  add(topic: BusTopic, settings: TopicSettings): void {
    this.#there.set(topic.name, { topic, settings });
    const deleted = this.#deleted.get(topic.name);
    if (deleted === undefined) return;
    this.#deleted.delete(topic.name);
    topic.inherit(deleted);
  }

  /** Lets a topic go; its name is free. Resolves when what it accepted is handled, or given up. */
  delete(topic: BusTopic, signal: AbortSignal | undefined): Promise<CloseResult> {
    const result = topic.delete(signal);
    this.#there.delete(topic.name);
    this.#leaving.add(topic);
    const earlier = this.#deleted.get(topic.name);
    if (earlier !== undefined) topic.inherit(earlier);
    this.#deleted.set(topic.name, topic);
    return result.finally(() => {
      this.#leaving.delete(topic);
      this.#finishedGone += topic.finished;
      // Nobody waits for its name.
      if (topic.subscribers.size > 0 || this.#deleted.get(topic.name) !== topic) return;
      this.#deleted.delete(topic.name);
    });
  }

  /** Ends every subscription; answers how many deliveries were left. */
  endSubscriptions(): number {
    const left = this.all.reduce((sum, topic) => sum + topic.endSubscriptions(), 0);
    for (const topic of this.#deleted.values()) topic.endSubscriptions();
    return left;
  }
}
