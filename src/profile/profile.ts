/**
 * A profile: stacks and what they cost, in the form that `go tool pprof` and its like open.
 */

import { Message } from "./wire.ts";

/** A place in a program. */
export interface Frame {
  /** The function, or whatever else costs something. */
  readonly name: string;
  /** Where it is written. */
  readonly file?: string;
  /** The line that ran, from 1. */
  readonly line?: number;
  /** The line where the function begins, from 1. */
  readonly startLine?: number;
}

/** What is counted, and in which unit: `{ type: "cpu", unit: "nanoseconds" }`. */
export interface ValueType {
  /** The name that `-sample_index` takes. */
  readonly type: string;
  /** `count`, `bytes` or `nanoseconds`. */
  readonly unit: string;
}

/** What tells samples of one stack apart. Texts can be filtered by, numbers are shown. */
export type Labels = Readonly<Record<string, string | number>>;

/** A stack, and what was counted there. */
export interface Sample {
  /** The innermost first. */
  readonly stack: readonly Frame[];
  /** One for each {@linkcode ValueType}; whole numbers. */
  readonly values: readonly number[];
  /** Beside the stack. */
  readonly labels: Labels;
}

/** What a profile says about itself. */
export interface ProfileOptions {
  /** What it counts. */
  readonly sampleTypes: readonly ValueType[];
  /**
   * The type that a viewer shows first.
   *
   * @default {the last one}
   */
  readonly defaultType?: string;
  /** What was sampled, and how many of that unit lie between two samples. */
  readonly period?: ValueType & { readonly every: number };
  /** When it was taken, in epoch milliseconds. */
  readonly time?: number;
  /** How long it took. */
  readonly durationMs?: number;
  /** What the program is; viewers show it as the file. */
  readonly program?: string;
  /** For people. */
  readonly comments?: readonly string[];
}

interface Counted {
  readonly frames: readonly number[];
  readonly labels: Labels;
  readonly values: number[];
}

/**
 * Samples, added up by stack and labels.
 *
 * @example Usage
 * ```ts
 * import { Profile } from "@nova/events/profile";
 *
 * const profile = new Profile({ sampleTypes: [{ type: "orders", unit: "count" }] });
 * profile.add([{ name: "pay" }, { name: "checkout" }], [2], { country: "NL" });
 * profile.add([{ name: "pay" }, { name: "checkout" }], [3], { country: "NL" });
 * console.log(profile.samples[0]?.values); // [ 5 ]
 *
 * const file = await profile.gzip(); // for: go tool pprof orders.pb.gz
 * console.log(file[0] === 0x1f); // true
 * ```
 */
export class Profile {
  /** What it says about itself. */
  readonly options: ProfileOptions;
  readonly #frames: Frame[] = [];
  readonly #frameIds: Map<string, number> = new Map();
  readonly #counted: Map<string, Counted> = new Map();

  /** Makes a profile without samples. */
  constructor(options: ProfileOptions) {
    this.options = options;
  }

  /** The samples, in the order of their first appearance. */
  get samples(): Sample[] {
    return Array.from(this.#counted.values(), ({ frames, labels, values }) => ({
      stack: frames.map((id) => this.#frames[id]!),
      labels,
      values,
    }));
  }

  /** The sum of the values of each type. */
  get totals(): number[] {
    const totals = this.options.sampleTypes.map(() => 0);
    for (const { values } of this.#counted.values()) {
      for (const [i, value] of values.entries()) totals[i]! += value;
    }
    return totals;
  }

  /** Adds to what was counted for a stack, innermost first, with these labels. */
  add(stack: readonly Frame[], values: readonly number[], labels: Labels = {}): void {
    const frames = stack.map((frame) => this.#frameId(frame));
    const key = `${frames} ${JSON.stringify(Object.entries(labels))}`;
    const counted = this.#counted.get(key);
    if (counted === undefined) {
      this.#counted.set(key, { frames, labels, values: values.map(Math.round) });
    } else {
      for (const [i, value] of values.entries()) counted.values[i]! += Math.round(value);
    }
  }

  /** The same samples, of which a viewer shows another type first. */
  showing(defaultType: string): Profile {
    const shown = new Profile({ ...this.options, defaultType });
    for (const { stack, values, labels } of this.samples) shown.add(stack, values, labels);
    return shown;
  }

  /** What was counted since an earlier profile of the same kind; what did not change is left out. */
  since(earlier: Profile): Profile {
    const durationMs = Math.max(0, (this.options.time ?? 0) - (earlier.options.time ?? 0));
    const difference = new Profile({ ...this.options, durationMs });
    for (const { stack, values, labels } of this.samples) difference.add(stack, values, labels);
    for (const { stack, values, labels } of earlier.samples) {
      difference.add(stack, values.map((value) => -value), labels);
    }
    for (const [key, { values }] of difference.#counted) {
      if (values.every((value) => value === 0)) difference.#counted.delete(key);
    }
    return difference;
  }

  /** The protocol buffer `perftools.profiles.Profile`. Viewers take it as it is, too. */
  encode(): Uint8Array<ArrayBuffer> {
    return new Encoding(this.options, this.#frames, [...this.#counted.values()]).bytes;
  }

  /** The same, compressed: what is written to files and sent. */
  async gzip(): Promise<Uint8Array<ArrayBuffer>> {
    const zipped = new Blob([this.encode()]).stream().pipeThrough(new CompressionStream("gzip"));
    return new Uint8Array(await new Response(zipped).arrayBuffer());
  }

  #frameId(frame: Frame): number {
    const key = `${frame.line ?? ""} ${frame.startLine ?? ""} ${frame.file ?? ""}\n${frame.name}`;
    let id = this.#frameIds.get(key);
    if (id === undefined) {
      id = this.#frames.push(frame) - 1;
      this.#frameIds.set(key, id);
    }
    return id;
  }
}

/** The message of a profile. Field numbers are those of `profile.proto`. */
class Encoding {
  readonly #message = new Message();
  readonly #strings = new Map([["", 0]]);
  readonly #functions = new Map<string, number>();

  constructor(options: ProfileOptions, frames: readonly Frame[], samples: readonly Counted[]) {
    const message = this.#message;
    const { sampleTypes, period, time = 0, durationMs = 0, comments = [] } = options;
    for (const type of sampleTypes) message.message(1, this.#valueType(type));
    for (const { frames, values, labels } of samples) {
      const sample = new Message();
      sample.integers(1, frames.map((id) => id + 1));
      sample.integers(2, values);
      for (const [key, value] of Object.entries(labels)) {
        sample.message(3, this.#label(key, value));
      }
      message.message(2, sample);
    }
    message.message(3, this.#mapping(options.program ?? ""));
    for (const [id, frame] of frames.entries()) message.message(4, this.#location(id + 1, frame));
    // A double cannot hold the nanoseconds of today exactly.
    message.integer(9, BigInt(Math.round(time)) * 1_000_000n);
    message.integer(10, Math.round(durationMs * 1e6));
    if (period !== undefined) {
      message.message(11, this.#valueType(period));
      message.integer(12, period.every);
    }
    for (const comment of comments) message.integer(13, this.#string(comment));
    message.integer(14, this.#string(options.defaultType ?? sampleTypes.at(-1)?.type ?? ""));
    for (const text of this.#strings.keys()) message.text(6, text);
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#message.bytes;
  }

  #valueType({ type, unit }: ValueType): Message {
    const message = new Message();
    message.integer(1, this.#string(type));
    message.integer(2, this.#string(unit));
    return message;
  }

  #label(key: string, value: string | number): Message {
    const message = new Message();
    message.integer(1, this.#string(key));
    if (typeof value === "string") message.integer(2, this.#string(value));
    else message.integer(3, value);
    return message;
  }

  /** One for all, which says that there are no addresses to look up. */
  #mapping(program: string): Message {
    const message = new Message();
    message.integer(1, 1);
    message.integer(5, this.#string(program));
    for (const known of [7, 8, 9]) message.integer(known, 1);
    return message;
  }

  #location(id: number, frame: Frame): Message {
    const line = new Message();
    line.integer(1, this.#function(frame));
    line.integer(2, frame.line ?? 0);
    const message = new Message();
    message.integer(1, id);
    message.integer(2, 1);
    message.message(4, line);
    return message;
  }

  #function({ name, file = "", startLine = 0 }: Frame): number {
    const key = `${startLine} ${file}\n${name}`;
    const known = this.#functions.get(key);
    if (known !== undefined) return known;
    const id = this.#functions.size + 1;
    this.#functions.set(key, id);
    const message = new Message();
    message.integer(1, id);
    message.integer(2, this.#string(name));
    message.integer(3, this.#string(name));
    message.integer(4, this.#string(file));
    message.integer(5, startLine);
    this.#message.message(5, message);
    return id;
  }

  #string(text: string): number {
    let place = this.#strings.get(text);
    if (place === undefined) this.#strings.set(text, place = this.#strings.size);
    return place;
  }
}
