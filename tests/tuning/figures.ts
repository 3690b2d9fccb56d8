// Figures of parts that are well; a test changes what is not.
import type {
  EmitterFigures,
  Finding,
  ListenerFigures,
  PoolFigures,
  RuleName,
  Sample,
  StoreFigures,
  SubscriptionFigures,
  TopicFigures,
} from "@nova/events/tuning";
import { type AdviceOptions, advise } from "@nova/events/tuning";
import { assertEquals } from "@std/assert";

export function emitter(changes: Partial<EmitterFigures> = {}): EmitterFigures {
  return {
    emitted: 0,
    succeeded: 0,
    failed: 0,
    queued: 0,
    bufferSize: 1000,
    inFlight: 0,
    maxConcurrency: 10,
    dropped: 0,
    unheard: 0,
    waiting: 0,
    ...changes,
  };
}

export function subscription(changes: Partial<SubscriptionFigures> = {}): SubscriptionFigures {
  return {
    id: "mail",
    offered: 0,
    succeeded: 0,
    deadLettered: 0,
    queued: 0,
    held: 0,
    inFlight: 0,
    slots: 1,
    retries: 0,
    ...changes,
  };
}

export function topic(changes: Partial<TopicFigures> = {}): TopicFigures {
  return {
    name: "orders",
    accepted: 0,
    rejected: 0,
    dropped: 0,
    waiting: 0,
    queued: 0,
    bufferSize: 1000,
    keyed: false,
    partitions: [{ accepted: 0, queued: 0 }],
    subscriptions: [subscription()],
    ...changes,
  };
}

export function listener(changes: Partial<ListenerFigures> = {}): ListenerFigures {
  return {
    offered: 0,
    succeeded: 0,
    failed: 0,
    deadLettered: 0,
    rejected: 0,
    queued: 0,
    bufferSize: 1000,
    inFlight: 0,
    concurrency: 10,
    retries: 0,
    timeouts: 0,
    zombies: 0,
    circuit: "closed",
    ...changes,
  };
}

export function pool(changes: Partial<PoolFigures> = {}): PoolFigures {
  return {
    workers: 4,
    submitted: 0,
    completed: 0,
    failed: 0,
    queued: 0,
    queueSize: 1000,
    running: 0,
    waiting: 0,
    refused: 0,
    ...changes,
  };
}

export function store(changes: Partial<StoreFigures> = {}): StoreFigures {
  return { events: 0, bytes: 0, retained: true, ...changes };
}

/** The same part at several moments, ten seconds apart. */
export const over = {
  emitter: (...all: EmitterFigures[]): Sample[] => samples(all, (it) => ({ emitter: { a: it } })),
  topic: (...all: TopicFigures[]): Sample[] =>
    samples(all, (it) => ({ bus: { bus: { topics: [it] } } })),
  listener: (...all: ListenerFigures[]): Sample[] =>
    samples(all, (it) => ({ listeners: { manager: { listeners: { mail: it } } } })),
  pool: (...all: PoolFigures[]): Sample[] => samples(all, (it) => ({ pool: { a: it } })),
  store: (...all: StoreFigures[]): Sample[] => samples(all, (it) => ({ store: { a: it } })),
  runtime: (...all: NonNullable<Sample["runtime"]>[]): Sample[] =>
    samples(all, (runtime) => ({ runtime })),
};

function samples<Figures>(all: readonly Figures[], of: (it: Figures) => Partial<Sample>): Sample[] {
  return all.map((figures, index) => ({ at: index * 10_000, ...of(figures) }));
}

/** What a rule says; undefined when it is silent. It says nothing twice about one part. */
export function asked(
  rule: RuleName,
  samples: readonly Sample[],
  options: AdviceOptions = { cores: 4 },
): Finding | undefined {
  const found = advise(samples, options).filter((finding) => finding.rule === rule);
  assertEquals(found.length <= 1, true, JSON.stringify(found));
  return found[0];
}
