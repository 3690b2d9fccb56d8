/** What the delivery modes of the bus cost, and recognising what is published twice. */

import { Bus, createEvent, type Env, type Topic, type TopicOptions } from "../../src/bus/mod.ts";
import { systemEnv } from "../../src/internal/env.ts";
import { type Case, defineCase } from "../case.ts";
import { type Burst, burstsDone, inBursts, Meter } from "./bursts.ts";

type Orders = { "order.placed": { id: string; total: number } };

const BURST = 256;
const EVENT = createEvent("order.placed", { id: "order-1000", total: 1 });

interface Setting {
  readonly options?: TopicOptions<Orders>;
  /** How one event is published. */
  readonly push: (topic: Topic<Orders>, moved: () => void) => () => unknown;
}

function publishing(name: string, { options, push }: Setting): Case {
  return defineCase<Burst>({
    name,
    setup() {
      const { env, moved } = clock();
      const topic = new Bus({ env }).topic<Orders>("orders", options);
      const meter = new Meter();
      topic.subscribe(() => meter.hit());
      return { meter, push: push(topic, moved) };
    },
    run: inBursts(BURST),
    check: burstsDone,
  });
}

/** A clock on which each event takes a millisecond, so that windows of time are windows of events. */
function clock(): { env: Env; moved: () => void } {
  let now = 0;
  const env: Env = {
    now: () => systemEnv.now(),
    monotonic: () => now,
    coarse: () => systemEnv.coarse(),
    setTimer: (fn, ms, options) => systemEnv.setTimer(fn, ms, options),
    defer: (fn) => systemEnv.defer(fn),
    onAbort: (signal, fn) => systemEnv.onAbort(signal, fn),
    random: () => systemEnv.random(),
    id: () => systemEnv.id(),
    report: (error) => systemEnv.report(error),
  };
  return { env, moved: () => now++ };
}

/** Ids that come again only when they are forgotten. */
function fresh(name: string, ids: (n: number) => string, window: number | undefined): Case {
  const size = 65_536 + (window ?? 65_536);
  const dedupe = { windowMs: window ?? 1, maxIds: size };
  return publishing(name, {
    options: window === undefined ? {} : { delivery: "exactly-once", dedupe },
    push(topic, moved) {
      const events = Array.from(
        { length: size },
        (_, n) => createEvent("order.placed", EVENT.data, { id: flat(ids(n)) }),
      );
      let turn = 0;
      return () => {
        moved();
        return topic.tryPublish(events[turn++ % size]!);
      };
    },
  });
}

const short = (n: number): string => `evt-${1_000_000_000 + n}`;
const uuid = (): string => crypto.randomUUID();

/** A string without parts: the first hash of one with parts would put them together. */
function flat(id: string): string {
  return Object.keys({ [id]: 1 })[0]!;
}

export const busModeCases: readonly Case[] = [
  publishing("bus tryPublish, at most once", {
    options: { delivery: "at-most-once" },
    push: (topic) => () => topic.tryPublish(EVENT),
  }),
  publishing("bus tryPublish, at least once", {
    push: (topic) => () => topic.tryPublish(EVENT),
  }),
  publishing("bus tryPublish, exactly once by sequence", {
    options: { delivery: "exactly-once" },
    push(topic) {
      const producer = topic.producer("bench");
      let sequence = 0;
      return () => producer.tryPublish(EVENT, ++sequence);
    },
  }),
  fresh("bus tryPublish, different events", short, undefined),
  fresh("bus tryPublish, exactly once, 65,536 ids of 14 characters", short, 65_536),
  fresh("bus tryPublish, exactly once, 65,536 UUIDs", uuid, 65_536),
  fresh("bus tryPublish, exactly once, 1,000,000 ids of 14 characters", short, 1_000_000),
];
