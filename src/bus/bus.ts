/**
 * The bus: topics by name, their dead letters, one clock for all of their delays, and closing.
 */

import { ClosedError, LimitExceededError, TopicExistsError } from "../errors.ts";
import type { Draft, DraftOf, EventMap, NovaEvent } from "../event/event.ts";
import { createEvent } from "../event/make.ts";
import {
  integerOption,
  requireFunction,
  requireOptions,
  show,
  stringOption,
} from "../internal/check.ts";
import {
  type Closable,
  type CloseOptions,
  type CloseResult,
  Closing,
} from "../internal/closing.ts";
import { type Env, systemEnv } from "../internal/env.ts";
import { lendRoster, Roster } from "../internal/roster.ts";
import { timings } from "../metrics/timing.ts";
import { DelayQueue } from "../queue/delay_queue.ts";
import { DeadLetterTopic } from "./dead_letter_topic.ts";
import { durabilityOf } from "./durable/durability.ts";
import { TimeLimits } from "../queue/time_limits.ts";
import { type Guarantees, guaranteesOf } from "./guarantees.ts";
import type { CloseCalls, Due, Failure, Job } from "./job.ts";
import { letterOf } from "./letter.ts";
import { checkTopicName, isDeadLetterName, lettersOf, refuseLetters } from "./names.ts";
import { isTopicPattern, PatternSubscription } from "./patterns.ts";
import { lettersIn, redriveAll, type RedriveTopicOptions } from "./redrive.ts";
import type {
  BusOptions,
  BusStats,
  DeadLetter,
  PublishOptions,
  Receipt,
  RedriveResult,
  RequestOptions,
  SubscribeOptions,
  Topic,
  TopicOptions,
  TopicSubscription,
} from "./api.ts";
import type { TopicListener } from "./context_api.ts";
import {
  type AnyTopicOptions,
  checkSubscribeOptions,
  defaultsOf,
  firstDifference,
  type TopicSettings,
  totalSettings,
} from "./settings.ts";
import { type BusHealth, healthOf } from "./health.ts";
import { Requests } from "./requests.ts";
import { Registry } from "./registry.ts";
import { BusTopic, type TopicOwner } from "./topic.ts";

/**
 * Topics with guarantees, in this process.
 *
 * `bus.topic(name, options)` declares a topic and answers its typed handle. Publishing resolves when
 * an event is accepted; every accepted event is handled by every subscription at least once, in order
 * per key, or is found in the dead letters.
 *
 * @example Usage
 * ```ts
 * import { Bus } from "@nova/events/bus";
 *
 * await using bus = new Bus({ name: "shop" });
 * const orders = bus.topic<{ "order.placed": { id: string; total: number } }>("orders", {
 *   partitions: 4,
 *   key: (event) => event.data.id,
 * });
 * orders.subscribe(({ data }) => console.log(data.total)); // 42
 * await orders.publish({ type: "order.placed", data: { id: "A-17", total: 42 } });
 * ```
 */
export class Bus implements AsyncDisposable {
  /** Names it in errors and figures. */
  readonly name: string;
  readonly #env: Env;
  readonly #maxTopics: number;
  readonly #defaults: AnyTopicOptions;
  readonly #registry = new Registry(({ topic, settings }) =>
    this.#deadLetters(topic.name, settings.deadLetters)
  );
  readonly #patterns = new Set<PatternSubscription>();
  readonly #delays: DelayQueue<Due>;
  readonly #limits: TimeLimits<Job>;
  readonly #requests: Requests;
  readonly #parts: TopicOwner & Closable<number>;
  #declared = 0;
  #closing: Closing | undefined;
  #closed: Promise<CloseResult> | undefined;
  readonly #calls: CloseCalls = { close: 0, roster: undefined };
  #finishedBefore = 0;
  #stop: AbortController | undefined;

  /**
   * Makes a bus without topics; it holds no timer and reads no clock.
   *
   * @throws {RangeError} If an option makes no sense.
   */
  constructor(options: BusOptions = {}) {
    requireOptions("a bus", options);
    this.name = stringOption("name", options.name, "bus");
    this.#env = options.env ?? systemEnv;
    this.#maxTopics = integerOption("maxTopics", options.maxTopics, 1000);
    this.#defaults = defaultsOf(options.defaults);
    this.#delays = new DelayQueue(this.#env, (item) => item.due());
    this.#limits = new TimeLimits(this.#env);
    this.#requests = new Requests(this.#env, this.#delays);
    lendRoster(this, () => this.#calls.roster ??= new Roster(this.#env));
    this.#parts = {
      env: this.#env,
      newTiming: timings(options.timing, this.#env),
      delays: this.#delays,
      limits: this.#limits,
      calls: this.#calls,
      stopSignal: () => this.#stopSignal(),
      outlets: {
        destination: (topic) => this.#topicOf(topic).destination,
        answer: (topic, event, data) => this.#requests.answer(topic, event, data),
      },
      progressed: () => this.#closing?.check(),
      bury: (topic, maxEvents, failure) => this.#bury(topic, maxEvents, failure),
      durability: durabilityOf(options, this.#env, () => this.#closing?.check()),
      deadLetters: (topic, maxEvents) => this.#deadLetters(topic, maxEvents),
      deadLettersOf: (topic) => this.#registry.get(lettersOf(topic))?.topic,
      isIdle: () => this.#registry.all.every((topic) => topic.isIdle()),
      end: () => this.#end(),
    };
  }

  /**
   * The handle of a topic, declared at the first call. A later call with the same options, or with
   * none, answers the same handle.
   *
   * @throws {SyntaxError} If the name is not made of tokens of `[A-Za-z0-9_-]` joined by dots.
   * @throws {RangeError} If an option makes no sense.
   * @throws {TopicExistsError} If it exists with other options.
   * @throws {LimitExceededError} If there are `maxTopics` already.
   * @throws {ClosedError} If the bus is closed.
   */
  topic<Events extends EventMap = Record<string, unknown>>(
    name: string,
    options?: TopicOptions<Events>,
  ): Topic<Events> {
    checkTopicName(name);
    requireOptions(`topic "${name}"`, options);
    const known = this.#registry.declared(name);
    if (known !== undefined) {
      if (options !== undefined) {
        const settings = totalSettings(options, this.#defaults);
        const option = firstDifference(known.settings, settings);
        if (option !== undefined) throw new TopicExistsError(name, option);
      }
      return known.topic as unknown as Topic<Events>;
    }
    if (this.#closing !== undefined) throw new ClosedError(`bus "${this.name}"`);
    refuseLetters("declare", name);
    if (this.#declared >= this.#maxTopics) {
      const most = `bus "${this.name}" has ${this.#maxTopics} topics already`;
      const message = `Cannot declare topic ${show(name)} as ${most}`;
      throw new LimitExceededError("maxTopics", this.#maxTopics, message);
    }
    const settings = totalSettings(options ?? {}, this.#defaults);
    this.#declared += 1;
    return this.#add(name, settings, false) as unknown as Topic<Events>;
  }

  /**
   * Takes a topic out of the bus. What it accepted is still handled; publishing to it, and waiting for
   * room, is refused with {@linkcode TopicNotFoundError}. Its name is free at once: its subscriptions
   * stay active, and read the topic that is next declared by that name. Its dead letters stay.
   *
   * Resolves when what was accepted is handled, or when the signal (or 30 s) ends the waiting.
   * It rejects with {@linkcode TopicNotFoundError}, and with `RangeError` for dead letters, which
   * belong to their topic.
   */
  deleteTopic(name: string, options: CloseOptions = {}): Promise<CloseResult> {
    try {
      requireOptions("deleting a topic", options);
      const topic = this.#registry.find(name);
      if (topic.durable !== undefined) throw topic.durable.log.unsupported("delete");
      refuseLetters("delete", name);
      const result = this.#registry.delete(topic, options.signal);
      this.#declared -= 1;
      return result;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Publishes an event to a topic by its name.
   *
   * It rejects as {@linkcode Topic.publish} does, and with {@linkcode TopicNotFoundError}.
   */
  publish(topic: string, event: Draft, options?: PublishOptions): Promise<Receipt> {
    try {
      return this.#registry.find(topic).publish(event, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Publishes an event to a topic, by handle or name, and resolves with the answer of the first handler
   * that calls `context.reply`: an event of type `reply`.
   *
   * It rejects as {@linkcode Topic.publish} does, with {@linkcode TimeoutError} after `timeoutMs`, with
   * the signal's reason, and with {@linkcode ClosedError} when the bus has closed without an answer.
   */
  request<Events extends EventMap>(
    topic: Topic<Events> | string,
    event: DraftOf<Events>,
    options?: RequestOptions,
  ): Promise<NovaEvent> {
    try {
      return this.#requests.send(this.#topicOf(topic), event as Draft, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Hands every event of the topics that match to a listener. It never declares a topic.
   *
   * An exact name must exist. In a pattern `*` stands for one token, `>` or `**` at the end for one or
   * more; a `RegExp` must match the whole name. A pattern also takes topics that are declared later.
   * Dead letters are matched only by patterns that end in `dlq`.
   *
   * @throws {SyntaxError} If the name or pattern is none.
   * @throws {TopicNotFoundError} If there is no topic of an exact name.
   * @throws {ClosedError} If the bus is closed.
   */
  subscribe(
    pattern: string | RegExp,
    listener: TopicListener,
    options: SubscribeOptions = {},
  ): TopicSubscription {
    if (!isTopicPattern(pattern)) return this.#registry.find(pattern).subscribe(listener, options);
    requireFunction("a listener", listener);
    requireOptions("a subscription", options);
    if (this.#closing !== undefined) throw new ClosedError(`bus "${this.name}"`);
    const subscription = new PatternSubscription(
      pattern,
      listener,
      options,
      this.#env,
      () => this.#patterns.delete(subscription),
    );
    this.#patterns.add(subscription);
    try {
      // Options are checked even if nothing matches yet.
      checkSubscribeOptions(options);
      for (const topic of this.#registry.topics) subscription.offer(topic);
    } catch (error) {
      subscription.unsubscribe();
      throw error;
    }
    return subscription;
  }

  /**
   * The dead letters of a topic that are kept, oldest first; with a limit, the newest of them.
   *
   * @throws {TopicNotFoundError} If there is no such topic.
   * @throws {RangeError} If the limit is no whole number.
   */
  deadLetters(topic: string, options: { readonly limit?: number } = {}): DeadLetter[] {
    const { name } = this.#registry.find(topic);
    return lettersIn(this.#parts.deadLettersOf(name)?.letters, options);
  }

  /**
   * Delivers dead letters of a topic again, each to the subscription that gave it up, as
   * {@linkcode TopicSubscription.redrive} does. `left` counts those of subscriptions that are there.
   *
   * @throws {TopicNotFoundError} If there is no such topic.
   */
  redrive(topic: string, options: RedriveTopicOptions = {}): RedriveResult {
    return redriveAll(this.#registry.find(topic).subscribers, options);
  }

  /**
   * What each topic and subscription really promises, and why. `String(bus.guarantees())` is a report.
   */
  guarantees(): Guarantees {
    return guaranteesOf(this.name, this.#registry.entries, this.#parts.durability?.store);
  }

  /** How its subscriptions are doing: what stands still until somebody acts, and why. */
  health(): BusHealth {
    return healthOf(this.#registry.topics);
  }

  /** The figures of now. */
  stats(): BusStats {
    return { name: this.name, topics: this.#registry.topics.map((topic) => topic.stats()) };
  }

  /**
   * Takes nothing more, lets what was accepted finish, then ends every subscription.
   *
   * Publishers that wait for room are sent away with {@linkcode ClosedError}. Events that wait for
   * another attempt, and those held behind them, are not waited for. It resolves also when the signal
   * (or 30 s) ends the waiting, and says what was left. It never waits for a delivery whose handler
   * called it before its first `await`; meanwhile that delivery takes no slot of `maxConcurrency`.
   */
  close(options: CloseOptions = {}): Promise<CloseResult> {
    try {
      requireOptions("closing a bus", options);
      if (this.#closing === undefined) {
        this.#finishedBefore = this.#registry.finished;
        this.#closing = new Closing(this.#parts, this.#env, options.signal);
        const { result } = this.#closing;
        this.#closed = this.#parts.durability?.endAfter(result) ?? result;
        for (const topic of this.#registry.all) {
          topic.shut(() => new ClosedError(`topic "${topic.name}"`));
        }
      }
      this.#calls.close += 1;
      return this.#closed!;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Closes it with the default limit. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The topic of a handle or a name. */
  #topicOf(topic: unknown): BusTopic {
    return topic instanceof BusTopic ? topic : this.#registry.find(topic as string);
  }

  #add(name: string, settings: TopicSettings, retain: boolean): BusTopic {
    const Kind = retain ? DeadLetterTopic : BusTopic;
    const topic = new Kind(this.#parts, name, settings, retain);
    this.#registry.add(topic, settings);
    for (const subscription of this.#patterns) subscription.offer(topic);
    return topic;
  }

  /** Writes a dead letter. A dead letter that fails has no dead-letter topic of its own: it is held. */
  #bury(topic: string, maxEvents: number, failure: Failure): boolean {
    if (isDeadLetterName(topic)) return false;
    const { env } = this.#parts;
    const letter = createEvent("dead-letter", letterOf(failure, env.now()), { env });
    return this.#deadLetters(topic, maxEvents).enterDeadLetter(letter);
  }

  /** The dead-letter topic of a topic, made at its first dead letter. */
  #deadLetters(of: string, maxEvents: number): BusTopic {
    const name = lettersOf(of);
    return this.#registry.get(name)?.topic ??
      this.#add(name, totalSettings({ bufferSize: maxEvents }), true);
  }

  #end(): CloseResult {
    const completed = this.#registry.finished - this.#finishedBefore;
    const left = this.#registry.endSubscriptions();
    for (const subscription of this.#patterns) subscription.unsubscribe();
    this.#requests.end(new ClosedError(`bus "${this.name}"`));
    this.#delays.clear();
    // Made even if nobody asked for it yet: a handler that still runs may.
    this.#stop ??= new AbortController();
    const reason = new ClosedError(`bus "${this.name}"`);
    this.#stop.abort(reason);
    for (const { context } of this.#limits.clear()) context?.abort(reason);
    return { completed, left };
  }

  #stopSignal(): AbortSignal {
    this.#stop ??= new AbortController();
    return this.#stop.signal;
  }
}
