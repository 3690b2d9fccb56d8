import { createEvent, ListenerError } from "@nova/events";
import { type Emitted, Emitter } from "@nova/events/emitter";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { type Any, assertConserved, isOpen, ORDER, type Orders, reasonOf } from "./kit.ts";

describe("Emitter.emit()", () => {
  const env = useTestEnv();

  it("starts every listener in this turn, in the order they subscribed", async () => {
    const emitter = new Emitter<Orders>({ env });
    const log: string[] = [];
    for (const name of ["a", "b", "c"]) emitter.on("order.placed", () => void log.push(name));
    const done = emitter.emit("order.placed", ORDER);

    assertEquals(log, ["a", "b", "c"]);
    assertEquals(await done, undefined);
  });

  it("gives listeners type, data and metadata", async () => {
    const emitter = new Emitter<Orders>({ env });
    const seen: Emitted[] = [];
    emitter.on("order.placed", (event) => void seen.push(event));
    await emitter.emit("order.placed", ORDER, { metadata: { trace: "1" } });
    await emitter.emit("order.placed", ORDER);

    assertEquals(seen[0]!.type, "order.placed");
    assertStrictEquals(seen[0]!.data, ORDER);
    assertEquals({ ...seen[0]!.metadata }, { trace: "1" });
    assertEquals({ ...seen[1]!.metadata }, {});
  });

  it("passes a made event on as it is", async () => {
    const emitter = new Emitter<Orders>({ env });
    const seen: Emitted[] = [];
    emitter.on("order.placed", (event) => void seen.push(event));
    emitter.on("order.placed", (event) => void seen.push(event));
    const event = createEvent("order.placed", ORDER);
    await emitter.emit(event);
    await emitter.emit(event, {});

    assertEquals(seen.length, 4);
    for (const one of seen) assertStrictEquals(one, event);
  });

  it("passes another object on as one frozen copy", async () => {
    const emitter = new Emitter<Orders>({ env });
    const seen: Emitted[] = [];
    emitter.on("order.placed", (event) => void seen.push(event));
    emitter.on("order.placed", (event) => void seen.push(event));
    const given = { type: "order.placed", data: ORDER } as const;
    await emitter.emit(given);

    assertStrictEquals(seen[0], seen[1]);
    assertFalse(seen[0] === given);
    assert(Object.isFrozen(seen[0]));
    assertStrictEquals(seen[0]!.data, ORDER);
  });

  it("reaches the listeners of its type only", async () => {
    const emitter = new Emitter<Orders>({ env });
    const log: string[] = [];
    emitter.on("order.placed", () => void log.push("placed"));
    emitter.on("order.paid", () => void log.push("paid"));
    await emitter.emit("order.paid", { id: "1" });
    await emitter.emit("order.placed", ORDER);
    await emitter.emit("order.paid", { id: "2" });

    assertEquals(log, ["paid", "placed", "paid"]);
  });

  it("takes types that mean something to objects", async () => {
    const emitter = new Emitter<Any>({ env });
    const log: string[] = [];
    for (const type of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      await emitter.emit(type, 1);
      emitter.on(type, (event) => void log.push(event.type));
      await emitter.emit(type, 1);
    }

    assertEquals(log, ["__proto__", "constructor", "toString", "hasOwnProperty"]);
    assertEquals(emitter.stats().unheard, 4);
  });

  it("resolves when nobody listens, and counts it", async () => {
    const emitter = new Emitter<Orders>({ env });
    await emitter.emit("order.placed", ORDER);

    const { emitted, succeeded, unheard } = emitter.stats();
    assertEquals({ emitted, succeeded, unheard }, { emitted: 1, succeeded: 1, unheard: 1 });
  });

  it("answers one shared promise when all was synchronous: nothing is allocated", () => {
    const emitter = new Emitter<Orders>({ env });
    const event = createEvent("order.placed", ORDER);
    const unheard = emitter.emit(event);
    emitter.on("order.placed", () => {});

    assertStrictEquals(emitter.emit(event), emitter.emit(event));
    assertStrictEquals(emitter.emit(event), unheard);
  });

  it("resolves when the last asynchronous listener is done", async () => {
    const emitter = new Emitter<Orders>({ env });
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    for (const { promise } of gates) emitter.on("order.placed", () => promise);
    emitter.on("order.placed", () => {});
    const done = emitter.emit("order.placed", ORDER);
    assert(await isOpen(done));
    gates[1]!.resolve();
    assert(await isOpen(done));
    assertEquals(emitter.stats().inFlight, 1);
    gates[0]!.resolve();

    assertEquals(await done, undefined);
    assertEquals(emitter.stats().inFlight, 0);
  });

  it("does not take what a listener answers for more than it is", async () => {
    const emitter = new Emitter<Orders>({ env });
    for (const answer of [null, 0, "handled", { then: true }, {}, [], () => {}]) {
      emitter.on("order.placed", (() => answer) as () => void);
    }
    await emitter.emit("order.placed", ORDER);

    assertEquals(emitter.stats().succeeded, 1);
  });

  it("calls listeners without a this, and with a context of their own", async () => {
    const emitter = new Emitter<Orders>({ env });
    let seen: unknown = "not called";
    const subscription = emitter.on("order.placed", function (this: unknown, _, context): void {
      seen = this;
      assertEquals(context.attempt, 1);
      assertStrictEquals(context.subscription, subscription);
      assertFalse(context.signal.aborted);
    });
    await emitter.emit("order.placed", ORDER);

    assertEquals(seen, undefined);
  });

  it("goes on after a listener that failed (I5), and rejects with what it threw", async () => {
    const emitter = new Emitter<Orders>({ env });
    const log: string[] = [];
    const error = new Error("no");
    emitter.on("order.placed", () => void log.push("a"));
    emitter.on("order.placed", () => {
      throw error;
    }, { id: "mail" });
    emitter.on("order.placed", () => void log.push("c"));
    const event = createEvent("order.placed", ORDER);
    const reason = await reasonOf(emitter.emit(event));

    assertEquals(log, ["a", "c"]);
    assertInstanceOf(reason, ListenerError);
    assertEquals([reason.subscription, reason.code], ["mail", "listener-failed"]);
    assertStrictEquals(reason.cause, error);
    assertStrictEquals(reason.event, event);
    assertConserved(emitter);
  });

  for (
    const [how, fail] of [
      ["synchronous", () => {
        throw new Error("no");
      }],
      ["asynchronous", () => Promise.reject(new Error("no"))],
      ["late", async () => {
        await undefined;
        throw new Error("no");
      }],
    ] as const
  ) {
    it(`rejects with an AggregateError of several ${how} failures, in their order`, async () => {
      const emitter = new Emitter<Orders>({ env });
      emitter.on("order.placed", fail, { id: "first" });
      emitter.on("order.placed", () => {});
      emitter.on("order.placed", fail, { id: "second" });
      const reason = await reasonOf(emitter.emit("order.placed", ORDER));

      assertInstanceOf(reason, AggregateError);
      assertEquals(reason.message, '2 listeners failed on "order.placed"');
      assertEquals(reason.errors.map((error) => error.subscription), ["first", "second"]);
      for (const error of reason.errors) assertInstanceOf(error, ListenerError);
      const { failed, succeeded, inFlight } = emitter.stats();
      assertEquals({ failed, succeeded, inFlight }, { failed: 1, succeeded: 0, inFlight: 0 });
    });
  }

  it("waits for all before it rejects", async () => {
    const emitter = new Emitter<Orders>({ env });
    const gate = Promise.withResolvers<void>();
    emitter.on("order.placed", () => gate.promise);
    emitter.on("order.placed", () => {
      throw new Error("no");
    });
    const done = emitter.emit("order.placed", ORDER);
    assert(await isOpen(done));
    gate.resolve();

    await assertRejects(() => done, ListenerError, "no");
  });

  it("never throws synchronously", async () => {
    const emitter = new Emitter<Orders>({ env });
    emitter.on("order.placed", () => {
      throw new Error("no");
    });
    const reasons = [
      reasonOf(emitter.emit("order.placed", ORDER)),
      reasonOf(emitter.emit(null as never)),
      reasonOf(emitter.emit("" as "order.placed", ORDER)),
      reasonOf(emitter.emit("order.placed", ORDER, null as never)),
    ];

    const names = (await Promise.all(reasons)).map((reason) => (reason as Error).name);
    assertEquals(names, ["ListenerError", "TypeError", "ValidationError", "TypeError"]);
  });
});

describe("Emitter.emit() with a signal", () => {
  const env = useTestEnv();

  it("rejects with the reason, untouched, if it is aborted already", async () => {
    const emitter = new Emitter<Orders>({ env });
    let calls = 0;
    emitter.on("order.placed", () => void (calls += 1));
    const reason = { odd: true };
    const signal = AbortSignal.abort(reason);
    const event = createEvent("order.placed", ORDER);

    assertStrictEquals(await reasonOf(emitter.emit(event, { signal })), reason);
    assertStrictEquals(await reasonOf(emitter.emit("order.placed", ORDER, { signal })), reason);
    assertEquals([calls, emitter.stats().emitted], [0, 0]);
  });

  it("does not recall what was accepted", async () => {
    const emitter = new Emitter<Orders>({ env });
    const gate = Promise.withResolvers<void>();
    emitter.on("order.placed", () => gate.promise);
    const controller = new AbortController();
    const done = emitter.emit("order.placed", ORDER, { signal: controller.signal });
    controller.abort();
    assert(await isOpen(done));
    gate.resolve();

    assertEquals(await done, undefined);
  });
});

describe("Emitter onError", () => {
  const env = useTestEnv();
  const failing = (): never => {
    throw new Error("no");
  };

  it("sees every failure with its event, and keeps nothing from the caller by itself", async () => {
    const seen: unknown[] = [];
    const emitter = new Emitter<Orders>({
      env,
      onError: (error, event) => void seen.push(error.subscription, event),
    });
    emitter.on("order.placed", failing, { id: "a" });
    emitter.on("order.placed", () => Promise.reject("no"), { id: "b" });
    const event = createEvent("order.placed", ORDER);
    await assertRejects(() => emitter.emit(event), AggregateError);

    assertEquals(seen, ["a", event, "b", event]);
    assertEquals(env.reported, []);
  });

  it('keeps a failure from the caller by answering "handled", and still counts it', async () => {
    const emitter = new Emitter<Orders>({
      env,
      onError: (error) => error.subscription === "a" ? "handled" : undefined,
    });
    const a = emitter.on("order.placed", failing, { id: "a" });
    await emitter.emit("order.placed", ORDER);
    emitter.on("order.placed", failing, { id: "b" });
    await assertRejects(() => emitter.emit("order.placed", ORDER), ListenerError, '"b"');
    a.unsubscribe();

    assertEquals([emitter.stats().failed, emitter.stats().succeeded], [2, 0]);
  });

  it("that throws is reported, and the failure goes to the caller", async () => {
    const thrown = new Error("in onError");
    const emitter = new Emitter<Orders>({
      env,
      onError: () => {
        throw thrown;
      },
    });
    const log: string[] = [];
    emitter.on("order.placed", failing, { id: "a" });
    emitter.on("order.placed", () => void log.push("b"));
    await assertRejects(() => emitter.emit("order.placed", ORDER), ListenerError, '"a"');

    assertEquals([log, env.reported], [["b"], [thrown]]);
  });

  it("that rejects is reported: nobody else would see it", async () => {
    const thrown = new Error("in onError");
    const emitter = new Emitter<Orders>({
      env,
      onError: (() => Promise.reject(thrown)) as () => void,
    });
    emitter.on("order.placed", failing, { id: "a" });
    await assertRejects(() => emitter.emit("order.placed", ORDER), ListenerError, '"a"');
    await env.settle();

    assertEquals(env.reported, [thrown]);
  });

  it("sees failures of enqueued events; those it does not handle are reported", async () => {
    const emitter = new Emitter<Orders>({
      env,
      onError: (error) => error.subscription.startsWith("handled") ? "handled" : undefined,
    });
    emitter.on("order.placed", failing, { id: "handled, sync" });
    emitter.on("order.placed", () => Promise.reject("no"), { id: "handled, async" });
    emitter.tryEnqueue("order.placed", ORDER);
    await env.settle();
    assertEquals(env.reported, []);

    emitter.on("order.placed", failing, { id: "sync" });
    emitter.tryEnqueue("order.placed", ORDER);
    await env.settle();
    emitter.on("order.placed", () => Promise.reject("no"), { id: "async" });
    emitter.tryEnqueue("order.placed", ORDER);
    await env.settle();

    const [one, both] = env.reported as [ListenerError, AggregateError];
    assertEquals(one.subscription, "sync");
    assertEquals(both.errors.map((error) => error.subscription), ["sync", "async"]);
    assertEquals([env.reported.length, emitter.stats().failed], [2, 3]);
  });
});
