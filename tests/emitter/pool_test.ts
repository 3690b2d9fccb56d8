import { createEvent, Emitter } from "@nova/events/emitter";
import { WorkerPool } from "@nova/events/pool";
import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { BufferFullError } from "../../src/errors.ts";
import { useTestEnv } from "../support/env.ts";
import { type Any, assertConserved } from "./kit.ts";

describe("an emitter with a pool", () => {
  const env = useTestEnv();

  it("delivers what was enqueued on the pool, after this turn and in order", async () => {
    const pool = new WorkerPool({ workers: 2, env });
    const emitter = new Emitter<Any>({ pool, env });
    const heard: unknown[] = [];
    emitter.on("n", ({ data }) => void heard.push(data));
    for (let n = 1; n <= 50; n++) emitter.tryEnqueue(createEvent("n", n));
    assertEquals(heard, []);
    await env.settle();

    assertEquals(heard, Array.from({ length: 50 }, (_, index) => index + 1));
    assertEquals(pool.stats().completed, 50);
    assertConserved(emitter);
  });

  it("shares the workers of a pool with another emitter", async () => {
    const pool = new WorkerPool({ workers: 3, env });
    let running = 0;
    let most = 0;
    const emitters = [1, 2].map(() => {
      const emitter = new Emitter<Any>({ pool, env });
      emitter.on("n", async () => {
        most = Math.max(most, running += 1);
        await new Promise<void>((resolve) => env.setTimer(resolve, 10));
        running -= 1;
      });
      return emitter;
    });
    for (let n = 0; n < 20; n++) for (const emitter of emitters) emitter.tryEnqueue("n", n);
    await env.advance(1000);

    assertEquals(most, 3);
    for (const emitter of emitters) {
      assertEquals(emitter.stats().succeeded, 20);
      assertConserved(emitter);
    }
  });

  it("has at most maxConcurrency events in flight, however large the pool is", async () => {
    const pool = new WorkerPool({ workers: 50, env });
    const emitter = new Emitter<Any>({ pool, maxConcurrency: 4, env });
    let running = 0;
    let most = 0;
    emitter.on("n", async () => {
      most = Math.max(most, running += 1);
      await new Promise<void>((resolve) => env.setTimer(resolve, 10));
      running -= 1;
    });
    for (let n = 0; n < 20; n++) emitter.tryEnqueue("n", n);
    await env.advance(1000);

    assertEquals([most, emitter.stats().succeeded], [4, 20]);
  });

  it("keeps what waits for the pool in its own buffer, by its own policy", async () => {
    const pool = new WorkerPool({ workers: 1, env });
    const emitter = new Emitter<Any>({ pool, bufferSize: 2, overflow: "drop-oldest", env });
    const heard: unknown[] = [];
    emitter.on("n", ({ data }) => void heard.push(data));
    let free = () => {};
    const busy = pool.submit(() => new Promise<void>((resolve) => (free = resolve)));
    for (let n = 1; n <= 4; n++) emitter.tryEnqueue("n", n);
    await env.settle();
    emitter.tryEnqueue("n", 5);
    const { queued, dropped, inFlight } = emitter.stats();
    assertEquals([queued, dropped, inFlight, heard], [2, 3, 0, []]);
    free();
    await busy;
    await env.settle();

    assertEquals(heard, [4, 5]);
    assertConserved(emitter);
  });

  it("lets waiting producers in as the pool makes room", async () => {
    const pool = new WorkerPool({ workers: 1, env });
    const emitter = new Emitter<Any>({ pool, bufferSize: 1, env });
    const heard: unknown[] = [];
    emitter.on("n", ({ data }) => void heard.push(data));
    const accepted = [1, 2, 3].map((n) => emitter.enqueue("n", n));
    await env.settle();

    assertEquals(await Promise.all(accepted), [true, true, true]);
    assertEquals(heard, [1, 2, 3]);
  });

  it("reports failures as without a pool, and the pool counts no failure", async () => {
    const pool = new WorkerPool({ workers: 1, env });
    const errors: string[] = [];
    const emitter = new Emitter<Any>({
      pool,
      env,
      onError: (error) => {
        errors.push(String(error.cause));
        return "handled";
      },
    });
    emitter.on("n", () => {
      throw "at once";
    });
    emitter.on("n", () => Promise.reject("later"));
    emitter.tryEnqueue("n", 1);
    await env.settle();

    assertEquals(errors, ["at once", "later"]);
    assertEquals([emitter.stats().failed, pool.stats().failed], [1, 0]);
    assertConserved(emitter);
  });

  it("tells reportError of a failure that nobody handles", async () => {
    const reported: unknown[] = [];
    const world = Object.create(env, {
      report: { value: (error: unknown) => reported.push(error) },
    });
    const pool = new WorkerPool({ workers: 1, env });
    const emitter = new Emitter<Any>({ pool, env: world });
    const cause = new Error("no");
    emitter.on("n", () => Promise.reject(cause));
    emitter.tryEnqueue("n", 1);
    await env.settle();

    assertEquals(reported.map((error) => (error as Error).cause), [cause]);
    assertEquals(pool.stats().failed, 0);
  });

  it("delivers the rest itself when the pool closes first", async () => {
    const pool = new WorkerPool({ workers: 1, env });
    const emitter = new Emitter<Any>({ pool, env });
    let heard = 0;
    emitter.on("n", () => void (heard += 1));
    void pool.submit(() => new Promise(() => {}));
    for (let n = 0; n < 20; n++) emitter.tryEnqueue("n", n);
    await env.settle();
    assertEquals(heard, 0);
    await pool.close({ signal: AbortSignal.abort() });
    await env.settle();
    assertEquals(heard, 20);
    emitter.tryEnqueue("n", 20);

    assertEquals(await emitter.close(), { completed: 1, left: 0 });
    assertEquals(heard, 21);
    assertConserved(emitter);
  });

  it("asks a pool without room again, and frees its timer when it closes (I7)", async () => {
    let room = false;
    let asked = 0;
    const pool = {
      trySubmit: () => false,
      submit: <Result>(task: (signal: AbortSignal) => Result | PromiseLike<Result>) => {
        asked += 1;
        if (!room) throw new BufferFullError("pool", 1);
        return Promise.resolve(task(new AbortController().signal));
      },
    };
    const emitter = new Emitter<Any>({ pool, maxConcurrency: 1, env });
    let heard = 0;
    emitter.on("n", () => void (heard += 1));
    emitter.tryEnqueue("n", 1);
    await env.advance(9);
    assertEquals([asked, heard], [1, 0]);
    room = true;
    await env.advance(1);
    assertEquals([asked, heard], [2, 1]);
    room = false;
    emitter.tryEnqueue("n", 2);
    await env.settle();

    assertEquals(await emitter.close({ signal: AbortSignal.abort() }), { completed: 0, left: 1 });
    assertEquals(env.pending.timers, 0);
    assertConserved(emitter);
  });

  it("refuses what is no pool", () => {
    for (const pool of [null, 4, {}, { submit: 1 }]) {
      assertThrows(() => new Emitter({ pool: pool as never }), TypeError, "pool");
    }
  });
});
