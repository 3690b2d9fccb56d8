// Everything at once: middleware, schemas, isolation, streams, limits of listeners, patterns, all ways
// to emit, and closing in whatever state that is. At every step each event is counted exactly once
// (I13); in the end every promise has settled and nothing is held (I7).
import { createEventPool, type Emitted, Emitter, type Middleware } from "@nova/events/emitter";
import { createTestEnv } from "@nova/events/testing";
import { assert, assertEquals, assertGreater } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { type Any, assertConserved } from "./kit.ts";
import { schemaOf } from "./schemas.ts";

const TYPES = ["a", "a.b", "a.c", "plain", "checked", "checked.later"];
const OVERFLOWS = ["wait", "reject", "drop-newest", "drop-oldest"] as const;

describe("an emitter with everything, under random work", () => {
  const env = useTestEnv();

  for (let seed = 1; seed <= 40; seed++) {
    it(`counts every event once, and ends clean (seed ${seed})`, async () => {
      const { random } = createTestEnv({ seed: seed * 7919 });
      const chance = (probability: number): boolean => random() < probability;
      const pick = <Item>(items: readonly Item[]): Item =>
        items[Math.floor(random() * items.length)]!;
      const sleep = (ms: number): Promise<void> =>
        new Promise((resolve) => void env.setTimer(resolve, ms));
      const no = (): never => {
        throw new Error("no");
      };

      const layer: Middleware = (event, next) => {
        if (chance(0.5)) return next();
        if (chance(0.1)) return;
        if (chance(0.1)) no();
        if (chance(0.2)) return next({ ...event, type: pick(TYPES) });
        return (async () => {
          if (chance(0.5)) await sleep(pick([0, 1, 5]));
          if (chance(0.1)) no();
          if (chance(0.1)) return;
          const inner = next();
          if (chance(0.2)) return;
          try {
            await inner;
          } catch (error) {
            if (chance(0.5)) throw error;
          }
          if (chance(0.1)) no();
        })();
      };
      const emitter = new Emitter<Any>({
        env,
        middleware: seed % 4 === 0 ? [] : Array.from({ length: seed % 3 + 1 }, () => layer),
        isolation: pick(["shared", "freeze", "clone"]),
        bufferSize: pick([1, 3, 50]),
        maxConcurrency: pick([1, 3]),
        overflow: pick(OVERFLOWS),
        waitMs: 20,
        onError: () => chance(0.5) ? "handled" : undefined,
        schema: seed % 3 === 0 ? {} : {
          checked: schemaOf((value) =>
            chance(0.2) ? { issues: [{ message: "no" }] } : { value: [value] }
          ),
          "checked.later": schemaOf(async (value) => {
            await sleep(pick([0, 1, 50]));
            return chance(0.2) ? no() : { value };
          }),
        },
      });
      const pool = createEventPool({ env });
      const pooled: Emitted[] = [];
      const open = new Set<Promise<unknown>>();
      const watch = (promise: Promise<unknown>): void => {
        const settled = promise.then(() => {}, () => {}).finally(() => open.delete(settled));
        open.add(settled);
      };
      const ends: (() => unknown)[] = [];

      const subscribe = (): void => {
        const options = {
          once: chance(0.1),
          ...(chance(0.3) ? { concurrency: pick([1, 2]) } : {}),
        };
        const name = pick([...TYPES, "**", "*", "a.*"]);
        const subscription = emitter.on(name, (_event, context) => {
          if (chance(0.1)) no();
          if (chance(0.05)) context.subscription.unsubscribe();
          if (chance(0.05)) watch(emitter.emit(pick(TYPES), [1]));
          if (chance(0.3)) return sleep(pick([0, 2, 10])).then(chance(0.2) ? no : undefined);
        }, options);
        ends.push(() => subscription.unsubscribe());
      };
      const stream = (): void => {
        const controller = new AbortController();
        const events = emitter.events(pick([...TYPES, "**"]), {
          bufferSize: pick([1, 5]),
          overflow: pick(OVERFLOWS),
          waitMs: 15,
          signal: controller.signal,
        });
        if (chance(0.7)) {
          watch((async () => {
            for await (const _event of events) {
              await sleep(pick([0, 1, 5]));
              if (chance(0.1)) break;
            }
          })());
        }
        ends.push(() => chance(0.5) ? controller.abort() : events.return());
      };
      const event = (): Emitted => {
        if (chance(0.7)) return { type: pick(TYPES), data: [pick([1, 2])] };
        const one = pool.acquire(pick(TYPES), [1]);
        pooled.push(one);
        return one;
      };
      const emit = (): void => {
        const signal = chance(0.2) ? AbortSignal.abort() : new AbortController().signal;
        const dice = random();
        if (dice < 0.3) watch(emitter.emit(event()));
        else if (dice < 0.5) watch(emitter.emit(event(), { signal }));
        else if (dice < 0.65) watch(emitter.enqueue(event(), { signal }));
        else if (dice < 0.75) watch(emitter.emitBatch([event(), event()], { mode: "enqueue" }));
        else {
          try {
            emitter.tryEnqueue(event());
          } catch {
            // Its schema said no, or is asynchronous.
          }
        }
      };

      for (let step = 0; step < 150; step++) {
        const dice = random();
        if (dice < 0.08) subscribe();
        else if (dice < 0.11) stream();
        else if (dice < 0.16 && ends.length > 0) {
          ends.splice(Math.floor(random() * ends.length), 1)[0]!();
        } else if (dice < 0.8) emit();
        else if (dice < 0.9) await env.settle();
        else await env.advance(pick([1, 3]));
        assertConserved(emitter);
      }
      const signal = pick([undefined, AbortSignal.abort(), new AbortController().signal]);
      const closing = emitter.close(signal === undefined ? {} : { signal });
      assertConserved(emitter);
      await env.advance(31_000);
      if (signal?.aborted !== true) { for (const end of ends) end(); }
      const { completed, left } = await Promise.race([
        closing,
        Promise.resolve({ completed: -1, left: -1 }),
      ]);
      await env.advance(31_000);
      env.reported.length = 0;

      assert(completed >= 0 && left >= 0, "closing has an end");
      assertConserved(emitter);
      const { queued, inFlight, waiting, emitted, activeListeners } = emitter.stats();
      assertEquals({ queued, inFlight, waiting, activeListeners, open: open.size }, {
        queued: 0,
        inFlight: 0,
        waiting: 0,
        activeListeners: 0,
        open: 0,
      });
      assertGreater(emitted, 20);
      for (const one of pooled) assert(pool.release(one), "nobody holds it any more");
    });
  }
});
