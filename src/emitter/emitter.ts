/**
 * The emitter: listeners in this process, called directly or from a bounded backlog.
 */

import { ClosedError, type ListenerError } from "../errors.ts";
import { isBranded } from "../event/brand.ts";
import type { Emitted, EmittedOf, EventMap, TypeOf } from "../event/event.ts";
import type { Listener, Subscription } from "../event/listener.ts";
import { checkType } from "../event/validate.ts";
import {
  durationOption,
  integerOption,
  nameOf,
  requireFunction,
  requireOptions,
  requireSignal,
  stringOption,
  wordOption,
} from "../internal/check.ts";
import {
  type Closable,
  type CloseOptions,
  type CloseResult,
  Closing,
} from "../internal/closing.ts";
import { type Env, RESOLVED, systemEnv } from "../internal/env.ts";
import { adopt, isThenable } from "../internal/thenable.ts";
import { DEFAULT_WAIT_MS } from "../queue/overflow.ts";
import { eventOf, optionsOf } from "./admission.ts";
import { Backlog } from "./backlog.ts";
import { type Delivery, type DeliveryOwner, dispatch } from "./delivery.ts";
import { Cell, type CellOwner, Channel } from "./listener_table.ts";
import { nextEvent } from "./once.ts";
import type {
  EmitOptions,
  EmitterOptions,
  EmitterStats,
  ListenerStats,
  OnceOptions,
  OnOptions,
} from "./options.ts";

/**
 * Calls listeners in this process.
 *
 * - **Direct:** `emit` starts every listener in this turn and resolves when all are done.
 * - **Queued:** `enqueue` accepts an event now and delivers it later, from a bounded buffer.
 * - **Isolated:** every listener runs even if another fails; `emit` then rejects with a
 *   {@linkcode ListenerError}, or an `AggregateError` of several.
 * - **Cheap:** an event of synchronous listeners that succeed allocates nothing.
 *
 * An `emit` that fails and that nobody awaits is an unhandled rejection, as with any promise: give
 * `onError`, or await it.
 *
 * @typeParam Events The data of each event type.
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
export class Emitter<Events extends EventMap = Record<string, unknown>> implements AsyncDisposable {
  /** Names it in errors and figures. */
  readonly name: string;
  readonly #env: Env;
  readonly #onError: EmitterOptions["onError"];
  readonly #backlog: Backlog;
  readonly #channels = new Map<string, Channel>();
  /** The channel of the last event: programs mostly emit one type many times. */
  #last: Channel | undefined;
  #closing: Closing | undefined;
  #closeCalls = 0;
  #finishedBefore = 0;
  #stop: AbortController | undefined;
  /** Hits of channels that are gone. */
  #retiredHits = 0;
  #unheard = 0;
  #failed = 0;
  #inFlight = 0;
  /** In flight, but their listeners called `close`: closing does not wait for them. */
  #exempt = 0;
  #listeners = 0;
  #unnamed = 0;
  /** What the parts of an emitter may ask of it. */
  readonly #parts: CellOwner & DeliveryOwner & Closable<number> = {
    stopSignal: () => this.#stopSignal(),
    remove: (cell) => this.#remove(cell),
    failed: (error) => this.#handles(error),
    finished: (delivery) => this.#finished(delivery),
    isIdle: () => this.#isIdle(),
    end: () => this.#end(),
  };

  /**
   * Makes an emitter; it holds no timer and reads no clock.
   *
   * @throws {RangeError} If an option makes no sense.
   */
  constructor(options: EmitterOptions = {}) {
    requireOptions("an emitter", options);
    this.name = stringOption("name", options.name, "emitter");
    this.#env = options.env ?? systemEnv;
    if (options.onError !== undefined) requireFunction("onError", options.onError);
    this.#onError = options.onError;
    this.#backlog = new Backlog({
      what: `emitter "${this.name}"`,
      bufferSize: integerOption("bufferSize", options.bufferSize, 1000),
      maxConcurrency: integerOption("maxConcurrency", options.maxConcurrency, 10),
      overflow: wordOption(
        "overflow",
        options.overflow,
        ["wait", "reject", "drop-newest", "drop-oldest"],
        "wait",
      ),
      waitMs: durationOption("waitMs", options.waitMs, DEFAULT_WAIT_MS),
      env: this.#env,
      deliver: (event) => this.#deliver(event),
      drained: () => this.#closing?.check(),
    });
  }

  /**
   * Calls `listener` with every event of a type, until the subscription ends.
   *
   * @throws {ClosedError} If the emitter is closed.
   */
  on<Type extends TypeOf<Events>>(
    type: Type,
    listener: Listener<Emitted<Type, Events[Type]>>,
    options?: OnOptions,
  ): Subscription {
    checkType(type);
    requireFunction("a listener", listener);
    requireOptions("a subscription", options);
    const signal = options?.signal;
    requireSignal(signal);
    const id = stringOption("id", options?.id, "") || nameOf(listener);
    if (this.#closing !== undefined) throw this.#closedError();
    const channel = this.#channels.get(type) ?? new Channel(type);
    const cell = new Cell(
      this.#parts,
      channel,
      id || `${type}#${++this.#unnamed}`,
      listener as Listener,
      options?.once === true,
    );
    this.#channels.set(type, channel);
    channel.cells.push(cell);
    this.#listeners += 1;
    if (signal !== undefined) {
      cell.endsWith(this.#env.onAbort(signal, () => cell.unsubscribe()));
    }
    return cell;
  }

  /**
   * Resolves with the next event of a type.
   *
   * It rejects with the signal's reason, with what `where` threw, or with {@linkcode ClosedError}
   * when the emitter closes first.
   */
  once<Type extends TypeOf<Events>>(
    type: Type,
    options: OnceOptions<Emitted<Type, Events[Type]>> = {},
  ): Promise<Emitted<Type, Events[Type]>> {
    return nextEvent(
      options,
      (listener, signal) =>
        this.on(type, listener, {
          ...(signal === undefined ? {} : { signal }),
          id: `${type}.once`,
        }) as Cell,
      () => this.#closedError(),
    );
  }

  /** How many active listeners there are, for one type or in all. */
  listenerCount(type?: TypeOf<Events>): number {
    return type === undefined ? this.#listeners : this.#channels.get(type)?.cells.length ?? 0;
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
  emit(event: EmittedOf<Events>, options?: EmitOptions): Promise<void>;
  /** Delivers an event given as type and data. */
  emit<Type extends TypeOf<Events>>(
    type: Type,
    data: Events[Type],
    options?: EmitOptions,
  ): Promise<void>;
  emit(first: unknown, second?: unknown, third?: EmitOptions): Promise<void> {
    let event: Emitted;
    if (
      second === undefined && typeof first === "object" && first !== null && isBranded(first) &&
      this.#closing === undefined
    ) {
      event = first as Emitted;
    } else {
      try {
        const options = optionsOf(first, second, third);
        event = this.#admit(first, second, options, options?.signal);
      } catch (error) {
        return Promise.reject(error);
      }
    }
    const delivery = this.#deliver(event);
    return delivery === undefined ? RESOLVED : delivery.promise();
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
  enqueue(event: EmittedOf<Events>, options?: EmitOptions): Promise<boolean>;
  /** Accepts an event given as type and data. */
  enqueue<Type extends TypeOf<Events>>(
    type: Type,
    data: Events[Type],
    options?: EmitOptions,
  ): Promise<boolean>;
  enqueue(first: unknown, second?: unknown, third?: EmitOptions): Promise<boolean> {
    try {
      const options = optionsOf(first, second, third);
      const signal = options?.signal;
      return this.#backlog.add(this.#admit(first, second, options, signal), signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Accepts an event to be delivered after this turn if there is room; false means there is none.
   *
   * @throws {ValidationError} If the event is not valid.
   * @throws {ClosedError} If the emitter is closed.
   */
  tryEnqueue(event: EmittedOf<Events>): boolean;
  /** Accepts an event given as type and data, if there is room. */
  tryEnqueue<Type extends TypeOf<Events>>(
    type: Type,
    data: Events[Type],
    options?: Omit<EmitOptions, "signal">,
  ): boolean;
  tryEnqueue(first: unknown, second?: unknown, third?: EmitOptions): boolean {
    const options = optionsOf(first, second, third);
    return this.#backlog.tryAdd(this.#admit(first, second, options, options?.signal));
  }

  /** The figures of now. */
  stats(): EmitterStats {
    let started = this.#retiredHits + this.#unheard;
    const listeners: ListenerStats[] = [];
    for (const { type, hits, cells } of this.#channels.values()) {
      started += hits;
      for (const { id, runs, failures } of cells) {
        listeners.push({ id, type, runs, runFailures: failures });
      }
    }
    const { queued, dropped, waiting } = this.#backlog;
    return {
      emitted: started + queued + dropped,
      succeeded: started - this.#failed - this.#inFlight,
      failed: this.#failed,
      queued,
      inFlight: this.#inFlight,
      dropped,
      unheard: this.#unheard,
      waiting,
      activeListeners: this.#listeners,
      listeners,
    };
  }

  /**
   * Takes nothing more, lets what was accepted finish, then ends every subscription.
   *
   * Producers that wait for room are sent away with {@linkcode ClosedError}. It resolves also when
   * the signal (or 30 s) ends the waiting: what was queued is then dropped, and counted as left. It
   * never waits for the delivery whose listener called it before its first `await`.
   */
  close(options: CloseOptions = {}): Promise<CloseResult> {
    if (this.#closing === undefined) {
      try {
        requireOptions("close", options);
        this.#closing = new Closing(this.#parts, this.#env, options.signal);
      } catch (error) {
        return Promise.reject(error);
      }
      this.#finishedBefore = this.#countFinished();
      this.#backlog.refuseWaiting(this.#closedError());
    }
    this.#closeCalls += 1;
    return this.#closing.result;
  }

  /** Closes it with the default limit. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #deliver(event: Emitted): Delivery | undefined {
    let channel = this.#last;
    if (channel === undefined || channel.type !== event.type) {
      channel = this.#channels.get(event.type);
      if (channel === undefined) {
        this.#unheard += 1;
        return undefined;
      }
      this.#last = channel;
    }
    const closing = this.#closing;
    const closeCalls = this.#closeCalls;
    const delivery = dispatch(this.#parts, channel, event);
    // Until its turn is over an event passes for finished, also to the `close` that it called.
    if (this.#closing !== closing) this.#finishedBefore -= 1;
    if (delivery?.running === true) {
      this.#inFlight += 1;
      if (this.#closeCalls !== closeCalls) {
        delivery.exempt = true;
        this.#exempt += 1;
      }
    }
    return delivery;
  }

  /** The event that a call of emit or enqueue means: checked, and let in. */
  #admit(
    first: unknown,
    second: unknown,
    options: EmitOptions | undefined,
    signal: AbortSignal | undefined,
  ): Emitted {
    const event = eventOf(first, second, options, signal);
    if (this.#closing !== undefined) throw this.#closedError();
    if (signal?.aborted === true) throw signal.reason;
    return event;
  }

  #handles(error: ListenerError): boolean {
    try {
      const answer: unknown = this.#onError?.(error, error.event as Emitted);
      if (isThenable(answer)) {
        // It comes too late to handle anything; its own failure must not be lost.
        adopt(answer).then(undefined, (thrown) => this.#env.report(thrown));
      }
      return answer === "handled";
    } catch (thrown) {
      this.#env.report(thrown);
      return false;
    }
  }

  #finished(delivery: Delivery): void {
    if (delivery.failures > 0) this.#failed += 1;
    if (!delivery.running) return;
    this.#inFlight -= 1;
    if (delivery.exempt) this.#exempt -= 1;
    this.#closing?.check();
  }

  #remove(cell: Cell): void {
    const { channel } = cell;
    this.#listeners -= 1;
    channel.remove(cell);
    if (channel.cells.length > 0 || !this.#channels.delete(channel.type)) return;
    this.#retiredHits += channel.hits;
    if (this.#last === channel) this.#last = undefined;
  }

  #countFinished(): number {
    const { succeeded, failed } = this.stats();
    return succeeded + failed;
  }

  #isIdle(): boolean {
    return this.#backlog.queued === 0 && this.#inFlight === this.#exempt;
  }

  #end(): CloseResult {
    const completed = this.#countFinished() - this.#finishedBefore;
    const left = this.#backlog.clear() + this.#inFlight - this.#exempt;
    for (const channel of [...this.#channels.values()]) {
      for (const cell of channel.clear()) cell.unsubscribe();
    }
    // Also for those that ask for the signal only later.
    this.#stopSignal();
    this.#stop?.abort(this.#closedError());
    return { completed, left };
  }

  #stopSignal(): AbortSignal {
    this.#stop ??= new AbortController();
    return this.#stop.signal;
  }

  #closedError(): ClosedError {
    return new ClosedError(`emitter "${this.name}"`);
  }
}
