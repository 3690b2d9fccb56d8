/**
 * Looks at the parts of a program from time to time, and remembers a window of what they said.
 */

import { durationOption, requireFunction, requireOptions } from "../internal/check.ts";
import { type Env, NOTHING, systemEnv } from "../internal/env.ts";
import { hear, type NamedPart, namedParts } from "../internal/parts.ts";
import { type AdviceOptions, advise, totalThresholds } from "./advise.ts";
import type { Sample } from "./figures.ts";
import type { Finding, Thresholds } from "./finding.ts";
import type { AdvisedParts } from "./parts.ts";

/** Options of an {@linkcode Advisor}. */
export interface AdvisorOptions extends AdviceOptions {
  /**
   * How often it looks while it runs, in milliseconds.
   *
   * @default {5_000}
   */
  readonly everyMs?: number;
  /**
   * How far back it remembers, in milliseconds; at most a thousand times `everyMs`.
   *
   * @default {60_000}
   */
  readonly windowMs?: number;
  /**
   * Reads the bytes of the heap in use, where the runtime tells them.
   *
   * @default {not read: no finding on memory growth}
   */
  readonly heapBytes?: () => number;
  /**
   * Clock and timers.
   *
   * @default {the runtime's}
   */
  readonly env?: Env;
}

/**
 * Samples the figures of parts and turns them into findings.
 *
 * `start` looks every few seconds, with a timer that keeps no process alive; `findings` looks once
 * more and answers. Without `start` each call of `findings` adds to the window.
 *
 * @example Usage
 * ```ts
 * import { Bus } from "@nova/events/bus";
 * import { Advisor, adviceText } from "@nova/events/tuning";
 *
 * const bus = new Bus();
 * const orders = bus.topic("orders", { bufferSize: 100 });
 * orders.subscribe(() => {});
 *
 * const advisor = new Advisor({ bus });
 * advisor.start();
 * console.log(adviceText(advisor.findings())); // No findings: nothing to tune.
 * advisor.stop();
 * await bus.close();
 * ```
 */
export class Advisor implements Disposable {
  readonly #parts: readonly NamedPart[];
  readonly #env: Env;
  readonly #everyMs: number;
  readonly #windowMs: number;
  readonly #thresholds: Thresholds;
  readonly #heapBytes: (() => number) | undefined;
  readonly #samples: Sample[] = [];
  #timer: Disposable = NOTHING;
  #running = false;
  /** When the timer is due. */
  #due = 0;

  /**
   * Looks at these parts. Nothing happens before `start` or `findings`.
   *
   * @throws {TypeError} If a part has no `stats`, or is of no known kind.
   * @throws {RangeError} If an option makes no sense.
   */
  constructor(parts: AdvisedParts, options: AdvisorOptions = {}) {
    this.#parts = namedParts("advise on", parts);
    requireOptions("an advisor", options);
    this.#env = options.env ?? systemEnv;
    this.#everyMs = durationOption("everyMs", options.everyMs, 5_000, false);
    this.#windowMs = durationOption("windowMs", options.windowMs, 60_000, false);
    if (
      !(this.#everyMs > 0) || this.#windowMs < this.#everyMs ||
      this.#windowMs > this.#everyMs * 1000
    ) {
      throw new RangeError(
        `Cannot look every ${this.#everyMs} ms within a window of ${this.#windowMs} ms: ` +
          "it must hold between 1 and 1,000 looks",
      );
    }
    if (options.heapBytes !== undefined) requireFunction("heapBytes", options.heapBytes);
    this.#heapBytes = options.heapBytes;
    this.#thresholds = totalThresholds(options);
  }

  /** Whether it looks by itself. */
  get running(): boolean {
    return this.#running;
  }

  /** What it remembers, oldest first. */
  get samples(): readonly Sample[] {
    return [...this.#samples];
  }

  /** Looks now, and then every `everyMs`. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#look();
    this.#wait();
  }

  /** Looks no longer by itself, and keeps what it remembers. */
  stop(): void {
    this.#running = false;
    this.#timer[Symbol.dispose]();
    this.#timer = NOTHING;
  }

  /** Looks once more, and answers what is to be said about the window, worst first. */
  findings(): Finding[] {
    this.#look();
    return advise(this.#samples, this.#thresholds);
  }

  /** Stops it. */
  [Symbol.dispose](): void {
    this.stop();
  }

  #wait(): void {
    this.#due = this.#env.monotonic() + this.#everyMs;
    this.#timer = this.#env.setTimer(() => this.#tick(), this.#everyMs, { ref: false });
  }

  #tick(): void {
    try {
      this.#look(Math.max(0, this.#env.monotonic() - this.#due));
    } catch (error) {
      // A part that cannot tell its figures must not take the process down.
      this.#env.report(error);
    }
    if (this.#running) this.#wait();
  }

  #look(lateMs?: number): void {
    const samples = this.#samples;
    const sample = this.#sample(lateMs);
    // Who asks often gets new figures, and no long list of them.
    const [last, previous] = [samples.at(-1), samples.at(-2)];
    const crowded = last !== undefined && previous !== undefined &&
      last.at - previous.at < this.#everyMs / 2;
    if (crowded) samples.pop();
    samples.push(sample);
    while (samples.length > 2 && samples[1]!.at <= sample.at - this.#windowMs) samples.shift();
  }

  #sample(lateMs: number | undefined): Sample {
    const figures: Record<string, [name: string, figures: object][]> = {};
    // A part that cannot tell is left out for now; only a look that nobody asked for reports it.
    const report = (error: unknown): void => {
      if (lateMs !== undefined) this.#env.report(error);
    };
    hear(this.#parts, report, ({ kind, name, part }) => {
      const told = part.stats();
      // A supervised listener on its own is a manager of one.
      const alone = kind === "listeners" && !("listeners" in told);
      (figures[kind] ??= []).push([name, alone ? { listeners: { [name]: told } } : told]);
    });
    const heapBytes = this.#heapBytes?.();
    return {
      at: this.#env.monotonic(),
      ...Object.fromEntries(
        Object.entries(figures).map(([kind, all]) => [kind, Object.fromEntries(all)]),
      ),
      runtime: {
        ...(heapBytes === undefined ? {} : { heapBytes }),
        ...(lateMs === undefined ? {} : { lateMs }),
      },
    };
  }
}
