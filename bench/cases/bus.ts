/** What the bus costs, from publishing an event until its handlers have run. */

import { Bus, createEvent, type Topic, type TopicOptions } from "../../src/bus/mod.ts";
import { type Case, defineCase, expectCount } from "../case.ts";
import { busModeCases } from "./bus_modes.ts";
import { type Burst, burstsDone, inBursts, Meter } from "./bursts.ts";

type Orders = { "order.placed": { id: string; total: number } };

interface Published extends Burst {
  readonly topic: Topic<Orders>;
}

/** Different keys, so that partitions and lanes are all used. */
const EVENTS = Array.from(
  { length: 64 },
  (_, index) => createEvent("order.placed", { id: `order-${1000 + index}`, total: index }),
);
const EVENT = EVENTS[0]!;

interface Setting {
  readonly options?: TopicOptions<Orders>;
  /** Up to three. */
  readonly subscriptions?: number;
  /** Subscribe by this pattern instead. */
  readonly pattern?: string;
  /** Whether the handler is asynchronous; then there is one. */
  readonly isAsync?: boolean;
  /** How one event is published. */
  readonly push: (topic: Topic<Orders>, bus: Bus) => () => unknown;
}

function publishing(name: string, setting: Setting): Case {
  const { options, subscriptions = 1, pattern, isAsync = false, push } = setting;
  return defineCase<Published>({
    name,
    setup() {
      const bus = new Bus();
      const topic = bus.topic<Orders>("orders", options);
      const meter = new Meter();
      for (const handler of handlers(meter, isAsync).slice(0, subscriptions)) {
        if (pattern === undefined) topic.subscribe(handler);
        else bus.subscribe(pattern, handler);
      }
      return { meter, topic, fanOut: subscriptions, push: push(topic, bus) };
    },
    run: inBursts(256),
    check: burstsDone,
  });
}

/** Written out: closures of one literal would be one function to the compiler. */
function handlers(meter: Meter, isAsync: boolean): (() => void | Promise<void>)[] {
  if (!isAsync) return [() => meter.hit(), () => meter.hit(), () => meter.hit()];
  return [async () => {
    await undefined;
    meter.hit();
  }];
}

function inTurn(push: (event: typeof EVENT) => unknown): () => unknown {
  let turn = 0;
  return () => push(EVENTS[turn++ & 63]!);
}

const byKey: TopicOptions<Orders> = { partitions: 8, key: ({ data }) => data.id };
const byNumber: TopicOptions<Orders> = { partitions: 8, key: ({ data }) => data.total };
const tryInTurn: Setting["push"] = (topic) => inTurn((event) => topic.tryPublish(event));
const publishInTurn: Setting["push"] = (topic) => inTurn((event) => topic.publish(event));

export const cases: readonly Case[] = [
  publishing("bus publish", { push: (topic) => () => topic.publish(EVENT) }),
  publishing("bus tryPublish", { push: (topic) => () => topic.tryPublish(EVENT) }),
  publishing("bus tryPublish, 3 subscriptions", {
    subscriptions: 3,
    push: (topic) => () => topic.tryPublish(EVENT),
  }),
  publishing("bus tryPublish, subscribed by pattern", {
    pattern: "**",
    push: (topic) => () => topic.tryPublish(EVENT),
  }),
  publishing("bus tryPublish, 64 events in turn", { push: tryInTurn }),
  publishing("bus tryPublish, 8 partitions by string key", { options: byKey, push: tryInTurn }),
  publishing("bus tryPublish, 8 partitions by integer key", { options: byNumber, push: tryInTurn }),
  publishing("bus publish, by topic name", {
    push: (_, bus) => () => bus.publish("orders", EVENT),
  }),
  publishing("bus publish, creating the event", {
    push: (topic) => () => topic.publish(createEvent("order.placed", EVENT.data)),
  }),
  publishing("bus publish, 3 subscriptions", {
    subscriptions: 3,
    push: (topic) => () => topic.publish(EVENT),
  }),
  publishing("bus publish, 8 partitions by key", { options: byKey, push: publishInTurn }),
  publishing("bus publish, 8 partitions by key, async handlers, 16 at once", {
    options: { ...byKey, maxConcurrency: 16 },
    isAsync: true,
    push: publishInTurn,
  }),
  defineCase<{ done: number }>({
    name: "bare await of a resolved promise",
    setup: () => ({ done: 0 }),
    async run(state, n) {
      const settled = Promise.resolve(1);
      for (let i = 0; i < n; i++) state.done += await settled;
    },
    check: ({ done }, expected) => expectCount("awaits", done, expected),
  }),
  defineCase<Published>({
    name: "bus publish, each awaited",
    setup() {
      const topic = new Bus().topic<Orders>("orders");
      const meter = new Meter();
      topic.subscribe(() => meter.hit());
      return { meter, topic, push: () => {} };
    },
    async run({ topic, meter }, n) {
      const target = meter.hits + n;
      for (let i = 0; i < n; i++) await topic.publish(EVENT);
      await meter.until(target);
    },
    check: burstsDone,
  }),
  ...busModeCases,
];
