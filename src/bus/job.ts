/**
 * One event on its way through its attempts, and what a cursor asks of its subscription.
 */

import type { NovaEvent } from "../event/event.ts";
import type { Subscription } from "../event/listener.ts";
import type { Duty, Roster } from "../internal/roster.ts";
import type { Retry } from "../listener/backoff.ts";
import type { Delayed, DelayQueue } from "../queue/delay_queue.ts";
import type { Limited, TimeLimit } from "../queue/time_limits.ts";
import type { Env } from "../internal/env.ts";
import type { Key, OnFailure, OnGap, OnLag } from "./api.ts";
import type { TopicListener } from "./context_api.ts";
import type { AttemptContext, ContextOwner } from "./context.ts";
import type { Cursor } from "./cursor.ts";
import type { Partition } from "./partition.ts";

/** Something whose time comes. */
export interface Due {
  /** Its time has come. */
  due(): void;
}

/** What a job tells its cursor. */
export interface JobOwner {
  /** The promise of its handler settled. */
  settle(job: Job, error: unknown, failed: boolean): void;
  /** The time of its next attempt has come, or that of giving its handler up. */
  due(job: Job): void;
  /** Its handler takes too long. */
  overdue(job: Job): void;
}

/** What an attempt fails with that was none: the event goes to whoever takes it next. */
export const RELEASED: unique symbol = Symbol("released");

/** One event on its way through attempts, outside the ring. */
export class Job implements Limited<Job>, Due {
  readonly cursor: JobOwner;
  event: NovaEvent;
  lane: number;
  attempt: number;
  /** Whether its handler called `close`, which then does not wait for it. */
  exempt = false;
  /** How often the event was redriven from the dead letters. */
  redrives = 0;
  delayed: Delayed<Due> | undefined;
  /** What the handler sees that has returned a promise. */
  context: AttemptContext | undefined;
  /** Its place in the roster. */
  duty: Duty | undefined;
  /** Why the attempt has failed although its handler still runs. */
  failure: Error | undefined;
  /** The delay before its next attempt, if whoever had it asked for one. */
  retryInMs: number | undefined;
  /** Told, once, what came of the attempt when it has settled: who acknowledged it waits for that. */
  acknowledged: ((error: unknown, failed: boolean) => void) | undefined;
  /** Whether somebody else goes on with the event: what the handler still does concerns nobody. */
  fenced = false;
  order = -1;
  before: Job | undefined;
  after: Job | undefined;

  constructor(cursor: JobOwner, event: NovaEvent, lane: number, attempt: number) {
    this.cursor = cursor;
    this.event = event;
    this.lane = lane;
    this.attempt = attempt;
  }

  readonly succeeded = (): void => this.cursor.settle(this, undefined, false);
  readonly failed = (error: unknown): void => this.cursor.settle(this, error, true);

  /** Begins anew with another event, as callbacks need not be bound for each. It must have succeeded. */
  renew(event: NovaEvent, lane: number): this {
    this.event = event;
    this.lane = lane;
    this.attempt = 1;
    this.redrives = 0;
    this.retryInMs = undefined;
    return this;
  }

  due(): void {
    this.cursor.due(this);
  }

  expire(): void {
    this.cursor.overdue(this);
  }

  /** The job that goes on with the event, past a handler that is given up. */
  successor(): Job {
    this.fenced = true;
    const next = new Job(this.cursor, this.event, this.lane, this.attempt);
    next.redrives = this.redrives;
    return next;
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

/** What cursors have to know of their bus, in one object for all: it is looked at for every event. */
export interface CloseCalls {
  /** How often the bus was told to close. */
  close: number;
  /** Who is at work, if somebody wants to know. */
  roster: Roster | undefined;
}

/** What a cursor tells of members that share a subscription. */
export interface Seats {
  /** A member has an event of a partition that is not done yet. */
  occupy(seat: Subscription, partition: number, job: Job): void;
  /** It no longer has one. */
  vacate(seat: Subscription, partition: number): void;
}

/** What a cursor asks of its subscription. */
export interface CursorOwner extends ContextOwner {
  /** The name of its topic. */
  readonly topic: string;
  /** Its label. */
  readonly id: string;
  /** How many handlers may run at once in each partition; it may change. */
  readonly maxConcurrency: number;
  /** Who share it, if it is shared. */
  readonly group: Seats | undefined;
  /** Whether an event is done before its handler is called. */
  readonly isAtMostOnce: boolean;
  readonly retry: Retry;
  readonly onFailure: OnFailure;
  readonly delays: DelayQueue<Due>;
  /** Whether events are handed out on leases, rather than to handlers. */
  readonly leases: boolean;
  /** The attempts under way, if they have a deadline. */
  readonly limit: TimeLimit<Job> | undefined;
  readonly env: Env;
  readonly onLag: OnLag;
  readonly onGap: OnGap;
  /** How long after its deadline a handler is given up, in milliseconds. */
  readonly abandonMs: number;
  readonly calls: CloseCalls;
  /** The listener for the events of a partition. */
  listenerOf(partition: number): TopicListener;
  random(): number;
  /** Whether its cursors remember what is in hand, for one who keeps account of what is done. */
  readonly keepsAccount: boolean;
  /** Takes an event that failed for good; false when there is no room, so that it stays held. */
  bury(failure: Failure, partition: Partition): boolean | Promise<boolean>;
  /** The key of an event. */
  keyOf(event: NovaEvent): Key;
  /** The hash that places an event. */
  hashOf(event: NovaEvent): number;
  /** A cursor has caught up. */
  caughtUp(): void;
  /** It has missed events that it must not miss, and ends. */
  fail(error: Error): void;
  /** A handler settled after its cursor had ended. */
  settledLate(cursor: Cursor): void;
  /** The topic of a cursor is gone, and the cursor with it. */
  detach(cursor: Cursor): void;
}
