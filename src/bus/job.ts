/**
 * One event on its way through its attempts, and what attempts ask of those around them.
 */

import type { NovaEvent } from "../event/event.ts";
import type { Listener, ListenerContext, Subscription } from "../event/listener.ts";
import type { Retry } from "../listener/backoff.ts";
import type { Delayed, DelayQueue } from "../queue/delay_queue.ts";
import type { Key, OnFailure } from "./api.ts";
import type { Cursor } from "./cursor.ts";

/** What a job tells its cursor. */
export interface JobOwner {
  /** The promise of its handler settled. */
  settle(job: Job, error: unknown, failed: boolean): void;
  /** The time of its next attempt has come. */
  due(job: Job): void;
}

/** What a context asks of its subscription. */
export interface ContextOwner extends Subscription {
  stopSignal(): AbortSignal;
}

/** One event on its way through attempts, outside the ring. */
export class Job {
  readonly cursor: JobOwner;
  readonly event: NovaEvent;
  readonly lane: number;
  attempt: number;
  /** Whether its handler called `close`, which then does not wait for it. */
  exempt = false;
  /** How often the event was redriven from the dead letters. */
  redrives = 0;
  delayed: Delayed<Job> | undefined;

  constructor(cursor: JobOwner, event: NovaEvent, lane: number, attempt: number) {
    this.cursor = cursor;
    this.event = event;
    this.lane = lane;
    this.attempt = attempt;
  }

  readonly succeeded = (): void => this.cursor.settle(this, undefined, false);
  readonly failed = (error: unknown): void => this.cursor.settle(this, error, true);
}

/** The context of an attempt; the one of first attempts is shared. */
export class AttemptContext implements ListenerContext {
  readonly attempt: number;
  readonly subscription: Subscription;
  readonly #owner: ContextOwner;

  constructor(owner: ContextOwner, attempt: number) {
    this.attempt = attempt;
    this.subscription = owner;
    this.#owner = owner;
  }

  get signal(): AbortSignal {
    return this.#owner.stopSignal();
  }
}

/** An event that failed for good. */
export interface Failure {
  /** The subscription that gave up. */
  readonly subscription: string;
  readonly event: NovaEvent;
  readonly error: unknown;
  readonly attempts: number;
  /** How often it had been redriven before. */
  readonly redrives: number;
}

/** Who closes, counted in one object for all: it is looked at for every event. */
export interface CloseCalls {
  /** How often the bus was told to close. */
  close: number;
}

/** What a cursor asks of its subscription. */
export interface CursorOwner extends ContextOwner {
  readonly listener: Listener<NovaEvent>;
  readonly maxConcurrency: number;
  readonly retry: Retry;
  readonly onFailure: OnFailure;
  readonly delays: DelayQueue<Job>;
  readonly calls: CloseCalls;
  random(): number;
  /** Whether its cursors remember what is in hand, for one who keeps account of what is done. */
  readonly keepsAccount: boolean;
  /** Takes an event that failed for good; false when there is no room, so that it stays held. */
  bury(failure: Failure): boolean | Promise<boolean>;
  /** The key of an event. */
  keyOf(event: NovaEvent): Key;
  /** The hash that places an event. */
  hashOf(event: NovaEvent): number;
  /** A handler settled after its cursor had ended. */
  settledLate(cursor: Cursor): void;
  /** The topic of a cursor is gone, and the cursor with it. */
  detach(cursor: Cursor): void;
}
