// Random work against counts that the test keeps itself: the conservation law (I13) holds at every
// quiet moment, every event is delivered as often as it has listeners, and in order.
import { BufferFullError, createEvent } from "@nova/events";
import { Emitter, type EmitterOptions, type Subscription } from "@nova/events/emitter";
import { createTestEnv } from "@nova/events/testing";
import { assertEquals, assertInstanceOf } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { type Any, assertConserved, counts } from "./kit.ts";

type How = "sync" | "async" | "throws" | "rejects" | "later";

const WORLDS: readonly EmitterOptions[] = [
  {},
  { bufferSize: 3, maxConcurrency: 1 },
  { bufferSize: 5, maxConcurrency: 2, overflow: "reject" },
  { bufferSize: 4, maxConcurrency: 2, overflow: "drop-newest" },
  { bufferSize: 4, maxConcurrency: 3, overflow: "drop-oldest" },
  { bufferSize: 2, maxConcurrency: 1, waitMs: 5 },
];

for (const [index, options] of WORLDS.entries()) {
  describe(`an emitter with ${JSON.stringify(options)} under random work`, () => {
    const env = useTestEnv();

    for (const seed of [51, 52]) {
      it(`counts every event once (seed ${seed})`, async () => {
        const { random } = createTestEnv({ seed: seed * 100 + index });
        const pick = <Item>(items: readonly Item[]): Item =>
          items[Math.floor(random() * items.length)]!;
        const emitter = new Emitter<Any>({ env, onError: () => "handled", ...options });
        const subscriptions: { subscription: Subscription; type: string; how: How }[] = [];
        const model = { emitted: 0, finished: 0, failed: 0, dropped: 0, refused: 0 };
        const timers: Disposable[] = [];
        let calls = 0;

        /** Subscribes a listener that behaves in one way. */
        const subscribe = (type: string, how: How): void => {
          const listener = (): void | Promise<void> => {
            calls += 1;
            if (how === "throws") throw new Error("no");
            if (how === "rejects") return Promise.reject(new Error("no"));
            if (how === "async") return Promise.resolve();
            if (how === "later") {
              return new Promise((resolve) => void timers.push(env.setTimer(resolve, 3)));
            }
          };
          subscriptions.push({ subscription: emitter.on(type, listener), type, how });
        };

        for (let step = 0; step < 120; step++) {
          const type = pick(["a", "b", "c"]);
          const dice = random();
          if (dice < 0.1) subscribe(type, pick(["sync", "async", "throws", "rejects", "later"]));
          else if (dice < 0.16 && subscriptions.length > 0) {
            const [gone] = subscriptions.splice(Math.floor(random() * subscriptions.length), 1);
            gone!.subscription.unsubscribe();
          } else if (dice < 0.4) {
            const reached = subscriptions.filter((one) => one.type === type);
            const before = calls;
            void emitter.emit(createEvent(type, step));
            model.emitted += 1;
            assertEquals(calls - before, reached.length);
          } else if (dice < 0.65) {
            const dropped = emitter.stats().dropped;
            if (emitter.tryEnqueue(type, step)) model.emitted += 1;
            else if (emitter.stats().dropped > dropped) model.emitted += 1;
            else model.refused += 1;
          } else if (dice < 0.85) {
            emitter.enqueue(type, step).then(
              () => model.emitted += 1,
              (reason) => {
                assertInstanceOf(reason, BufferFullError);
                model.refused += 1;
              },
            );
          } else await env.advance(Math.floor(random() * 5));
          assertConserved(emitter);
        }
        await env.advance(1000);
        for (const timer of timers) timer[Symbol.dispose]();

        const { emitted, queued, inFlight, dropped } = counts(emitter);
        assertEquals({ emitted, queued, inFlight }, {
          emitted: model.emitted,
          queued: 0,
          inFlight: 0,
        });
        assertEquals(emitter.stats().waiting, 0);
        if (options.overflow?.startsWith("drop") !== true) assertEquals(dropped, 0);
        else assertEquals(model.refused, 0);
        assertConserved(emitter);
        await emitter.close();
        assertConserved(emitter);
      });

      it(`delivers to each listener exactly what it must (seed ${seed})`, async () => {
        const { random } = createTestEnv({ seed: seed * 1000 + index });
        const emitter = new Emitter<Any>({ env, ...options, onError: () => "handled" });
        const seen: number[] = [];
        const failed = new Set<number>();
        const settled: number[] = [];
        emitter.on("a", ({ data }) => {
          seen.push(data as number);
          // Some take time and some fail; the order in which they start is the order of acceptance.
          if (random() < 0.3) return Promise.resolve();
          if (random() < 0.3) {
            failed.add(data as number);
            throw new Error("no");
          }
        });
        emitter.on("a", ({ data }) => void settled.push(data as number));
        const accepted: number[] = [];
        for (let i = 0; i < 400; i++) {
          const { dropped } = emitter.stats();
          if (emitter.tryEnqueue("a", i)) {
            accepted.push(i);
            // The oldest one that waited made room for it.
            if (emitter.stats().dropped > dropped) {
              accepted.splice(accepted.length - 1 - emitter.stats().queued, 1);
            }
          }
          if (random() < 0.04) await env.settle();
        }
        await env.settle();

        assertEquals(seen, accepted);
        assertEquals(settled, accepted);
        assertEquals(counts(emitter).failed, failed.size);
        assertEquals(counts(emitter).succeeded, accepted.length - failed.size);
        assertConserved(emitter);
      });
    }
  });
}
