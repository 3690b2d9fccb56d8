/**
 * The metrics of a program: read from its parts when somebody asks.
 */

import { integerOption, requireFunction, requireOptions } from "../internal/check.ts";
import { hear, type NamedPart, namedParts, type Parts } from "../internal/parts.ts";
import { collectPart } from "./collect.ts";
import { CONTENT_TYPES, expose, type Exposition, negotiate } from "./exposition.ts";
import type { Family } from "./family.ts";
import { FamilyBook } from "./family_book.ts";

/** Options of {@linkcode Metrics}. */
export interface MetricsOptions {
  /**
   * How many series a family may have. What goes beyond is added up in one with the label values
   * `other`, and counted in `nova_metrics_folded_series`. A series that has its place keeps it for as
   * long as it is there.
   *
   * @default {2000}
   */
  readonly maxSeries?: number;
  /**
   * Families of your own.
   *
   * @default {none}
   */
  readonly extra?: () => readonly Family[];
}

/** An exposition, ready to be sent. */
export interface Exposed {
  /** For `Content-Type`. */
  readonly contentType: string;
  /** The text. */
  readonly body: string;
}

/**
 * Metrics of emitters, buses, listeners, stores and pools. Parts count in plain fields; nothing is
 * done per event for metrics, and nothing happens between two scrapes.
 *
 * @example Usage
 * ```ts
 * import { Emitter } from "@nova/events/emitter";
 * import { Metrics } from "@nova/events/metrics";
 *
 * const emitter = new Emitter({ name: "shop" });
 * emitter.on("order.placed", () => {}, { id: "mail" });
 * await emitter.emit("order.placed", 1);
 *
 * const metrics = new Metrics({ emitter });
 * const { body } = metrics.expose("text/plain");
 * console.log(body.split("\n").find((line) => line.includes('listener="mail",result="success"')));
 * // nova_events_processed_total{component="emitter/shop",listener="mail",result="success"} 1
 * await emitter.close();
 * ```
 */
export class Metrics {
  readonly #parts: readonly NamedPart[];
  readonly #book: FamilyBook;
  readonly #extra: () => readonly Family[];

  /**
   * Reads nothing yet.
   *
   * @throws {TypeError} If a part is none, or `extra` no function.
   * @throws {RangeError} If `maxSeries` is no positive integer.
   */
  constructor(parts: Parts, options: MetricsOptions = {}) {
    this.#parts = namedParts("measure", parts);
    requireOptions("metrics", options);
    const { extra = () => [] } = options;
    requireFunction("extra", extra);
    this.#book = new FamilyBook(integerOption("maxSeries", options.maxSeries, 2000));
    this.#extra = extra;
  }

  /** The families of now. */
  collect(): Family[] {
    const book = this.#book;
    book.begin();
    let failed = 0;
    hear(this.#parts, () => failed += 1, (part) => collectPart(part, book));
    book.gauge("nova_metrics_failed_parts", "Parts that cannot tell their figures.", {}, failed);
    const { folded } = book;
    book.gauge("nova_metrics_folded_series", "Series that found no room.", {}, folded);
    return [...book.families(), ...this.#extra()];
  }

  /** The families of now as text, in the format that an `Accept` header asks for. */
  expose(accept: string | null = null): Exposed {
    const format: Exposition = negotiate(accept);
    return { contentType: CONTENT_TYPES[format], body: expose(this.collect(), format) };
  }
}
