/**
 * Looks at the parts of a program from time to time, and remembers a window of what they said.
 */

import { durationOption, requireFunction, requireOptions, show } from "../internal/check.ts";
import { type Env, NOTHING, systemEnv } from "../internal/env.ts";
import { type AdviceOptions, advise, totalThresholds } from "./advise.ts";
import type {
  BusFigures,
  EmitterFigures,
  ListenerFigures,
  ManagerFigures,
  PoolFigures,
  Sample,
  StoreFigures,
} from "./figures.ts";
import type { Finding, Thresholds } from "./finding.ts";

/** A part that tells figures of some kind. */
export interface Advised<Figures> {
  /** Names it in findings; without one it gets the name of its kind. */
  readonly name?: string;
  /** The figures of now. */
  stats(): Figures;
}

/** The parts of a program; the same record as `shutdown` takes. */
export interface AdvisedParts {
  /** Emitters. */
  readonly emitter?: Advised<EmitterFigures> | readonly Advised<EmitterFigures>[];
  /** Buses. */
  readonly bus?: Advised<BusFigures> | readonly Advised<BusFigures>[];
  /** Listener managers, or single supervised listeners. */
  readonly listeners?:
    | Advised<ManagerFigures | ListenerFigures>
    | readonly Advised<ManagerFigures | ListenerFigures>[];
  /** Stores. */
  readonly store?: Advised<StoreFigures> | readonly Advised<StoreFigures>[];
  /** Pools. */
  readonly pool?: Advised<PoolFigures> | readonly Advised<PoolFigures>[];
}

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

const KINDS = ["emitter", "bus", "listeners", "store", "pool"] as const;

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
  readonly #parts: AdvisedParts;
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
    requireParts(parts);
    requireOptions("an advisor", options);
    this.#parts = parts;
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
    const { emitter, bus, listeners, store, pool } = this.#parts;
    const heapBytes = this.#heapBytes?.();
    return {
      at: this.#env.monotonic(),
      emitter: figuresOf("emitter", emitter),
      bus: figuresOf("bus", bus),
      listeners: managersOf(listeners),
      store: figuresOf("store", store),
      pool: figuresOf("pool", pool),
      runtime: {
        ...(heapBytes === undefined ? {} : { heapBytes }),
        ...(lateMs === undefined ? {} : { lateMs }),
      },
    };
  }
}

function requireParts(parts: unknown): void {
  if (typeof parts !== "object" || parts === null) {
    throw new TypeError(`Cannot advise on ${show(parts)}: it must be a record of parts`);
  }
  for (const [kind, part] of Object.entries(parts)) {
    if (!(KINDS as readonly string[]).includes(kind)) {
      throw new TypeError(
        `Cannot advise on ${show(kind)}: the kinds of parts are ${KINDS.join(", ")}`,
      );
    }
    for (const each of listOf<unknown>(part)) {
      if (typeof (each as Partial<Advised<unknown>> | null)?.stats !== "function") {
        throw new TypeError(`Cannot advise on ${show(each)} as "${kind}": it has no stats()`);
      }
    }
  }
}

function listOf<Part>(parts: Part | readonly Part[] | undefined): readonly Part[] {
  if (parts === undefined) return [];
  return Array.isArray(parts) ? parts : [parts as Part];
}

/** Figures by the names of their parts; a name that is taken gets a number. */
function figuresOf<Figures>(
  kind: string,
  parts: Advised<Figures> | readonly Advised<Figures>[] | undefined,
): Record<string, Figures> {
  const figures = new Map<string, Figures>();
  for (const part of listOf(parts)) {
    const name = part.name || kind;
    let free = name;
    for (let n = 2; figures.has(free); n++) free = `${name}#${n}`;
    figures.set(free, part.stats());
  }
  return Object.fromEntries(figures);
}

function managersOf(parts: AdvisedParts["listeners"]): Record<string, ManagerFigures> {
  const all = figuresOf<ManagerFigures | ListenerFigures>("listener", parts);
  return Object.fromEntries(
    Object.entries(all).map(([name, figures]) => [
      name,
      "listeners" in figures ? figures : { listeners: { [name]: figures } },
    ]),
  );
}
