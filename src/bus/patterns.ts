/**
 * One subscription over many topics: resolved when it is made and when a topic is declared, never per
 * event, so that a pattern costs what a direct subscription costs.
 */

import { nameOf, requireSignal, show, stringOption } from "../internal/check.ts";
import type { Env } from "../internal/env.ts";
import { compilePattern } from "../event/pattern.ts";
import type {
  ParkedKey,
  RedriveOptions,
  RedriveResult,
  SubscribeOptions,
  SubscriptionStats,
  TopicSubscription,
} from "./api.ts";
import type { TopicListener } from "./context_api.ts";
import { DEAD_LETTERS, isDeadLetterName } from "./names.ts";
import { addTallies, newTally } from "./tally.ts";
import type { BusTopic } from "./topic.ts";

/** Whether what was given to `subscribe` is a pattern rather than a name. */
export function isTopicPattern(pattern: unknown): pattern is string | RegExp {
  return pattern instanceof RegExp || (typeof pattern === "string" && /[*>]/.test(pattern));
}

/** The test of a pattern over topic names. */
function compile(pattern: string | RegExp): (name: string) => boolean {
  if (pattern instanceof RegExp) {
    // Anchored, and without state between two tests.
    const whole = new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace(/[gy]/g, ""));
    return (name) => whole.test(name);
  }
  const tokens = pattern.split(".");
  if (tokens[tokens.length - 1] === ">") tokens[tokens.length - 1] = "**";
  if (tokens.some((token) => token.includes(">"))) {
    throw new SyntaxError(
      `Cannot use ${show(pattern)} as a pattern: ">" is a whole token, the last`,
    );
  }
  return compilePattern(tokens.join("."));
}

/** The handle of a listener on every topic that matches. */
export class PatternSubscription implements TopicSubscription {
  readonly id: string;
  readonly #matches: (name: string) => boolean;
  /** Whether it means dead letters: other patterns never see them. */
  readonly #deadLetters: boolean;
  readonly #listener: TopicListener;
  readonly #options: SubscribeOptions;
  readonly #members = new Set<TopicSubscription>();
  readonly #ended: () => void;
  readonly #aborting: Disposable | undefined;
  #active = true;

  constructor(
    pattern: string | RegExp,
    listener: TopicListener,
    options: SubscribeOptions,
    env: Env,
    ended: () => void,
  ) {
    const { signal, ...others } = options;
    const text = pattern instanceof RegExp ? pattern.source : pattern;
    requireSignal(signal);
    if (typeof options.from === "number") {
      throw new RangeError(
        'Cannot use a sequence as "from" of a pattern: each topic counts its own',
      );
    }
    this.#matches = compile(pattern);
    this.#deadLetters = text.endsWith(DEAD_LETTERS);
    this.id = stringOption("id", options.id, nameOf(listener) || String(pattern));
    this.#listener = listener;
    this.#options = { ...others, id: this.id };
    this.#ended = ended;
    if (signal !== undefined) this.#aborting = env.onAbort(signal, () => this.unsubscribe());
  }

  get active(): boolean {
    return this.#active;
  }

  /** Subscribes to a topic if it matches. A topic of a deleted name comes back by itself. */
  offer(topic: BusTopic): void {
    if (!this.#active || isDeadLetterName(topic.name) !== this.#deadLetters) return;
    if (!this.#matches(topic.name) || topic.hasMember(this.#members)) return;
    this.#members.add(topic.subscribe(this.#listener, this.#options));
  }

  get ready(): Promise<void> {
    return Promise.all([...this.#members].map(({ ready }) => ready)).then(() => {});
  }

  unsubscribe(): void {
    if (!this.#active) return;
    this.#active = false;
    this.#aborting?.[Symbol.dispose]();
    for (const member of this.#members) member.unsubscribe();
    this.#ended();
  }

  [Symbol.dispose](): void {
    this.unsubscribe();
  }

  parked(): ParkedKey[] {
    return [...this.#members].flatMap((member) => member.parked());
  }

  release(key?: string | number): boolean {
    let released = false;
    for (const member of this.#members) if (member.release(key)) released = true;
    return released;
  }

  redrive(options: RedriveOptions = {}): RedriveResult {
    let redriven = 0;
    let left = 0;
    for (const member of this.#members) {
      const limit = options.limit === undefined ? {} : { limit: options.limit - redriven };
      const result = member.redrive({ ...options, ...limit });
      redriven += result.redriven;
      left += result.left;
    }
    return { redriven, left };
  }

  stats(): SubscriptionStats {
    const tally = newTally();
    let slots = 0;
    let oldestAgeMs = 0;
    for (const member of this.#members) {
      const stats = member.stats();
      addTallies(tally, stats);
      slots += stats.slots;
      oldestAgeMs = Math.max(oldestAgeMs, stats.oldestAgeMs);
    }
    return { id: this.id, ...tally, oldestAgeMs, slots };
  }
}
