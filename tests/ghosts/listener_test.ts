// What went wrong in the listener manager of the Go library, one case per defect, by its id there.
import { Bus, Emitter } from "@nova/events";
import {
  CircuitBreaker,
  CircuitOpenError,
  ClosedError,
  ListenerManager,
  supervise,
  TerminalError,
  TimeoutError,
} from "@nova/events/listener";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { describe, it } from "node:test";
import { assertConserved, contextOf, deferred, EVENT, outcomeOf } from "../listener/support.ts";
import { useTestEnv } from "../support/env.ts";

const STEADY = { backoff: "fixed", delayMs: 100, jitter: "none" } as const;
const fail = (): never => {
  throw new Error("no");
};

describe("ghosts of the listener", () => {
  const env = useTestEnv();

  it("L1: a timeout is applied", async () => {
    let signal: AbortSignal | undefined;
    const listener = supervise((_event, context) => {
      ({ signal } = context);
      return new Promise<void>(() => {});
    }, { env, timeoutMs: 10, retry: false });

    const outcome = outcomeOf(() => listener(EVENT, contextOf()));
    await env.advance(10);

    assertInstanceOf(outcome.error, TimeoutError);
    assert(signal!.aborted);
  });

  it("L2: exponential is exponential, an unset cap is not 0, and there is jitter", async () => {
    const times: number[] = [];
    const listener = supervise(() => {
      times.push(env.monotonic());
      fail();
    }, { env, breaker: false, retry: { attempts: 6, delayMs: 100, jitter: "none" } });
    outcomeOf(() => listener(EVENT, contextOf()));
    await env.advance(10_000);
    assertEquals(times, [0, 100, 300, 700, 1500, 3100]);

    const drawn = new Set<number>();
    for (let i = 0; i < 10; i++) {
      const began = env.monotonic();
      const jittery = supervise((_event, { attempt }) => {
        if (attempt === 1) fail();
        drawn.add(env.monotonic() - began);
      }, { env });
      outcomeOf(() => jittery(EVENT, contextOf()));
      await env.advance(100);
    }
    assert(drawn.size > 5, `${drawn.size} different delays`);
  });

  it("L3: failures decay, and successes count", async () => {
    const circuit = new CircuitBreaker({ env, kind: "rate", windowMs: 60_000, minimum: 3 });
    for (let i = 0; i < 303; i++) {
      const permit = circuit.tryEnter();
      if (i % 101 === 100) circuit.fail(permit, "no");
      else circuit.succeed(permit);
    }
    assertEquals(circuit.state, "closed", "3 failures among 300 successes");
    await env.advance(60_000);
    assertEquals(circuit.toJSON(), { state: "closed", successes: 0, failures: 0 });
  });

  it("L4: only successes of probes close it, and the first probe passes", async () => {
    const circuit = new CircuitBreaker({ env, failures: 1, successes: 2, cooldownMs: 1000 });
    for (let i = 0; i < 10; i++) circuit.succeed(circuit.tryEnter());
    circuit.fail(circuit.tryEnter(), "no");
    await env.advance(1000);
    const first = circuit.tryEnter();
    assert(first > 0, "the first probe passes");
    circuit.succeed(first);
    assertEquals(circuit.state, "half-open", "successes from before do not count");
    circuit.succeed(circuit.tryEnter());
    assertEquals(circuit.state, "closed");
  });

  it("L5: half-open lets in as many as there are permits", async () => {
    const circuit = new CircuitBreaker({ env, failures: 1, cooldownMs: 1000, permits: 3 });
    circuit.fail(circuit.tryEnter(), "no");
    await env.advance(1000);
    let admitted = 0;
    for (let i = 0; i < 50; i++) if (circuit.tryEnter() > 0) admitted += 1;
    assertEquals(admitted, 3);
  });

  it("L6: asking about health changes no circuit", async () => {
    const manager = new ListenerManager({ env, defaults: { retry: false } });
    const listener = manager.register("one", fail, { breaker: { failures: 1, cooldownMs: 10 } });
    manager.start();
    await manager.dispatch("one", EVENT).catch(() => {});
    await env.advance(100);
    const before = JSON.stringify(listener.circuit);
    for (let i = 0; i < 5; i++) manager.health();
    assertEquals(JSON.stringify(listener.circuit), before);
    assertEquals(listener.circuit?.state, "open");
    await manager.stop();
  });

  it("L7: the number of attempts before a dead letter is the one that was asked for", async () => {
    for (const attempts of [1, 2, 5]) {
      let calls = 0;
      let letters = 0;
      const listener = supervise(() => {
        calls += 1;
        fail();
      }, {
        env,
        breaker: false,
        retry: { ...STEADY, attempts },
        deadLetter: () => void (letters += 1),
      });
      outcomeOf(() => listener(EVENT, contextOf()));
      await env.advance(1000);
      assertEquals([calls, letters], [attempts, 1]);
    }
  });

  it("L8: a slow dead letter handler loses none of a thousand", async () => {
    const gate = deferred();
    let letters = 0;
    const listener = supervise(fail, {
      env,
      breaker: false,
      retry: false,
      deadLetter: () => {
        letters += 1;
        return gate.promise;
      },
    });
    const outcomes = Array.from(
      { length: 1000 },
      () => outcomeOf(() => listener(EVENT, contextOf())),
    );
    gate.resolve();
    await env.settle();

    assertEquals(letters, 1000);
    assert(outcomes.every(({ state }) => state === "ok"));
    assertEquals(listener.stats().deadLettered, 1000);
  });

  it("L9: stop waits for what runs and hands back what waits for a retry", async () => {
    const manager = new ListenerManager({ env });
    const gate = deferred();
    manager.register<typeof EVENT>("one", ({ data }) => data === 0 ? fail() : gate.promise, {
      breaker: false,
      retry: STEADY,
    });
    manager.start();
    const retried = Array.from(
      { length: 20 },
      () => outcomeOf(() => manager.dispatch("one", { ...EVENT, data: 0 })),
    );
    const running = outcomeOf(() => manager.dispatch("one", EVENT));
    let result: Awaited<ReturnType<ListenerManager["stop"]>> | undefined;
    manager.stop().then((each) => (result = each));
    await env.settle();
    assertEquals([result, running.state], [undefined, "pending"]);
    gate.resolve();
    await env.settle();

    assertEquals([result!.completed, result!.released.length, result!.left.length], [1, 20, 0]);
    assertEquals(running.state, "ok");
    for (const { error } of retried) assertInstanceOf(error, ClosedError);
  });

  it("L10: a listener registered after start has its retries and dead letters", async () => {
    const manager = new ListenerManager({ env });
    manager.start();
    let calls = 0;
    let letters = 0;
    manager.register("late", () => {
      calls += 1;
      fail();
    }, { retry: STEADY, deadLetter: () => void (letters += 1) });
    outcomeOf(() => manager.dispatch("late", EVENT));
    await env.advance(1000);
    assertEquals([calls, letters], [3, 1]);
    await manager.stop();
  });

  it("L11: unregister after stop and start after stop both work", async () => {
    const manager = new ListenerManager({ env });
    manager.register("one", () => {});
    manager.register("two", () => {});
    manager.start();
    await manager.stop();
    assertEquals(manager.unregister("one"), true);
    manager.start();
    await manager.dispatch("two", EVENT);
    assertEquals(manager.stats().total.succeeded, 1);
    await manager.stop();
  });

  it("L12: unregister while a retry dispatches does not wait for itself", async () => {
    const manager = new ListenerManager({ env });
    let inner = 0;
    manager.register("inner", () => void (inner += 1));
    manager.register("outer", async (_event, { attempt }) => {
      if (attempt === 1) fail();
      assertEquals(manager.unregister("outer"), true);
      await manager.dispatch("inner", EVENT);
    }, { retry: STEADY });
    manager.start();
    const outcome = outcomeOf(() => manager.dispatch("outer", EVENT));
    await env.advance(1000);
    assertEquals([outcome.state, inner], ["ok", 1]);
    await manager.stop();
  });

  it("L13: a hundred retries are due when they are due, in order", async () => {
    const times = new Set<number>();
    const order: number[] = [];
    const listener = supervise<typeof EVENT>(({ data }, { attempt }) => {
      if (attempt === 1) fail();
      times.add(env.monotonic());
      order.push(data);
    }, { env, breaker: false, retry: { ...STEADY, delayMs: 200 } });
    for (let data = 0; data < 100; data++) {
      outcomeOf(() => listener({ ...EVENT, data }, contextOf()));
    }
    await env.advance(200);
    assertEquals([...times], [200]);
    assertEquals(order, Array.from({ length: 100 }, (_, i) => i));
  });

  it("L14: retries obey circuit and concurrency, run beside each other, and are counted", async () => {
    let calls = 0;
    const guarded = supervise(() => {
      calls += 1;
      fail();
    }, { env, retry: STEADY, breaker: { failures: 2, cooldownMs: 3_600_000 } });
    for (let i = 0; i < 6; i++) outcomeOf(() => guarded(EVENT, contextOf()));
    await env.advance(10_000);
    assertEquals(calls, 2, "the circuit is open for an hour");
    assertEquals(guarded.stats().retries, 0);

    let running = 0;
    let most = 0;
    const gates: (() => void)[] = [];
    const limited = supervise(async (_event, { attempt }) => {
      if (attempt === 1) fail();
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => gates.push(resolve));
      running -= 1;
    }, { env, breaker: false, concurrency: 3, retry: STEADY });
    for (let i = 0; i < 9; i++) outcomeOf(() => limited(EVENT, contextOf()));
    await env.advance(100);
    while (gates.length > 0) {
      gates.shift()!();
      await env.settle();
    }
    assertEquals([most, limited.stats().retries, limited.stats().succeeded], [3, 9, 9]);
  });

  it("L15: onError is called", () => {
    const told: unknown[] = [];
    const listener = supervise(fail, { env, retry: false, onError: (error) => told.push(error) });
    const outcome = outcomeOf(() => listener(EVENT, contextOf()));
    assertEquals(told, [outcome.error]);
  });

  it("L16: dispatch answers when the event is done with, not before and not twice", async () => {
    const manager = new ListenerManager({ env });
    const gate = deferred();
    manager.register<typeof EVENT>("one", (_event, { attempt }) => {
      if (attempt < 3) fail();
      return gate.promise;
    }, { retry: STEADY, concurrency: 1 });
    manager.start();
    const [first, second] = [1, 2].map(() => outcomeOf(() => manager.dispatch("one", EVENT)));
    await env.advance(1000);
    assertEquals([first!.state, second!.state], ["pending", "pending"]);
    gate.resolve();
    await env.settle();
    assertEquals([first!.state, second!.state], ["ok", "ok"]);
    await manager.stop();
  });

  it("L17: what an open circuit refused is told on an emitter and waits on a bus", async () => {
    let healthy = false;
    let calls = 0;
    const handler = () => {
      calls += 1;
      if (!healthy) fail();
    };
    const options = {
      env,
      retry: { ...STEADY, attempts: 1 },
      breaker: { failures: 1, cooldownMs: 60_000 },
    } as const;

    const emitter = new Emitter<{ n: number }>({ env });
    emitter.on("n", supervise(handler, options));
    await emitter.emit("n", 1).catch(() => {});
    const refused = await emitter.emit("n", 2).catch((error) => error.cause);
    assertInstanceOf(refused, CircuitOpenError);
    await emitter.close();

    const bus = new Bus({ env });
    const topic = bus.topic<{ n: number }>("numbers", { retry: { attempts: 2 } });
    const seen: number[] = [];
    const circuit = new CircuitBreaker({ env, failures: 1, cooldownMs: 60_000 });
    circuit.fail(circuit.tryEnter(), "down");
    const subscription = topic.subscribe(
      supervise(({ data }) => void seen.push(data as number), { env, breaker: circuit }),
    );
    for (let n = 1; n <= 3; n++) await topic.publish({ type: "n", data: n });
    await env.advance(59_999);
    assertEquals([seen, subscription.stats().deadLettered], [[], 0]);
    healthy = true;
    await env.advance(60_000);
    assertEquals(seen, [1, 2, 3]);
    assertEquals(subscription.stats().deadLettered, 0);
    assertEquals(calls, 1);
    const closing = bus.close();
    await env.settle();
    await closing;
  });

  it("L18: what may be tried again is asked about causes too", async () => {
    class Down extends Error {}
    let calls = 0;
    const listener = supervise<typeof EVENT>(({ data }) => {
      calls += 1;
      throw new Error("wrapped", { cause: data === 0 ? new Down() : new Error("bug") });
    }, { env, breaker: false, retry: { ...STEADY, retryIf: (error) => error instanceof Down } });

    outcomeOf(() => listener({ ...EVENT, data: 0 }, contextOf()));
    await env.advance(1000);
    assertEquals(calls, 3);
    const other = outcomeOf(() => listener({ ...EVENT, data: 1 }, contextOf()));
    await env.advance(1000);
    assertEquals(calls, 4);
    assertInstanceOf(other.error, TerminalError);
  });

  it("L19: a listener can be unhealthy, and one open circuit is not the whole manager", async () => {
    const manager = new ListenerManager({ env, defaults: { retry: false } });
    manager.register("good", () => {});
    manager.register("bad", fail, { breaker: false });
    manager.register("open", fail, { breaker: { failures: 1 } });
    manager.start();
    for (const name of ["good", "bad", "open"]) {
      for (let i = 0; i < 10; i++) await manager.dispatch(name, EVENT).catch(() => {});
    }
    const { status, listeners } = manager.health();
    assertEquals(
      [status, listeners.good!.status, listeners.bad!.status, listeners.open!.status],
      ["degraded", "healthy", "unhealthy", "circuit-open"],
    );
    await manager.stop();
  });

  it("L20: a failure in a retry or a dead letter takes nothing else with it", async () => {
    const listener = supervise<typeof EVENT>(({ data }, { attempt }) => {
      if (data === 0) throw attempt === 1 ? new Error("no") : undefined;
    }, {
      env,
      retry: { ...STEADY, attempts: 2 },
      deadLetter: () => {
        throw new Error("disk full");
      },
    });
    const bad = outcomeOf(() => listener({ ...EVENT, data: 0 }, contextOf()));
    await env.advance(1000);
    const good = outcomeOf(() => listener(EVENT, contextOf()));
    assertInstanceOf(bad.error, TerminalError);
    assertEquals(good.state, "ok");
    assertConserved(listener.stats());
  });

  it("L21: a short literal keeps every default", async () => {
    let calls = 0;
    const listener = supervise(() => {
      calls += 1;
      fail();
    }, { env, concurrency: 100, breaker: {} });
    const outcome = outcomeOf(() => listener(EVENT, contextOf()));
    await env.advance(1000);
    assertEquals([calls, outcome.state], [3, "failed"], "retries are on");
    assertEquals(listener.circuit?.state, "closed", "one event does not open the circuit");
  });

  it("three attempts in supervision and three on the bus make three calls", async () => {
    let calls = 0;
    const bus = new Bus({ env });
    const topic = bus.topic<{ n: number }>("numbers", { retry: { attempts: 3 } });
    const subscription = topic.subscribe(supervise(() => {
      calls += 1;
      fail();
    }, { env, retry: { attempts: 3 } }));
    await topic.publish({ type: "n", data: 1 });
    await env.advance(100_000);

    assertEquals(calls, 3);
    assertEquals(subscription.stats().deadLettered, 1);
    const closing = bus.close();
    await env.settle();
    await closing;
  });
});
