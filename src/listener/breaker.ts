/**
 * A circuit breaker: stops calling what keeps failing, and tries again with a few probes.
 */

import { CircuitOpenError } from "../errors.ts";
import { type Env, systemEnv } from "../internal/env.ts";
import { withoutStack } from "../internal/quiet.ts";
import {
  type BreakerOptions,
  checkedSnapshot,
  type CircuitSnapshot,
  type CircuitState,
  tallyOf,
  type TotalCircuit,
  totalCircuit,
} from "./breaker_options.ts";
import { someCause } from "./causes.ts";
import type { Tally } from "./tally.ts";

/** When to ask again while probes are under way, in milliseconds. */
const PROBE_MS = 100;

/**
 * Decides for each attempt whether it may pass.
 *
 * `tryEnter()` answers a permit, or 0 for no. Who has a permit gives it back exactly once, with the
 * outcome: `succeed`, `fail`, or `release` for no verdict. Outcomes of attempts that began before the
 * last change of state do not count. Looking (`state`, `retryAfterMs`, `toJSON`) changes nothing, and
 * no timer is ever held.
 *
 * @example Usage
 * ```ts
 * import { CircuitBreaker } from "@nova/events/listener";
 *
 * const circuit = new CircuitBreaker({ name: "bank", failures: 2 });
 * for (let attempt = 0; attempt < 2; attempt++) {
 *   const permit = circuit.tryEnter();
 *   circuit.fail(permit, new Error("no route to the bank"));
 * }
 * console.log(circuit.state, circuit.tryEnter()); // open 0
 * ```
 */
export class CircuitBreaker {
  /** Names it in errors and changes. */
  readonly name: string;
  readonly #env: Env;
  readonly #options: TotalCircuit;
  readonly #tally: Tally;
  #state: CircuitState = "closed";
  /** The permit of this state: outcomes that come with another one are too late. */
  #permit = 1;
  /** On the monotonic clock. */
  #openUntil = 0;
  #probes = 0;
  #probesSucceeded = 0;
  #isolations = 0;
  #refused = 0;

  /**
   * Makes a closed breaker; it holds no timer and reads no clock.
   *
   * @throws {RangeError} If an option makes no sense.
   */
  constructor(options: BreakerOptions = {}) {
    this.#options = totalCircuit(options);
    this.name = this.#options.name;
    const env = options.env ?? systemEnv;
    this.#env = env;
    this.#tally = tallyOf(options, () => env.coarse());
  }

  /** The state that the last attempt left behind. An open circuit whose time is up is still open. */
  get state(): CircuitState {
    return this.#state;
  }

  /**
   * How long no attempt will pass, in milliseconds; 0 when one may pass now. While probes are under
   * way, or it is isolated, nobody knows: this is when to ask again.
   */
  get retryAfterMs(): number {
    const { cooldownMs, permits } = this.#options;
    if (this.#state === "closed") return 0;
    if (this.#state === "isolated") return cooldownMs;
    if (this.#state === "half-open") {
      return this.#probes < permits ? 0 : Math.max(1, Math.min(cooldownMs, PROBE_MS));
    }
    return Math.max(0, this.#openUntil - this.#env.monotonic());
  }

  /** How many attempts it has refused. */
  get refused(): number {
    return this.#refused;
  }

  /** A permit for one attempt, or 0 when none may pass. */
  tryEnter(): number {
    return this.#state === "closed" ? this.#permit : this.#tryProbe();
  }

  /** The attempt with this permit succeeded. */
  succeed(permit: number): void {
    if (permit !== this.#permit) return;
    if (this.#state === "closed") return this.#tally.succeed();
    this.#probes -= 1;
    this.#probesSucceeded += 1;
    if (this.#probesSucceeded >= this.#options.successes) this.#become("closed");
  }

  /** The attempt with this permit failed. */
  fail(permit: number, error: unknown): void {
    if (permit !== this.#permit) return;
    if (!this.#counts(error)) return this.release(permit);
    if (this.#state === "closed") {
      if (this.#tally.fail()) this.#open();
    } else {
      this.#open();
    }
  }

  /** The attempt with this permit ended without a verdict. */
  release(permit: number): void {
    if (permit === this.#permit && this.#state === "half-open") this.#probes -= 1;
  }

  /** What to throw instead of an attempt. */
  error(cause?: unknown): CircuitOpenError {
    const after = this.retryAfterMs;
    return withoutStack(() =>
      new CircuitOpenError(this.name, after, cause === undefined ? undefined : { cause })
    );
  }

  /**
   * Lets nothing pass until the result is disposed; the circuit is closed then. Of several isolations
   * the last one to go counts.
   */
  isolate(): Disposable {
    this.#isolations += 1;
    if (this.#state !== "isolated") this.#become("isolated");
    let gone = false;
    return {
      [Symbol.dispose]: () => {
        if (gone) return;
        gone = true;
        this.#isolations -= 1;
        if (this.#isolations === 0 && this.#state === "isolated") this.#become("closed");
      },
    };
  }

  /** Closes it and forgets what was counted, also when it was isolated. */
  reset(): void {
    if (this.#state !== "closed") this.#become("closed");
    else this.#tally.clear();
  }

  /** What it remembers, as plain data. */
  toJSON(): CircuitSnapshot {
    return {
      state: this.#state,
      ...(this.#state === "open" ? { retryAt: this.#env.now() + this.retryAfterMs } : {}),
      ...this.#tally.read(),
    };
  }

  /**
   * Takes over what another breaker remembered, perhaps in another process. A circuit that was
   * half-open begins with new probes; no cool-down is longer than its own.
   *
   * @throws {RangeError} If it is no snapshot.
   */
  restore(snapshot: CircuitSnapshot): void {
    const { state, retryAt, ...tallied } = checkedSnapshot(snapshot);
    const left = retryAt === undefined ? 0 : retryAt - this.#env.now();
    this.#become(state);
    this.#tally.restore(tallied);
    this.#openUntil = this.#env.monotonic() +
      Math.min(this.#options.cooldownMs, Math.max(0, left));
  }

  #tryProbe(): number {
    if (this.#state === "open" && this.#env.monotonic() >= this.#openUntil) {
      this.#become("half-open");
    }
    // A listener of the change may have closed or isolated it.
    if (this.#state === "closed") return this.#permit;
    if (this.#state !== "half-open" || this.#probes >= this.#options.permits) {
      this.#refused += 1;
      return 0;
    }
    this.#probes += 1;
    return this.#permit;
  }

  #open(): void {
    this.#openUntil = this.#env.monotonic() + this.#options.cooldownMs;
    this.#become("open");
  }

  #become(to: CircuitState): void {
    const from = this.#state;
    this.#state = to;
    this.#permit += 1;
    this.#probes = 0;
    this.#probesSucceeded = 0;
    this.#tally.clear();
    if (to === from) return;
    try {
      this.#options.onChange?.({ name: this.name, from, to });
    } catch (error) {
      this.#env.report(error);
    }
  }

  #counts(error: unknown): boolean {
    const { countIf } = this.#options;
    if (countIf === undefined) return true;
    try {
      return someCause(error, countIf);
    } catch (thrown) {
      this.#env.report(thrown);
      return true;
    }
  }
}
