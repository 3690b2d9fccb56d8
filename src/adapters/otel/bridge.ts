/**
 * Metrics of parts for a meter of OpenTelemetry.
 */

import { requireFunction, requireOptions, show } from "../../internal/check.ts";
import { RESOLVED } from "../../internal/env.ts";
import type { Parts } from "../../internal/parts.ts";
import type { Family, Labels } from "../../metrics/family.ts";
import { Metrics, type MetricsOptions } from "../../metrics/metrics.ts";

/** Takes figures while a reader collects. */
export interface ObservableResultLike {
  /** One figure. */
  observe(value: number, attributes?: Record<string, string>): void;
}

/** An instrument that asks for its figures. */
export interface InstrumentLike {
  /** Asks `callback` from now on. */
  addCallback(callback: (result: ObservableResultLike) => void): void;
  /** Asks it no longer. */
  removeCallback(callback: (result: ObservableResultLike) => void): void;
}

/** What is needed of a meter. */
export interface MeterLike {
  /** Makes an instrument for what only grows. */
  createObservableCounter(name: string, options?: InstrumentOptions): InstrumentLike;
  /** Makes an instrument for what goes up and down. */
  createObservableGauge(name: string, options?: InstrumentOptions): InstrumentLike;
}

/** What describes an instrument. */
export interface InstrumentOptions {
  /** One sentence. */
  description?: string;
  /** `s` for seconds. */
  unit?: string;
}

/** Options of {@linkcode bridgeMetrics}. */
export type BridgeOptions = MetricsOptions;

/** The figures of one series under one name. */
type Reading = readonly [value: number, labels: Labels];

/**
 * Lets a meter read the same families that `/metrics` shows, whenever its reader collects. They are
 * read once for each collection. The api has no histogram that can be read, so of durations there are
 * `_count` and `_sum`. Disposing the result ends it.
 *
 * @throws {TypeError} If the meter or a part is no such thing.
 *
 * @example Usage
 * ```ts
 * import { Emitter } from "@nova/events/emitter";
 * import { bridgeMetrics } from "@nova/events/otel";
 * import { metrics } from "@opentelemetry/api";
 *
 * const emitter = new Emitter({ name: "shop" });
 * const bridge = bridgeMetrics(metrics.getMeter("shop"), { emitter });
 * bridge[Symbol.dispose]();
 * await emitter.close();
 * ```
 */
export function bridgeMetrics(
  meter: MeterLike,
  parts: Parts,
  options: BridgeOptions = {},
): Disposable {
  const { createObservableCounter, createObservableGauge } = Object(meter) as MeterLike;
  if (typeof createObservableCounter !== "function") {
    throw new TypeError(`Cannot use ${show(meter)} as a meter: it makes no instruments`);
  }
  requireFunction("createObservableGauge", createObservableGauge);
  requireOptions("a bridge", options);
  return new Bridge(meter, new Metrics(parts, options));
}

class Bridge implements Disposable {
  readonly #meter: MeterLike;
  readonly #metrics: Metrics;
  readonly #detach = new Map<string, () => void>();
  #readings: Map<string, readonly Reading[]> | undefined;

  constructor(meter: MeterLike, metrics: Metrics) {
    this.#meter = meter;
    this.#metrics = metrics;
    this.#read();
  }

  [Symbol.dispose](): void {
    for (const detach of this.#detach.values()) detach();
    this.#detach.clear();
  }

  /** All readings of now, for every instrument that asks within this turn. */
  #read(): Map<string, readonly Reading[]> {
    if (this.#readings !== undefined) return this.#readings;
    const readings = new Map<string, readonly Reading[]>();
    for (const family of this.#metrics.collect()) {
      for (const [name, values] of readingsOf(family)) {
        readings.set(name, values);
        // Families come and go with what they are about; an instrument stays.
        if (!this.#detach.has(name)) this.#attach(name, family);
      }
    }
    this.#readings = readings;
    RESOLVED.then(() => this.#readings = undefined);
    return readings;
  }

  #attach(name: string, { type, help }: Family): void {
    const options: InstrumentOptions = { description: help };
    if (name.includes("_seconds") && !name.endsWith("_count")) options.unit = "s";
    const instrument = type === "gauge"
      ? this.#meter.createObservableGauge(name, options)
      : this.#meter.createObservableCounter(name, options);
    const observe = (result: ObservableResultLike): void => {
      for (const [value, labels] of this.#read().get(name) ?? []) {
        result.observe(value, { ...labels });
      }
    };
    instrument.addCallback(observe);
    this.#detach.set(name, () => instrument.removeCallback(observe));
  }
}

function* readingsOf({ name, type, series }: Family): Generator<[string, Reading[]]> {
  if (type !== "histogram") {
    yield [name, series.map(({ value, labels }) => [value as number, labels])];
    return;
  }
  for (const part of ["count", "sum"] as const) {
    yield [
      `${name}_${part}`,
      series.map(({ value, labels }) => [typeof value === "number" ? value : value[part], labels]),
    ];
  }
}
