import { assert, assertEquals, assertGreaterOrEqual, assertLess, assertMatch } from "@std/assert";
import { describe, it } from "node:test";
import { systemEnv as env } from "../../src/internal/env.ts";
import { withGlobal } from "./globals.ts";

/** Two timers in turn: between them every macrotask that was on its way has run. */
async function soon(): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Runs `body` while the wall clock is a function of the test. */
async function withClock(clock: () => number, body: () => void | Promise<void>): Promise<void> {
  const { now } = Date;
  Date.now = clock;
  try {
    await body();
  } finally {
    Date.now = now;
  }
}

/** Runs `body` while timers only tell their delays; each fires when called by its place. */
async function withTimers(
  body: (timers: { readonly fn: () => void; readonly ms: number }[], cleared: unknown[]) => void,
): Promise<void> {
  const timers: { fn: () => void; ms: number }[] = [];
  const cleared: unknown[] = [];
  const set = (fn: () => void, ms: number): number => timers.push({ fn, ms });
  const clear = (handle: unknown): void => void cleared.push(handle);
  await withGlobal(
    "setTimeout",
    set,
    () => withGlobal("clearTimeout", clear, () => body(timers, cleared)),
  );
}

describe("systemEnv clocks", () => {
  it("now() is the wall clock", () => withClock(() => 1234, () => assertEquals(env.now(), 1234)));

  it("monotonic() does not go back with the wall clock", () =>
    withClock(() => 1234, () => {
      const first = env.monotonic();
      Date.now = () => 0;
      assertGreaterOrEqual(env.monotonic(), first);
    }));

  it("coarse() is read once in a turn and shared, and read anew in the next", async () => {
    // Whatever an earlier case read is forgotten first.
    await undefined;
    let reads = 0;
    await withClock(() => 1000 + reads++, async () => {
      assertEquals([env.coarse(), env.coarse(), env.coarse()], [1000, 1000, 1000]);
      assertEquals(reads, 1);
      await undefined;
      assertEquals([env.coarse(), env.coarse()], [1001, 1001]);
    });
  });
});

describe("systemEnv.setTimer()", () => {
  it("calls once, not before its time", async () => {
    const start = performance.now();
    let calls = 0;
    const timer = env.setTimer(() => calls++, 10);
    await new Promise((resolve) => setTimeout(resolve, 30));

    assertEquals(calls, 1);
    assertGreaterOrEqual(performance.now() - start, 9);
    timer[Symbol.dispose]();
  });

  it("does not call after it was disposed", async () => {
    let calls = 0;
    const timer = env.setTimer(() => calls++, 1);
    timer[Symbol.dispose]();
    timer[Symbol.dispose]();
    await soon();

    assertEquals(calls, 0);
  });

  it("waits in pieces for a delay that runtimes would fire at once", () =>
    withTimers((timers) => {
      let calls = 0;
      env.setTimer(() => calls++, 2 ** 32);
      assertEquals(timers.map(({ ms }) => ms), [2 ** 31 - 1]);
      timers[0]!.fn();
      timers[1]!.fn();
      assertEquals(calls, 0);
      assertEquals(timers.map(({ ms }) => ms), [2 ** 31 - 1, 2 ** 31 - 1, 2]);
      timers[2]!.fn();
      assertEquals([calls, timers.length], [1, 3]);
    }));

  it("cancels the piece that runs now", () =>
    withTimers((timers, cleared) => {
      const timer = env.setTimer(() => {}, 2 ** 33);
      timers[0]!.fn();
      timer[Symbol.dispose]();
      assertEquals(cleared, [2]);
    }));

  it("never fires for Infinity", () =>
    withTimers((timers) => {
      let calls = 0;
      env.setTimer(() => calls++, Infinity);
      for (let piece = 0; piece < 100; piece++) timers[piece]!.fn();
      assertEquals([calls, timers.length], [0, 101]);
    }));

  it("lets the process go with ref: false, where the runtime can", async () => {
    const released: string[] = [];
    const handle = (name: string): unknown => ({ unref: () => released.push(name) });
    const names = ["kept", "by default", "released", "bare"];
    await withGlobal(
      "setTimeout",
      () => names[0] === "bare" ? 7 : handle(names.shift()!),
      () => {
        env.setTimer(() => {}, 1, { ref: true });
        env.setTimer(() => {}, 1);
        env.setTimer(() => {}, 1, { ref: false });
        // A runtime whose timers are plain numbers.
        env.setTimer(() => {}, 1, { ref: false });
      },
    );

    assertEquals(released, ["released"]);
  });
});

describe("systemEnv.defer()", () => {
  it("calls after every microtask, and not once cancelled", async () => {
    const calls: string[] = [];
    env.defer(() => calls.push("deferred"));
    env.defer(() => calls.push("cancelled"))[Symbol.dispose]();
    for (let i = 0; i < 50; i++) await undefined;
    assertEquals(calls, []);
    await soon();

    assertEquals(calls, ["deferred"]);
  });
});

describe("systemEnv.onAbort()", () => {
  it("calls once when the signal aborts", () => {
    const controller = new AbortController();
    let calls = 0;
    env.onAbort(controller.signal, () => calls++);
    assertEquals(calls, 0);
    controller.abort();
    controller.abort();

    assertEquals(calls, 1);
  });

  it("calls at once when it already has", () => {
    let calls = 0;
    const disposable = env.onAbort(AbortSignal.abort(), () => calls++);

    assertEquals(calls, 1);
    disposable[Symbol.dispose]();
  });

  it("detaches when disposed (I7)", () => {
    const controller = new AbortController();
    let calls = 0;
    env.onAbort(controller.signal, () => calls++)[Symbol.dispose]();
    controller.abort();

    assertEquals(calls, 0);
  });

  it("holds one listener for each call, also of the same function", () => {
    const controller = new AbortController();
    let calls = 0;
    const count = (): void => void (calls += 1);
    const first = env.onAbort(controller.signal, () => count());
    env.onAbort(controller.signal, () => count());
    first[Symbol.dispose]();
    controller.abort();

    assertEquals(calls, 1);
  });
});

describe("systemEnv randomness", () => {
  it("random() is in [0, 1)", () => {
    for (let i = 0; i < 100; i++) {
      const value = env.random();
      assert(value >= 0);
      assertLess(value, 1);
    }
  });

  it("id() makes sortable ids", () => {
    const [first, second] = [env.id(), env.id()];

    assertMatch(first, /^[0-9a-z]{22}$/);
    assert(first < second);
  });
});

describe("systemEnv.report()", () => {
  it("gives the error to reportError", () => {
    const error = new Error("x");
    const reported: unknown[] = [];
    return withGlobal("reportError", (reason: unknown) => void reported.push(reason), () => {
      env.report(error);
      assertEquals(reported, [error]);
    });
  });

  it("throws it from a timer where there is no reportError", () => {
    const error = new Error("x");
    const thrown: unknown[] = [];
    return withGlobal("reportError", undefined, () =>
      withTimers((timers) => {
        env.report(error);
        try {
          timers[0]!.fn();
        } catch (reason) {
          thrown.push(reason);
        }
        assertEquals(thrown, [error]);
      }));
  });
});
