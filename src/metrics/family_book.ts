/**
 * Families under construction: described once, bounded, and kept from scrape to scrape, so that a
 * series that was there before costs a few look-ups and no text.
 */

import { labelText } from "./exposition.ts";
import type { Distribution, Family, Labels } from "./family.ts";

/** What the labels of a series are called that found no room. */
const OTHER = "other";

/** Longer label values say nothing more. */
const LONGEST_VALUE = 200;

/** A series, and the scrape that last saw it. */
interface Entry {
  readonly labels: Labels;
  /** The labels as they are written; no two series have the same. */
  readonly text: string;
  value: number | Distribution;
  scrape: number;
  /** The most that it has shown, if it counts others; else undefined. */
  most: number | undefined;
}

/** A place in the tree of label values. */
class Branch {
  entry: Entry | undefined;
  readonly next = new Map<string, Branch>();
}

/** Collects series; what goes beyond `maxSeries` of a family is added up under `other`. */
export class FamilyBook {
  readonly #maxSeries: number;
  readonly #pages = new Map<string, Page>();
  #scrape = 0;
  #folded = 0;

  constructor(maxSeries: number) {
    this.#maxSeries = maxSeries;
  }

  /** How many series of this scrape were folded. */
  get folded(): number {
    return this.#folded;
  }

  /** A scrape begins: all series are as yet unseen. */
  begin(): void {
    this.#scrape += 1;
    this.#folded = 0;
  }

  /** Adds to a counter. */
  counter(name: string, help: string, labels: Labels, value: number): void {
    this.#add(name, help, "counter", labels, value);
  }

  /** Adds to a gauge. */
  gauge(name: string, help: string, labels: Labels, value: number): void {
    this.#add(name, help, "gauge", labels, value);
  }

  /** Adds a distribution; all of a family have the same bounds. */
  histogram(name: string, help: string, labels: Labels, value: Distribution): void {
    this.#add(name, help, "histogram", labels, value);
  }

  /** All families with what this scrape has seen, in the order in which they first came up. */
  families(): Family[] {
    const families = Array.from(this.#pages.values(), (page) => page.family(this.#scrape));
    return families.filter(({ series }) => series.length > 0);
  }

  #add(
    name: string,
    help: string,
    type: Family["type"],
    labels: Labels,
    value: number | Distribution,
  ): void {
    let page = this.#pages.get(name);
    if (page === undefined) {
      page = new Page({ name, help, type }, this.#maxSeries);
      this.#pages.set(name, page);
    }
    if (!page.add(labels, value, this.#scrape)) this.#folded += 1;
  }
}

/** The series of one family. */
class Page {
  readonly #head: Omit<Family, "series">;
  readonly #maxSeries: number;
  /** By their text. What the last scrape has seen has its place: a series must not come and go. */
  readonly #entries = new Map<string, Entry>();
  /** By the values of their labels, one after the other. */
  #root = new Branch();
  /** How many this scrape has seen. */
  #seen = 0;

  constructor(head: Omit<Family, "series">, maxSeries: number) {
    this.#head = head;
    this.#maxSeries = maxSeries;
  }

  /** Adds to a series; false if it was folded. */
  add(labels: Labels, value: number | Distribution, scrape: number): boolean {
    let branch: Branch | undefined = this.#root;
    for (const name in labels) {
      branch = branch.next.get(labels[name]!);
      if (branch === undefined) break;
    }
    let entry = branch?.entry;
    let folded = false;
    if (entry === undefined) {
      const fit = fitting(labels);
      entry = this.#entries.get(labelText(fit));
      folded = entry === undefined && this.#entries.size >= this.#maxSeries;
      entry ??= this.#open(folded ? others(fit) : fit, scrape);
    }
    if (entry.scrape === scrape) entry.value = sum(entry.value, value);
    else {
      entry.scrape = scrape;
      entry.value = value;
      this.#seen += 1;
    }
    return !folded;
  }

  /** What this scrape has seen; the rest is forgotten. */
  family(scrape: number): Family {
    if (this.#seen < this.#entries.size) this.#sweep(scrape);
    this.#seen = 0;
    const series = Array.from(this.#entries.values(), (entry) => {
      if (this.#head.type === "counter") keepUp(entry);
      const { labels, text, value } = entry;
      return { labels, text, value };
    });
    return { ...this.#head, series };
  }

  #open(labels: Labels, scrape: number): Entry {
    const text = labelText(labels);
    let entry = this.#entries.get(text);
    if (entry === undefined) {
      const most = Object.values(labels).includes(OTHER) ? 0 : undefined;
      entry = { labels, text, value: 0, scrape: scrape - 1, most };
      this.#entries.set(text, entry);
      this.#plant(entry);
    }
    return entry;
  }

  #plant(entry: Entry): void {
    let branch = this.#root;
    for (const value of Object.values(entry.labels)) {
      let next = branch.next.get(value);
      if (next === undefined) branch.next.set(value, next = new Branch());
      branch = next;
    }
    branch.entry = entry;
  }

  #sweep(scrape: number): void {
    this.#root = new Branch();
    for (const [text, entry] of this.#entries) {
      if (entry.scrape === scrape) this.#plant(entry);
      else this.#entries.delete(text);
    }
  }
}

/** Others get fewer when one of them gets a series of its own; a counter does not fall for that. */
function keepUp(entry: Entry): void {
  if (entry.most === undefined || typeof entry.value !== "number") return;
  entry.value = entry.most = Math.max(entry.most, entry.value);
}

function sum(a: number | Distribution, b: number | Distribution): number | Distribution {
  if (typeof a === "number" || typeof b === "number") return a as number + (b as number);
  return {
    bounds: a.bounds,
    counts: a.counts.map((count, i) => count + b.counts[i]!),
    count: a.count + b.count,
    sum: a.sum + b.sum,
    exemplar: b.exemplar ?? a.exemplar,
  };
}

function others(labels: Labels): Labels {
  return Object.fromEntries(Object.keys(labels).map((name) => [name, OTHER]));
}

/** Labels whose values are well-formed and of bounded length: different ones stay so on the wire. */
function fitting(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, fit(value)]));
}

function fit(value: unknown): string {
  const text = String(value);
  return text.length > LONGEST_VALUE
    ? `${text.slice(0, LONGEST_VALUE).toWellFormed()}…`
    : text.toWellFormed();
}
