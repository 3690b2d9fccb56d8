/**
 * Families under construction: each is described once and bounded.
 */

import type { Distribution, Family, Labels } from "./family.ts";

interface Page extends Omit<Family, "series"> {
  readonly series: Map<string, { readonly labels: Labels; value: number | Distribution }>;
  /** The series of the last scrape. They have their place: a series must not come and go. */
  readonly last: ReadonlyMap<string, unknown>;
  /** How many others there is room for. */
  room: number;
}

/** What the labels of a series are called that found no room. */
const OTHER = "other";

/** Longer label values say nothing more. */
const LONGEST_VALUE = 200;

/** Collects series; what goes beyond `maxSeries` of a family is added up under `other`. */
export class FamilyBook {
  readonly #maxSeries: number;
  readonly #before: ReadonlyMap<string, Page>;
  readonly #pages = new Map<string, Page>();
  #folded = 0;

  /** The book of the last scrape says which series are known. */
  constructor(maxSeries: number, last?: FamilyBook) {
    this.#maxSeries = maxSeries;
    this.#before = last === undefined ? new Map() : last.#pages;
    // Only the last one: a chain of books would never be let go of.
    if (last !== undefined) last.#forget();
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

  /** Adds a distribution; all of a family have the same bounds. */
  histogram(name: string, help: string, labels: Labels, value: Distribution): void {
    this.#add(this.#page(name, help, "histogram"), labels, value);
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
    if (page === undefined) {
      const last = this.#before.get(name)?.series ?? new Map<string, unknown>();
      page = { name, help, type, series: new Map(), last, room: this.#maxSeries - last.size };
      this.#pages.set(name, page);
    }
    return page;
  }

  #add(page: Page, given: Labels, value: number | Distribution): void {
    let labels = fitting(given);
    let key = keyOf(labels);
    let there = page.series.get(key);
    if (there === undefined && !page.last.has(key)) {
      page.room -= 1;
      if (page.room < 0) {
        this.#folded += 1;
        labels = Object.fromEntries(Object.keys(labels).map((label) => [label, OTHER]));
        key = keyOf(labels);
        there = page.series.get(key);
      }
    }
    if (there === undefined) page.series.set(key, { labels, value });
    else there.value = sum(there.value, value);
  }

  #forget(): void {
    (this.#before as Map<string, Page>).clear();
  }
}

function sum(a: number | Distribution, b: number | Distribution): number | Distribution {
  if (typeof a === "number" || typeof b === "number") return a as number + (b as number);
  return {
    buckets: a.buckets.map(([bound, count], i) => [bound, count + b.buckets[i]![1]] as const),
    count: a.count + b.count,
    sum: a.sum + b.sum,
    exemplar: b.exemplar ?? a.exemplar,
  };
}

/** Labels whose values are well-formed and of bounded length: different ones stay so on the wire. */
function fitting(labels: Labels): Labels {
  for (const name in labels) {
    if (labels[name]!.length > LONGEST_VALUE || !labels[name]!.isWellFormed()) {
      return Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, fit(value)]));
    }
  }
  return labels;
}

function fit(value: string): string {
  const short = value.length > LONGEST_VALUE ? `${value.slice(0, LONGEST_VALUE)}…` : value;
  return short.toWellFormed();
}

/** Values apart by what no well-formed label holds. */
function keyOf(labels: Labels): string {
  let key = "";
  for (const name in labels) key += `${labels[name]}\ud800`;
  return key;
}
