import { ClosedError, TerminalError } from "@nova/events";
import { inline, type TaskContext, type ThreadPool, transferring } from "@nova/events/pool";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertNotStrictEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";

describe("inline()", () => {
  const env = useTestEnv();

  /** Never makes a task wait for a thread that never is ready. */
  async function closing(pool: ThreadPool<object>): Promise<void> {
    await pool.close();
    assertEquals(pool.stats().running, 0);
  }

  it("runs tasks, synchronous and asynchronous, one at a time and in order", async () => {
    const log: string[] = [];
    const pool = inline({
      async slow(name: string): Promise<string> {
        log.push(`${name} begins`);
        await new Promise<void>((resolve) => void env.setTimer(resolve, 10));
        log.push(`${name} ends`);
        return name.toUpperCase();
      },
      quick: (name: string): string => {
        log.push(name);
        return name;
      },
    }, { env });

    const all = Promise.all([pool.run("slow", "a"), pool.run("slow", "b"), pool.run("quick", "c")]);
    await env.advance(50);

    assertEquals(await all, ["A", "B", "c"]);
    assertEquals(log, ["a begins", "a ends", "b begins", "b ends", "c"]);
    await closing(pool);
  });

  it("clones inputs and results, as a thread does", async () => {
    const input = { list: [1], when: new Date(5) };
    let seen: unknown;
    const kept = { kept: true };
    const pool = inline({
      touch(value: typeof input): typeof kept {
        seen = value;
        value.list.push(2);
        return kept;
      },
    }, { env });

    const result = await pool.run("touch", input);

    assertNotStrictEquals(seen, input);
    assertEquals(input.list, [1]);
    assertEquals(seen, { list: [1, 2], when: new Date(5) });
    assertEquals(result, kept);
    assertNotStrictEquals(result, kept);
    await closing(pool);
  });

  it("gives each task its own clone, also of one object in one turn", async () => {
    const kept = { n: 0 };
    const pool = inline({
      add: (value: { n: number }): number => value.n += 1,
      kept: (): typeof kept => kept,
    }, { env });
    await pool.run("add", { n: 0 });
    const shared = { n: 5 };

    const sums = await Promise.all([1, 2, 3].map(() => pool.run("add", shared)));
    const [one, two] = await Promise.all([1, 2].map(() => pool.run("kept", undefined)));

    assertEquals(sums, [6, 6, 6]);
    assertEquals(shared, { n: 5 });
    assertNotStrictEquals(one, two);
    await closing(pool);
  });

  it("moves what is transferred, both ways", async () => {
    let inside: ArrayBuffer | undefined;
    const pool = inline({
      fill(buffer: ArrayBuffer): ArrayBuffer {
        new Uint8Array(buffer).fill(7);
        inside = buffer;
        return transferring(buffer, [buffer]);
      },
    }, { env });
    const buffer = new ArrayBuffer(4);

    const back = await pool.run("fill", buffer, { transfer: [buffer] });

    assertEquals(buffer.byteLength, 0);
    assertEquals(inside?.byteLength, 0);
    assertEquals([...new Uint8Array(back)], [7, 7, 7, 7]);
    await closing(pool);
  });

  it("keeps class, code and cause of what a task throws (I9)", async () => {
    const pool = inline({
      terminal(): never {
        throw new TerminalError("no such customer", { cause: new RangeError("404") });
      },
      reject: () => Promise.reject(undefined),
    }, { env });

    const error = await assertRejects(() => pool.run("terminal", undefined), TerminalError);
    assertEquals(error.code, "terminal");
    assertInstanceOf(error.cause, RangeError);
    assertEquals(await pool.run("reject", undefined).catch((thrown) => [thrown]), [undefined]);
    assertEquals(pool.stats().failed, 2);
    await closing(pool);
  });

  it("rejects what cannot be cloned with a DataCloneError that names the task", async () => {
    const pool = inline({
      echo: (value: unknown): unknown => value,
      answer: (): unknown => () => "a function",
    }, { env });
    const fine = Array.from({ length: 20 }, (_, n) => pool.run("echo", n));
    const input = pool.run("echo", () => {}).catch((error) => error);
    const result = pool.run("answer", undefined).catch((error) => error);
    const more = Array.from({ length: 20 }, (_, n) => pool.run("echo", n));

    const errors = await Promise.all([input, result]);

    for (const error of errors) {
      assertInstanceOf(error, DOMException);
      assertEquals(error.name, "DataCloneError");
    }
    assertStringIncludes(String(errors[0]), 'Cannot send the input of task "echo"');
    assertStringIncludes(String(errors[1]), 'Cannot send what task "answer" returned');
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    assertEquals(await Promise.all(fine), numbers);
    assertEquals(await Promise.all(more), numbers);
    const { completed, failed } = pool.stats();
    assertEquals([completed, failed], [40, 2]);
    await closing(pool);
  });

  it("rejects an input whose getter throws, and no other", async () => {
    const pool = inline({ echo: (value: unknown): unknown => value }, { env });
    await pool.run("echo", 0);
    const hostile = {
      get bad(): never {
        throw new Error("not today");
      },
    };

    const [bad, good] = await Promise.allSettled([
      pool.run("echo", hostile),
      pool.run("echo", 1),
    ]);

    assertEquals(bad?.status, "rejected");
    assertEquals(good, { status: "fulfilled", value: 1 });
    await closing(pool);
  });

  it("aborts the signal of a task that nobody waits for", async () => {
    const reasons: unknown[] = [];
    const pool = inline({
      wait: (_: unknown, { signal }: TaskContext): Promise<string> =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => {
            reasons.push(signal.reason);
            resolve("stopped");
          });
        }),
      late: async (_: unknown, context: TaskContext): Promise<void> => {
        await new Promise<void>((resolve) => void env.setTimer(resolve, 10));
        // It asks for its signal only now.
        reasons.push(context.signal.reason);
      },
      after: (n: number): number => n,
    }, { env });

    for (const name of ["wait", "late"] as const) {
      const controller = new AbortController();
      const gone = pool.run(name, undefined, { signal: controller.signal }).catch((e) => e);
      const next = pool.run("after", 5);
      await env.settle();
      controller.abort(new RangeError(`enough of ${name}`));
      assertInstanceOf(await gone, RangeError);
      await env.advance(20);
      assertEquals(await next, 5);
    }

    assertEquals(reasons.map(String), [
      "RangeError: enough of wait",
      "RangeError: enough of late",
    ]);
    const { cancelled, ended, completed } = pool.stats();
    assertEquals([cancelled, ended, completed], [2, 0, 2]);
    await closing(pool);
  });

  it("skips a cancelled task that has not begun", async () => {
    const ran: number[] = [];
    const pool = inline({
      quick: (n: number): void => void ran.push(n),
      slow: async (n: number): Promise<void> => {
        await new Promise<void>((resolve) => void env.setTimer(resolve, 10));
        ran.push(n);
      },
    }, { env });
    await pool.run("quick", 0);
    const controller = new AbortController();
    const all = [
      pool.run("slow", 1),
      pool.run("quick", 2, { signal: controller.signal }).catch(() => {}),
      pool.run("quick", 3),
    ];
    await env.settle();
    controller.abort();
    await env.advance(20);
    await Promise.all(all);

    assertEquals(ran, [0, 1, 3]);
    await closing(pool);
  });

  it("leaves a task alone that ignores its signal, and goes on with others", async () => {
    const pool = inline({
      stuck: (): Promise<never> => new Promise<never>(() => {}),
      fine: (n: number): number => n,
    }, { env, graceMs: 50 });
    const controller = new AbortController();
    const gone = pool.run("stuck", undefined, { signal: controller.signal }).catch((e) => e);
    await env.settle();
    const next = pool.run("fine", 1);
    controller.abort("enough");

    assertEquals(await gone, "enough");
    await env.advance(100);

    assertEquals(await next, 1);
    assertEquals(pool.stats().ended, 1);
    await closing(pool);
  });

  it("handles thousands in batches", async () => {
    const pool = inline({ square: (n: number): number => n * n }, { env, queueSize: 10_000 });
    const numbers = Array.from({ length: 5_000 }, (_, n) => n);

    const squares = await Promise.all(numbers.map((n) => pool.run("square", n)));

    assertEquals(squares, numbers.map((n) => n * n));
    await closing(pool);
  });

  it("refuses tasks that are none", async () => {
    const none = inline({}, { env });
    const error = await none.run("x" as never, undefined as never).catch((error: unknown) => error);
    assertInstanceOf((error as Error).cause, TypeError);
    assertStringIncludes((error as Error).message, "Cannot expose no tasks");
    await closing(none);

    const wrong = inline({ five: 5 }, { env });
    await assertRejects(() => wrong.run("five" as never, undefined as never), Error, "five");
    await closing(wrong);
    assertThrows(() => inline({}, { env, queueSize: 0 }), RangeError);
  });

  it("closes like any pool", async () => {
    const pool = inline({ stuck: (): Promise<never> => new Promise<never>(() => {}) }, { env });
    const gone = pool.run("stuck", undefined).catch((error) => error);
    await env.settle();

    const { left } = await pool.close({ signal: AbortSignal.abort() });

    assertEquals(left, [{ name: "stuck", input: undefined, started: true }]);
    assertInstanceOf(await gone, ClosedError);
    assertFalse(env.pending.timers > 0);
    assert(pool.stats().released === 1);
  });

  it("types names, inputs and outputs", async () => {
    const pool = inline({
      length: (text: string): Promise<number> => Promise.resolve(text.length),
    });
    const length: number = await pool.run("length", "four");
    assertEquals(length, 4);
    // @ts-expect-error the name is misspelt
    await assertRejects(() => pool.run("lenght", "four"), TypeError);
    // @ts-expect-error the input is no text
    const wrong = pool.run("length", 4);
    assertEquals(await wrong, undefined as never);
    await pool.close();
  });
});
