/**
 * Events as an async iterator, with a buffer that has an end.
 */

import { BufferFullError } from "../errors.ts";
import type { Emitted } from "../event/event.ts";
import { keep } from "../event/pool.ts";
import type { Env } from "../internal/env.ts";
import { durationOption, integerOption, requireOptions, wordOption } from "../internal/check.ts";
import { DEFAULT_WAIT_MS, type Overflow, OVERFLOWS } from "../queue/overflow.ts";
import { Ring } from "../queue/ring.ts";
import { WaitingLine } from "../queue/waiting_line.ts";
import type { Engine } from "./engine.ts";
import type { EventsOptions } from "./options.ts";

/** What `emitter.events()` answers: iterate it, or dispose of it. */
export interface EventStream<Event>
  extends AsyncIterableIterator<Event, undefined>, AsyncDisposable {
  /** Events that wait in the buffer. */
  readonly queued: number;
  /** Events that the overflow policy dropped, or that were given up. */
  readonly dropped: number;
  /** Ends the subscription; what is buffered is given up. */
  return(): Promise<IteratorResult<Event, undefined>>;
}

/** What a stream is made of. */
export interface StreamOptions {
  readonly what: string;
  readonly bufferSize: number;
  readonly overflow: Overflow;
  readonly waitMs: number;
  readonly env: Env;
}

interface Reader {
  readonly resolve: (result: IteratorResult<Emitted, undefined>) => void;
  readonly reject: (reason: unknown) => void;
}

const DONE: IteratorResult<Emitted, undefined> = { done: true, value: undefined };

/** A subscription read from the outside. */
export class BufferedStream implements EventStream<Emitted> {
  readonly #options: StreamOptions;
  readonly #ring: Ring<Emitted>;
  readonly #line: WaitingLine<Emitted, true>;
  readonly #readers: Reader[] = [];
  #dropped = 0;
  #ended = false;
  #failure: { readonly reason: unknown } | undefined;
  #leave: () => void = () => {};

  constructor(options: StreamOptions) {
    const { what, bufferSize, waitMs, env } = options;
    this.#options = options;
    this.#ring = new Ring(bufferSize);
    this.#line = new WaitingLine(env, waitMs, () => new BufferFullError(what, bufferSize, waitMs));
  }

  get queued(): number {
    return this.#ring.length;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Names what ends the subscription behind this stream. */
  leaveWith(leave: () => void): void {
    this.#leave = leave;
  }

  /** The listener behind the stream. It answers a promise while it waits for room. */
  readonly push = (given: Emitted): void | Promise<void> => {
    const event = keep(given);
    const reader = this.#readers.shift();
    if (reader !== undefined) return reader.resolve({ done: false, value: event });
    if (this.#line.length === 0 && this.#ring.push(event)) return;
    const { overflow, what, bufferSize } = this.#options;
    if (overflow === "wait") return this.#line.join(event) as Promise<unknown> as Promise<void>;
    if (overflow === "reject") throw new BufferFullError(what, bufferSize);
    this.#dropped += 1;
    if (overflow === "drop-newest") return;
    this.#ring.shift();
    this.#ring.push(event);
  };

  next(): Promise<IteratorResult<Emitted, undefined>> {
    const value = this.#ring.shift();
    if (value !== undefined) {
      this.#line.admit((event) => this.#ring.push(event) ? true : undefined);
      return Promise.resolve({ done: false, value });
    }
    if (this.#failure !== undefined) {
      const { reason } = this.#failure;
      this.#failure = undefined;
      return Promise.reject(reason);
    }
    if (this.#ended) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }

  /** No more events come; what is buffered can still be read. With a reason, reading then fails. */
  end(failure?: { readonly reason: unknown }): void {
    if (this.#ended) return;
    this.#ended = true;
    const [first, ...others] = this.#readers.splice(0);
    if (failure !== undefined && first !== undefined) first.reject(failure.reason);
    else {
      this.#failure = failure;
      first?.resolve(DONE);
    }
    for (const { resolve } of others) resolve(DONE);
    this.#line.admit(() => {
      this.#dropped += 1;
      return true;
    });
  }

  return(): Promise<IteratorResult<Emitted, undefined>> {
    this.#leave();
    this.end();
    this.#failure = undefined;
    while (this.#ring.shift() !== undefined) this.#dropped += 1;
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

/** Subscribes a stream. */
export function openStream(engine: Engine, name: string, options: EventsOptions): BufferedStream {
  requireOptions("a stream of events", options);
  const { signal } = options;
  const stream = new BufferedStream({
    what: `the stream of "${name}" of emitter "${engine.name}"`,
    bufferSize: integerOption("bufferSize", options.bufferSize, 1000),
    overflow: wordOption("overflow", options.overflow, OVERFLOWS, "drop-oldest"),
    waitMs: durationOption("waitMs", options.waitMs, DEFAULT_WAIT_MS),
    env: engine.env,
  });
  const handle = engine.subscribe(name, stream.push, {
    id: `${name}.events`,
    ...(signal === undefined ? {} : { signal }),
  });
  handle.endsWith({
    [Symbol.dispose]: () =>
      stream.end(signal?.aborted === true ? { reason: signal.reason } : undefined),
  });
  stream.leaveWith(() => handle.unsubscribe());
  return stream;
}
