/**
 * What one cursor has set aside: events that are no longer in the ring and not done either. They wait
 * for another attempt, stand still, are behind one with the same key, or may start at once.
 */

import type { NovaEvent } from "../event/event.ts";
import { Lanes } from "../queue/lanes.ts";
import { powerOfTwo, Ring } from "../queue/ring.ts";
import type { Key, ParkedKey } from "./api.ts";
import { type CursorOwner, Job, type JobOwner } from "./job.ts";
import type { Partition } from "./partition.ts";
import { Standstill } from "./standstill.ts";

/** Lanes per event that may run at once: few enough keys then share a lane. */
const LANES_PER_SLOT = 16;
const FEWEST_LANES = 256;
/** More would cost memory that no number of running handlers pays back. */
const MOST_LANES = 65_536;

/** What a cursor sets aside is bounded as a whole, by `maxHeld`. */
const UNBOUNDED = Number.MAX_SAFE_INTEGER;

/** Jobs that are kept for the next events. */
const MOST_SPARE = 64;

/** The lane of events of a topic without keys. */
const NO_LANE = -1;

/** The events of one cursor outside the ring, but for those whose handlers run. */
export class Aside {
  readonly #cursor: JobOwner;
  readonly #owner: CursorOwner;
  readonly #partition: Partition;
  /** Jobs that wait for their next attempt. */
  readonly #waiting: Set<Job> = new Set();
  /** What stands still until somebody acts. */
  readonly #standstill: Standstill;
  /** Jobs that may start as soon as there is a slot: due retries, and successors in a lane. */
  #ready: Ring<Job> = new Ring(UNBOUNDED);
  /** How often events were redriven that are set aside for it. */
  readonly #redrives: Map<NovaEvent, number> = new Map();
  /** Jobs whose handlers run, where somebody keeps account. */
  readonly #running: Set<Job> | undefined;
  /** Jobs that are done, for the next events. */
  readonly #spare: Job[] = [];
  /** What was set aside, or ran, when the cursor ended. */
  readonly #left: NovaEvent[] = [];
  #leftKeys: readonly Key[] | undefined;
  /** Made at the first event that needs it. */
  #lanes: Lanes<NovaEvent> | undefined;

  constructor(cursor: JobOwner, owner: CursorOwner, partition: Partition) {
    this.#cursor = cursor;
    this.#owner = owner;
    this.#partition = partition;
    this.#standstill = new Standstill((event) => owner.keyOf(event));
    this.#running = owner.keepsAccount ? new Set() : undefined;
  }

  /** How many there are. */
  get size(): number {
    return this.#waiting.size + this.#standstill.size + this.#ready.length +
      (this.#lanes?.parked ?? 0);
  }

  /** Events that are held. */
  get stuck(): number {
    return this.#standstill.stuck;
  }

  /** Keys that are parked, and events that are held. */
  get stops(): number {
    return this.#standstill.stops;
  }

  /** Jobs that may start. */
  get ready(): number {
    return this.#ready.length;
  }

  /** Room for what may have to be set aside: without it, the next event stays in the ring. */
  get hasRoom(): boolean {
    return this.#waiting.size === 0 && this.#standstill.size === 0 && this.#lanes === undefined ||
      this.size < this.#partition.maxHeld;
  }

  /** Takes an event of the ring that has to wait for others of its key; else false. */
  takes(event: NovaEvent, place: number): boolean {
    const lanes = this.#lanes;
    if (lanes !== undefined && this.#partition.keyed) {
      const lane = lanes.of(this.#partition.hashAt(place));
      if (lanes.isBusy(lane)) return lanes.park(lane, event);
    }
    return this.#standstill.hasParked && this.#standstill.park(event);
  }

  /** A job for an event of the ring that cannot be done with at once; its lane is claimed. */
  claim(event: NovaEvent, place: number): Job {
    const { keyed } = this.#partition;
    const lane = keyed ? this.#laneOf(this.#partition.hashAt(place)) : NO_LANE;
    if (lane !== NO_LANE) this.#lanes!.claim(lane);
    return this.#jobOf(event, lane);
  }

  /** The next job that may start. */
  next(): Job {
    return this.#ready.shift()!;
  }

  /** A job may start as soon as there is a slot. */
  push(job: Job): void {
    this.#ready.push(job);
  }

  /** The news of a gap may start. */
  pushGap(event: NovaEvent): void {
    this.#ready.push(new Job(this.#cursor, event, NO_LANE, 1));
  }

  /** A job waits for its next attempt; its lane stays busy. */
  wait(job: Job, delayMs: number): void {
    this.#waiting.add(job);
    job.delayed = this.#owner.delays.add(job, delayMs);
  }

  /** The time of a job's next attempt has come. */
  due(job: Job): void {
    this.#waiting.delete(job);
    this.#ready.push(job);
  }

  /** Holds an event that failed for good; its lane stays busy. */
  hold(job: Job, error: unknown): void {
    this.#standstill.hold(job, error);
  }

  /** All held jobs; they are no longer held. */
  takeHeld(): { readonly job: Job; readonly error: unknown }[] {
    return this.#standstill.takeHeld();
  }

  /** Later events of a key are set aside. */
  parkKey(key: Key): void {
    this.#standstill.parkKey(key);
  }

  /** The keys that are parked, or were at the end. */
  get parkedKeys(): Iterable<Key> {
    return this.#leftKeys ?? this.#standstill.parkedKeys;
  }

  /** The keys that stand still. */
  parked(): ParkedKey[] {
    return this.#standstill.keys(this.#partition.index);
  }

  /** Lets a key go on; false when it does not stand still. */
  releaseKey(key: Key): boolean {
    const { jobs, events } = this.#standstill.release(key);
    for (const job of jobs) {
      job.attempt = 1;
      this.#ready.push(job);
    }
    for (const event of events) this.#inject(event, 0);
    return jobs.length + events.length > 0;
  }

  /** Whether the key of an event is parked. */
  isParked(event: NovaEvent): boolean {
    return this.#standstill.isParked(event);
  }

  /** Takes an event that is delivered again, though its key may be parked. */
  redrive(event: NovaEvent, redrives: number): void {
    this.#inject(event, redrives);
  }

  /** Lets the key of such an event go on, once all of them are in. */
  goOnBehind(event: NovaEvent): void {
    const { events } = this.#standstill.release(this.#owner.keyOf(event), "parked");
    for (const next of events) this.#inject(next, 0);
  }

  /** A job is done: the next event of its lane may start. */
  release(job: Job): void {
    if (job.lane === NO_LANE || this.#lanes === undefined) return;
    let next = this.#lanes.release(job.lane);
    while (next !== undefined && this.#standstill.park(next)) next = this.#lanes.release(job.lane);
    if (next !== undefined) this.#ready.push(this.#parkedJob(next, job.lane));
  }

  /** An event is done, and nobody needs its job any more. */
  done(job: Job): void {
    this.ran(job);
    this.release(job);
    if (this.#spare.length < MOST_SPARE) this.#spare.push(job);
  }

  /** The time that the oldest of the events has; Infinity if there are none. */
  get oldestTime(): number {
    let oldest = Infinity;
    for (const { timestamp } of this.#events()) oldest = Math.min(oldest, timestamp);
    return oldest;
  }

  /** A handler runs; remembered where somebody keeps account of what is not done. */
  runs(job: Job): void {
    this.#running?.add(job);
  }

  /** It has settled. */
  ran(job: Job): void {
    this.#running?.delete(job);
  }

  /** An event that nobody tries again, as its cursor has ended. */
  leave(job: Job): void {
    if (this.#running === undefined) return;
    this.#running.delete(job);
    this.#left.push(job.event);
  }

  /** Everything that was taken and is not done, also at the end: complete only with an account. */
  *inHand(): Generator<NovaEvent> {
    for (const { event } of this.#running ?? []) yield event;
    yield* this.#left;
    yield* this.#events();
  }

  *#events(): Generator<NovaEvent> {
    for (const { event } of this.#waiting) yield event;
    for (const { event } of this.#ready) yield event;
    yield* this.#standstill.events();
    if (this.#lanes !== undefined) yield* this.#lanes.items();
  }

  /** Gives everything up. */
  clear(): void {
    if (this.#running !== undefined) {
      this.#left.push(...this.#events());
      this.#leftKeys = [...this.#standstill.parkedKeys];
    }
    for (const { delayed } of this.#waiting) {
      if (delayed !== undefined) this.#owner.delays.delete(delayed);
    }
    this.#waiting.clear();
    this.#standstill.clear();
    this.#ready = new Ring(UNBOUNDED);
    this.#lanes = undefined;
  }

  #laneOf(hash: number): number {
    this.#lanes ??= new Lanes(
      Math.max(
        FEWEST_LANES,
        powerOfTwo(Math.min(MOST_LANES, LANES_PER_SLOT * this.#owner.maxConcurrency)),
      ),
      UNBOUNDED,
    );
    return this.#lanes.of(hash);
  }

  /** Puts an event from outside the ring behind those of its lane. */
  #inject(event: NovaEvent, redrives: number): void {
    const lane = this.#partition.keyed ? this.#laneOf(this.#owner.hashOf(event)) : NO_LANE;
    if (redrives > 0) this.#redrives.set(event, redrives);
    if (lane !== NO_LANE) {
      if (this.#lanes!.isBusy(lane)) {
        this.#lanes!.park(lane, event);
        return;
      }
      this.#lanes!.claim(lane);
    }
    this.#ready.push(this.#parkedJob(event, lane));
  }

  #jobOf(event: NovaEvent, lane: number): Job {
    return this.#spare.pop()?.renew(event, lane) ?? new Job(this.#cursor, event, lane, 1);
  }

  /** The first attempt of an event that was set aside. */
  #parkedJob(event: NovaEvent, lane: number): Job {
    const job = this.#jobOf(event, lane);
    if (this.#redrives.size === 0) return job;
    const redrives = this.#redrives.get(event);
    if (redrives !== undefined) {
      job.redrives = redrives;
      this.#redrives.delete(event);
    }
    return job;
  }
}
