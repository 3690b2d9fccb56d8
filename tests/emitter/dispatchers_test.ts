import { Emitter, type ListenerError } from "@nova/events/emitter";
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { COPIES, generateDispatchers, SITES } from "../support/dispatchers.ts";
import { useTestEnv } from "../support/env.ts";
import { sources } from "../support/sources.ts";
import { type Any, assertConserved } from "./kit.ts";

/** More than a channel needs to become hot. */
const WARM_UP = 300;

describe("the dispatchers", () => {
  const env = useTestEnv();

  it("are what their generator makes of one text", () => {
    assertEquals(sources().get("src/emitter/dispatchers.ts"), generateDispatchers());
  });

  it("do the same hot and cold: calls, order, failures, promises, changes in between", async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const [cold, hot] = [await play(seed, 0), await play(seed, WARM_UP)];
      assertEquals(hot, cold, `seed ${seed}`);
    }
  });

  it("serve more hot types than there are copies", async () => {
    const emitter = new Emitter<Any>({ env });
    let calls = 0;
    for (let type = 0; type < COPIES * 2; type++) {
      for (let i = 0; i < 3; i++) emitter.on(`t${type}`, () => void (calls += 1));
    }
    for (let type = 0; type < COPIES * 2; type++) {
      for (let i = 0; i < WARM_UP; i++) await emitter.emit(`t${type}`, i);
    }
    assertEquals(calls, COPIES * 2 * 3 * WARM_UP);
    assertConserved(emitter);
  });

  /** A seeded play of a channel with listeners that come, go, fail and take long. */
  async function play(seed: number, warmUp: number): Promise<unknown[]> {
    let state = seed;
    const random = (below: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 8) % below;
    };
    const emitter = new Emitter<Any>({ env });
    const log: unknown[] = [];
    const listeners = Array.from({ length: 1 + random(SITES + 4) }, (_, i) => i);
    let quiet = true;
    const handles = listeners.map((i) => {
      const kind = random(5);
      return emitter.on("t", ({ data }) => {
        if (quiet) return;
        log.push([i, data]);
        if (kind === 1 && random(3) === 0) throw new Error(`${i}`);
        if (kind === 2) return Promise.resolve().then(() => void log.push([i, data, "later"]));
        if (kind === 3 && random(4) === 0) handles[random(handles.length)]!.unsubscribe();
        if (kind === 4 && random(8) === 0) emitter.on("t", () => void log.push("new"));
      }, { id: `l${i}` });
    });
    for (let i = 0; i < warmUp; i++) await emitter.emit("t", i);
    quiet = false;
    for (let data = 0; data < 30; data++) {
      try {
        await emitter.emit("t", data);
      } catch (error) {
        const errors = error instanceof AggregateError ? error.errors : [error];
        log.push(errors.map((each) => (each as ListenerError).message));
      }
    }
    const { listeners: figures, failed, inFlight } = emitter.stats();
    for (const { id, runs, runFailures } of figures) {
      log.push([id, id.startsWith("l") ? runs - warmUp : runs, runFailures]);
    }
    assertConserved(emitter);
    return [...log, failed, inFlight];
  }
});
