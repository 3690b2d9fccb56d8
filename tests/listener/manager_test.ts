import {
  ClosedError,
  ListenerExistsError,
  ListenerManager,
  type ListenerManagerOptions,
  TerminalError,
} from "@nova/events/listener";
import { Bus, Emitter } from "@nova/events";
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { assertConserved, deferred, EVENT, outcomeOf } from "./support.ts";

const STEADY = { backoff: "fixed", delayMs: 100, jitter: "none" } as const;

describe("ListenerManager", () => {
  const env = useTestEnv();
  const make = (options: ListenerManagerOptions = {}) => new ListenerManager({ env, ...options });
  const event = (data: number) => ({ ...EVENT, data });

  it("takes listeners before and after start", async () => {
    const manager = make();
    const seen: string[] = [];
    manager.register("early", () => void seen.push("early"));
    manager.start();
    manager.register("late", () => void seen.push("late"));

    await manager.dispatch("early", EVENT);
    await manager.dispatch("late", EVENT);

    assertEquals(seen, ["early", "late"]);
    await manager.stop();
  });

  it("takes no event before start and after stop", async () => {
    const manager = make();
    let calls = 0;
    const listener = manager.register("one", () => {
      calls += 1;
    });
    for (const when of ["before", "after"]) {
      const outcome = outcomeOf(() => manager.dispatch("one", EVENT));
      await env.settle();
      assertInstanceOf(outcome.error, ClosedError, when);
      manager.start();
      await manager.dispatch("one", EVENT);
      await manager.stop();
    }
    assertEquals(calls, 2);
    assertEquals(listener.stats().rejected, 2);
    assertConserved(listener.stats());
  });

  it("refuses a name that is taken, an empty one, and an event for nobody", async () => {
    const manager = make({ name: "orders" });
    manager.register("one", () => {});
    const error = assertThrows(() => manager.register("one", () => {}), ListenerExistsError);
    assertEquals([error.code, error.listener], ["listener-exists", "one"]);
    assertThrows(() => manager.register("", () => {}), TypeError);
    assertThrows(() => manager.register("two", 7 as never), TypeError);
    manager.start();
    const outcome = outcomeOf(() => manager.dispatch("three", EVENT));
    await env.settle();
    assertInstanceOf(outcome.error, ClosedError);
    await manager.stop();
  });

  it("gives its defaults to listeners that say nothing else", async () => {
    const manager = make({ defaults: { retry: { ...STEADY, attempts: 2 }, timeoutMs: 50 } });
    let calls = 0;
    const fail = () => {
      calls += 1;
      throw new Error("no");
    };
    manager.register("default", fail);
    manager.register("own", fail, { retry: false });
    manager.register("nothing", fail, { retry: undefined } as never);
    manager.start();

    outcomeOf(() => manager.dispatch("default", EVENT));
    await env.advance(1000);
    assertEquals(calls, 2);
    outcomeOf(() => manager.dispatch("own", EVENT));
    await env.advance(1000);
    assertEquals(calls, 3);
    outcomeOf(() => manager.dispatch("nothing", EVENT));
    await env.advance(1000);
    assertEquals(calls, 5);
    await manager.stop();
  });

  it("answers a listener that works on an emitter and on a bus", async () => {
    const manager = make();
    const seen: unknown[] = [];
    const listener = manager.register<{ type: "n"; data: number }>(
      "numbers",
      ({ data }) => void seen.push(data),
    );
    manager.start();
    const emitter = new Emitter<{ n: number }>({ env });
    emitter.on("n", listener);
    await emitter.emit("n", 1);
    const bus = new Bus({ env });
    const topic = bus.topic<{ n: number }>("numbers");
    topic.subscribe(listener);
    await topic.publish({ type: "n", data: 2 });
    await env.settle();

    assertEquals(seen, [1, 2]);
    await Promise.all([emitter.close(), bus.close(), manager.stop(), env.settle()]);
  });

  it("lets what runs and what waits for a slot finish, and gives back what waits for a retry", async () => {
    const manager = make();
    const gate = deferred();
    const listener = manager.register<typeof EVENT>("one", ({ data }) => {
      if (data === 0) throw new Error("no");
      return gate.promise;
    }, { concurrency: 1, retry: STEADY });
    manager.start();

    const retried = outcomeOf(() => manager.dispatch("one", event(0)));
    const running = outcomeOf(() => manager.dispatch("one", event(1)));
    const queued = outcomeOf(() => manager.dispatch("one", event(2)));
    const stopping = manager.stop();
    const late = outcomeOf(() => manager.dispatch("one", event(3)));
    gate.resolve();

    assertEquals(await stopping, {
      completed: 2,
      released: [{ listener: "one", event: event(0) }],
      left: [],
    });
    assertEquals([running.state, queued.state], ["ok", "ok"]);
    assertInstanceOf(retried.error, ClosedError);
    assertEquals((retried.error.cause as Error).message, "no");
    assertInstanceOf(late.error, ClosedError);
    assertConserved(listener.stats());
    assertEquals(env.pending, { timers: 0, abortListeners: 0 });
  });

  it("tries nothing again that fails while it stops; a last attempt still gets its dead letter", async () => {
    const manager = make();
    const gates = [deferred(), deferred()];
    const letters: unknown[] = [];
    const listener = manager.register<typeof EVENT>(
      "one",
      ({ data }) => gates[data]!.promise,
      { retry: STEADY, deadLetter: (letter) => void letters.push(letter.data) },
    );
    const last = manager.register<typeof EVENT>("last", ({ data }) => gates[data]!.promise, {
      retry: { attempts: 1 },
      deadLetter: (letter) => void letters.push(letter.data),
    });
    manager.start();

    const first = outcomeOf(() => manager.dispatch("one", event(0)));
    const second = outcomeOf(() => manager.dispatch("last", event(1)));
    const stopping = manager.stop();
    gates[0]!.reject(new Error("no"));
    gates[1]!.reject(new Error("no"));
    const { completed } = await stopping;

    assertInstanceOf(first.error, ClosedError);
    assertEquals([second.state, letters, completed], ["ok", [1], 1]);
    assertEquals(listener.stats().released, 1);
    assertConserved(listener.stats());
    assertConserved(last.stats());
  });

  it("says what was left when the signal ends the waiting, and holds no timer for it", async () => {
    const manager = make();
    const signals: AbortSignal[] = [];
    const listener = manager.register<typeof EVENT>("stuck", (_event, { signal }) => {
      signals.push(signal);
      return new Promise<void>(() => {});
    }, { concurrency: 1 });
    manager.start();
    const outcomes = [1, 2].map((data) => outcomeOf(() => manager.dispatch("stuck", event(data))));
    const limit = new AbortController();
    const stopping = manager.stop({ signal: limit.signal });
    await env.advance(10);
    limit.abort();

    assertEquals(await stopping, {
      completed: 0,
      released: [],
      left: [{ listener: "stuck", event: event(1) }, { listener: "stuck", event: event(2) }],
    });
    for (const { error } of outcomes) assertInstanceOf(error, ClosedError);
    assert(signals[0]!.aborted);
    assertEquals(env.pending, { timers: 0, abortListeners: 0 });
    const { released, zombies } = listener.stats();
    assertEquals({ released, zombies }, { released: 2, zombies: 1 });
    assertConserved(listener.stats());
  });

  it("gives up after 30 s without a signal, also on a dead letter that hangs", async () => {
    const manager = make();
    const gate = deferred();
    const listener = manager.register("stuck", () => {
      throw new Error("no");
    }, { retry: false, deadLetter: () => gate.promise });
    manager.start();
    const outcome = outcomeOf(() => manager.dispatch("stuck", EVENT));
    let result: unknown;
    manager.stop().then((each) => (result = each));
    await env.advance(29_999);
    assertEquals(result, undefined);
    await env.advance(1);

    assertEquals(result, {
      completed: 0,
      released: [],
      left: [{ listener: "stuck", event: EVENT }],
    });
    assertInstanceOf(outcome.error, ClosedError);
    gate.resolve();
    await env.settle();
    assertEquals(listener.stats().deadLettered, 0, "each event is counted once");
    assertConserved(listener.stats());
  });

  it("delivers nothing after stop has resolved (I6)", async () => {
    const manager = make();
    let calls = 0;
    manager.register("one", () => {
      calls += 1;
      throw new Error("no");
    }, { retry: STEADY });
    manager.start();
    for (let i = 0; i < 5; i++) outcomeOf(() => manager.dispatch("one", EVENT));
    await manager.stop();
    const before = calls;
    await env.advance(100_000);
    assertEquals(calls, before);
  });

  it("can be stopped from within a listener, which it does not wait for", async () => {
    const manager = make();
    let result: unknown;
    const listener = manager.register("one", async () => {
      result = await manager.stop();
    });
    manager.start();
    const outcome = outcomeOf(() => manager.dispatch("one", EVENT));
    await env.settle();

    assertEquals(result, { completed: 0, released: [], left: [] });
    assertEquals(outcome.state, "ok");
    assertConserved(listener.stats());
    assertEquals(env.pending.timers, 0);
  });

  it("can be unregistered from within a listener, with nothing lost", async () => {
    const manager = make();
    const listener = manager.register<typeof EVENT>("one", async ({ data }, { subscription }) => {
      await undefined;
      if (data === 1) assertEquals(manager.unregister("one"), true);
      assertEquals(subscription.active, false);
    }, { concurrency: 1 });
    manager.start();
    const outcomes = [1, 2].map((data) => outcomeOf(() => manager.dispatch("one", event(data))));
    await env.settle();

    assertEquals(outcomes[0]!.state, "ok");
    assertInstanceOf(outcomes[1]!.error, ClosedError);
    assertEquals(manager.unregister("one"), false);
    assertEquals(manager.stats().registered, 0);
    assertConserved(listener.stats());
    await manager.stop();
  });

  it("waits on stop for what an unregistered listener still does", async () => {
    const manager = make();
    const gate = deferred();
    manager.register("one", () => gate.promise);
    manager.start();
    outcomeOf(() => manager.dispatch("one", EVENT));
    manager.unregister("one");
    let result: unknown;
    manager.stop().then((each) => (result = each));
    await env.settle();
    assertEquals(result, undefined);
    gate.resolve();
    await env.settle();
    assertEquals(result, { completed: 1, released: [], left: [] });
  });

  it("may take a name again at once", async () => {
    const manager = make();
    manager.register("one", () => {
      throw new Error("old");
    });
    manager.unregister("one");
    let calls = 0;
    manager.register("one", () => {
      calls += 1;
    });
    manager.start();
    await manager.dispatch("one", EVENT);
    assertEquals(calls, 1);
    await manager.stop();
  });

  it("starts, stops and starts again, each as often as one likes", async () => {
    const manager = make();
    let calls = 0;
    const listener = manager.register("one", () => {
      calls += 1;
    });
    assertEquals(await manager.stop(), { completed: 0, released: [], left: [] });
    manager.start();
    manager.start();
    await manager.dispatch("one", EVENT);
    const [first, second] = [manager.stop(), manager.stop()];
    assertEquals(first, second);
    assertThrows(() => manager.start(), ClosedError);
    await first;
    manager.start();
    await manager.dispatch("one", EVENT);
    await manager.restart();
    await manager.dispatch("one", EVENT);
    await manager.stop();

    assertEquals(calls, 3);
    assertEquals(listener.stats().succeeded, 3);
    assertEquals(env.pending.timers, 0);
  });

  it("keeps zombies' slots over a restart", async () => {
    const manager = make();
    const gate = deferred();
    manager.register<typeof EVENT>("one", ({ data }) => data === 0 ? gate.promise : undefined, {
      concurrency: 1,
    });
    manager.start();
    outcomeOf(() => manager.dispatch("one", event(0)));
    const stopping = manager.stop();
    await env.advance(30_000);
    await stopping;
    manager.start();
    const waiting = outcomeOf(() => manager.dispatch("one", event(1)));
    await env.settle();
    assertEquals(waiting.state, "pending");
    gate.resolve();
    await env.settle();
    assertEquals(waiting.state, "ok");
    await manager.stop();
  });

  it("ends with its scope", async () => {
    const manager = make();
    manager.register("one", () => {});
    manager.start();
    await manager[Symbol.asyncDispose]();
    assertEquals(manager.stats().running, false);
  });

  it("adds up the figures of its listeners", async () => {
    const manager = make();
    manager.register("good", () => {});
    manager.register("bad", () => {
      throw new Error("no");
    }, { retry: { attempts: 1 } });
    manager.start();
    for (let i = 0; i < 3; i++) await manager.dispatch("good", EVENT);
    const outcome = outcomeOf(() => manager.dispatch("bad", EVENT));
    await env.settle();

    assertInstanceOf(outcome.error, TerminalError);
    const { running, registered, total, listeners } = manager.stats();
    assertEquals({ running, registered }, { running: true, registered: 2 });
    assertEquals([total.offered, total.succeeded, total.failed], [4, 3, 1]);
    assertEquals(Object.keys(listeners), ["good", "bad"]);
    assertEquals(listeners.bad!.attemptFailures, 1);
    await manager.stop();
  });
});

describe("health of a manager", () => {
  const env = useTestEnv();
  const fail = () => {
    throw new Error("no");
  };
  const offer = (manager: ListenerManager, name: string, times: number) => {
    for (let i = 0; i < times; i++) outcomeOf(() => manager.dispatch(name, EVENT));
  };

  it("is a tree with reasons; one bad listener does not hide the others", async () => {
    const manager = new ListenerManager({ env, defaults: { retry: false } });
    assertEquals(manager.health(), {
      status: "unhealthy",
      reasons: [{ code: "stopped", message: "it is not started" }],
      listeners: {},
    });
    manager.register("good", () => {});
    manager.register("mail", fail, { breaker: { failures: 2 } });
    manager.register("sms", fail, { breaker: false });
    manager.start();
    assertEquals(manager.health().status, "healthy");

    offer(manager, "good", 10);
    offer(manager, "mail", 3);
    offer(manager, "sms", 6);
    await env.settle();
    const { status, reasons, listeners } = manager.health();

    assertEquals(status, "degraded");
    assertEquals(reasons.map(({ code }) => code), ["circuit", "error-rate"]);
    assert(reasons[0]!.message.startsWith("mail: its circuit is open"), reasons[0]!.message);
    assertEquals(
      Object.entries(listeners).map(([name, each]) => [name, each.status]),
      [["good", "healthy"], ["mail", "circuit-open"], ["sms", "unhealthy"]],
    );

    manager.unregister("good");
    assertEquals(manager.health().status, "unhealthy");
    manager.unregister("sms");
    assertEquals(manager.health().status, "circuit-open");
    await manager.stop();
  });
});
