import { BufferFullError, ClosedError } from "@nova/events";
import { WorkerPool } from "@nova/events/pool";
import {
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "node:test";
import { cores } from "../../src/internal/cores.ts";
import { useTestEnv } from "../support/env.ts";
import { Gate } from "./support/gate.ts";

describe("WorkerPool.submit()", () => {
  const env = useTestEnv();

  it("resolves with what the task returns", async () => {
    const pool = new WorkerPool({ env });

    assertEquals(await pool.submit(() => Promise.resolve(7)), 7);
    assertEquals(await pool.submit(() => "at once"), "at once");
    assertEquals(pool.stats().completed, 2);
    await pool.close();
  });

  it("rejects with what the task throws, and counts it as failed", async () => {
    const pool = new WorkerPool({ env });
    const error = new Error("no route");

    const tasks = [
      () => Promise.reject(error),
      (): never => {
        throw error;
      },
    ];
    for (const task of tasks) {
      assertStrictEquals(await pool.submit(task).catch((thrown) => thrown), error);
    }
    assertEquals(await pool.submit(() => Promise.reject(undefined)).catch((e) => [e]), [undefined]);
    const { completed, failed, running } = pool.stats();
    assertEquals([completed, failed, running], [0, 3, 0]);
    await pool.close();
  });

  it("starts a task in this turn if a worker is free", async () => {
    const pool = new WorkerPool({ env, workers: 1 });
    let started = false;

    const done = pool.submit(() => {
      started = true;
    });

    assertEquals(started, true);
    await done;
    await pool.close();
  });

  it("runs at most as many as there are workers, in order", async () => {
    const pool = new WorkerPool({ env, workers: 2 });
    const gates = Array.from({ length: 5 }, () => new Gate());
    const started: number[] = [];

    const all = gates.map((gate, index) =>
      pool.submit(() => {
        started.push(index);
        return gate.promise;
      })
    );
    assertEquals(started, [0, 1]);
    gates[1]!.open();
    await env.settle();
    assertEquals(started, [0, 1, 2]);
    for (const gate of gates) gate.open();
    await Promise.all(all);

    assertEquals(started, [0, 1, 2, 3, 4]);
    await pool.close();
  });

  it("lets queueSize tasks wait, then the callers", async () => {
    const pool = new WorkerPool({ env, workers: 1, queueSize: 2 });
    const gate = new Gate();
    const order: number[] = [];

    const all = [0, 1, 2, 3, 4].map((index) =>
      pool.submit(async () => {
        await gate.promise;
        order.push(index);
      })
    );

    const { queued, running, waiting, submitted } = pool.stats();
    assertEquals([running, queued, waiting, submitted], [1, 2, 2, 3]);
    gate.open();
    await Promise.all(all);
    assertEquals(order, [0, 1, 2, 3, 4]);
    assertEquals(pool.stats().submitted, 5);
    await pool.close();
  });

  it("gives up the waiting for room after waitMs", async () => {
    const pool = new WorkerPool({ env, name: "mail", workers: 1, queueSize: 1, waitMs: 200 });
    const gate = new Gate();
    const first = [1, 2].map(() => pool.submit(() => gate.promise));

    const late = pool.submit(() => 3).catch((error) => error);
    await env.advance(250);

    const error = await late;
    assertInstanceOf(error, BufferFullError);
    assertEquals(
      error.message,
      'Cannot add a task to pool "mail" as its buffer of 1 stayed full for 200 ms',
    );
    assertEquals(pool.stats().refused, 1);
    gate.open();
    await Promise.all(first);
    await pool.close();
  });

  it("waits 30 s for room unless told otherwise", async () => {
    const pool = new WorkerPool({ env, workers: 1, queueSize: 1 });
    const gate = new Gate();
    const first = [1, 2].map(() => pool.submit(() => gate.promise));
    let refused = false;

    const late = pool.submit(() => 3).catch(() => refused = true);
    await env.advance(29_000);
    assertFalse(refused);
    await env.advance(1_500);
    await late;

    assertEquals(refused, true);
    gate.open();
    await Promise.all(first);
    await pool.close();
  });

  it("rejects at once when it is full, if that is the policy", async () => {
    const pool = new WorkerPool({ env, workers: 1, queueSize: 1, overflow: "reject" });
    const gate = new Gate();
    const first = [1, 2].map(() => pool.submit(() => gate.promise));

    const error = await assertRejects(() => pool.submit(() => 3), BufferFullError);

    assertEquals(error.message, 'Cannot add a task to pool "pool" as its buffer of 1 is full');
    assertEquals(pool.stats().refused, 1);
    gate.open();
    await Promise.all(first);
    await pool.close();
  });

  it("never throws: wrong code rejects", async () => {
    const pool = new WorkerPool({ env });

    await assertRejects(() => pool.submit(7 as never), TypeError, "a task");
    await assertRejects(() => pool.submit(undefined as never), TypeError, "a task");
    await assertRejects(() => pool.submit(() => 1, 5 as never), TypeError, "options");
    await pool.close();
  });

  it("is not misled by a thenable that settles twice", async () => {
    const pool = new WorkerPool({ env, workers: 1 });
    const thenable = {
      then(resolve: (value: number) => void, reject: (error: unknown) => void): void {
        resolve(1);
        resolve(2);
        reject(new Error("too late"));
      },
    };

    assertEquals(await pool.submit(() => thenable as PromiseLike<number>), 1);
    const { completed, failed, running } = pool.stats();
    assertEquals([completed, failed, running], [1, 0, 0]);
    await pool.close();
  });

  it("gives the rest of the process a turn while it works through a long line", async () => {
    const pool = new WorkerPool({ env, workers: 2, queueSize: 5_000 });
    for (let i = 0; i < 5_000; i++) void pool.submit(() => Promise.resolve(i));

    // Every microtask runs, nothing that was deferred.
    await new Promise((resolve) => setTimeout(resolve, 0));
    const { completed } = pool.stats();
    assertEquals(completed > 0 && completed < 5_000, true, `${completed} without a break`);

    await env.settle();
    assertEquals(pool.stats().completed, 5_000);
    await pool.close();
  });
});

describe("WorkerPool.submit(), cancelled", () => {
  const env = useTestEnv();

  const reason = new Error("no longer wanted");

  it("rejects with the reason of a signal that has aborted, and does not run the task", async () => {
    const pool = new WorkerPool({ env });
    let ran = false;

    const error = await pool.submit(() => ran = true, { signal: AbortSignal.abort(reason) })
      .catch((thrown) => thrown);

    assertStrictEquals(error, reason);
    assertFalse(ran);
    await pool.close();
  });

  it("takes a waiting task out and gives its place away", async () => {
    const pool = new WorkerPool({ env, workers: 1, queueSize: 1 });
    const gate = new Gate();
    const controller = new AbortController();
    const first = pool.submit(() => gate.promise);
    let ran = false;
    const gone = pool.submit(() => ran = true, { signal: controller.signal })
      .catch((thrown) => thrown);
    const next = pool.submit(() => "next");
    assertEquals(pool.stats().waiting, 1);

    controller.abort(reason);

    assertStrictEquals(await gone, reason);
    const { queued, waiting, cancelled } = pool.stats();
    assertEquals([queued, waiting, cancelled], [1, 0, 1]);
    gate.open();
    await first;
    assertEquals(await next, "next");
    assertFalse(ran);
    await pool.close();
  });

  it("sends a caller away that waits for room", async () => {
    const pool = new WorkerPool({ env, workers: 1, queueSize: 1 });
    const gate = new Gate();
    const controller = new AbortController();
    const first = [1, 2].map(() => pool.submit(() => gate.promise));
    const gone = pool.submit(() => 3, { signal: controller.signal }).catch((thrown) => thrown);

    controller.abort(reason);

    assertStrictEquals(await gone, reason);
    assertEquals(pool.stats().refused, 1);
    gate.open();
    await Promise.all(first);
    await pool.close();
  });

  it("lets go of the caller of a running task, and keeps the worker with it", async () => {
    const pool = new WorkerPool({ env, workers: 1 });
    const gate = new Gate();
    const controller = new AbortController();
    let seen: AbortSignal | undefined;
    const gone = pool.submit((signal) => {
      seen = signal;
      return gate.promise;
    }, { signal: controller.signal }).catch((thrown) => thrown);
    let ran = false;
    const next = pool.submit(() => ran = true);

    controller.abort(reason);

    assertStrictEquals(await gone, reason);
    assertStrictEquals(seen, controller.signal);
    await env.settle();
    assertFalse(ran);
    assertEquals(pool.stats().running, 1);
    gate.open();
    await next;
    const { completed, cancelled } = pool.stats();
    assertEquals([completed, cancelled], [2, 0]);
    await pool.close();
  });

  it("listens to a signal once, however many tasks have it, and not for longer than they", async () => {
    const pool = new WorkerPool({ env, workers: 2 });
    const gate = new Gate();
    const { signal } = new AbortController();

    const all = Array.from({ length: 50 }, () => pool.submit(() => gate.promise, { signal }));

    assertEquals(env.pending.abortListeners, 1);
    gate.open();
    await Promise.all(all);
    assertEquals(env.pending.abortListeners, 0);
    await pool.close();
  });
});

describe("WorkerPool.trySubmit()", () => {
  const env = useTestEnv();

  it("says false when there is no room, and for nothing else", async () => {
    const pool = new WorkerPool({ env, workers: 1, queueSize: 1 });
    const gate = new Gate();

    assertEquals([1, 2, 3].map(() => pool.trySubmit(() => gate.promise)), [true, true, false]);
    assertThrows(() => pool.trySubmit("no task" as never), TypeError);
    assertEquals(pool.stats().refused, 1);

    gate.open();
    await pool.drain();
    await pool.close();
    assertThrows(() => pool.trySubmit(() => 1), ClosedError, 'Cannot use pool "pool"');
  });

  it("reports what the task throws, unless onError handles it", async () => {
    const seen: unknown[] = [];
    const pool = new WorkerPool({
      env,
      onError(error) {
        seen.push(error);
        if (error === "handled") return "handled";
        if (error === "worse") throw new Error("onError failed");
      },
    });

    for (const error of ["handled", "reported", "worse"]) {
      pool.trySubmit(() => Promise.reject(error));
    }
    await pool.drain();

    assertEquals(seen, ["handled", "reported", "worse"]);
    assertEquals(env.reported.map(String), ["reported", "Error: onError failed", "worse"]);
    assertEquals(pool.stats().failed, 3);
    await pool.close();
  });
});

describe("WorkerPool.drain()", () => {
  const env = useTestEnv();

  it("resolves when nothing waits and nothing runs, and the pool goes on", async () => {
    const pool = new WorkerPool({ env, workers: 1, queueSize: 1 });
    await pool.drain();
    const gate = new Gate();
    let drained = false;
    const all = [1, 2, 3].map(() => pool.submit(() => gate.promise));
    const drain = pool.drain().then(() => drained = true);

    await env.settle();
    assertFalse(drained);
    gate.open();
    await drain;

    assertEquals(pool.stats().completed, 3);
    await Promise.all(all);
    assertEquals(await pool.submit(() => "more"), "more");
    await pool.close();
  });

  it("rejects with the reason of its signal", async () => {
    const pool = new WorkerPool({ env, workers: 1 });
    const gate = new Gate();
    const running = pool.submit(() => gate.promise);
    const controller = new AbortController();
    const reason = new Error("not so long");

    const drain = pool.drain({ signal: controller.signal }).catch((thrown) => thrown);
    controller.abort(reason);

    assertStrictEquals(await drain, reason);
    assertStrictEquals(
      await pool.drain({ signal: AbortSignal.abort(reason) }).catch((thrown) => thrown),
      reason,
    );
    await assertRejects(() => pool.drain(7 as never), TypeError);
    gate.open();
    await running;
    await pool.close();
  });

  it("rejects when closing gives up", async () => {
    const pool = new WorkerPool({ env, workers: 1 });
    void pool.submit(() => new Promise(() => {}));
    const drain = pool.drain().catch((thrown) => thrown);

    await pool.close({ signal: AbortSignal.abort() });

    assertInstanceOf(await drain, ClosedError);
  });
});

describe("WorkerPool.close()", () => {
  const env = useTestEnv();

  it("takes nothing more and finishes what it took", async () => {
    const pool = new WorkerPool({ env, name: "mail", workers: 1, queueSize: 2 });
    const gate = new Gate();
    const all = [1, 2, 3].map((n) => pool.submit(() => gate.promise.then(() => n)));
    const waiting = pool.submit(() => 4).catch((thrown) => thrown);

    const closing = pool.close();

    assertInstanceOf(await waiting, ClosedError);
    await assertRejects(() => pool.submit(() => 5), ClosedError, 'Cannot use pool "mail"');
    gate.open();
    assertEquals(await Promise.all(all), [1, 2, 3]);
    assertEquals(await closing, { completed: 3, left: [] });
    assertStrictEquals(pool.close(), closing);
  });

  it("answers the tasks that never ran when its signal aborts", async () => {
    const pool = new WorkerPool({ env, workers: 1 });
    const gate = new Gate();
    const controller = new AbortController();
    let stop: AbortSignal | undefined;
    const running = pool.submit((signal) => {
      stop = signal;
      return gate.promise.then(() => "in the end");
    });
    const tasks = [() => 1, () => 2];
    const never = tasks.map((task) => pool.submit(task).catch((thrown) => thrown));

    const closing = pool.close({ signal: controller.signal });
    await env.settle();
    controller.abort();
    const { completed, left } = await closing;

    assertEquals(completed, 0);
    assertEquals(left, tasks);
    assertStrictEquals(left[0], tasks[0]);
    for (const error of await Promise.all(never)) assertInstanceOf(error, ClosedError);
    assertInstanceOf(stop?.reason, ClosedError);
    const { released, queued } = pool.stats();
    assertEquals([released, queued, pool.stats().running], [2, 0, 1]);
    gate.open();
    assertEquals(await running, "in the end");
    assertEquals(pool.stats().running, 0);
  });

  it("gives up after 30 s", async () => {
    const pool = new WorkerPool({ env, workers: 1 });
    void pool.submit(() => new Promise(() => {}));
    let closed = false;

    const closing = pool.close().then(() => closed = true);
    await env.advance(29_000);
    assertFalse(closed);
    await env.advance(1_500);

    assertEquals(await closing, true);
  });

  it("does not wait for the task that calls it", async () => {
    const pool = new WorkerPool({ env });

    const result = await pool.submit(async () => await pool.close());

    assertEquals(result, { completed: 0, left: [] });
  });

  it("closes by await using", async () => {
    const pool = new WorkerPool({ env });
    await pool[Symbol.asyncDispose]();
    await assertRejects(() => pool.submit(() => 1), ClosedError);
    await assertRejects(() => pool.close(5 as never), TypeError);
  });
});

describe("WorkerPool.stats()", () => {
  const env = useTestEnv();

  it("counts every task once, whatever happens (I13)", async () => {
    const pool = new WorkerPool({ env, workers: 3, queueSize: 7, waitMs: 50 });
    const settled: Promise<unknown>[] = [];
    let asked = 0;

    function check(): void {
      const s = pool.stats();
      assertEquals(
        s.submitted,
        s.completed + s.failed + s.cancelled + s.released + s.queued + s.running,
        JSON.stringify(s),
      );
      assertEquals(asked, s.submitted + s.refused + s.waiting, JSON.stringify(s));
    }

    for (let round = 0; round < 300; round++) {
      const controller = new AbortController();
      const ms = env.random() * 20;
      asked += 1;
      if (env.random() < 0.2) {
        pool.trySubmit(() => pause(ms));
      } else {
        const task = env.random() < 0.2 ? () => Promise.reject("bad") : () => pause(ms);
        settled.push(
          pool.submit(task, { signal: controller.signal }).then(() => {}, () => {}),
        );
      }
      if (env.random() < 0.3) controller.abort();
      if (env.random() < 0.3) await env.advance(env.random() * 10);
      check();
    }
    const closing = pool.close({ signal: AbortSignal.abort() });
    await env.advance(1_000);
    await closing;
    await Promise.all(settled);

    check();
    assertEquals(pool.stats().running, 0);

    function pause(ms: number): Promise<void> {
      return new Promise((resolve) => void env.setTimer(resolve, ms));
    }
  });

  it("has no phantom tasks after many closes", async () => {
    for (let i = 0; i < 50; i++) {
      const pool = new WorkerPool({ env, workers: 2 });
      for (let k = 0; k < 5; k++) void pool.submit(() => Promise.resolve()).catch(() => {});
      await pool.close();
      const { completed, failed, queued, running } = pool.stats();
      assertEquals([completed, failed, queued, running], [5, 0, 0, 0]);
    }
  });
});

describe("new WorkerPool()", () => {
  const env = useTestEnv();

  it("has two workers per core and room for 1000 tasks", async () => {
    const pool = new WorkerPool({ env });
    assertEquals(pool.name, "pool");
    const { workers } = pool.stats();
    assertEquals(workers, 2 * cores());

    for (let i = 0; i < workers + 1000; i++) pool.trySubmit(() => new Promise(() => {}));

    assertEquals(pool.stats().queued, 1000);
    assertFalse(pool.trySubmit(() => 1));
    await pool.close({ signal: AbortSignal.abort() });
  });

  it("refuses options that make no sense", () => {
    const bad = [
      { workers: 0 },
      { workers: 1.5 },
      { workers: NaN },
      { queueSize: 0 },
      { queueSize: -1 },
      { queueSize: Infinity },
      { waitMs: -1 },
      { waitMs: NaN },
      { overflow: "drop-oldest" },
    ];
    for (const options of bad) {
      assertThrows(() => new WorkerPool(options as never), RangeError, Object.keys(options)[0]);
    }
    assertThrows(() => new WorkerPool({ onError: 1 } as never), TypeError, "onError");
    assertThrows(() => new WorkerPool(5 as never), TypeError, "options");
  });
});
