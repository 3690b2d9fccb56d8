/**
 * What happens inside an emitter: events are admitted, delivered, counted, and closed upon.
 */

import { ClosedError, type ListenerError, ValidationError } from "../errors.ts";
import type { Emitted } from "../event/event.ts";
import { type Isolation, ISOLATIONS } from "../event/isolation.ts";
import type { Listener } from "../event/listener.ts";
import { isMade } from "../event/make.ts";
import { compilePattern } from "../event/pattern.ts";
import { isPooled, letGo } from "../event/pool.ts";
import { checkType } from "../event/validate.ts";
import {
  durationOption,
  integerOption,
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
import type { Roster } from "../internal/roster.ts";
import { adopt, isThenable } from "../internal/thenable.ts";
import { type Timing, timings } from "../metrics/timing.ts";
import { DEFAULT_WAIT_MS, OVERFLOWS } from "../queue/overflow.ts";
import { Admission, optionsOf } from "./admission.ts";
import { Backlog, type BacklogOwner } from "./backlog.ts";
import type { Delivery, DeliveryOwner } from "./delivery.ts";
import { type ChannelIndex, type Handle, ListenerTable } from "./listener_table.ts";
import { Onion, type OnionOwner, requireMiddleware } from "./onion.ts";
import type { AnyEmitterOptions, EmitOptions, EmitterStats, OnOptions } from "./options.ts";
import { isPattern } from "./pattern.ts";
import { requirePool } from "./pool_drain.ts";
import { tableStats } from "./table_stats.ts";
import { wrapped } from "./wrapped.ts";

/** What an emitter without middleware counts of it. */
const NO_ONION = { entering: 0, exempt: 0, passing: 0, refused: 0, filtered: 0, errors: 0 };

/** The emitter behind its typed face. */
export class Engine implements DeliveryOwner, BacklogOwner, OnionOwner, Closable<number> {
  readonly name: string;
  readonly env: Env;
  readonly backlog: Backlog;
  readonly table: ListenerTable = new ListenerTable(() => this.#stopSignal());
  /**
   * The channels that made events may go to without a look at anything else; none when the emitter has
   * schemas, isolation or middleware, and empty once it is closed.
   */
  readonly direct: ChannelIndex | undefined;
  /** Whether it was told to close. */
  closed = false;
  /** How often it was told so. */
  closeCalls = 0;
  roster: Roster | undefined;
  /** Whether made events need no admission: it is open, without schemas and isolation. */
  #plain: boolean;
  readonly #onError: AnyEmitterOptions["onError"];
  readonly #isolation: Isolation;
  readonly #newTiming: () => Timing | undefined;
  readonly #admission: Admission;
  readonly #onion: Onion | undefined;
  #closing: Closing | undefined;
  #finishedBefore = 0;
  #stop: AbortController | undefined;
  #unheard = 0;
  #failed = 0;
  #inFlight = 0;
  /** In flight, but their listeners called `close`: closing does not wait for them. */
  #exempt = 0;

  constructor(options: AnyEmitterOptions) {
    requireOptions("an emitter", options);
    const { name, env = systemEnv, onError, middleware = [], schema = {} } = options;
    if (onError !== undefined) requireFunction("onError", onError);
    this.name = stringOption("name", name, "emitter");
    this.env = env;
    this.#onError = onError;
    this.#isolation = wordOption("isolation", options.isolation, ISOLATIONS, "shared");
    this.#newTiming = timings(options.timing, env);
    this.#admission = new Admission(schema, this.#isolation, env);
    const layers = requireMiddleware(middleware);
    this.#onion = layers.length === 0 ? undefined : new Onion(layers, this);
    this.#plain = this.#admission.isPlain;
    this.direct = this.#plain && this.#onion === undefined ? this.table.index : undefined;
    this.backlog = new Backlog({
      what: `emitter "${this.name}"`,
      bufferSize: integerOption("bufferSize", options.bufferSize, 1000),
      maxConcurrency: integerOption("maxConcurrency", options.maxConcurrency, 10),
      overflow: wordOption("overflow", options.overflow, OVERFLOWS, "wait"),
      waitMs: durationOption("waitMs", options.waitMs, DEFAULT_WAIT_MS),
      pool: options.pool === undefined ? undefined : requirePool(options.pool),
      env,
      owner: this,
    });
  }

  /** Adds a listener of a type or a pattern. */
  subscribe(name: string, listener: Listener, options: OnOptions = {}): Handle {
    requireFunction("a listener", listener);
    requireOptions("a subscription", options);
    const { id, signal } = options;
    requireSignal(signal);
    if (id !== undefined) stringOption("id", id, "");
    const timing = this.#newTiming();
    const fn = wrapped(timing?.around(listener) ?? listener, this.#isolation, options);
    const matches = isPattern(name) ? compilePattern(name) : undefined;
    if (matches === undefined) checkType(name);
    this.requireOpen();
    const handle = matches === undefined
      ? this.table.add(name, listener, fn, id)
      : this.table.addPattern(name, matches, listener, fn, id);
    handle.timing = timing;
    if (signal !== undefined) {
      handle.endsWith(this.env.onAbort(signal, () => handle.unsubscribe()));
    }
    return handle;
  }

  /** Delivers the event that a call means. */
  emit(first: unknown, second: unknown, third: unknown): Promise<void> {
    if (second === undefined && this.#isDirect(first)) return this.#send(first) ?? RESOLVED;
    return this.#admitted(first, second, third, (event) => this.start(event) ?? RESOLVED);
  }

  /** Puts the event that a call means into the backlog. */
  enqueue(first: unknown, second: unknown, third: unknown): Promise<boolean> {
    if (second === undefined && this.#isDirect(first)) return this.backlog.add(first, undefined);
    return this.#admitted(first, second, third, (event, signal) => {
      const accepted = this.backlog.add(event, signal);
      if (isPooled(event)) {
        const refused = () => letGo(event);
        accepted.then((yes) => yes || refused(), refused);
      }
      return accepted;
    });
  }

  /** Puts it there at once, or not at all. */
  tryEnqueue(first: unknown, second: unknown, third: unknown): boolean {
    if (second === undefined && this.#isDirect(first)) return this.backlog.tryAdd(first);
    const options = optionsOf(first, second, third);
    const event = this.#admit(first, second, options, options?.signal);
    if (event instanceof Promise) {
      event.then(letGo, () => {});
      throw new TypeError("Cannot enqueue at once as the schema is asynchronous: use enqueue");
    }
    const accepted = this.backlog.tryAdd(event);
    if (!accepted) letGo(event);
    return accepted;
  }

  /** Whether a value is a made event, and made events need no admission. */
  #isDirect(value: unknown): value is Emitted {
    return this.#plain && isMade(value);
  }

  /** The event that a call means; a promise if its schema is asynchronous. */
  #admit(
    first: unknown,
    second: unknown,
    options: EmitOptions | undefined,
    signal: AbortSignal | undefined,
  ): Emitted | Promise<Emitted> {
    const event = this.#admission.admit(first, second, options, signal);
    if (!this.closed) return event;
    const error = this.closedError();
    if (event instanceof Promise) {
      event.catch(() => {});
      this.#admission.refuseAll(error);
    } else {
      letGo(event);
    }
    throw error;
  }

  /** Admits an event, at once or when its schema has settled, and goes on with it. */
  #admitted<Result>(
    first: unknown,
    second: unknown,
    third: unknown,
    goOn: (event: Emitted, signal: AbortSignal | undefined) => Promise<Result>,
  ): Promise<Result> {
    try {
      const options = optionsOf(first, second, third);
      // Read once: what governs admission is what was checked.
      const signal = options?.signal;
      const event = this.#admit(first, second, options, signal);
      if (!(event instanceof Promise)) return goOn(event, signal);
      return event.then((settled) => {
        if (this.#closing === undefined) return goOn(settled, signal);
        letGo(settled);
        throw this.closedError();
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Sends an admitted event on its way; answers a promise when that takes longer, or failed. */
  start(event: Emitted): Promise<void> | undefined {
    const channel = this.direct?.[event.type];
    if (channel !== undefined && !isPooled(event)) {
      const delivery = channel.run(this, channel, event);
      if (delivery === undefined && !this.closed) return undefined;
      return this.follow(delivery);
    }
    const pending = this.#send(event);
    if (!isPooled(event)) return pending;
    if (pending !== undefined) return pending.finally(() => letGo(event));
    letGo(event);
  }

  #send(event: Emitted): Promise<void> | undefined {
    return this.#onion === undefined ? this.deliver(event) : this.#onion.send(event);
  }

  deliver(event: Emitted): Promise<void> | undefined {
    const channel = this.table.index[event.type] ?? this.table.find(event.type);
    if (channel === undefined) return this.#nobodyHeard(event);
    const { closed, closeCalls } = this;
    const delivery = channel.run(this, channel, event);
    if (delivery === undefined && this.closed === closed) return undefined;
    return this.follow(delivery, closed, closeCalls);
  }

  /**
   * What the caller gets of a delivery that failed, takes longer than the turn, or closed the emitter.
   * The other arguments are what held before it started.
   */
  follow(
    delivery: Delivery | undefined,
    wasClosed = false,
    closeCalls = 0,
  ): Promise<void> | undefined {
    // Until its turn is over an event passes for finished, also to the `close` that it called.
    if (this.closed !== wasClosed) this.#finishedBefore -= 1;
    if (delivery === undefined) return undefined;
    if (!delivery.running) {
      const { error } = delivery;
      return error === undefined ? undefined : Promise.reject(error);
    }
    this.#inFlight += 1;
    delivery.channel.inFlight += 1;
    if (this.closeCalls !== closeCalls) {
      delivery.exempt = true;
      this.#exempt += 1;
    }
    return delivery.promise();
  }

  unheard(): void {
    this.#unheard += 1;
  }

  #nobodyHeard({ type }: Emitted): Promise<void> | undefined {
    this.#unheard += 1;
    if (typeof type === "string") return undefined;
    this.#failed += 1;
    const message = "Cannot deliver an event whose type was changed after it was made";
    return Promise.reject(new ValidationError("type", type, message));
  }

  replace(event: Emitted): Emitted {
    return this.#admission.replace(event);
  }

  drained(): void {
    this.#closing?.check();
  }

  passed(): void {
    this.#closing?.check();
  }

  report(error: unknown): void {
    this.env.report(error);
  }

  dropped(event: Emitted): void {
    letGo(event);
  }

  failed(error: ListenerError): boolean {
    try {
      const answer: unknown = this.#onError?.(error, error.event as never);
      if (isThenable(answer)) {
        // It comes too late to handle anything; its own failure must not be lost.
        adopt(answer).then(undefined, (thrown) => this.env.report(thrown));
      }
      return answer === "handled";
    } catch (thrown) {
      this.env.report(thrown);
      return false;
    }
  }

  finished(delivery: Delivery): void {
    if (delivery.failures > 0) {
      this.#failed += 1;
      delivery.channel.failed += 1;
    }
    if (!delivery.running) return;
    this.#inFlight -= 1;
    delivery.channel.inFlight -= 1;
    if (delivery.exempt) this.#exempt -= 1;
    this.#closing?.check();
  }

  stats(): EmitterStats {
    const { queued, waiting } = this.backlog;
    const { entering, refused, filtered, errors } = this.#onion ?? NO_ONION;
    const dropped = this.backlog.dropped + filtered;
    const started = this.table.hits + this.#unheard + entering + refused;
    const inFlight = this.#inFlight + entering;
    const failed = this.#failed + refused;
    return {
      emitted: started + queued + dropped,
      succeeded: started - failed - inFlight,
      failed,
      enqueued: this.backlog.enqueued,
      queued,
      bufferSize: this.backlog.bufferSize,
      inFlight,
      maxConcurrency: this.backlog.maxConcurrency,
      dropped,
      unheard: this.#unheard,
      waiting,
      middlewareErrors: errors,
      invalid: this.#admission.invalid,
      refused: this.backlog.refused,
      timedOut: this.backlog.timedOut,
      ...tableStats(this.table),
    };
  }

  close(options: CloseOptions): Promise<CloseResult> {
    if (this.#closing === undefined) {
      try {
        requireOptions("close", options);
        this.#closing = new Closing(this, this.env, options.signal);
      } catch (error) {
        return Promise.reject(error);
      }
      this.#plain = false;
      this.table.closeIndex();
      this.closed = true;
      this.#finishedBefore = this.#countFinished();
      const error = this.closedError();
      this.#admission.refuseAll(error);
      this.backlog.close(error);
    }
    this.closeCalls += 1;
    return this.#closing.result;
  }

  isIdle(): boolean {
    const { passing } = this.#onion ?? NO_ONION;
    return this.backlog.queued === 0 && passing === 0 && this.#inFlight === this.#exempt;
  }

  end(): CloseResult {
    const completed = this.#countFinished() - this.#finishedBefore;
    const { entering, exempt } = this.#onion ?? NO_ONION;
    const running = this.#inFlight - this.#exempt + entering - exempt;
    const left = this.backlog.clear() + running;
    for (const handle of this.table.clear()) handle.unsubscribe();
    // Also for those that ask for the signal only later.
    this.#stopSignal();
    this.#stop?.abort(this.closedError());
    return { completed, left };
  }

  requireOpen(): void {
    if (this.#closing !== undefined) throw this.closedError();
  }

  closedError(): ClosedError {
    return new ClosedError(`emitter "${this.name}"`);
  }

  #countFinished(): number {
    const { succeeded, failed } = this.stats();
    return succeeded + failed;
  }

  #stopSignal(): AbortSignal {
    this.#stop ??= new AbortController();
    return this.#stop.signal;
  }
}
