import { BufferFullError, ClosedError, WorkerLostError } from "@nova/events";
import { ThreadPool, type ThreadPoolOptions } from "@nova/events/pool";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { describe, it } from "node:test";
import { cores } from "../../src/internal/cores.ts";
import { useTestEnv } from "../support/env.ts";
import { FakeWorker } from "./support/fake_worker.ts";

type Tasks = { square(n: number): number; move(buffer: ArrayBuffer): number };

describe("ThreadPool", () => {
  const env = useTestEnv();

  interface Stage {
    readonly pool: ThreadPool<Tasks>;
    readonly workers: FakeWorker[];
    /** The n-th worker, ready. */
    readonly ready: (n: number) => Promise<FakeWorker>;
    /** Runs a task; what it comes to, success or failure. */
    readonly run: (n: number, signal?: AbortSignal) => Promise<unknown>;
    /** Has learned that tasks are short, so that it sends many at a time. */
    readonly warmUp: () => Promise<FakeWorker>;
  }

  function stage(options: ThreadPoolOptions = {}, sharesMemory = true): Stage {
    const workers: FakeWorker[] = [];
    const pool = new ThreadPool<Tasks>(() => {
      const worker = new FakeWorker({ sharesMemory });
      workers.push(worker);
      return worker;
    }, { workers: 1, ...options, env });
    const run = (n: number, signal?: AbortSignal): Promise<unknown> =>
      pool.run("square", n, signal === undefined ? {} : { signal }).catch((error) => error);
    const ready = async (n: number): Promise<FakeWorker> => {
      await env.settle();
      workers[n]!.ready("square", "move");
      await env.settle();
      return workers[n]!;
    };
    const warmUp = async (): Promise<FakeWorker> => {
      const first = run(0);
      const worker = await ready(0);
      worker.answer([0]);
      await first;
      return worker;
    };
    return { pool, workers, ready, run, warmUp };
  }

  /** Ends a stage whose workers answer nothing more. */
  const drop = (pool: ThreadPool<Tasks>): Promise<unknown> =>
    pool.close({ signal: AbortSignal.abort() });

  describe("handing over", () => {
    it("makes no thread before there is work, and at most as many as workers", async () => {
      const { pool, workers, run } = stage({ workers: 3 });
      await env.settle();
      assertEquals(workers.length, 0);

      void run(1);
      await env.settle();
      assertEquals(workers.length, 1);
      for (let n = 0; n < 20; n++) void run(n);
      await env.settle();

      assertEquals(workers.length, 3);
      assertEquals(pool.stats().starting, 3);
      await drop(pool);
    });

    it("resolves with what the thread answers", async () => {
      const { pool, run, ready } = stage();
      const done = run(7);
      const worker = await ready(0);

      assertEquals(worker.runs, [[["square", 7]]]);
      worker.answer([49]);

      assertEquals(await done, 49);
      const { completed, running, threads } = pool.stats();
      assertEquals([completed, running, threads], [1, 0, 1]);
      await pool.close();
      assert(worker.terminated);
      assertEquals(worker.listeners, 0);
    });

    it("sends one task until it knows how long they take, then many in one message", async () => {
      const { pool, run, ready } = stage();
      const all = Array.from({ length: 10 }, (_, n) => run(n));
      const worker = await ready(0);
      assertEquals(worker.runs.map((each) => each.length), [1]);

      worker.answer([0]);
      await env.settle();

      assertEquals(worker.runs.map((each) => each.length), [1, 9]);
      worker.answer([1, 2, 3, 4, 5, 6, 7, 8, 9]);
      assertEquals(await Promise.all(all), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      await pool.close();
    });

    it("sends what came in meanwhile with the next message, two at most under way", async () => {
      const { pool, run, warmUp } = stage();
      const worker = await warmUp();
      const all: Promise<unknown>[] = [];

      for (let n = 1; n <= 4; n++) {
        all.push(run(n), run(n));
        await env.settle();
      }
      assertEquals(worker.runs.map((each) => each.length), [1, 2, 2]);
      worker.answer([1, 1]);
      await env.settle();
      assertEquals(worker.runs.map((each) => each.length), [1, 2, 2, 4]);
      worker.answer([2, 2, 3, 3, 4, 4]);

      assertEquals(await Promise.all(all), [1, 1, 2, 2, 3, 3, 4, 4]);
      await pool.close();
    });

    it("sends long tasks one by one, so that no thread waits beside a long line", async () => {
      const { pool, run, ready } = stage();
      const all = Array.from({ length: 4 }, (_, n) => run(n));
      const worker = await ready(0);

      worker.answer([0], 50);
      await env.settle();

      assertEquals(worker.runs.map((each) => each.length), [1, 1]);
      worker.answer([1], 50);
      await env.settle();
      worker.answer([2], 50);
      await env.settle();
      worker.answer([3], 50);
      await Promise.all(all);
      await pool.close();
    });

    it("shares what waits between threads", async () => {
      const { pool, run, ready, workers } = stage({ workers: 2 });
      const first = [run(0), run(0)];
      for (const worker of [await ready(0), await ready(1)]) worker.answer([0]);
      await Promise.all(first);

      const all = Array.from({ length: 10 }, (_, n) => run(n));
      await env.settle();
      const sizes = workers.map(({ runs }) => runs.slice(1).flat().length);

      assertEquals(sizes[0]! + sizes[1]!, 10);
      assert(Math.min(...sizes) >= 3, `shared ${sizes}`);
      for (const [index, worker] of workers.entries()) worker.answer(Array(sizes[index]).fill(1));
      await Promise.all(all);
      await pool.close();
    });

    it("sends one task at a time where memory cannot be shared", async () => {
      const { pool, run, ready } = stage({}, false);
      const all = [1, 2, 3].map((n) => run(n));
      const worker = await ready(0);

      for (const n of [1, 2, 3]) {
        assertEquals(worker.runs.length, n);
        worker.answer([n]);
        await env.settle();
      }

      assertEquals(await Promise.all(all), [1, 2, 3]);
      assertEquals(worker.runs.map((each) => each.length), [1, 1, 1]);
      await pool.close();
    });

    it("rejects a task that the thread does not have, and no other", async () => {
      const { pool, run, ready } = stage();
      const wrong = pool.run("sqare" as "square", 1).catch((error) => error);
      const right = run(2);
      const worker = await ready(0);
      worker.answer([4]);

      assertEquals(await right, 4);
      const error = await wrong;
      assertInstanceOf(error, TypeError);
      assertEquals(error.message, 'Cannot run task "sqare": the thread has "square", "move"');
      assertEquals(pool.stats().failed, 1);
      await pool.close();
    });

    it("bounds what waits, and lets callers wait for room", async () => {
      const { pool, run } = stage({ queueSize: 2, waitMs: 100 });
      const all = [1, 2].map((n) => run(n));
      const late = run(3);
      const { queued, waiting } = pool.stats();
      assertEquals([queued, waiting], [2, 1]);

      await env.advance(150);

      assertInstanceOf(await late, BufferFullError);
      await drop(pool);
      await Promise.all(all);

      const strict = stage({ queueSize: 1, overflow: "reject" });
      const first = strict.run(1);
      assertInstanceOf(await strict.run(2), BufferFullError);
      await drop(strict.pool);
      await first;
    });

    it("never throws: wrong code rejects", async () => {
      const { pool } = stage();
      await assertRejects(() => pool.run(7 as never, 1 as never), TypeError, "name");
      await assertRejects(() => pool.run("square", 1, 5 as never), TypeError, "options");
      await drop(pool);
      await assertRejects(() => pool.run("square", 1), ClosedError);
    });
  });

  describe("losing a thread", () => {
    it("fails what had started, and runs the rest in another", async () => {
      const { pool, workers, run, ready, warmUp } = stage();
      const worker = await warmUp();
      const all = [1, 2, 3, 4].map((n) => run(n));
      await env.settle();
      worker.begins(3);

      assert(worker.fire("error", { message: "boom", error: new RangeError("boom") }));

      assert(worker.terminated);
      const second = await ready(1);
      assertEquals(second.runs.flat().map(([, input]) => input), [3, 4]);
      second.answer([9, 16]);
      const [one, two, three, four] = await Promise.all(all);
      for (const error of [one, two]) {
        assertInstanceOf(error, WorkerLostError);
        assertEquals(error.code, "worker-lost");
        assertEquals([error.task, error.started, error.retryable], ["square", true, true]);
        assertEquals(error.message, 'Cannot finish task "square" as its thread failed: boom');
        assertInstanceOf(error.cause, RangeError);
      }
      assertEquals([three, four], [9, 16]);
      const { lost, retried, failed } = pool.stats();
      assertEquals([lost, retried, failed, workers.length], [1, 2, 2, 2]);
      await pool.close();
    });

    it("runs a started task again if retry says so, and so often", async () => {
      const { pool, workers, run, ready } = stage({ retry: { attempts: 3 } });
      const done = run(5);
      for (const n of [0, 1, 2]) {
        const worker = await ready(n);
        assertEquals(worker.runs, [[["square", 5]]]);
        worker.begins(1);
        worker.fire("close");
        await env.settle();
      }

      const error = await done;
      assertInstanceOf(error, WorkerLostError);
      assertEquals(error.message, 'Cannot finish task "square" as its thread ended');
      assertEquals(workers.length, 3);
      assertEquals(pool.stats().retried, 2);
      await pool.close();
    });

    it("keeps the order of what it hands over again", async () => {
      const { pool, run, ready, warmUp } = stage();
      const worker = await warmUp();
      const all = [1, 2, 3].map((n) => run(n));
      await env.settle();
      const later = [4, 5].map((n) => run(n));

      worker.fire("close");
      const second = await ready(1);
      second.answer([1, 2, 3, 4, 5].slice(0, second.runs.flat().length));
      await env.settle();

      assertEquals(second.runs.flat().map(([, input]) => input), [1, 2, 3, 4, 5]);
      await Promise.all([...all, ...later]);
      await pool.close();
    });

    it("cannot run again what was transferred", async () => {
      const { pool, ready } = stage({ retry: { attempts: 5 } });
      const buffer = new ArrayBuffer(8);
      const done = pool.run("move", buffer, { transfer: [buffer] }).catch((error) => error);
      const worker = await ready(0);

      worker.fire("close");

      assertInstanceOf(await done, WorkerLostError);
      await pool.close();
    });

    const endings: readonly (readonly [string, (worker: FakeWorker) => void, string])[] = [
      ["closes itself", (worker) => worker.say(["bye"]), "its thread closed itself"],
      ["ends", (worker) => worker.fire("close"), "its thread ended"],
      ["cannot be read", (worker) => worker.fire("messageerror"), "cannot be read"],
      ["fails without a reason", (worker) => worker.fire("error"), "its thread failed"],
      ["sends a text", (worker) => worker.say("hello"), '"hello", which is no answer'],
      ["sends nothing", (worker) => worker.say(undefined), "undefined, which is no answer"],
      ["sends an empty list", (worker) => worker.say([]), "which is no answer"],
      ["sends an unknown word", (worker) => worker.say(["dome", 1]), "which is no answer"],
      ["sends half an answer", (worker) => worker.say(["done", 1]), "which is no answer"],
      ["answers twice", (worker) => worker.say(["done", 0, 0, [], 1]), "which is no answer"],
      ["answers too much", (worker) => worker.say(["done", 1, 0, [], 1, 2]), "is no answer"],
      ["is ready twice", (worker) => worker.say(["ready", ["x"]]), "which is no answer"],
    ];
    for (const [what, act, words] of endings) {
      it(`replaces a thread that ${what}`, async () => {
        const { pool, run, ready, warmUp } = stage();
        const worker = await warmUp();
        const done = run(1);
        await env.settle();
        worker.begins(2);

        act(worker);

        const error = await done;
        assertInstanceOf(error, WorkerLostError);
        assertStringIncludes(error.message, words);
        assert(worker.terminated);
        const next = run(2);
        (await ready(1)).answer([4]);
        assertEquals(await next, 4);
        assertEquals(pool.stats().lost, 1);
        await pool.close();
      });
    }

    it("hears nothing from a thread that is gone", async () => {
      const { pool, run, ready, warmUp } = stage();
      const worker = await warmUp();
      worker.fire("close");
      assertEquals(worker.listeners, 0);
      worker.answer([1]);
      const next = run(3);
      (await ready(1)).answer([9]);
      assertEquals(await next, 9);
      await pool.close();
    });
  });

  describe("starting", () => {
    it("fails what waits if no worker can be made", async () => {
      const cause = new TypeError("no such thing");
      const pool = new ThreadPool<Tasks>(() => {
        throw cause;
      }, { env });

      for (const round of [1, 2]) {
        const error = await pool.run("square", round).catch((error) => error);
        assertInstanceOf(error, WorkerLostError);
        assertStringIncludes(error.message, "no worker could be made: no such thing");
        assertStrictEquals(error.cause, cause);
        assertFalse(error.started);
      }
      assertEquals(pool.stats().lost, 2);
      await pool.close();
    });

    it("fails what waits if makeWorker answers no worker", async () => {
      const pool = new ThreadPool<Tasks>(() => 5 as never, { env });
      const error = await pool.run("square", 1).catch((error) => error);
      assertInstanceOf(error, WorkerLostError);
      assertInstanceOf(error.cause, TypeError);
      await pool.close();
    });

    it("fails what waits if the file cannot be loaded", async () => {
      const { pool, workers, run } = stage();
      const all = [1, 2].map((n) => run(n));
      await env.settle();

      workers[0]!.fire("error", { message: 'Module not found "file:///nope.ts".' });

      for (const error of await Promise.all(all)) {
        assertInstanceOf(error, WorkerLostError);
        assertStringIncludes(error.message, "could not start: Module not found");
      }
      assertEquals(workers.length, 1);
      await pool.close();
    });

    it("gives a thread startMs to be ready", async () => {
      for (const [startMs, options] of [[10_000, {}], [200, { startMs: 200 }]] as const) {
        const { pool, workers, run } = stage(options);
        const done = run(1);
        await env.advance(startMs - 50);
        assertEquals(pool.stats().starting, 1);
        await env.advance(100);

        const error = await done;
        assertInstanceOf(error, WorkerLostError);
        assertStringIncludes(error.message, `was not ready after ${startMs} ms`);
        assert(workers[0]!.terminated);
        await pool.close();
      }
    });

    it("goes on with the threads it has, and tries another after a pause", async () => {
      const { pool, workers, run, ready, warmUp } = stage({ workers: 2 });
      const worker = await warmUp();
      const all = Array.from({ length: 600 }, (_, n) => run(n));
      await env.settle();
      assertEquals(workers.length, 2);

      workers[1]!.fire("error", { message: "no memory" });
      await env.settle();
      worker.answer(Array(worker.unanswered).fill(1));
      await env.settle();
      assertEquals(workers.length, 2, "no other is tried at once");

      await env.advance(1_100);
      worker.answer([1]);
      await env.settle();
      assertEquals(workers.length, 3);
      const third = await ready(2);
      while (pool.stats().running > 0) {
        for (const each of [worker, third]) each.answer(Array(each.unanswered).fill(1));
        await env.settle();
      }

      assertEquals(await Promise.all(all), Array(600).fill(1));
      await pool.close();
    });
  });

  describe("cancelling", () => {
    const reason = new Error("no longer wanted");

    it("rejects at once if the signal has aborted", async () => {
      const { pool, workers, run } = stage();
      assertStrictEquals(await run(1, AbortSignal.abort(reason)), reason);
      assertEquals(workers.length, 0);
      await pool.close();
    });

    it("takes out what waits", async () => {
      const { pool, run, ready } = stage();
      const controller = new AbortController();
      const gone = run(1, controller.signal);
      const kept = run(2);
      controller.abort(reason);

      assertStrictEquals(await gone, reason);
      const worker = await ready(0);
      assertEquals(worker.runs, [[["square", 2]]]);
      worker.answer([4]);
      assertEquals(await kept, 4);
      assertEquals(pool.stats().cancelled, 1);
      await pool.close();
    });

    it("tells the thread, and waits no longer than graceMs", async () => {
      for (const [graceMs, options] of [[1_000, {}], [50, { graceMs: 50 }]] as const) {
        const { pool, workers, run, ready } = stage(options);
        const controller = new AbortController();
        const gone = run(1, controller.signal);
        const worker = await ready(0);
        worker.begins(1);

        controller.abort(reason);

        assertStrictEquals(await gone, reason);
        assertEquals(worker.cancels, [1]);
        await env.advance(graceMs - 10);
        assertFalse(worker.terminated);
        await env.advance(20);
        assert(worker.terminated);
        const { ended, lost, cancelled, running } = pool.stats();
        assertEquals([ended, lost, cancelled, running], [1, 0, 1, 0]);

        const next = run(2);
        (await ready(1)).answer([4]);
        assertEquals(await next, 4);
        assertEquals(workers.length, 2);
        await pool.close();
      }
    });

    it("leaves a thread alone whose task stopped in time", async () => {
      const { pool, run, ready } = stage();
      const controller = new AbortController();
      const gone = run(1, controller.signal);
      const worker = await ready(0);
      controller.abort(reason);
      worker.answer(["stopped"]);
      await gone;

      assertEquals(env.pending.timers, 1, "only the idle thread is watched");
      await env.advance(5_000);

      assertFalse(worker.terminated);
      assertEquals(pool.stats().completed, 0);
      await pool.close();
    });

    it("never ends a thread with graceMs Infinity", async () => {
      const { pool, run, ready } = stage({ graceMs: Infinity });
      const controller = new AbortController();
      const gone = run(1, controller.signal);
      const worker = await ready(0);
      controller.abort(reason);
      await gone;

      await env.advance(10_000_000);

      assertFalse(worker.terminated);
      await pool.close();
    });

    it("has patience with a task that stands behind another, and hands the others over", async () => {
      const { pool, run, ready, warmUp } = stage({ graceMs: 100 });
      const worker = await warmUp();
      const controller = new AbortController();
      const first = run(1);
      const gone = run(2, controller.signal);
      const last = run(3);
      await env.settle();
      worker.begins(2);
      controller.abort(reason);
      await gone;

      await env.advance(350);
      assertFalse(worker.terminated, "another task runs");
      worker.say(["done", 1, 0, [], 1]);
      worker.begins(3);
      await env.advance(150);

      assert(worker.terminated, "now it is this one");
      const second = await ready(1);
      assertEquals(second.runs, [[["square", 3]]]);
      second.answer([9]);
      assertEquals([await first, await last], [1, 9]);
      await pool.close();
    });
  });

  describe("idling", () => {
    it("ends a thread that had nothing to do for idleMs", async () => {
      for (const [idleMs, options] of [[30_000, {}], [100, { idleMs: 100 }]] as const) {
        const { pool, run, ready, warmUp } = stage(options);
        const worker = await warmUp();

        await env.advance(idleMs - 10);
        assertFalse(worker.terminated);
        await env.advance(20);

        assert(worker.terminated);
        assertEquals(pool.stats().threads, 0);
        assertEquals(env.pending.timers, 0);
        const next = run(2);
        (await ready(1)).answer([4]);
        assertEquals(await next, 4);
        await pool.close();
      }
    });

    it("keeps it with idleMs Infinity, and while it works", async () => {
      const forever = stage({ idleMs: Infinity });
      const kept = await forever.warmUp();
      await env.advance(10_000_000);
      assertFalse(kept.terminated);
      await forever.pool.close();

      const busy = stage({ idleMs: 100 });
      const worker = await busy.warmUp();
      const long = busy.run(1);
      await env.advance(1_000);
      assertFalse(worker.terminated);
      worker.answer([1]);
      await long;
      await busy.pool.close();
    });
  });

  describe("closing", () => {
    it("finishes what it took, then ends the threads", async () => {
      const { pool, run, ready } = stage();
      const all = [1, 2].map((n) => run(n));
      const worker = await ready(0);
      const closing = pool.close();
      await env.settle();
      assertFalse(worker.terminated);

      worker.answer([1]);
      await env.settle();
      worker.answer([4]);

      assertEquals(await closing, { completed: 2, left: [] });
      assertEquals(await Promise.all(all), [1, 4]);
      assert(worker.terminated);
      assertStrictEquals(pool.close(), closing);
      await assertRejects(() => pool.run("square", 1), ClosedError);
    });

    it("answers what it gave up, and whether a thread had started it", async () => {
      const { pool, run, ready } = stage({ name: "images" });
      const all = [1, 2, 3].map((n) => run(n));
      const worker = await ready(0);
      worker.begins(1);

      const { completed, left } = await pool.close({ signal: AbortSignal.abort() });

      assertEquals(completed, 0);
      assertEquals(
        [...left].sort((a, b) => Number(a.input) - Number(b.input)),
        [
          { name: "square", input: 1, started: true },
          { name: "square", input: 2, started: false },
          { name: "square", input: 3, started: false },
        ],
      );
      for (const error of await Promise.all(all)) {
        assertInstanceOf(error, ClosedError);
        assertStringIncludes(error.message, 'pool "images"');
      }
      assert(worker.terminated);
      assertEquals(pool.stats().released, 3);
    });

    it("ends threads that are still starting, and resolves drain()", async () => {
      const { pool, workers, run } = stage();
      await pool.drain();
      const done = run(1);
      await env.settle();
      const drained = pool.drain().catch((error) => error);

      await pool[Symbol.asyncDispose].call({ close: () => drop(pool) } as never);

      assert(workers[0]!.terminated);
      assertInstanceOf(await done, ClosedError);
      assertInstanceOf(await drained, ClosedError);
    });
  });

  describe("stats()", () => {
    it("counts every task once, whatever becomes of threads (I13)", async () => {
      const { pool, workers, run } = stage({ workers: 3, queueSize: 20, graceMs: 30, waitMs: 40 });
      const readied = new Set<FakeWorker>();
      const open: Promise<unknown>[] = [];

      for (let round = 0; round < 600; round++) {
        const controller = new AbortController();
        open.push(run(round, controller.signal));
        if (env.random() < 0.2) controller.abort("cancelled");
        for (const worker of workers.filter(({ terminated }) => !terminated)) {
          const chance = env.random();
          if (!readied.has(worker)) {
            if (chance < 0.5) worker.ready("square", "move");
            readied.add(worker);
          } else if (chance < 0.4) {
            if (worker.unanswered > 0) worker.answer([1], env.random() * 5);
          } else if (chance < 0.45) worker.fire("close");
        }
        if (env.random() < 0.3) await env.advance(env.random() * 20);
        const s = pool.stats();
        assertEquals(
          s.submitted,
          s.completed + s.failed + s.cancelled + s.released + s.queued + s.running,
          JSON.stringify(s),
        );
      }
      await drop(pool);
      await Promise.all(open);

      const s = pool.stats();
      assertEquals(s.submitted, s.completed + s.failed + s.cancelled + s.released);
      assertEquals([s.queued, s.running, s.waiting, s.threads], [0, 0, 0, 0]);
      assertEquals(s.submitted + s.refused, 600);
    });
  });

  describe("constructor", () => {
    it("has as many workers as cores", async () => {
      const pool = new ThreadPool(() => new FakeWorker(), { env });
      assertEquals(pool.stats().workers, cores());
      assertEquals(pool.name, "pool");
      await pool.close();
    });

    it("refuses options that make no sense", () => {
      const bad = [
        { workers: 0 },
        { queueSize: 0 },
        { graceMs: -1 },
        { startMs: NaN },
        { idleMs: -5 },
        { retry: { attempts: 0 } },
        { overflow: "drop-newest" },
      ];
      const make = (): FakeWorker => new FakeWorker();
      for (const options of bad) {
        const name = Object.keys(options)[0]!;
        assertThrows(() => new ThreadPool(make, options as never), RangeError, name);
      }
      assertThrows(() => new ThreadPool(undefined as never), TypeError, "makeWorker");
      assertThrows(() => new ThreadPool(make, 5 as never), TypeError, "options");
      assertThrows(() => new ThreadPool(make, { retry: 3 as never }), TypeError, "retry");
    });
  });
});
