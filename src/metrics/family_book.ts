/**
 * Families under construction: each is described once and bounded.
 */

import type { Distribution, Family, Labels } from "./family.ts";

interface Page extends Omit<Family, "series"> {
  readonly series: Map<string, { readonly labels: Labels; value: number | Distribution }>;
}

/** What the labels of a series are called that found no room. */
const OTHER = "other";

/** Collects series; what goes beyond `maxSeries` of a family is added up under `other`. */
export class FamilyBook {
  readonly #maxSeries: number;
  readonly #pages = new Map<string, Page>();
  #folded = 0;

  constructor(maxSeries: number) {
    this.#maxSeries = maxSeries;
  }

  /** How many series were folded. */
  get folded(): number {
    return this.#folded;
  }

  /** Adds to a counter. */
  counter(name: string, help: string, labels: Labels, value: number): void {
    this.#add(this.#page(name, help, "counter"), labels, value);
  }

  /** Adds to a gauge. */
  gauge(name: string, help: string, labels: Labels, value: number): void {
    this.#add(this.#page(name, help, "gauge"), labels, value);
  }

  /** Adds a distribution. One beyond the limit is counted as folded and left out: it has no sum. */
  histogram(name: string, help: string, labels: Labels, value: Distribution): void {
    const { series } = this.#page(name, help, "histogram");
    if (series.size >= this.#maxSeries) this.#folded += 1;
    else series.set(keyOf(labels), { labels, value });
  }

  /** All families, in the order in which they came up. */
  families(): Family[] {
    return Array.from(this.#pages.values(), ({ name, help, type, series }) => ({
      name,
      help,
      type,
      series: [...series.values()],
    }));
  }

  #page(name: string, help: string, type: Family["type"]): Page {
    let page = this.#pages.get(name);
    if (page === undefined) this.#pages.set(name, page = { name, help, type, series: new Map() });
    return page;
  }

  #add({ series }: Page, labels: Labels, value: number): void {
    let key = keyOf(labels);
    if (series.size >= this.#maxSeries && !series.has(key)) {
      this.#folded += 1;
      labels = Object.fromEntries(Object.keys(labels).map((label) => [label, OTHER]));
      key = keyOf(labels);
    }
    const there = series.get(key);
    if (there === undefined) series.set(key, { labels, value });
    else there.value = there.value as number + value;
  }
}

/** Values apart by what no well-formed label holds. */
function keyOf(labels: Labels): string {
  return Object.values(labels).join("\ud800");
}
