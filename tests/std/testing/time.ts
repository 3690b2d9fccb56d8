/**
 * A thin stand-in for `@std/testing/time`: a clock that moves when the test says so.
 *
 * @module
 */

/** A mistake in the use of fake time. */
export class TimeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "TimeError";
  }
}

/** Options of {@linkcode FakeTime}. */
export interface FakeTimeOptions {
  /** How fast fake time moves by itself, relative to real time; 0: it stands. */
  advanceRate: number;
  /** How often it moves by itself, in real milliseconds. @default {10} */
  advanceFrequency?: number;
}

/** Options of {@linkcode FakeTime.delay}. */
export interface DelayOptions {
  /** Ends the delay early, by a rejection. */
  signal?: AbortSignal;
}

/** The real thing, taken before anything is replaced. */
const real = {
  Date: globalThis.Date,
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  abortTimeout: AbortSignal.timeout,
};

type Callback = (...args: unknown[]) => unknown;

interface Timer {
  readonly id: number;
  readonly callback: Callback;
  readonly args: readonly unknown[];
  readonly everyMs: number | undefined;
  readonly due: number;
}

/** All that one fake time knows. Timers stand in the order in which they fire. */
interface Clock {
  now: number;
  lastId: number;
  timers: Timer[];
}

let active: FakeTime | undefined;
let clock: Clock = { now: 0, lastId: 0, timers: [] };

function enqueue(timer: Timer): void {
  // Among equals the earlier made fires first, so a timer goes behind all that are due with it.
  let at = clock.timers.length;
  while (at > 0 && (clock.timers[at - 1] as Timer).due > timer.due) at--;
  clock.timers.splice(at, 0, timer);
}

function schedule(
  callback: Callback,
  delayMs: unknown,
  args: readonly unknown[],
  repeat: boolean,
): number {
  if (active === undefined) throw new TimeError("Cannot set a timer: time is not faked");
  const floored = Math.floor(Number(delayMs ?? 0)) || 0;
  const delay = Math.max(repeat ? 1 : 0, floored);
  const id = ++clock.lastId;
  const everyMs = repeat ? delay : undefined;
  enqueue({ id, callback, args, everyMs, due: clock.now + delay });
  return id;
}

function cancel(id: unknown): void {
  if (active === undefined) throw new TimeError("Cannot clear a timer: time is not faked");
  const at = clock.timers.findIndex((timer) => timer.id === id);
  if (at >= 0) clock.timers.splice(at, 1);
}

const FakeDate: DateConstructor = new Proxy(real.Date, {
  construct(target, args, newTarget): Date {
    const values = args.length === 0 ? [clock.now] : args;
    return Reflect.construct(target, values, newTarget === FakeDate ? target : newTarget) as Date;
  },
  apply: (target): string => new target(clock.now).toString(),
  get: (target, key): unknown => key === "now" ? fakeNow : Reflect.get(target, key),
});

function fakeNow(): number {
  return active === undefined ? real.Date.now() : clock.now;
}

function replaceGlobals(): void {
  install({
    Date: FakeDate,
    setTimeout: (callback: Callback, ms?: number, ...args: unknown[]): number =>
      schedule(callback, ms, args, false),
    clearTimeout: cancel,
    setInterval: (callback: Callback, ms?: number, ...args: unknown[]): number =>
      schedule(callback, ms, args, true),
    clearInterval: cancel,
  });
  AbortSignal.timeout = (ms: number): AbortSignal => {
    const controller = new AbortController();
    const reason = (): DOMException => new DOMException("Signal timed out.", "TimeoutError");
    schedule(() => controller.abort(reason()), ms, [], false);
    return controller.signal;
  };
}

function restoreGlobals(): void {
  const { abortTimeout, ...globals } = real;
  install(globals);
  AbortSignal.timeout = abortTimeout;
}

function install(replacements: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(replacements)) {
    if (!Reflect.set(globalThis, name, value)) throw new TimeError(`Cannot replace ${name}`);
  }
}

/** Replaces `Date`, the timer functions and `AbortSignal.timeout` until it is restored. */
export class FakeTime implements Disposable {
  #startedAt: number;
  #ticker: ReturnType<typeof setInterval> | undefined;

  /** Starts at the given moment, else now. A fake time that is still active is restored first. */
  constructor(start?: number | string | Date | null, options?: FakeTimeOptions) {
    active?.restore();
    this.#startedAt = startOf(start);
    if (Number.isNaN(this.#startedAt)) throw new TimeError(`Cannot start at ${start}: no date`);
    clock = { now: this.#startedAt, lastId: 0, timers: [] };
    replaceGlobals();
    active = this;

    const rate = Math.max(0, options?.advanceRate ?? 0);
    const frequency = Math.max(1, options?.advanceFrequency ?? 10);
    if (rate > 0) {
      this.#ticker = real.setInterval.call(
        globalThis,
        () => this.tick(rate * frequency),
        frequency,
      );
    }
  }

  /** Restores real time. */
  static restore(): void {
    if (active === undefined) throw new TimeError("Cannot restore time: it is not faked");
    active.restore();
  }

  /** Restores real time until the callback is done, whether it returns or resolves. */
  static async restoreFor<T, Args extends unknown[]>(
    callback: (...args: Args) => Promise<T> | T,
    ...args: Args
  ): Promise<T> {
    if (active === undefined) throw new TimeError("Cannot restore time: it is not faked");
    restoreGlobals();
    try {
      return await callback(...args);
    } finally {
      replaceGlobals();
    }
  }

  /** The fake time in epoch milliseconds. Setting it fires what falls due on the way. */
  get now(): number {
    return clock.now;
  }

  set now(value: number) {
    if (value < clock.now) throw new RangeError("Cannot set time in the past");
    for (let timer = clock.timers[0]; timer && timer.due <= value; timer = clock.timers[0]) {
      clock.now = timer.due;
      clock.timers.shift();
      if (timer.everyMs !== undefined) enqueue({ ...timer, due: timer.due + timer.everyMs });
      timer.callback.apply(null, [...timer.args]);
    }
    clock.now = value;
  }

  /** Where the fake time started, in epoch milliseconds. */
  get start(): number {
    return this.#startedAt;
  }

  set start(_value: number) {
    throw new TypeError("Cannot change the start of fake time");
  }

  /** Resolves after so many milliseconds of real time. */
  delay(ms: number, options: DelayOptions = {}): Promise<void> {
    const { signal } = options;
    const aborted = (): DOMException => new DOMException("Delay was aborted.", "AbortError");
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(aborted());
      const abort = (): void => {
        real.clearTimeout.call(globalThis, id);
        reject(aborted());
      };
      const id = real.setTimeout.call(globalThis, () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      }, ms);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** Runs what waits in the microtask queue: one real turn passes. */
  async runMicrotasks(): Promise<void> {
    await this.delay(0);
  }

  /** Moves time forward and fires what falls due. */
  tick(ms = 0): void {
    this.now += ms;
  }

  /** Runs the microtasks, then moves time forward. */
  async tickAsync(ms = 0): Promise<void> {
    await this.runMicrotasks();
    this.now += ms;
  }

  /** Moves time to the next timer and fires it. False, and no move, if there is none. */
  next(): boolean {
    const timer = clock.timers[0];
    if (timer) this.now = timer.due;
    return timer !== undefined;
  }

  /** Runs the microtasks, then moves time to the next timer. */
  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    return this.next();
  }

  /** Fires timers until none is left, those that they set themselves included. */
  runAll(): void {
    while (this.next());
  }

  /** Fires timers until none is left, and runs the microtasks before each. */
  async runAllAsync(): Promise<void> {
    while (clock.timers.length > 0) await this.nextAsync();
  }

  /** Restores real time. Timers that are still set are forgotten. */
  restore(): void {
    if (active === undefined) throw new TimeError("Cannot restore time: it is already restored");
    active = undefined;
    restoreGlobals();
    if (this.#ticker !== undefined) clearInterval(this.#ticker);
  }

  /** Restores real time. */
  [Symbol.dispose](): void {
    this.restore();
  }
}

function startOf(start: number | string | Date | null | undefined): number {
  if (start instanceof real.Date) return start.valueOf();
  if (typeof start === "number") return Math.floor(start);
  if (typeof start === "string") return new real.Date(start).valueOf();
  return real.Date.now();
}
