/**
 * Everything in which events wait, seen as the same kind of thing: the buffer of an emitter, the
 * partitions of a topic, the line before a supervised listener, the queue of a pool.
 */

import type { EmitterFigures, ListenerFigures, PoolFigures } from "./figures.ts";
import { partitionBufferFor, queueSizeFor, type Sizing } from "./sizing.ts";
import type { Trail } from "./trail.ts";
import type { TopicTrail, Trails } from "./trails.ts";
import { literal, quote } from "./words.ts";

/** Figures of a queue. */
export interface QueueFigures {
  /** Events that wait. */
  readonly queued: number;
  /** How many may. */
  readonly size: number;
  /** Producers that wait for room. */
  readonly waiting: number;
  /** Events that found no room. */
  readonly refused: number;
  /** Events that came. */
  readonly entered: number;
  /** Events that were handled, for better or worse. */
  readonly done: number;
  /** Events in a handler. */
  readonly running: number;
  /** How many may be. */
  readonly slots: number;
}

/** A queue, and how its options are set. */
export interface Queue {
  readonly part: string;
  readonly trail: Trail<QueueFigures>;
  /** The size that the sizing formulas ask for at this load; undefined when the load is not known. */
  readonly needs: Sizing | undefined;
  /** Code that gives it so many slots; undefined when more would not help. */
  readonly withSlots: (slots: number) => string | undefined;
  /** Code that gives it so many places. */
  readonly withSize: (size: number) => string;
}

/** The burst that the sizing of buffers plans for, in milliseconds. */
const BURST_MS = 100;

/** Every queue of a window. */
export function queuesOf(
  { emitters, topics, listeners, pools }: Trails,
  cores: number,
): Queue[] {
  return [
    ...emitters.map(ofEmitter),
    ...topics.map(ofTopic),
    ...listeners.map(ofListener),
    ...pools.map((pool) => ofPool(pool, cores)),
  ];
}

function ofEmitter(emitter: Trail<EmitterFigures>): Queue {
  const trail = emitter.map((figures) => ({
    queued: figures.queued,
    size: figures.bufferSize,
    waiting: figures.waiting,
    refused: figures.dropped,
    entered: figures.emitted,
    done: figures.succeeded + figures.failed,
    running: figures.inFlight,
    slots: figures.maxConcurrency,
  }));
  return {
    part: `emitter ${quote(emitter.name)}`,
    trail,
    needs: burstOf(trail),
    withSlots: (slots) => `new Emitter({ maxConcurrency: ${literal(slots)} })`,
    withSize: (size) => `new Emitter({ bufferSize: ${literal(size)} })`,
  };
}

function ofTopic({ topic }: TopicTrail): Queue {
  const partitions = topic.now.partitions.length;
  const slowest = topic.now.subscriptions.toSorted((a, b) => b.queued - a.queued)[0];
  const trail = topic.map((figures) => {
    const reader = figures.subscriptions.find(({ id }) => id === slowest?.id);
    return {
      // A partition that is full refuses events while the others have room.
      queued: figures.partitions.reduce((most, { queued }) => Math.max(most, queued), 0),
      size: figures.bufferSize,
      waiting: figures.waiting,
      refused: figures.rejected + figures.dropped,
      entered: figures.accepted,
      done: reader === undefined ? figures.accepted : reader.succeeded + reader.deadLettered,
      running: reader?.inFlight ?? 0,
      slots: reader?.slots ?? 1,
    };
  });
  const set = (option: string, value: number): string =>
    `bus.topic(${quote(topic.name)}, { ${option}: ${literal(value)} })`;
  const latencyMs = latencyOf(trail);
  return {
    part: `topic ${quote(topic.name)}`,
    trail,
    needs: latencyMs === undefined ? undefined : partitionBufferFor({
      eventsPerSecond: trail.perSecond(({ entered }) => entered),
      partitions,
      latencyMs,
    }),
    withSlots: (slots) => set("maxConcurrency", Math.ceil(slots / partitions)),
    withSize: (size) => set("bufferSize", size),
  };
}

function ofListener(listener: Trail<ListenerFigures>): Queue {
  // An open circuit refuses events too: that is no want of room.
  const passable = listener.always(({ circuit }) => circuit === "closed" || circuit === undefined);
  const trail = listener.map((figures) => ({
    queued: figures.queued,
    size: figures.bufferSize,
    waiting: 0,
    refused: passable ? figures.rejected : 0,
    entered: figures.offered,
    done: figures.succeeded + figures.failed + figures.deadLettered,
    running: figures.inFlight,
    slots: figures.concurrency,
  }));
  const set = (option: string, value: number): string =>
    `supervise(listener, { name: ${quote(listener.name)}, ${option}: ${literal(value)} })`;
  return {
    part: `listener ${quote(listener.name)}`,
    trail,
    needs: undefined,
    withSlots: (slots) => set("concurrency", slots),
    withSize: (size) => set("bufferSize", size),
  };
}

function ofPool(pool: Trail<PoolFigures>, cores: number): Queue {
  const threads = pool.now.threads !== undefined;
  const trail = pool.map((figures) => ({
    queued: figures.queued,
    size: figures.queueSize,
    waiting: figures.waiting,
    refused: figures.refused,
    entered: figures.submitted,
    done: figures.completed + figures.failed,
    running: figures.running,
    slots: figures.workers,
  }));
  const set = (option: string, value: number): string => {
    const options = `{ name: ${quote(pool.name)}, ${option}: ${literal(value)} }`;
    return threads ? `new ThreadPool(makeWorker, ${options})` : `new WorkerPool(${options})`;
  };
  return {
    part: `pool ${quote(pool.name)}`,
    trail,
    needs: burstOf(trail),
    // Threads beyond the cores only take turns.
    withSlots: (slots) => threads && slots > cores ? undefined : set("workers", slots),
    withSize: (size) => set("queueSize", size),
  };
}

function burstOf(trail: Trail<QueueFigures>): Sizing | undefined {
  const eventsPerSecond = trail.peakPerSecond(({ entered }) => entered);
  return eventsPerSecond === 0 ? undefined : queueSizeFor({ eventsPerSecond, burstMs: BURST_MS });
}

/** How long a handler takes, by Little's law; undefined when none was seen at work. */
export function latencyOf(trail: Trail<QueueFigures>): number | undefined {
  const done = trail.perSecond((figures) => figures.done);
  const running = trail.mean((figures) => figures.running);
  return done === 0 || running === 0 ? undefined : (running / done) * 1000;
}
