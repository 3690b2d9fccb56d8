/**
 * The emitter: listeners in this process, called directly or from a bounded backlog.
 */

import type { Emitted, EmittedOf, EventMap, TypeOf } from "../event/event.ts";
import type { Listener, Subscription } from "../event/listener.ts";
import { isMade } from "../event/make.ts";
import { requireOptions, show, wordOption } from "../internal/check.ts";
import type { CloseOptions, CloseResult } from "../internal/closing.ts";
import { RESOLVED } from "../internal/env.ts";
import { lendRoster, Roster } from "../internal/roster.ts";
import { ACCEPTED, type Backlog } from "./backlog.ts";
import { dispatchOne } from "./dispatch.ts";
import { Engine } from "./engine.ts";
import { type EventStream, openStream } from "./event_stream.ts";
import { type Channel, type ChannelIndex, NO_CHANNEL } from "./listener_table.ts";
import { nextEvent } from "./next_event.ts";
import type {
  AnyEmitterOptions,
  EmitOptions,
  EmitterOptions,
  EmitterStats,
  EventsOptions,
  OnceOptions,
  OnOptions,
} from "./options.ts";
import type { Matching, Pattern } from "./pattern.ts";

/**
 * Calls listeners in this process.
 *
 * - **Direct:** `emit` starts every listener in this turn and resolves when all are done.
 * - **Queued:** `enqueue` accepts an event now and delivers it later, from a bounded buffer.
 * - **Isolated:** every listener runs even if another fails; `emit` then rejects with a
 *   {@linkcode ListenerError}, or an `AggregateError` of several.
 * - **Cheap:** a made event whose listeners are synchronous and succeed allocates nothing.
 *
 * An `emit` that fails and that nobody awaits is an unhandled rejection, as with any promise: give
 * `onError`, or await it.
 *
 * @typeParam Events The data that listeners get, for each event type.
 * @typeParam Inputs The data that is emitted, where schemas make something else of it.
 *
 * @example Usage
 * ```ts
 * import { Emitter } from "@nova/events/emitter";
 *
 * const emitter = new Emitter<{ "order.placed": { total: number } }>();
 * let revenue = 0;
 * emitter.on("order.placed", ({ data }) => {
 *   revenue += data.total;
 * });
 * await emitter.emit("order.placed", { total: 42 });
 * console.log(revenue); // 42
 * await emitter.close();
 * ```
 */
export class Emitter<
  Events extends EventMap = Record<string, unknown>,
  Inputs extends { readonly [Type in keyof Events]: unknown } = Events,
> implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #direct: ChannelIndex | undefined;
  readonly #backlog: Backlog;
  /** The channel of the last made event: runs of one type need no look-up. */
  #recent: Channel = NO_CHANNEL;

  /**
   * Makes an emitter; it holds no timer and reads no clock.
   *
   * @throws {RangeError} If an option makes no sense.
   * @throws {TypeError} If `onError`, a middleware or a schema is no such thing.
   */
  constructor(options: EmitterOptions<Events, Inputs> = {}) {
    this.#engine = new Engine(options as unknown as AnyEmitterOptions);
    this.#direct = this.#engine.direct;
    this.#backlog = this.#engine.backlog;
    lendRoster(this, () => this.#engine.roster ??= new Roster(this.#engine.env));
  }

  /** Names it in errors and figures. */
  get name(): string {
    return this.#engine.name;
  }

  // Patterns come first: in a map that names no types they would pass for one.
  /**
   * Calls `listener` with every event whose type matches a pattern: in `"order.*"` the `*` stands for
   * one token, in `"order.**"` for one or more; `"**"` matches everything.
   *
   * @throws {SyntaxError} If the pattern is none.
   */
  on<const Wanted extends Pattern>(
    pattern: Wanted,
    listener: Listener<Matching<Events, Wanted>>,
    options?: OnOptions,
  ): Subscription;
  /**
   * Calls `listener` with every event of a type, until the subscription ends. Listeners of an event
   * start in the order they subscribed.
   *
   * @throws {ClosedError} If the emitter is closed.
   */
  on<Type extends TypeOf<Events>>(
    type: Type,
    listener: Listener<Emitted<Type, Events[Type]>>,
    options?: OnOptions,
  ): Subscription;
  on(name: string, listener: Listener<never>, options?: OnOptions): Subscription {
    return this.#engine.subscribe(name, listener as Listener, options);
  }

  /**
   * Resolves with the next event of a type, or the next one that `where` accepts.
   *
   * It rejects with the signal's reason, with what `where` threw, or with {@linkcode ClosedError}
   * when the emitter closes first.
   */
  once<Type extends TypeOf<Events>>(
    type: Type,
    options: OnceOptions<Emitted<Type, Events[Type]>> = {},
  ): Promise<Emitted<Type, Events[Type]>> {
    return nextEvent(this.#engine, type, options as OnceOptions) as Promise<
      Emitted<Type, Events[Type]>
    >;
  }

  /** The events whose type matches a pattern as an async iterator. */
  events<const Wanted extends Pattern>(
    pattern: Wanted,
    options?: EventsOptions,
  ): EventStream<Matching<Events, Wanted>>;
  /**
   * The events of a type as an async iterator with a bounded buffer.
   *
   * When the buffer is full, the oldest event is dropped and counted unless `overflow` says otherwise;
   * `"wait"` makes the emitter wait for the reader. The iteration ends when the emitter closes or the
   * loop is left, and rejects with the signal's reason.
   */
  events<Type extends TypeOf<Events>>(
    type: Type,
    options?: EventsOptions,
  ): EventStream<Emitted<Type, Events[Type]>>;
  events(name: string, options: EventsOptions = {}): EventStream<never> {
    return openStream(this.#engine, name, options) as EventStream<Emitted> as EventStream<never>;
  }

  /** How many listeners an event of a type would reach, or how many subscriptions there are. */
  listenerCount(type?: TypeOf<Events>): number {
    return type === undefined ? this.#engine.table.active : this.#engine.table.count(type);
  }

  /**
   * Delivers an event to every listener, starting all of them in this turn. Resolves when all are
   * done.
   *
   * A made event passes on as it is; another object is checked, and passes on as one frozen copy.
   *
   * The promise rejects with {@linkcode ListenerError} if a listener failed, with `AggregateError` if
   * several did, with {@linkcode ValidationError} if the event is not valid, and with
   * {@linkcode ClosedError}.
   */
  emit(event: EmittedOf<Inputs>, options?: EmitOptions): Promise<void>;
  /** Delivers an event given as type and data. */
  emit<Type extends TypeOf<Events>>(
    type: Type,
    data: Inputs[Type],
    options?: EmitOptions,
  ): Promise<void>;
  emit(first: unknown, second?: unknown, third?: EmitOptions): Promise<void> {
    const direct = this.#direct;
    if (direct !== undefined && second === undefined && isMade(first)) {
      const { type } = first;
      const channel = this.#recent.type === type ? this.#recent : this.#lookUp(direct, type);
      if (channel !== undefined) {
        const engine = this.#engine;
        const { run } = channel;
        // A call whose target is named can be inlined, and one listener is the commonest number.
        const delivery = run === dispatchOne
          ? dispatchOne(engine, channel, first)
          : run(engine, channel, first);
        if (delivery === undefined && !engine.closed) return RESOLVED;
        return engine.follow(delivery) ?? RESOLVED;
      }
    }
    return this.#engine.emit(first, second, third);
  }

  #lookUp(direct: ChannelIndex, type: string): Channel | undefined {
    const channel = direct[type];
    if (channel !== undefined) this.#recent = channel;
    return channel;
  }

  /**
   * Accepts an event to be delivered after this turn, in order, at most `maxConcurrency` at once.
   *
   * Resolves to true when the event is accepted, to false when the overflow policy dropped it.
   * Failures of its listeners go to `onError`, else to `reportError`.
   *
   * The promise rejects with {@linkcode BufferFullError}, {@linkcode ValidationError},
   * {@linkcode ClosedError} or the signal's reason.
   */
  enqueue(event: EmittedOf<Inputs>, options?: EmitOptions): Promise<boolean>;
  /** Accepts an event given as type and data. */
  enqueue<Type extends TypeOf<Events>>(
    type: Type,
    data: Inputs[Type],
    options?: EmitOptions,
  ): Promise<boolean>;
  enqueue(first: unknown, second?: unknown, third?: EmitOptions): Promise<boolean> {
    if (this.#direct !== undefined && second === undefined && isMade(first)) {
      if (this.#backlog.offer(first)) return ACCEPTED;
    }
    return this.#engine.enqueue(first, second, third);
  }

  /**
   * Accepts an event to be delivered after this turn if there is room; false means there is none.
   *
   * @throws {ValidationError} If the event is not valid.
   * @throws {TypeError} If the schema of its type is asynchronous: use {@linkcode enqueue}.
   * @throws {ClosedError} If the emitter is closed.
   */
  tryEnqueue(event: EmittedOf<Inputs>): boolean;
  /** Accepts an event given as type and data, if there is room. */
  tryEnqueue<Type extends TypeOf<Events>>(
    type: Type,
    data: Inputs[Type],
    options?: Omit<EmitOptions, "signal">,
  ): boolean;
  tryEnqueue(first: unknown, second?: unknown, third?: EmitOptions): boolean {
    if (this.#direct !== undefined && second === undefined && isMade(first)) {
      if (this.#backlog.offer(first)) return true;
    }
    return this.#engine.tryEnqueue(first, second, third);
  }

  /**
   * Emits, or enqueues, several events: one outcome for each, in their order. A bad event stops no
   * other.
   */
  emitBatch(
    events: readonly EmittedOf<Inputs>[],
    options: { readonly mode?: "emit" | "enqueue" } = {},
  ): Promise<PromiseSettledResult<void | boolean>[]> {
    try {
      requireOptions("a batch", options);
      if (!Array.isArray(events)) {
        throw new TypeError(`Cannot emit ${show(events)} as a batch: it must be an array`);
      }
      const mode = wordOption("mode", options.mode, ["emit", "enqueue"], "emit");
      return Promise.allSettled<void | boolean>([...events].map((event) => this[mode](event)));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The figures of now. */
  stats(): EmitterStats {
    return this.#engine.stats();
  }

  /**
   * Takes nothing more, lets what was accepted finish, then ends every subscription.
   *
   * Producers that wait for room, or for a schema, are sent away with {@linkcode ClosedError}. It
   * resolves also when the signal (or 30 s) ends the waiting: what was queued is then dropped, and
   * counted as left. It never waits for the delivery whose listener called it before its first
   * `await`.
   */
  close(options: CloseOptions = {}): Promise<CloseResult> {
    return this.#engine.close(options);
  }

  /** Closes it with the default limit. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
