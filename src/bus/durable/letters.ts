/**
 * The dead letters of a durable topic: a stream of their own, and in memory those that nobody took
 * out. What was redriven is out for good when it is handled, so that nothing is lost between.
 */

import type { NovaEvent, Recorded } from "../../event/event.ts";
import { createEvent } from "../../event/make.ts";
import { RESOLVED } from "../../internal/env.ts";
import type { MarkWrite } from "../../store/driver.ts";
import type { DeadLetter, Key } from "../api.ts";
import type { Partition } from "../partition.ts";
import type { LetterBox } from "../redrive.ts";
import { recordOf } from "./durability.ts";
import type { Reader } from "./reader.ts";
import type { TopicLog } from "./topic_log.ts";

const PAGE = 1000;
const NONE: ReadonlySet<NovaEvent> = new Set();

/** A letter that was taken out, while its event is on its way. */
interface Redriven {
  readonly subscription: string;
  readonly position: number;
}

/** What became of letters that were redriven. */
export interface Settled {
  /** Those events that are not done yet. */
  readonly underWay: readonly NovaEvent[];
  /** What says that letters are gone. */
  readonly marks: readonly MarkWrite[];
}

/** What letters are made of. */
export interface LettersOptions {
  readonly log: TopicLog;
  /** Those that are kept. */
  readonly kept: Partition;
  readonly maxEvents: number;
  /** Keeps one. */
  readonly keep: (letter: Recorded) => boolean;
}

/** The dead letters of one topic. */
export class Letters implements LetterBox {
  readonly #options: LettersOptions;
  /** The last letter that is known. */
  #version: number | undefined;
  /** … and where it is in the store. */
  #known = 0;
  #reading: Promise<unknown> = RESOLVED;
  /** What was gone when the first was read. */
  #goneBefore: readonly number[] = [];
  /** Letters on their way to the store. */
  #coming = 0;
  /** Letters that are out, in memory, by their event. */
  readonly #redriven: Map<NovaEvent, Redriven> = new Map();
  readonly #gone: Set<number> = new Set();
  /** Whether letters are gone that the store believes to be there. */
  #isDue = false;
  #saving = false;

  constructor(options: LettersOptions) {
    this.#options = options;
  }

  /** Finds letters that are not known here; answers up to where the store was looked through. */
  load(): Promise<number> {
    const read = (): Promise<number> => this.#read();
    const reading = this.#reading.then(read, read);
    this.#reading = reading;
    return reading;
  }

  async #read(): Promise<number> {
    const { log, keep } = this.#options;
    const { engine } = log.options;
    if (this.#version === undefined) {
      const { low = 0, done = [] } = await engine.driver.mark(log.stream) ?? {};
      this.#version = await log.versionAfter(low) - 1;
      this.#goneBefore = done;
    }
    for (;;) {
      const query = { stream: log.stream, after: this.#version, limit: PAGE };
      const page = await engine.read(query);
      for (const letter of page.records) {
        if (letter.version <= this.#version) continue;
        this.#version = letter.version;
        this.#known = letter.position;
        if (isWithin(this.#goneBefore, letter.position)) this.#gone.add(letter.position);
        else keep(letter);
      }
      if (!page.more && page.records.length < PAGE) return page.head;
    }
  }

  /** Writes a letter, and that its event is done; false if there is no room, or no way to write it. */
  async bury(letter: DeadLetter, reader: Reader, parks: Key): Promise<boolean> {
    const { log, kept, keep, maxEvents } = this.#options;
    const { engine, env } = log.options;
    const event = letter.event as Recorded;
    try {
      await log.open();
      if (kept.queued + this.#coming >= maxEvents) return false;
      this.#coming += 1;
      try {
        // The same id if it is written a second time.
        const id = `${event.position}/${letter.redrives}/${letter.subscription}`;
        const made = createEvent("dead-letter", letter, { id, env });
        const placed = await reader.finish({
          event,
          parks,
          effects: [],
          appends: [engine.append(log.stream, [made], "all", "any")],
          marks: kept.queued + this.#redriven.size === 0
            ? [this.#mark(engine.driver.figures().head, [], true)]
            : [],
        });
        const record = recordOf(log.stream, made, placed[0]!);
        if (record.version - 1 === this.#version) {
          this.#version = record.version;
          this.#known = record.position;
          keep(record);
        } else await this.load();
        log.entered(record);
        return true;
      } finally {
        this.#coming -= 1;
        this.#saveSoon();
      }
    } catch (error) {
      if (!engine.closed) env.report(error);
      return false;
    }
  }

  /** Whether a letter was taken out. */
  isGone(position: number): boolean {
    return this.#gone.has(position);
  }

  kept(): Iterable<number> {
    return this.#options.kept.kept();
  }

  at(place: number): NovaEvent | undefined {
    return this.#options.kept.at(place);
  }

  takeOut(place: number): void {
    const { kept } = this.#options;
    const { position, data } = kept.at(place) as Recorded<string, DeadLetter>;
    kept.takeOut(place);
    this.#gone.add(position);
    this.#redriven.set(data.event, { position, subscription: data.subscription });
  }

  /** A unit is committed in which an event is done: its letter is gone with that. */
  finished(event: NovaEvent): void {
    this.#redriven.delete(event);
  }

  /**
   * A subscription saves its place: what is redriven and no longer in its hands is done, and so is what
   * it finishes with that.
   */
  settled(
    subscription: string,
    inHand: ReadonlySet<NovaEvent>,
    finishing: ReadonlySet<NovaEvent>,
  ): Settled {
    const underWay: NovaEvent[] = [];
    let isLeaving = false;
    for (const [event, redriven] of this.#redriven) {
      if (redriven.subscription !== subscription) continue;
      if (finishing.has(event)) isLeaving = true;
      else if (inHand.has(event)) underWay.push(event);
      else {
        this.#redriven.delete(event);
        this.#isDue = true;
      }
    }
    this.#saveSoon();
    // What others write is behind what is known here.
    return { underWay, marks: isLeaving ? [this.#left(this.#known, finishing)] : [] };
  }

  /** Not while a letter is on its way: it would look as if it were gone. */
  #saveSoon(): void {
    if (this.#isDue && this.#coming === 0 && !this.#saving) void this.#save();
  }

  /** Writes which letters are there: those in between are gone. */
  async #save(): Promise<void> {
    const { engine, env } = this.#options.log.options;
    this.#saving = true;
    this.#isDue = false;
    try {
      // Others write letters as well: what is not known here must not look as if it were gone.
      const head = await this.load();
      await engine.commit({ marks: [this.#left(head, NONE)] });
    } catch (error) {
      if (!engine.closed) env.report(error);
    } finally {
      this.#saving = false;
      this.#saveSoon();
    }
  }

  /** Up to `head`, what is not here, or is `finishing`, is gone. */
  #left(head: number, finishing: ReadonlySet<NovaEvent>): MarkWrite {
    const { kept } = this.#options;
    const left: number[] = [];
    for (const [event, { position }] of this.#redriven) {
      if (!finishing.has(event)) left.push(position);
    }
    for (const place of kept.kept()) left.push((kept.at(place) as Recorded).position);
    left.sort((a, b) => a - b);
    const done: number[] = [];
    for (const [i, position] of left.entries()) {
      const to = (left[i + 1] ?? head + 1) - 1;
      if (to > position) done.push(position + 1, to);
    }
    const low = left.length === 0 ? head : left[0]! - 1;
    return this.#mark(low, done, left.length + this.#coming > 0);
  }

  #mark(low: number, done: readonly number[], protect: boolean): MarkWrite {
    return { name: this.#options.log.stream, low, done, protect, expect: "any", fence: 0 };
  }
}

function isWithin(ranges: readonly number[], position: number): boolean {
  for (let i = 0; i < ranges.length; i += 2) {
    if (ranges[i]! <= position && position <= ranges[i + 1]!) return true;
  }
  return false;
}
