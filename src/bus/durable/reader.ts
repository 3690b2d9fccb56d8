/**
 * One subscription's way along the log of its topic: it takes the lease of its name, goes to its
 * checkpoint, fills partitions of its own with what comes behind, and keeps the checkpoint.
 */

import { ClosedError, NovaError } from "../../errors.ts";
import { CursorExpiredError, FencedError } from "../../errors/store.ts";
import type { NovaEvent, Recorded } from "../../event/event.ts";
import { placeOf } from "../../internal/hash.ts";
import { sleep } from "../../internal/sleep.ts";
import type { Lease, MarkWrite, Outcome, Placed, Put, Unit } from "../../store/driver.ts";
import type { From, Key } from "../api.ts";
import type { Cursor } from "../cursor.ts";
import type { Partition } from "../partition.ts";
import { type Account, Committer, type CommitterOwner, type Finish } from "./committer.ts";
import { isSame, type Mark, Progress } from "./progress.ts";
import { streamOf, type TopicLog } from "./topic_log.ts";

/** How often a lease is renewed while it lasts, and asked for by those who wait for it. */
const RENEWALS = 4;

/** A checkpoint is written after so many events … */
const EVENTS_UNSAVED = 256;
/** … or so many milliseconds. */
const SAVE_MS = 50;
/** After a checkpoint could not be written. */
const SAVE_AGAIN_MS = 1000;

/** What a reader is made of. */
export interface ReaderOptions {
  readonly log: TopicLog;
  /** The name of the subscription. */
  readonly id: string;
  /** Where to begin if there is no checkpoint yet: at the end, or at the start. */
  readonly from: From;
  /** Whether publishers wait for it when it keeps up and has no room. */
  readonly gates: boolean;
  readonly partitions: readonly Partition[];
  /** The hash that places an event in its partition and lane. */
  readonly hashOf: (event: Recorded) => number;
  /** The partition of a key. */
  readonly partitionOf: (key: string | number) => number;
  /** Whether an event is no longer there, though it is in the log: a dead letter that was redriven. */
  readonly isGone: (event: Recorded) => boolean;
  /** What a unit says of dead letters: all events that are in hand now, and those that it finishes. */
  readonly accounted: (inHand: ReadonlySet<NovaEvent>, finishing: readonly Finish[]) => Account;
  /** Their unit is committed. */
  readonly finished: (finishing: readonly Finish[]) => void;
  /** It has its place, and may look for what an earlier holder has left. */
  readonly placed: () => Promise<void>;
  /** Its place belongs to somebody else now. */
  readonly lost: () => void;
}

/** The reading side of one durable subscription. */
export class Reader implements CommitterOwner {
  /** Resolves when it has its place. */
  readonly ready: Promise<void>;
  readonly partitions: readonly Partition[];
  readonly #log: TopicLog;
  readonly #options: ReaderOptions;
  /** Names its checkpoint, its lease and its keys. */
  readonly name: string;
  readonly #cursors: Cursor[] = [];
  readonly #committer: Committer;
  /** Events whose unit is committed, until nobody has them in hand any more. */
  readonly #finished: Set<number> = new Set();
  readonly #ending: AbortController = new AbortController();
  #progress: Progress | undefined;
  /** Also when it is given back: what is written late carries its fence. */
  #lease: Lease | undefined;
  #renewing: Disposable | undefined;
  #saving: Disposable | undefined;
  /** Whether somebody else has its place. */
  #isWaiting = false;
  /** The version it reads next. */
  #next = 0;
  #reading = false;
  #page: readonly Recorded[] = [];
  #saved: Mark = { low: -1, done: [] };
  #savedTaken = 0;
  #savedKeys = "[]";
  /** Whether it reads what is published as it comes, so that publishers wait for it. */
  keepsUp = false;

  constructor(options: ReaderOptions) {
    const { log, id, partitions } = options;
    this.#log = log;
    this.#options = options;
    this.name = `${streamOf(log.options.topic)}/${id}`;
    this.partitions = partitions;
    this.#committer = new Committer(log.options.engine, this);
    log.join(this);
    this.ready = this.#begin(log.startOf(options.from));
    this.ready.catch((error) => {
      if (!this.#ended && !(error instanceof ClosedError)) log.options.env.report(error);
    });
  }

  /** Whether publishers have to wait for it, when it has no room. */
  get gates(): boolean {
    return this.keepsUp && this.#options.gates;
  }

  /** Events that its cursors have not taken yet. */
  get queued(): number {
    return this.partitions.reduce((sum, { queued }) => sum + queued, 0);
  }

  /** Whether closing has nothing to wait for: what is known to be there was handed on, and written. */
  get idle(): boolean {
    if (this.#ended || this.#isWaiting) return true;
    const isBehind = this.#progress === undefined || (this.keepsUp && this.#next <= this.#log.head);
    return this.#committer.idle && !isBehind;
  }

  /** A cursor reads one of its partitions. */
  joined(cursor: Cursor): void {
    this.#cursors.push(cursor);
  }

  get #ended(): boolean {
    return this.#ending.signal.aborted;
  }

  async #begin(start: Promise<number>): Promise<void> {
    // Nobody else would hear of its failure, and it may not be needed.
    start.catch(() => {});
    for (;;) {
      try {
        // Who has just left here is about to give the lease back.
        await this.#log.departures.get(this.name);
        if (await this.#takePlace(start)) return;
      } catch (error) {
        this.#isWaiting = true;
        this.#log.options.progressed();
        if (!(error instanceof NovaError && error.retryable)) throw error;
        this.#log.options.env.report(error);
      }
      const { env, leaseMs } = this.#log.options;
      await sleep(env, leaseMs / RENEWALS, this.#ending.signal);
    }
  }

  /** True when it has its place, or does not want it any more; false while somebody else has it. */
  async #takePlace(start: Promise<number>): Promise<boolean> {
    const { driver } = this.#log.options.engine;
    await this.#log.open();
    if (this.#ended) return true;
    this.#lease ??= await driver.lease(this.name, this.#log.options.leaseMs);
    this.#isWaiting = this.#lease === undefined;
    if (this.#lease === undefined) return this.#ended;
    const mark = await driver.mark(this.name);
    this.#saved = mark ?? this.#saved;
    const { low, done } = mark ??
      { low: await start.catch(() => this.#log.startOf(this.#options.from)), done: [] };
    // Kept before anything is handed out: who comes back later must not begin anew.
    if (mark === undefined) await this.#keepFirst(low);
    const keys = await driver.document(this.name);
    await this.#options.placed();
    const next = await this.#log.versionAfter(low);
    if (this.#ended) {
      await this.#letGo();
      return true;
    }
    this.#next = next;
    if (keys !== undefined) this.#parkAgain(keys as string);
    this.#progress = new Progress(this.partitions.length, { low, done });
    this.#renewLater();
    this.#log.listen();
    this.wake();
    this.#log.options.progressed();
    return true;
  }

  async #keepFirst(low: number): Promise<void> {
    const { engine } = this.#log.options;
    const outcome = await engine.commit({ marks: [this.#write({ low, done: [] })] });
    if (outcome.is === "committed") this.#saved = { low, done: [] };
    else if (outcome.is === "refused" || outcome.is === "unknown") throw outcome.error;
    else throw new FencedError(this.name);
  }

  /** Keys that were parked stay so. */
  #parkAgain(keys: string): void {
    this.#savedKeys = keys;
    for (const key of JSON.parse(keys) as (string | number)[]) {
      this.#cursors[this.#options.partitionOf(key)]!.parkKey(key);
    }
  }

  #renewLater(): void {
    const { env, leaseMs } = this.#log.options;
    const renew = (): void => void this.#renew();
    this.#renewing = env.setTimer(renew, leaseMs / RENEWALS, { ref: false });
  }

  async #renew(): Promise<void> {
    // Nothing can be written any more, and nobody is to hear of that again and again.
    if (this.#log.options.engine.closed) return;
    try {
      const isMine = await this.#lease!.renew();
      if (this.#ended) return;
      if (!isMine) return this.#lose();
    } catch (error) {
      // Not renewed now; the fence says whether it is too late.
      this.#log.options.env.report(error);
    }
    if (this.#ended) return;
    // What others write must not be kept for one who has nothing to read.
    this.#committer.save();
    this.#renewLater();
  }

  #lose(): void {
    if (this.#ended) return;
    this.#log.options.env.report(new FencedError(this.name));
    this.#stop();
    this.#options.lost();
  }

  /** There may be something to read, or room for it. */
  wake(): void {
    if (this.#progress === undefined || this.#reading) return;
    while (!this.#ended) {
      if (this.#next > this.#log.head) {
        this.keepsUp = true;
        return;
      }
      const event = this.#page[this.#next - (this.#page[0]?.version ?? 0)] ??
        this.#log.recent(this.#next);
      if (event === undefined) return void this.#readOn();
      if (!this.#handOn(event)) return;
    }
  }

  /** Hands an event to its partition; false if that is full. */
  #handOn(event: Recorded): boolean {
    const progress = this.#progress!;
    const hash = this.#options.hashOf(event);
    const partition = placeOf(hash, this.partitions.length);
    if (!progress.isDone(partition, event.position) && !this.#options.isGone(event)) {
      if (!this.partitions[partition]!.add(event, hash, event.version)) return false;
      progress.handed(partition, event.position);
    }
    progress.reached(event.position);
    this.#next = event.version + 1;
    return true;
  }

  async #readOn(): Promise<void> {
    const { env, engine } = this.#log.options;
    this.#reading = true;
    this.keepsUp = false;
    try {
      const from = this.#next;
      const head = this.#log.head;
      this.#page = await this.#log.read(from);
      const first = this.#page[0];
      if (first === undefined || first.version > from) {
        this.#next = first?.version ?? head + 1;
        env.report(new CursorExpiredError(from - 1, this.#next));
      }
    } catch (error) {
      if (this.#ended || engine.closed) return;
      env.report(error);
      await sleep(env, SAVE_AGAIN_MS, this.#ending.signal);
    } finally {
      this.#reading = false;
    }
    this.wake();
  }

  /** Its cursors got on: there may be room, and a checkpoint to write. */
  progressed(): void {
    if (this.#progress === undefined || this.#ended) return;
    if (this.#next <= this.#log.head) this.wake();
    if (this.#taken() - this.#savedTaken >= EVENTS_UNSAVED) this.#committer.save();
    else this.#saveLater(SAVE_MS);
  }

  #saveLater(ms: number): void {
    this.#saving ??= this.#log.options.env.setTimer(() => {
      this.#saving = undefined;
      this.#committer.save();
    }, ms);
  }

  #taken(): number {
    return this.#cursors.reduce((sum, { place }) => sum + place, 0);
  }

  /** Writes what an event needs so that it is done; rejects if nothing of that was written. */
  finish(finish: Finish): Promise<readonly Placed[]> {
    return this.#committer.finish(finish);
  }

  unitOf(finishing: readonly Finish[]): Unit | undefined {
    const progress = this.#progress;
    if (progress === undefined) return undefined;
    const events = new Set<NovaEvent>();
    const inHand = new Set<number>();
    const keys = new Set<Key>();
    for (const cursor of this.#cursors) {
      for (const event of cursor.inHand()) {
        events.add(event);
        inHand.add((event as Recorded).position);
      }
      for (const key of cursor.parkedKeys) keys.add(key);
    }
    for (const position of this.#finished) {
      if (!inHand.has(position)) this.#finished.delete(position);
    }
    const account = this.#options.accounted(events, finishing);
    const done = new Set(this.#finished);
    if (account.keys.length > 0) {
      const parked = JSON.parse(this.#savedKeys) as Key[];
      for (const key of account.keys) if (parked.includes(key)) keys.add(key);
    }
    for (const { event, parks } of finishing) {
      done.add(event.position);
      if (parks !== undefined) keys.add(parks);
    }
    if (this.#next > this.#log.head) progress.reached(this.#log.quiet);
    this.#savedTaken = this.#taken();
    const mark = progress.mark((partition) => this.#cursors[partition]!.place, inHand, done);
    const marks = isSame(mark, this.#saved) ? [] : [this.#write(mark)];
    const text = JSON.stringify([...keys]);
    const documents: Put[] = text === this.#savedKeys ? [] : [{ key: this.name, body: text }];
    const appends = finishing.flatMap((finish) => finish.appends);
    const effects = finishing.flatMap((finish) => finish.effects);
    const changes = marks.length + documents.length + appends.length + effects.length;
    if (changes === 0) return undefined;
    // Always with the mark, as it carries the fence.
    const others = finishing.flatMap((finish) => finish.marks);
    return { appends, documents, effects, marks: [this.#write(mark), ...others, ...account.marks] };
  }

  #write({ low, done }: Mark): MarkWrite {
    return {
      name: this.name,
      low,
      done,
      protect: true,
      expect: "any",
      fence: this.#lease?.fence ?? 0,
    };
  }

  committed(
    { marks = [], documents = [] }: Unit,
    outcome: Outcome,
    finishing: readonly Finish[],
  ): void {
    if (outcome.is === "committed") {
      this.#saved = marks[0] as Mark | undefined ?? this.#saved;
      this.#savedKeys = documents[0]?.body as string | undefined ?? this.#savedKeys;
      for (const { event } of finishing) this.#finished.add(event.position);
      this.#options.finished(finishing);
    } else if (outcome.is === "fenced") this.#lose();
    else if (!this.#ended) {
      // Who wanted something finished hears of it.
      if ("error" in outcome && finishing.length === 0) this.#log.options.env.report(outcome.error);
      this.#saveLater(SAVE_AGAIN_MS);
    }
  }

  rested(): void {
    this.#log.options.progressed();
  }

  /** Hands on nothing more, writes the last checkpoint, and gives its place back. */
  end(): void {
    if (this.#ended) return;
    this.#stop();
    const left = this.#committer.close().then(() => this.#letGo());
    this.#log.departed(this.name, left);
  }

  #stop(): void {
    this.#ending.abort();
    this.keepsUp = false;
    this.#renewing?.[Symbol.dispose]();
    this.#saving?.[Symbol.dispose]();
    this.#log.leave(this);
  }

  async #letGo(): Promise<void> {
    try {
      await this.#lease?.release();
    } catch (error) {
      // It ends by itself.
      if (!this.#log.options.engine.closed) this.#log.options.env.report(error);
    }
  }
}
