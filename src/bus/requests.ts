/**
 * Events that somebody waits to be answered.
 */

import { BufferFullError, TimeoutError } from "../errors.ts";
import type { Draft, NovaEvent } from "../event/event.ts";
import { createEvent } from "../event/make.ts";
import { durationOption, requireOptions, requireSignal } from "../internal/check.ts";
import type { Env } from "../internal/env.ts";
import type { DelayQueue } from "../queue/delay_queue.ts";
import type { Due } from "./job.ts";
import type { RequestOptions } from "./publishing_api.ts";
import type { BusTopic } from "./topic.ts";

/** How long somebody waits unless told otherwise, in milliseconds. */
const TIMEOUT_MS = 30_000;

/** Who waits, by topic and event. */
export class Requests {
  readonly #env: Env;
  readonly #delays: DelayQueue<Due>;
  readonly #waiting: Map<string, Set<Request>> = new Map();

  constructor(env: Env, delays: DelayQueue<Due>) {
    this.#env = env;
    this.#delays = delays;
  }

  /** Publishes an event and waits for the first answer. */
  send(topic: BusTopic, event: Draft, options: RequestOptions = {}): Promise<NovaEvent> {
    requireOptions("a request", options);
    const { timeoutMs, signal } = options;
    const limit = durationOption("timeoutMs", timeoutMs, TIMEOUT_MS);
    if (limit === 0) {
      throw new RangeError(`Cannot use 0 as "timeoutMs": nobody can answer in no time`);
    }
    requireSignal(signal);
    return new Promise((resolve, reject) => {
      const request = new Request(topic.name, limit, resolve, reject);
      // Nobody is to handle what nobody waits for any more.
      const published = topic.ask(
        event,
        { ttlMs: limit, ...(signal === undefined ? {} : { signal }) },
        ({ id }) => this.#wait(request, id, signal),
      );
      published.then(
        ({ dropped }) =>
          dropped &&
          request.fail(new BufferFullError(`topic "${topic.name}"`, topic.stats().bufferSize)),
        (error) => request.fail(error),
      );
    });
  }

  /** Answers all who wait for this event. */
  answer(topic: string, { id }: NovaEvent, data: unknown): void {
    const waiting = this.#waiting.get(`${topic}/${id}`);
    if (waiting === undefined) return;
    const reply = createEvent("reply", data, { env: this.#env });
    for (const request of [...waiting]) request.succeed(reply);
  }

  /** Sends everyone away. */
  end(error: Error): void {
    for (const waiting of [...this.#waiting.values()]) {
      for (const request of [...waiting]) request.fail(error);
    }
  }

  #wait(request: Request, id: string, signal: AbortSignal | undefined): void {
    const key = `${request.topic}/${id}`;
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting.add(request));
    const { timeoutMs } = request;
    const due = timeoutMs === Infinity ? undefined : this.#delays.add(request, timeoutMs);
    const aborting = signal && this.#env.onAbort(signal, () => request.fail(signal.reason));
    request.onEnd = () => {
      waiting.delete(request);
      if (waiting.size === 0) this.#waiting.delete(key);
      if (due !== undefined) this.#delays.delete(due);
      aborting?.[Symbol.dispose]();
    };
  }
}

/** One who waits. */
class Request implements Due {
  readonly topic: string;
  readonly timeoutMs: number;
  /** Frees what was held while it waited. */
  onEnd: () => void = () => {};
  readonly #resolve: (reply: NovaEvent) => void;
  readonly #reject: (reason: unknown) => void;

  constructor(
    topic: string,
    timeoutMs: number,
    resolve: (reply: NovaEvent) => void,
    reject: (reason: unknown) => void,
  ) {
    this.topic = topic;
    this.timeoutMs = timeoutMs;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  due(): void {
    this.fail(new TimeoutError(`a reply from topic "${this.topic}"`, this.timeoutMs));
  }

  succeed(reply: NovaEvent): void {
    this.onEnd();
    this.#resolve(reply);
  }

  fail(reason: unknown): void {
    this.onEnd();
    this.#reject(reason);
  }
}
