/**
 * Figures of parts as metric families, read from plain counters when somebody scrapes.
 */

import { Family, Vocabulary } from "../../metrics/family.ts";
import { integerOption, requireOptions } from "../../internal/check.ts";
import { type NamedPart, namedParts, type Parts } from "../../internal/parts.ts";
import { collectBus } from "./bus.ts";
import { FAMILIES, type FamilyKey } from "./definitions.ts";
import { collectEmitter } from "./emitter.ts";
import { collectListeners } from "./listeners.ts";
import { collectPool, collectStore } from "./pool_and_store.ts";

/** The families of one scrape, empty at first. */
export type Page = Readonly<Record<FamilyKey, Family>>;

/** Options of a {@linkcode MetricsCollector}. */
export interface CollectorOptions {
  /**
   * How many values a label may have; those beyond are folded into `other`, and counted.
   *
   * @default {1000}
   */
  readonly maxLabelValues?: number;
}

/**
 * Reads the parts of a program, as often as it is asked. Between two scrapes it does nothing.
 *
 * @example Usage
 * ```ts
 * import { Emitter } from "@nova/events/emitter";
 * import { MetricsCollector } from "@nova/events/http";
 * import { renderMetrics } from "@nova/events/metrics";
 *
 * const emitter = new Emitter({ name: "shop" });
 * emitter.on("order.placed", () => {});
 * await emitter.emit("order.placed", { total: 42 });
 *
 * const page = renderMetrics(new MetricsCollector({ emitter }).collect(), "text");
 * console.log(page.split("\n")[2]);
 * // nova_events_emitted_total{emitter="shop",type="order.placed",result="success"} 1
 * await emitter.close();
 * ```
 */
export class MetricsCollector {
  readonly #parts: readonly NamedPart[];
  readonly #vocabulary: Vocabulary;

  /**
   * Looks at these parts when it is asked.
   *
   * @throws {TypeError} If a part is no such thing.
   * @throws {RangeError} If an option makes no sense.
   */
  constructor(parts: Parts, options: CollectorOptions = {}) {
    this.#parts = namedParts("collect metrics of", parts);
    requireOptions("a metrics collector", options);
    this.#vocabulary = new Vocabulary(
      integerOption("maxLabelValues", options.maxLabelValues, 1000),
    );
  }

  /** All families with the figures of now; those without series are left out. */
  collect(): Family[] {
    const page = Object.fromEntries(
      Object.entries(FAMILIES).map(([key, each]) => [key, new Family(each, this.#vocabulary)]),
    ) as Page;
    for (const part of this.#parts) collectPart(page, part);
    let series = 0;
    for (const family of Object.values(page)) series += family.size;
    page.series.add(series);
    page.folded.add(this.#vocabulary.folded);
    this.#vocabulary.turn();
    return Object.values(page).filter((family) => family.size > 0);
  }
}

const COLLECTORS = {
  emitter: collectEmitter,
  bus: collectBus,
  listeners: collectListeners,
  store: collectStore,
  pool: collectPool,
} as const;

/** The key of a record decides what figures a part must tell. */
function collectPart(page: Page, { kind, name, part }: NamedPart): void {
  COLLECTORS[kind](page, name, part.stats() as never);
  const { health } = part as { health?: () => { readonly status: string } };
  if (typeof health === "function") {
    page.health.add(1, `${kind}/${name}`, health.call(part).status);
  }
}
