/**
 * Metric families: named figures with labels, as a scrape sees them.
 */

import type { Timing } from "./timing.ts";

/** What kind of figure a family holds. */
export type FamilyType = "counter" | "gauge" | "histogram";

/** What a family is, without its figures. */
export interface FamilyDefinition {
  /** Counters end in `_total`, durations in `_seconds`. */
  readonly name: string;
  /** The kind of its figures. */
  readonly type: FamilyType;
  /** One sentence without a full stop. */
  readonly help: string;
  /** The names of its labels. */
  readonly labels: readonly string[];
}

/** One series: a figure, or the durations behind a histogram. */
export interface Sample {
  /** The values of its labels, in the order of their names. */
  readonly values: readonly string[];
  /** The same as text: `component="emitter/shop",result="success"`. */
  readonly text: string;
  /** The figure of a counter or gauge; 0 for a histogram. */
  value: number;
  /** The durations of a histogram. */
  timing: Timing | undefined;
}

/** Longer label values say nothing more. */
const LONGEST_VALUE = 200;

/** What stands for all label values beyond the limit. */
export const OTHER = "other";

/** A family with its figures. Series with equal labels are one, and add up. */
export class Family {
  readonly definition: FamilyDefinition;
  readonly #vocabulary: Vocabulary;
  readonly #samples = new Map<string, Sample>();

  /** A family without series. */
  constructor(definition: FamilyDefinition, vocabulary: Vocabulary) {
    this.definition = definition;
    this.#vocabulary = vocabulary;
  }

  /** Its series, in the order they came. */
  get samples(): Iterable<Sample> {
    return this.#samples.values();
  }

  /** How many series it has. */
  get size(): number {
    return this.#samples.size;
  }

  /** Adds a figure to the series with these label values. */
  add(value: number, ...values: string[]): void {
    this.#sample(values).value += value;
  }

  /** Adds durations to the series with these label values. */
  addTiming(timing: Timing, ...values: string[]): void {
    const sample = this.#sample(values);
    sample.timing = sample.timing === undefined ? timing : sample.timing.with(timing);
  }

  #sample(values: string[]): Sample {
    const { labels } = this.definition;
    let text = "";
    for (let i = 0; i < labels.length; i++) {
      const value = values[i] = this.#vocabulary.admit(labels[i]!, values[i]!);
      text += `${i === 0 ? "" : ","}${labels[i]}="${escapeLabel(value)}"`;
    }
    let sample = this.#samples.get(text);
    if (sample === undefined) {
      sample = { values, text, value: 0, timing: undefined };
      this.#samples.set(text, sample);
    }
    return sample;
  }
}

/**
 * Which label values there may be: as many as the limit for each label. What was there in the last
 * scrape stays, so that a series does not flicker; the others are folded into `other` and counted.
 */
export class Vocabulary {
  readonly #limit: number;
  readonly #words = new Map<string, Words>();
  #folded = 0;

  /** Admits so many values of each label. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many times a value was folded. */
  get folded(): number {
    return this.#folded;
  }

  /** The value to use in its place: well-formed, of bounded length, and one of so many. */
  admit(label: string, value: string): string {
    let words = this.#words.get(label);
    if (words === undefined) this.#words.set(label, words = new Words(this.#limit));
    if (words.current.has(value)) return value;
    const fit = fitting(value);
    if (words.admit(fit)) return fit;
    this.#folded += 1;
    return OTHER;
  }

  /** A scrape is over: what it did not see may be replaced. */
  turn(): void {
    for (const words of this.#words.values()) words.turn();
  }
}

/** The values of one label: of the last scrape, and of this one. */
class Words {
  current = new Set<string>();
  readonly #limit: number;
  #last = new Set<string>();
  #room: number;

  constructor(limit: number) {
    this.#limit = limit;
    this.#room = limit;
  }

  admit(word: string): boolean {
    if (this.current.has(word)) return true;
    if (!this.#last.has(word)) {
      if (this.#room <= 0) return false;
      this.#room -= 1;
    }
    this.current.add(word);
    return true;
  }

  turn(): void {
    this.#last = this.current;
    this.#room = this.#limit - this.#last.size;
    this.current = new Set();
  }
}

function fitting(value: string): string {
  const short = value.length > LONGEST_VALUE ? `${value.slice(0, LONGEST_VALUE)}…` : value;
  return short.isWellFormed() ? short : short.toWellFormed();
}

const SPECIAL = /[\\"\n]/;

function escapeLabel(value: string): string {
  if (!SPECIAL.test(value)) return value;
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
