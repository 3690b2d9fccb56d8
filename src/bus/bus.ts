/**
 * The bus: topics by name, their dead letters, one clock for all of their delays, and closing.
 */

import {
  ClosedError,
  LimitExceededError,
  NovaError,
  TopicExistsError,
  TopicNotFoundError,
} from "../errors.ts";
import type { Draft, EventMap, NovaEvent } from "../event/event.ts";
import type { Listener } from "../event/listener.ts";
import { createEvent } from "../event/make.ts";
import { integerOption, requireOptions, show } from "../internal/check.ts";
import {
  type Closable,
  type CloseOptions,
  type CloseResult,
  Closing,
} from "../internal/closing.ts";
import { type Env, systemEnv } from "../internal/env.ts";
import { DelayQueue } from "../queue/delay_queue.ts";
import type { Job } from "./cursor.ts";
import { checkTopicName, DEAD_LETTERS, isDeadLetterName } from "./names.ts";
import type {
  BusOptions,
  DeadLetter,
  DeadLetterError,
  PublishOptions,
  Receipt,
  SubscribeOptions,
  Topic,
  TopicOptions,
  TopicStats,
  TopicSubscription,
} from "./api.ts";
import {
  type AnyTopicOptions,
  copyOf,
  firstDifference,
  type TopicSettings,
  totalSettings,
} from "./settings.ts";
import { BusTopic, type TopicOwner } from "./topic.ts";

/** Figures of a bus. */
export interface BusStats {
  /** Its name. */
  readonly name: string;
  /** Each topic, dead-letter topics included. */
  readonly topics: readonly TopicStats[];
}

/** What the bus keeps of a topic. */
interface Entry {
  readonly topic: BusTopic;
  readonly settings: TopicSettings;
}

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
  readonly #topics = new Map<string, Entry>();
  readonly #delays: DelayQueue<Job>;
  readonly #parts: TopicOwner & Closable<number>;
  #declared = 0;
  #closing: Closing | undefined;
  #closeCalls = 0;
  #finishedBefore = 0;
  #stop: AbortController | undefined;

  /**
   * Makes a bus without topics; it holds no timer and reads no clock.
   *
   * @throws {RangeError} If an option makes no sense.
   */
  constructor(options: BusOptions = {}) {
    requireOptions("a bus", options);
    this.name = options.name ?? "bus";
    this.#env = options.env ?? systemEnv;
    this.#maxTopics = integerOption("maxTopics", options.maxTopics, 1000);
    requireOptions("the topics of a bus", options.defaults);
    const defaults: AnyTopicOptions = options.defaults ?? {};
    totalSettings(defaults);
    this.#defaults = copyOf(defaults);
    this.#delays = new DelayQueue(this.#env, (job) => job.cursor.due(job));
    const closeCalls = () => this.#closeCalls;
    this.#parts = {
      env: this.#env,
      delays: this.#delays,
      get closeCalls() {
        return closeCalls();
      },
      stopSignal: () => this.#stopSignal(),
      progressed: () => this.#closing?.check(),
      bury: (topic, subscription, event, error, attempts) =>
        this.#bury(topic, subscription, event, error, attempts),
      isIdle: () => this.#entries().every(({ topic }) => topic.idle),
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
    const known = this.#topics.get(name);
    if (known !== undefined) {
      if (options !== undefined) {
        const settings = totalSettings(options, this.#defaults);
        const option = firstDifference(known.settings, settings);
        if (option !== undefined) throw new TopicExistsError(name, option);
      }
      return known.topic as unknown as Topic<Events>;
    }
    if (this.#closing !== undefined) throw new ClosedError(`bus "${this.name}"`);
    if (isDeadLetterName(name)) {
      throw new RangeError(
        `Cannot declare topic ${
          show(name)
        }: names that end in "${DEAD_LETTERS}" belong to dead letters`,
      );
    }
    if (this.#declared >= this.#maxTopics) {
      throw new LimitExceededError(
        "maxTopics",
        this.#maxTopics,
        `Cannot declare topic ${
          show(name)
        } as bus "${this.name}" has ${this.#maxTopics} topics already`,
      );
    }
    const settings = totalSettings(options ?? {}, this.#defaults);
    const topic = new BusTopic(this.#parts, name, settings, false);
    this.#topics.set(name, { topic, settings });
    this.#declared += 1;
    return topic as unknown as Topic<Events>;
  }

  /**
   * Publishes an event to a topic by its name.
   *
   * It rejects as {@linkcode Topic.publish} does, and with {@linkcode TopicNotFoundError}.
   */
  publish(topic: string, event: Draft, options?: PublishOptions): Promise<Receipt> {
    try {
      return this.#find(topic).publish(event, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Hands every event of a topic to a listener. It never declares a topic.
   *
   * @throws {TopicNotFoundError} If there is no such topic.
   * @throws {ClosedError} If the bus is closed.
   */
  subscribe(
    topic: string,
    listener: Listener<NovaEvent>,
    options?: SubscribeOptions,
  ): TopicSubscription {
    return this.#find(topic).subscribe(listener, options);
  }

  /** The figures of now. */
  stats(): BusStats {
    return { name: this.name, topics: this.#entries().map(({ topic }) => topic.stats()) };
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
        this.#finishedBefore = this.#countFinished();
        this.#closing = new Closing(this.#parts, this.#env, options.signal);
        for (const { topic } of this.#entries()) topic.refuseWaiting();
      }
      this.#closeCalls += 1;
      return this.#closing.result;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Closes it with the default limit. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #find(name: string): BusTopic {
    const entry = this.#topics.get(name);
    if (entry !== undefined) return entry.topic;
    checkTopicName(name);
    throw new TopicNotFoundError(name);
  }

  #entries(): Entry[] {
    return [...this.#topics.values()];
  }

  /** Writes a dead letter. A dead letter that fails has no dead-letter topic of its own: it is held. */
  #bury(
    topic: string,
    subscription: string,
    event: NovaEvent,
    error: unknown,
    attempts: number,
  ): boolean {
    if (isDeadLetterName(topic)) return false;
    const { env } = this.#parts;
    const letter: DeadLetter = {
      event,
      error: describeError(error),
      attempts,
      subscription,
      at: env.now(),
    };
    return this.#deadLetters(topic).enterDeadLetter(createEvent("dead-letter", letter, { env }));
  }

  /** The dead-letter topic of a topic, made at its first dead letter. */
  #deadLetters(of: string): BusTopic {
    const name = `${of}.${DEAD_LETTERS}`;
    const known = this.#topics.get(name);
    if (known !== undefined) return known.topic;
    const bufferSize = this.#topics.get(of)!.settings.deadLetters;
    const settings = totalSettings({ bufferSize });
    const topic = new BusTopic(this.#parts, name, settings, true);
    this.#topics.set(name, { topic, settings });
    return topic;
  }

  #countFinished(): number {
    let finished = 0;
    for (const { topic } of this.#entries()) finished += topic.finished;
    return finished;
  }

  #end(): CloseResult {
    const completed = this.#countFinished() - this.#finishedBefore;
    let left = 0;
    for (const { topic } of this.#entries()) left += topic.end();
    this.#delays.clear();
    // Made even if nobody asked for it yet: a handler that still runs may.
    this.#stop ??= new AbortController();
    this.#stop.abort(new ClosedError(`bus "${this.name}"`));
    return { completed, left };
  }

  #stopSignal(): AbortSignal {
    this.#stop ??= new AbortController();
    return this.#stop.signal;
  }
}

/** What was thrown, in a form that survives a wire. */
function describeError(error: unknown): DeadLetterError {
  try {
    const code = error instanceof NovaError ? error.code : undefined;
    if (error instanceof Error) {
      return { code, name: String(error.name), message: String(error.message) };
    }
    return { code, name: typeof error, message: String(error) };
  } catch {
    return { code: undefined, name: typeof error, message: "something that cannot be shown" };
  }
}
