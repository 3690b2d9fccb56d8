import { createEvent, ListenerError, ValidationError } from "@nova/events";
import { Emitter } from "@nova/events/emitter";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "node:test";
import { show } from "../../src/internal/check.ts";
import { changing, hostileProxy, revokedProxy, throwing } from "../event/bad_values.ts";
import { useTestEnv } from "../support/env.ts";
import { type Any, assertConserved, attempt, isOpen, reasonOf, thenable } from "./kit.ts";

/** What is no event, what is wrong with it, and how that is said. */
const BAD_EVENTS: readonly (readonly [string, () => unknown, string])[] = [
  ["null", () => null, "TypeError"],
  ["undefined", () => undefined, "TypeError"],
  ["a number", () => 7, "TypeError"],
  ["a function", () => () => {}, "TypeError"],
  ["an empty object", () => ({}), "type"],
  ["an array", () => [], "type"],
  ["an empty type", () => ({ type: "" }), "type"],
  ["a lone surrogate in the type", () => ({ type: "a\ud83d" }), "type"],
  ["a number as type", () => ({ type: 7 }), "type"],
  ["a String object as type", () => ({ type: new String("a") }), "type"],
  ["a type of 257 bytes", () => ({ type: "x".repeat(257) }), "type"],
  ["a pattern as type", () => ({ type: "a.*" }), "type"],
  ["an empty id", () => ({ type: "a", id: "" }), "id"],
  ["a lone surrogate in the id", () => ({ type: "a", id: "\udc00" }), "id"],
  ["a number as id", () => ({ type: "a", id: 7 }), "id"],
  ["NaN as timestamp", () => ({ type: "a", timestamp: NaN }), "timestamp"],
  ["a string as timestamp", () => ({ type: "a", timestamp: "now" }), "timestamp"],
  ["null as metadata", () => ({ type: "a", metadata: null }), "metadata"],
  ["a number in metadata", () => ({ type: "a", metadata: { a: 1 } }), "metadata"],
  [
    "__proto__ in metadata",
    () => ({ type: "a", metadata: JSON.parse('{"__proto__":{"polluted":"1"}}') }),
    "metadata",
  ],
  ["constructor in metadata", () => ({ type: "a", metadata: { constructor: "x" } }), "metadata"],
  ["a reserved name in metadata", () => ({ type: "a", metadata: { "nova-x": "1" } }), "metadata"],
  ["a hostile proxy", hostileProxy, "event"],
  ["a revoked proxy", revokedProxy, "event"],
  ["a proxy of a made event", () =>
    new Proxy(createEvent("a", 1), {
      get: () => {
        throw new Error("hostile");
      },
    }), "event"],
  ["a getter that throws", () => throwing({ type: "a" }, "data"), "event"],
  ["the metadata of an event", () =>
    createEvent("a", 1, { metadata: { type: "a", b: "1" } })
      .metadata, "nothing"],
];

describe("an emitter that is given a bad event", () => {
  const env = useTestEnv();

  for (const [what, make, expected] of BAD_EVENTS) {
    it(`refuses ${what}, and goes on`, async () => {
      const emitter = new Emitter<Any>({ env });
      let calls = 0;
      emitter.on("a", () => void (calls += 1));
      const reasons = [
        await reasonOf(emitter.emit(make() as never)).catch(() => undefined),
        await reasonOf(emitter.enqueue(make() as never)).catch(() => undefined),
        await reasonOf(attempt(() => emitter.tryEnqueue(make() as never))).catch(() => undefined),
      ];
      await env.settle();
      if (expected === "nothing") {
        // It reads as an event of that type, and is taken for a foreign one: copied and checked.
        assertEquals([reasons, calls], [[undefined, undefined, undefined], 3]);
      } else {
        for (const reason of reasons) {
          if (expected === "TypeError") assertInstanceOf(reason, TypeError);
          else assertInstanceOf(reason, ValidationError);
          if (reason instanceof ValidationError) assertEquals(reason.field, expected);
        }
        assertEquals([calls, emitter.stats().emitted], [0, 0]);
      }
      await emitter.emit("a", 1);
      assert(emitter.tryEnqueue("a", 1));
      await env.settle();
      assertConserved(emitter);
    });
  }

  it("says what and where", async () => {
    const emitter = new Emitter<Any>({ env });
    const messages = [
      emitter.emit(null as never),
      emitter.emit("", 1),
      emitter.emit({ type: "a", data: 1, metadata: { a: 7 as never } }),
      emitter.emit("a", 1, { metadata: [] as never }),
    ].map(async (promise) => (await reasonOf(promise) as Error).message);

    assertEquals(await Promise.all(messages), [
      "Cannot use null as an event: it must be an object",
      'Cannot use "" as the type of an event: it must not be empty',
      'Cannot use the metadata of an event: its value of "a" must be a well-formed string: it is 7',
      "Cannot use the metadata of an event: it must be a plain object of strings: it is an array",
    ]);
  });

  it("reads a foreign event once: it cannot be another one the second time", async () => {
    const emitter = new Emitter<Any>({ env });
    const seen: unknown[] = [];
    for (const type of ["a", "b"]) emitter.on(type, ({ type, data }) => void seen.push(type, data));
    const lying = changing({ type: "a", data: 1 }, "type", ["a", "b", 7]);
    await emitter.emit(lying);
    await emitter.emit(changing({ type: "a", data: 1 }, "data", [1, 2]));

    assertEquals([seen, lying.reads()], [["a", 1, "a", 1], 1]);
  });

  it("does not look into data", async () => {
    const emitter = new Emitter<Any>({ env });
    const seen: unknown[] = [];
    emitter.on("a", (event) => void seen.push(event.data));
    for (const data of [hostileProxy(), revokedProxy(), undefined, null, Symbol("s")]) {
      await emitter.emit("a", data);
      await emitter.emit({ type: "a", data });
      assert(seen.splice(0).every((one) => Object.is(one, data)));
    }
  });

  it("is polluted by nothing", async () => {
    const emitter = new Emitter<Any>({ env });
    const evil = JSON.parse('{"type":"a","data":1,"__proto__":{"polluted":true}}');
    await emitter.emit(evil);
    await emitter.emit("__proto__", { polluted: true });
    await reasonOf(emitter.emit({ type: "a", data: 1, metadata: JSON.parse('{"__proto__":"1"}') }));

    assertEquals(({} as Any).polluted, undefined);
    assertEquals(Object.keys(Object.prototype), []);
  });
});

describe("an emitter that is given bad options of a call", () => {
  const env = useTestEnv();

  for (const bad of [null, 7, "x", true]) {
    it(`refuses ${show(bad)}`, async () => {
      const emitter = new Emitter<Any>({ env });
      const event = createEvent("a", 1);
      const calls: (() => unknown)[] = [
        () => emitter.emit("a", 1, bad as never),
        () => emitter.emit(event, bad as never),
        () => emitter.enqueue("a", 1, bad as never),
        () => emitter.enqueue(event, bad as never),
        () => emitter.tryEnqueue("a", 1, bad as never),
        () => emitter.on("a", () => {}, bad as never),
        () => emitter.once("a", bad as never),
      ];
      for (const call of calls) {
        const reason = await reasonOf(attempt(call));
        assertInstanceOf(reason, TypeError, `${call}`);
        assert(reason.message.startsWith(`Cannot use ${show(bad)} as the options of`), `${call}`);
      }
      assertEquals([emitter.stats().emitted, emitter.listenerCount()], [0, 0]);
    });
  }

  for (const bad of [null, {}, "x", 7, new AbortController()]) {
    it(`refuses ${bad?.constructor.name ?? bad} as a signal`, async () => {
      const emitter = new Emitter<Any>({ env });
      const options = { signal: bad as never };
      for (const call of ["emit", "enqueue"] as const) {
        const reason = await reasonOf(emitter[call](createEvent("a", 1), options));
        assertInstanceOf(reason, TypeError);
        assertEquals(
          reason.message,
          `Cannot use ${show(bad)} as "signal": it must be an AbortSignal`,
        );
      }
      assertThrows(() => emitter.tryEnqueue("a", 1, options as object), TypeError, "AbortSignal");
      assertEquals(emitter.stats().emitted, 0);
    });
  }

  it("passes on what a getter throws, as a rejection", async () => {
    const emitter = new Emitter<Any>({ env });
    const options = throwing({}, "signal");
    for (const call of ["emit", "enqueue"] as const) {
      const reason = await reasonOf(emitter[call]({ type: "a", data: 1 }, options));
      assertEquals((reason as Error).message, "reading signal");
    }
    assertThrows(() => emitter.on("a", () => {}, options), Error, "reading signal");
    assertEquals([emitter.stats().emitted, emitter.listenerCount()], [0, 0]);
  });
});

describe("an emitter whose listeners misbehave", () => {
  const env = useTestEnv();

  const revoked = revokedProxy();
  const THROWN: readonly unknown[] = [
    undefined,
    null,
    0,
    "",
    "no",
    Symbol("s"),
    Object.create(null),
    revoked,
    Object.defineProperty(new Error(), "message", { value: Symbol("m") }),
  ];
  for (const [index, cause] of THROWN.entries()) {
    it(`survives one that throws ${show(cause)} (${index}), and keeps it as the cause`, async () => {
      const emitter = new Emitter<Any>({ env });
      const log: string[] = [];
      emitter.on("a", () => {
        throw cause;
      });
      emitter.on("a", async () => {
        await undefined;
        throw cause;
      });
      emitter.on("a", () => void log.push("third"));
      const reason = await reasonOf(emitter.emit("a", 1));

      assertInstanceOf(reason, AggregateError);
      for (const error of reason.errors) {
        assertInstanceOf(error, ListenerError);
        assert("cause" in error);
        assertStrictEquals(error.cause, cause);
      }
      assertEquals([reason.errors.length, log], [2, ["third"]]);
      emitter.tryEnqueue("a", 1);
      await env.settle();
      assertEquals([env.reported.length, emitter.stats().failed], [1, 2]);
      assertConserved(emitter);
    });
  }

  it("waits for a thenable that settles later", async () => {
    const emitter = new Emitter<Any>({ env });
    const settle: (() => void)[] = [];
    emitter.on("a", () => thenable((done) => void settle.push(done)));
    const done = emitter.emit("a", 1);
    assert(await isOpen(done));
    settle[0]!();

    assertEquals(await done, undefined);
  });

  it("is not finished twice by a thenable that settles twice", async () => {
    const emitter = new Emitter<Any>({ env });
    const twice = thenable((done, failed) => {
      done();
      done();
      failed("no");
    });
    const own = Object.assign(Promise.resolve(), { then: twice.then });
    emitter.on("a", () => twice);
    emitter.on("a", () => own);
    const gate = Promise.withResolvers<void>();
    emitter.on("a", () => gate.promise);
    const done = emitter.emit("a", 1);
    assert(await isOpen(done));
    assertEquals(emitter.stats().inFlight, 1);
    gate.resolve();
    await done;

    const { succeeded, failed, inFlight } = emitter.stats();
    assertEquals({ succeeded, failed, inFlight }, { succeeded: 1, failed: 0, inFlight: 0 });
  });

  it("fails for a thenable whose then throws, and for one that cannot even be looked at", async () => {
    const hostile: readonly (() => Promise<void>)[] = [
      () =>
        thenable(() => {
          throw new Error("in then");
        }),
      () => throwing({}, "then") as never,
      () => hostileProxy() as never,
      () =>
        Object.assign(Promise.resolve(), {
          then: () => {
            throw new Error("in then");
          },
        }) as never,
      () => throwing(Promise.resolve(), "constructor") as never,
      () =>
        Object.defineProperty(Promise.resolve(), "constructor", {
          get: () => {
            throw new Error("in constructor");
          },
        }),
    ];
    for (const answer of hostile) {
      const emitter = new Emitter<Any>({ env });
      const log: string[] = [];
      emitter.on("a", answer, { id: "hostile" });
      emitter.on("a", () => void log.push("after"));
      const outcome = await emitter.emit("a", 1).then(() => "done", (reason) => reason);
      // A spread promise is a plain object without a then: nothing to wait for.
      if (outcome !== "done") assertInstanceOf(outcome, ListenerError, `${answer}`);
      assertEquals([log, emitter.stats().inFlight], [["after"], 0], `${answer}`);
      assertConserved(emitter);
    }
  });

  it("stays in flight for a thenable that never settles; others go on", async () => {
    const emitter = new Emitter<Any>({ env, maxConcurrency: 2 });
    const log: unknown[] = [];
    emitter.on("never", () => thenable(() => {}));
    emitter.on("a", ({ data }) => void log.push(data));
    emitter.tryEnqueue("never", 1);
    for (const data of [1, 2, 3]) emitter.tryEnqueue("a", data);
    await env.settle();

    assertEquals([log, emitter.stats().inFlight], [[1, 2, 3], 1]);
    assertEquals(await emitter.close({ signal: AbortSignal.abort() }), { completed: 0, left: 1 });
  });

  it("goes on after a listener that overflows the stack", async () => {
    const emitter = new Emitter<Any>({ env });
    const overflow = (): number => 1 + overflow();
    emitter.on("a", () => void overflow());
    let calls = 0;
    emitter.on("a", () => void (calls += 1));
    const reason = await reasonOf(emitter.emit("a", 1));

    assertInstanceOf(reason, ListenerError);
    assertEquals([calls, emitter.stats().failed], [1, 1]);
  });

  it("lets no listener change what the next one finds in its context", async () => {
    const emitter = new Emitter<Any>({ env });
    const log: string[] = [];
    emitter.on("a", (_event, context) => {
      assertThrows(() => {
        "use strict";
        (context as { attempt: number }).attempt = 7;
      }, TypeError);
      context.subscription.unsubscribe();
    });
    emitter.on("a", (_event, { attempt }) => void log.push(`attempt ${attempt}`));
    await emitter.emit("a", 1);

    assertEquals(log, ["attempt 1"]);
    assertFalse(emitter.listenerCount() === 0);
  });

  it("rejects a made event whose type was changed, and goes on", async () => {
    const reported: unknown[] = [];
    const emitter = new Emitter<Any>({
      env: Object.create(env, { report: { value: (error: unknown) => reported.push(error) } }),
    });
    const heard: unknown[] = [];
    emitter.on("**", ({ data }) => void heard.push(data));
    const changed = createEvent("a", 1);
    (changed as { type: unknown }).type = 5;

    const error = await reasonOf(emitter.emit(changed));
    assertInstanceOf(error, ValidationError);
    assertEquals(error.field, "type");
    emitter.tryEnqueue(changed);
    emitter.tryEnqueue(createEvent("a", 2));
    await env.settle();

    assertEquals([heard, reported.length], [[2], 1]);
    assertEquals(emitter.stats().failed, 2);
    assertConserved(emitter);
  });
});
