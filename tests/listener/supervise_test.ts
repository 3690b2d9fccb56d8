import {
  BufferFullError,
  CircuitOpenError,
  type ListenerContext,
  supervise,
  TerminalError,
  TimeoutError,
} from "@nova/events/listener";
import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { assertConserved, contextOf, deferred, EVENT, outcomeOf } from "./support.ts";

const STEADY = { backoff: "fixed", delayMs: 100, jitter: "none" } as const;

describe("supervise()", () => {
  const env = useTestEnv();

  it("answers nothing for a synchronous listener that succeeds, and holds nothing", () => {
    const seen: unknown[] = [];
    const listener = supervise((event) => void seen.push(event), { env });

    assertStrictEquals(listener(EVENT, contextOf()), undefined);
    assertEquals(seen, [EVENT]);
    assertEquals(env.pending, { timers: 0, abortListeners: 0 });
    assertEquals(listener.stats().succeeded, 1);
  });

  it("is named after the option, else after the function, else listener", () => {
    function charge(): void {}
    assertEquals(supervise(charge, { env }).name, "charge");
    assertEquals(supervise(charge, { env, name: "pay" }).name, "pay");
    assertEquals(supervise(() => {}, { env }).name, "listener");
  });

  it("tries three times by default, with delays that grow", async () => {
    const times: number[] = [];
    const listener = supervise(() => {
      times.push(env.monotonic());
      throw new Error("no");
    }, { env, retry: { jitter: "none" } });

    const outcome = outcomeOf(() => listener(EVENT, contextOf()));
    await env.advance(1000);

    assertEquals(times, [0, 100, 300]);
    assertEquals(outcome.state, "failed");
    assertInstanceOf(outcome.error, TerminalError);
    assertEquals(
      outcome.error.message,
      'Listener "listener" failed 3 times: no',
    );
    assertConserved(listener.stats());
  });

  it("keeps what was thrown as the cause, whatever it is", async () => {
    for (const thrown of [undefined, null, 0, "no", { code: 7 }, Symbol("no")]) {
      const listener = supervise(() => {
        throw thrown;
      }, { env, retry: { attempts: 1 } });

      const { error } = outcomeOf(() => listener(EVENT, contextOf()));

      assertInstanceOf(error, TerminalError);
      assert("cause" in error);
      assertStrictEquals(error.cause, thrown);
      await env.settle();
    }
  });

  it("captures no second stack", () => {
    const listener = supervise(() => {
      throw new Error("no");
    }, { env, retry: { attempts: 1 } });

    const { error } = outcomeOf(() => listener(EVENT, contextOf()));

    assertInstanceOf(error, TerminalError);
    assert(!String(error.stack).includes("_test"), String(error.stack));
  });

  it("leaves the failure as it is with retries off", () => {
    const thrown = new Error("no");
    const listener = supervise(() => {
      throw thrown;
    }, { env, retry: false });

    assertStrictEquals(outcomeOf(() => listener(EVENT, contextOf())).error, thrown);
    assertEquals(listener.stats().failed, 1);
  });

  it("tries a terminal failure no more, however deep it is", async () => {
    let calls = 0;
    const terminal = new TerminalError("gone");
    const listener = supervise(() => {
      calls += 1;
      throw new Error("wrapped", { cause: terminal });
    }, { env });

    const { error } = outcomeOf(() => listener(EVENT, contextOf()));
    await env.advance(60_000);

    assertEquals(calls, 1);
    assertStrictEquals((error as Error).cause, terminal);
  });

  it("tells the listener which attempt it is, on top of the attempts outside", async () => {
    const attempts: number[] = [];
    const listener = supervise((_event, { attempt, subscription }) => {
      assertEquals(subscription.id, "test");
      attempts.push(attempt);
      throw new Error("no");
    }, { env, retry: STEADY });

    outcomeOf(() => listener(EVENT, { ...contextOf(), attempt: 4 }));
    await env.advance(1000);

    assertEquals(attempts, [4, 5, 6]);
  });

  it("tells onError about each failed attempt, and reports what that throws", async () => {
    const told: unknown[] = [];
    const thrown = new Error("no");
    const listener = supervise(() => Promise.reject(thrown), {
      env,
      retry: { ...STEADY, attempts: 2 },
      onError: (error, event, attempt) => {
        told.push([error, event, attempt]);
        throw "told";
      },
    });

    outcomeOf(() => listener(EVENT, contextOf()));
    await env.advance(1000);

    assertEquals(told, [[thrown, EVENT, 1], [thrown, EVENT, 2]]);
    assertEquals(env.reported, ["told", "told"]);
  });

  it("gives up on its delay when whoever delivered gives up", async () => {
    const stop = new AbortController();
    let calls = 0;
    const listener = supervise(() => {
      calls += 1;
      throw new Error("no");
    }, { env, retry: STEADY });

    const outcome = outcomeOf(() => listener(EVENT, contextOf(stop.signal)));
    await env.settle();
    assertEquals(env.pending, { timers: 1, abortListeners: 1 });
    stop.abort("closing");
    await env.settle();

    assertEquals(outcome, { state: "failed", error: "closing" });
    assertEquals(calls, 1);
    assertEquals(listener.stats().released, 1);
    assertEquals(env.pending, { timers: 0, abortListeners: 0 });
  });

  it("listens once to a signal, however many events wait", async () => {
    const stop = new AbortController();
    const listener = supervise(() => {
      throw new Error("no");
    }, { env, retry: STEADY, breaker: false });

    const context = contextOf(stop.signal);
    for (let i = 0; i < 50; i++) outcomeOf(() => listener(EVENT, context));
    await env.settle();
    assertEquals(env.pending, { timers: 1, abortListeners: 1 });
    assertEquals(listener.stats().delayed, 50);
    await env.advance(1000);

    assertEquals(listener.stats().failed, 50);
    assertConserved(listener.stats());
  });

  it("serves calls within calls with a context each", () => {
    const seen: number[] = [];
    const listener = supervise<typeof EVENT>((event, context) => {
      if (event.data > 0) listener({ ...EVENT, data: event.data - 1 }, { ...context, attempt: 9 });
      seen.push(context.attempt);
    }, { env });

    listener({ ...EVENT, data: 2 }, contextOf());

    assertEquals(seen, [9, 9, 1]);
  });
});

describe("supervise() concurrency", () => {
  const env = useTestEnv();

  it("runs as many calls as there are slots; the others wait in order", async () => {
    const gates = [deferred(), deferred(), deferred(), deferred()];
    const started: number[] = [];
    const listener = supervise<typeof EVENT>(({ data }) => {
      started.push(data);
      return gates[data]!.promise;
    }, { env, concurrency: 2 });

    const outcomes = [0, 1, 2, 3].map((data) =>
      outcomeOf(() => listener({ ...EVENT, data }, contextOf()))
    );
    await env.settle();
    assertEquals(started, [0, 1]);
    assertEquals(listener.stats().queued, 2);
    assertConserved(listener.stats());

    gates[1]!.resolve();
    await env.settle();
    assertEquals(started, [0, 1, 2]);
    for (const gate of gates) gate.resolve();
    await env.settle();

    assertEquals(started, [0, 1, 2, 3]);
    assertEquals(outcomes.map(({ state }) => state), ["ok", "ok", "ok", "ok"]);
  });

  it("has ten slots by default, and none too few when unlimited", async () => {
    for (const [options, running] of [[{}, 10], [{ concurrency: Infinity }, 30]] as const) {
      const gate = deferred();
      const listener = supervise(() => gate.promise, { env, ...options });

      for (let i = 0; i < 30; i++) outcomeOf(() => listener(EVENT, contextOf()));
      assertEquals(listener.stats().inFlight, running);
      gate.resolve();
      await env.settle();
      assertEquals(listener.stats().succeeded, 30);
    }
  });

  it("refuses what does not fit into the buffer", async () => {
    const gate = deferred();
    const listener = supervise(() => gate.promise, { env, concurrency: 1, bufferSize: 2 });

    const outcomes = Array.from({ length: 4 }, () => outcomeOf(() => listener(EVENT, contextOf())));

    assertInstanceOf(outcomes[3]!.error, BufferFullError);
    assertEquals(outcomes[3]!.error.capacity, 2);
    assertEquals(listener.stats().rejected, 1);
    gate.resolve();
    await env.settle();
    assertEquals(listener.stats().succeeded, 3);
  });

  it("refuses new events while too many wait for their next attempt", async () => {
    const listener = supervise(() => {
      throw new Error("no");
    }, { env, bufferSize: 2, breaker: false, retry: STEADY });

    const outcomes = Array.from({ length: 3 }, () => outcomeOf(() => listener(EVENT, contextOf())));

    assertInstanceOf(outcomes[2]!.error, BufferFullError);
    await env.advance(1000);
    assertConserved(listener.stats());
  });

  it("refuses what waited too long for a slot", async () => {
    const gate = deferred();
    const listener = supervise(() => gate.promise, { env, concurrency: 1, waitMs: 500 });

    outcomeOf(() => listener(EVENT, contextOf()));
    const second = outcomeOf(() => listener(EVENT, contextOf()));
    await env.advance(499);
    assertEquals(second.state, "pending");
    await env.advance(1);

    assertInstanceOf(second.error, BufferFullError);
    assertEquals(listener.stats().queued, 0);
    gate.resolve();
    await env.settle();
  });

  it("forgets who waited for a slot and was given up", async () => {
    const [gate, stop] = [deferred(), new AbortController()];
    let calls = 0;
    const listener = supervise(() => {
      calls += 1;
      return gate.promise;
    }, { env, concurrency: 1 });

    outcomeOf(() => listener(EVENT, contextOf()));
    const second = outcomeOf(() => listener(EVENT, contextOf(stop.signal)));
    stop.abort("no more");
    const third = outcomeOf(() => listener(EVENT, contextOf(stop.signal)));
    gate.resolve();
    await env.settle();

    assertEquals([second.error, third.error], ["no more", "no more"]);
    assertEquals(calls, 1);
    assertConserved(listener.stats());
  });

  it("counts a retry like any other call", async () => {
    const gate = deferred();
    let calls = 0;
    const listener = supervise<typeof EVENT>(({ data }) => {
      calls += 1;
      if (data === 0) throw new Error("no");
      return gate.promise;
    }, { env, concurrency: 1, retry: STEADY, timeoutMs: Infinity });

    outcomeOf(() => listener({ ...EVENT, data: 0 }, contextOf()));
    outcomeOf(() => listener({ ...EVENT, data: 1 }, contextOf()));
    await env.advance(5000);
    assertEquals(calls, 2, "the retry waits for the slot");
    gate.resolve();
    await env.advance(1000);

    assertEquals(calls, 4);
    assertConserved(listener.stats());
  });
});

describe("supervise() timeout", () => {
  const env = useTestEnv();

  it("aborts the signal of that attempt and fails it", async () => {
    const signals: AbortSignal[] = [];
    const listener = supervise((_event, { signal }) => {
      signals.push(signal);
      return new Promise<void>((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason))
      );
    }, { env, timeoutMs: 1000, retry: { ...STEADY, attempts: 2 } });

    const outcome = outcomeOf(() => listener(EVENT, contextOf()));
    await env.advance(1000);
    assertEquals(signals.map(({ aborted }) => aborted), [true]);
    assertInstanceOf(signals[0]!.reason, TimeoutError);
    await env.advance(100);
    assertEquals(signals.map(({ aborted }) => aborted), [true, false]);
    await env.advance(1000);

    assertInstanceOf(outcome.error, TerminalError);
    assertInstanceOf(outcome.error.cause, TimeoutError);
    assertEquals(outcome.error.cause.timeoutMs, 1000);
    const { timeouts, zombies } = listener.stats();
    assertEquals({ timeouts, zombies }, { timeouts: 2, zombies: 0 });
  });

  it("shows a late comer that its time is over", async () => {
    let context: ListenerContext | undefined;
    const gate = deferred();
    const listener = supervise((_event, given) => {
      context = given;
      return gate.promise;
    }, { env, timeoutMs: 10, retry: false });

    const outcome = outcomeOf(() => listener(EVENT, contextOf()));
    await env.advance(10);

    assert(context!.signal.aborted);
    assertInstanceOf(outcome.error, TimeoutError);
    gate.resolve();
    await env.settle();
  });

  for (const late of ["resolves", "rejects"] as const) {
    it(`keeps the slot of a call that ${late} too late, and nothing else of it`, async () => {
      const gate = deferred();
      let calls = 0;
      const listener = supervise<typeof EVENT>(({ data }) => {
        calls += 1;
        return data === 0 ? gate.promise : undefined;
      }, { env, timeoutMs: 10, concurrency: 1, retry: false });

      const first = outcomeOf(() => listener({ ...EVENT, data: 0 }, contextOf()));
      await env.advance(10);
      assertInstanceOf(first.error, TimeoutError);
      assertEquals(listener.stats().zombies, 1);

      const second = outcomeOf(() => listener({ ...EVENT, data: 1 }, contextOf()));
      await env.advance(100);
      assertEquals([second.state, calls], ["pending", 1]);
      if (late === "resolves") gate.resolve();
      else gate.reject(new Error("too late"));
      await env.settle();

      assertEquals([second.state, calls], ["ok", 2]);
      const { zombies, succeeded, failed } = listener.stats();
      assertEquals({ zombies, succeeded, failed }, { zombies: 0, succeeded: 1, failed: 1 });
      assertEquals(env.reported, []);
      assertConserved(listener.stats());
    });
  }

  it("lets a call that never settles block nothing but its slot", async () => {
    const listener = supervise<typeof EVENT>(
      ({ data }) => data === 0 ? new Promise<void>(() => {}) : Promise.resolve(),
      { env, timeoutMs: 10, concurrency: 2, retry: { ...STEADY, attempts: 1 } },
    );

    const first = outcomeOf(() => listener({ ...EVENT, data: 0 }, contextOf()));
    await env.advance(10);
    const others = [1, 2, 3].map((data) =>
      outcomeOf(() => listener({ ...EVENT, data }, contextOf()))
    );
    await env.settle();

    assertEquals(first.state, "failed");
    assertEquals(others.map(({ state }) => state), ["ok", "ok", "ok"]);
    assertEquals(env.pending.timers, 0);
  });

  it("passes on the abort of whoever delivered", async () => {
    const [stop, gate] = [new AbortController(), deferred()];
    let seen: AbortSignal | undefined;
    const listener = supervise((_event, { signal }) => {
      seen = signal;
      return gate.promise;
    }, { env });

    const outcome = outcomeOf(() => listener(EVENT, contextOf(stop.signal)));
    stop.abort("closing");
    assertEquals(seen!.reason, "closing");
    gate.reject("closing");
    await env.settle();

    assertEquals(outcome, { state: "failed", error: "closing" });
    assertEquals(listener.stats().released, 1);
    assertEquals(listener.stats().attemptFailures, 0);
  });

  it("holds one timer for all calls, and waits longer than a runtime's timer can", async () => {
    const gate = deferred();
    const year = 365 * 86_400_000;
    const listener = supervise(() => gate.promise, { env, timeoutMs: year, retry: false });

    const outcomes = [1, 2, 3].map(() => outcomeOf(() => listener(EVENT, contextOf())));
    assertEquals(env.pending.timers, 1);
    await env.advance(year - 1);
    assertEquals(outcomes[2]!.state, "pending");
    await env.advance(1);
    assertEquals(outcomes.map(({ state }) => state), ["failed", "failed", "failed"]);
    gate.resolve();
    await env.settle();
  });

  it("times each call from its own beginning", async () => {
    const listener = supervise<typeof EVENT>(() => new Promise<void>(() => {}), {
      env,
      timeoutMs: 100,
      retry: false,
    });

    const first = outcomeOf(() => listener(EVENT, contextOf()));
    await env.advance(60);
    const second = outcomeOf(() => listener(EVENT, contextOf()));
    await env.advance(40);
    assertEquals([first.state, second.state], ["failed", "pending"]);
    await env.advance(60);
    assertEquals(second.state, "failed");
  });
});

describe("supervise() dead letters", () => {
  const env = useTestEnv();

  it("takes what failed for good, with its last error; the event is dealt with", async () => {
    const letters: unknown[] = [];
    const thrown = new Error("no");
    const listener = supervise(() => {
      throw thrown;
    }, { env, retry: STEADY, deadLetter: (event, error) => void letters.push([event, error]) });

    const outcome = outcomeOf(() => listener(EVENT, contextOf()));
    await env.advance(1000);

    assertEquals(outcome.state, "ok");
    assertEquals(letters, [[EVENT, thrown]]);
    assertEquals(listener.stats().deadLettered, 1);
  });

  it("needs no promise where nothing is asynchronous", () => {
    const listener = supervise(() => {
      throw new Error("no");
    }, { env, retry: { attempts: 1 }, deadLetter: () => {} });

    assertStrictEquals(listener(EVENT, contextOf()), undefined);
  });

  it("waits for a dead letter that takes its time", async () => {
    const gate = deferred();
    const listener = supervise(() => Promise.reject(new Error("no")), {
      env,
      retry: false,
      deadLetter: () => gate.promise,
    });

    const outcome = outcomeOf(() => listener(EVENT, contextOf()));
    await env.settle();
    assertEquals([outcome.state, listener.stats().burying], ["pending", 1]);
    assertConserved(listener.stats());
    gate.resolve();
    await env.settle();

    assertEquals([outcome.state, listener.stats().burying], ["ok", 0]);
    assertConserved(listener.stats());
  });

  for (const how of ["throws", "rejects"] as const) {
    it(`loses nothing when the dead letter ${how}`, async () => {
      const [first, second] = [new Error("no"), new Error("disk full")];
      const listener = supervise(() => {
        throw first;
      }, {
        env,
        retry: false,
        deadLetter: () => {
          if (how === "rejects") return Promise.reject(second);
          throw second;
        },
      });

      const outcome = outcomeOf(() => listener(EVENT, contextOf()));
      await env.settle();

      assertInstanceOf(outcome.error, TerminalError);
      const { cause } = outcome.error;
      assertInstanceOf(cause, AggregateError);
      assertEquals(cause.errors, [first, second]);
      assertEquals(listener.stats().failed, 1);
      assertConserved(listener.stats());
    });
  }
});

describe("supervise() circuit", () => {
  const env = useTestEnv();

  it("calls no more after five failures in a row, for 30 s, by default", async () => {
    let calls = 0;
    const listener = supervise(() => {
      calls += 1;
      throw new Error("no");
    }, { env, name: "bank", retry: false });

    for (let i = 0; i < 5; i++) outcomeOf(() => listener(EVENT, contextOf()));
    const sixth = outcomeOf(() => listener(EVENT, contextOf()));

    assertEquals(calls, 5);
    assertInstanceOf(sixth.error, CircuitOpenError);
    assertEquals(sixth.error.circuit, "bank");
    assertEquals(sixth.error.retryAfterMs, 30_000);
    assert(sixth.error.retryable);
    assertEquals(listener.stats().rejected, 1);

    await env.advance(30_000);
    outcomeOf(() => listener(EVENT, contextOf()));
    assertEquals(calls, 6);
  });

  it("makes no dead letter of an event that an open circuit refused", async () => {
    const letters: unknown[] = [];
    const listener = supervise(() => {
      throw new Error("no");
    }, {
      env,
      retry: { ...STEADY, attempts: 2 },
      breaker: { failures: 1 },
      deadLetter: (event) => void letters.push(event),
    });

    const first = outcomeOf(() => listener(EVENT, contextOf()));
    const second = outcomeOf(() => listener(EVENT, contextOf()));
    await env.advance(1000);

    assertInstanceOf(first.error, CircuitOpenError);
    assertInstanceOf(first.error.cause, Error);
    assertInstanceOf(second.error, CircuitOpenError);
    assertEquals(letters, []);
    const { failed, rejected } = listener.stats();
    assertEquals({ failed, rejected }, { failed: 1, rejected: 1 });
  });

  it("holds back what waited for a slot when the circuit opened meanwhile", async () => {
    const gate = deferred();
    let calls = 0;
    const listener = supervise(() => {
      calls += 1;
      return gate.promise;
    }, { env, concurrency: 1, retry: false, breaker: { failures: 1 } });

    const outcomes = [1, 2, 3].map(() => outcomeOf(() => listener(EVENT, contextOf())));
    gate.reject(new Error("no"));
    await env.settle();

    assertEquals(calls, 1);
    assertInstanceOf(outcomes[1]!.error, CircuitOpenError);
    assertInstanceOf(outcomes[2]!.error, CircuitOpenError);
    assertConserved(listener.stats());
  });

  it("has none with breaker: false", () => {
    const listener = supervise(() => {
      throw new Error("no");
    }, { env, retry: false, breaker: false });

    for (let i = 0; i < 20; i++) outcomeOf(() => listener(EVENT, contextOf()));

    assertEquals(listener.stats().failed, 20);
    assertEquals([listener.circuit, listener.stats().circuit], [undefined, undefined]);
  });
});

describe("supervise() retry budget", () => {
  const env = useTestEnv();

  const failing = (budget: object | false) => {
    const thrown = new Error("no");
    const listener = supervise<typeof EVENT>(({ data }) => {
      if (data === 0) throw thrown;
    }, { env, breaker: false, retry: { ...STEADY, attempts: 2, budget } });
    return { thrown, listener };
  };

  it("bounds retries by successes and a floor; beyond it an event fails as it is", async () => {
    const { listener, thrown } = failing({ ratio: 0.5, floor: 2 });

    for (let i = 0; i < 4; i++) listener({ ...EVENT, data: 1 }, contextOf());
    const outcomes = Array.from(
      { length: 5 },
      () => outcomeOf(() => listener({ ...EVENT, data: 0 }, contextOf())),
    );

    // Two for nothing and half of the four successes.
    assertEquals(outcomes.map(({ state }) => state), [
      ...new Array(4).fill("pending"),
      "failed",
    ]);
    assertStrictEquals(outcomes[4]!.error, thrown);
    await env.advance(1000);
    assertEquals(listener.stats().overBudget, 1);
    assertConserved(listener.stats());
  });

  it("fills up again as the window moves on", async () => {
    const { listener } = failing({ ratio: 0, floor: 1, windowMs: 1000 });

    outcomeOf(() => listener({ ...EVENT, data: 0 }, contextOf()));
    outcomeOf(() => listener({ ...EVENT, data: 0 }, contextOf()));
    assertEquals(listener.stats().overBudget, 1);
    await env.advance(1000);
    outcomeOf(() => listener({ ...EVENT, data: 0 }, contextOf()));
    await env.advance(1000);

    assertEquals(listener.stats().overBudget, 1);
  });

  it("allows a tenth, and ten, in a minute by default; and is off unless asked for", async () => {
    for (const [budget, over] of [[{}, 10], [false, 0]] as const) {
      const { listener } = failing(budget);

      for (let i = 0; i < 100; i++) listener({ ...EVENT, data: 1 }, contextOf());
      for (let i = 0; i < 30; i++) outcomeOf(() => listener({ ...EVENT, data: 0 }, contextOf()));
      await env.advance(1000);

      assertEquals(listener.stats().overBudget, over);
    }
  });
});
