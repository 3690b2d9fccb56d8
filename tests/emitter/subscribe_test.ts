import { ClosedError, createEvent, ListenerError } from "@nova/events";
import { Emitter } from "@nova/events/emitter";
import { assert, assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { type Any, ORDER, type Orders } from "./kit.ts";

describe("Emitter.on()", () => {
  const env = useTestEnv();

  it("calls the listener with every event until the subscription ends", async () => {
    const emitter = new Emitter<Orders>({ env });
    let calls = 0;
    const subscription = emitter.on("order.placed", () => void (calls += 1));
    assert(subscription.active);
    await emitter.emit("order.placed", ORDER);
    await emitter.emit("order.placed", ORDER);
    subscription.unsubscribe();
    assertFalse(subscription.active);
    await emitter.emit("order.placed", ORDER);

    assertEquals([calls, emitter.stats().unheard], [2, 1]);
  });

  it("ends with dispose as with unsubscribe, and once", () => {
    const emitter = new Emitter<Orders>({ env });
    emitter.on("order.placed", () => {});
    const subscription = emitter.on("order.placed", () => {});
    subscription[Symbol.dispose]();
    subscription[Symbol.dispose]();
    subscription.unsubscribe();

    assertFalse(subscription.active);
    assertEquals(emitter.listenerCount(), 1);
  });

  it("removes by identity: the same function under the same id twice (E7)", async () => {
    const emitter = new Emitter<Orders>({ env });
    let calls = 0;
    const listener = (): void => void (calls += 1);
    const first = emitter.on("order.placed", listener, { id: "same" });
    const second = emitter.on("order.placed", listener, { id: "same" });
    await emitter.emit("order.placed", ORDER);
    assertEquals(calls, 2);
    second.unsubscribe();
    second.unsubscribe();
    await emitter.emit("order.placed", ORDER);

    assertEquals([calls, first.active, second.active], [3, true, false]);
  });

  it("counts listeners, of one type and in all", () => {
    const emitter = new Emitter<Orders>({ env });
    assertEquals(emitter.listenerCount(), 0);
    const subscriptions = [
      emitter.on("order.placed", () => {}),
      emitter.on("order.placed", () => {}),
      emitter.on("order.paid", () => {}),
    ];
    const all = (): number[] => [
      emitter.listenerCount(),
      emitter.listenerCount("order.placed"),
      emitter.listenerCount("order.paid"),
      emitter.stats().activeListeners,
    ];
    assertEquals(all(), [3, 2, 1, 3]);
    subscriptions[0]!.unsubscribe();
    subscriptions[2]!.unsubscribe();

    assertEquals(all(), [1, 1, 0, 1]);
    assertEquals(emitter.listenerCount("never" as never), 0);
  });

  it("refuses what is no function", () => {
    const emitter = new Emitter<Orders>({ env });
    for (const bad of [undefined, null, {}, "x", { handleEvent() {} }]) {
      assertThrows(
        () => emitter.on("order.placed", bad as never),
        TypeError,
        "as a listener: it must be a function",
      );
    }
    assertEquals(emitter.listenerCount(), 0);
  });

  it("refuses a closed emitter", async () => {
    const emitter = new Emitter<Orders>({ name: "orders", env });
    const closed = emitter.close();
    const message = 'Cannot use emitter "orders" as it is closed';
    assertThrows(() => emitter.on("order.placed", () => {}), ClosedError, message);
    await closed;
    assertThrows(() => emitter.on("order.placed", () => {}), ClosedError, message);
  });
});

describe("Emitter.on() once", () => {
  const env = useTestEnv();

  it("ends with the first event", async () => {
    const emitter = new Emitter<Orders>({ env });
    let calls = 0;
    const once = emitter.on("order.placed", () => void (calls += 1), { once: true });
    await emitter.emit("order.placed", ORDER);
    assertFalse(once.active);
    await emitter.emit("order.placed", ORDER);

    assertEquals(calls, 1);
    const stays = emitter.on("order.placed", () => {}, { once: false });
    await emitter.emit("order.placed", ORDER);
    assert(stays.active);
  });

  it("ends before the listener runs, so that an emit from within does not reach it", async () => {
    const emitter = new Emitter<Orders>({ env });
    let calls = 0;
    emitter.on("order.placed", async (_event, { subscription }) => {
      calls += 1;
      assertFalse(subscription.active);
      await emitter.emit("order.placed", ORDER);
    }, { once: true });
    await emitter.emit("order.placed", ORDER);

    assertEquals(calls, 1);
  });

  it("ends also when the listener fails, and the failure is not lost", async () => {
    const emitter = new Emitter<Orders>({ env });
    emitter.on("order.placed", () => {
      throw new Error("no");
    }, { once: true, id: "once" });
    await assertRejects(() => emitter.emit("order.placed", ORDER), ListenerError, '"once"');
    await emitter.emit("order.placed", ORDER);

    assertEquals(emitter.listenerCount(), 0);
  });

  it("takes each event once when several wait for it", async () => {
    const emitter = new Emitter<Orders>({ env });
    const log: string[] = [];
    for (const name of ["a", "b", "c"]) {
      emitter.on("order.placed", () => void log.push(name), { once: true });
    }
    await emitter.emit("order.placed", ORDER);

    assertEquals([log, emitter.listenerCount()], [["a", "b", "c"], 0]);
  });

  it("is reached by an enqueued event", async () => {
    const emitter = new Emitter<Orders>({ env });
    let calls = 0;
    emitter.on("order.placed", () => void (calls += 1), { once: true });
    emitter.tryEnqueue("order.placed", ORDER);
    emitter.tryEnqueue("order.placed", ORDER);
    await env.settle();

    assertEquals([calls, emitter.stats().unheard], [1, 1]);
  });
});

describe("Emitter.on() signal", () => {
  const env = useTestEnv();

  it("ends the subscription when it aborts, and lets go of the signal (I7)", async () => {
    const emitter = new Emitter<Orders>({ env });
    const controller = new AbortController();
    let calls = 0;
    const subscription = emitter.on("order.placed", () => void (calls += 1), {
      signal: controller.signal,
    });
    assertEquals(env.pending.abortListeners, 1);
    await emitter.emit("order.placed", ORDER);
    controller.abort();
    await emitter.emit("order.placed", ORDER);

    assertEquals([calls, subscription.active, env.pending.abortListeners], [1, false, 0]);
  });

  it("lets go of the signal however the subscription ends (I7)", async () => {
    const emitter = new Emitter<Orders>({ env });
    const { signal } = new AbortController();
    const [first, second] = [1, 2].map(() => emitter.on("order.placed", () => {}, { signal }));
    emitter.on("order.placed", () => {}, { signal, once: true });
    emitter.on("order.placed", () => {}, { signal });
    assertEquals(env.pending.abortListeners, 4);
    first!.unsubscribe();
    second![Symbol.dispose]();
    assertEquals(env.pending.abortListeners, 2);
    await emitter.emit("order.placed", ORDER);
    assertEquals(env.pending.abortListeners, 1);
    await emitter.close();

    assertEquals(env.pending.abortListeners, 0);
  });

  it("that is aborted already makes an inactive subscription", async () => {
    const emitter = new Emitter<Orders>({ env });
    let calls = 0;
    const subscription = emitter.on("order.placed", () => void (calls += 1), {
      signal: AbortSignal.abort(),
    });
    await emitter.emit("order.placed", ORDER);

    assertEquals([subscription.active, calls, emitter.listenerCount()], [false, 0, 0]);
    subscription.unsubscribe();
    assertEquals(emitter.listenerCount(), 0);
  });

  for (const bad of [null, {}, "x", new AbortController()]) {
    it(`refuses ${bad === null ? bad : bad.constructor.name}, and subscribes nothing`, () => {
      const emitter = new Emitter<Orders>({ env });
      assertThrows(
        () => emitter.on("order.placed", () => {}, { signal: bad as never }),
        TypeError,
        'as "signal": it must be an AbortSignal',
      );
      assertEquals(emitter.listenerCount(), 0);
    });
  }
});

describe("Emitter.on() id", () => {
  const env = useTestEnv();
  const ids = (emitter: Emitter<Any>): string[] => emitter.stats().listeners.map(({ id }) => id);

  it("is the given one, else the name of the function, else the type and a number", () => {
    const emitter = new Emitter<Any>({ env });
    const named = emitter.on("a", function sendMail() {});
    emitter.on("a", function sendMail() {}, { id: "mail" });
    const first = emitter.on("a", () => {});
    emitter.on("b", () => {});

    assertEquals(ids(emitter), ["sendMail", "mail", "a#3", "b#4"]);
    assertEquals([named.id, first.id], ["sendMail", "a#3"]);
  });

  it("labels errors", async () => {
    const emitter = new Emitter<Any>({ env });
    emitter.on("a", () => {
      throw new Error("no");
    }, { id: "mail" });

    await assertRejects(() => emitter.emit("a", 1), ListenerError, 'Listener "mail" failed on "a"');
  });

  it("is the type and a number for a function whose name is no name", async () => {
    const emitter = new Emitter<Any>({ env, onError: () => "handled" });
    const failing = (): never => {
      throw new Error("no");
    };
    for (const value of [Symbol("s"), 7, { toString: null }, undefined]) {
      const listener = (): never => failing();
      emitter.on("a", Object.defineProperty(listener, "name", { value }));
    }
    const hostile = new Proxy(failing, {
      get: () => {
        throw new Error("hostile");
      },
    });
    emitter.on("a", hostile);
    await emitter.emit("a", 1);

    assertEquals(ids(emitter), ["a#1", "a#2", "a#3", "a#4", "a#5"]);
    assertEquals(emitter.stats().listeners.map(({ runFailures }) => runFailures), [1, 1, 1, 1, 1]);
  });

  for (const bad of [null, 7, Symbol("s"), {}]) {
    it(`refuses ${String(bad)}, and subscribes nothing`, () => {
      const emitter = new Emitter<Any>({ env });
      assertThrows(
        () => emitter.on("a", () => {}, { id: bad as never }),
        TypeError,
        'as "id": it must be a string',
      );
      assertEquals(emitter.listenerCount(), 0);
    });
  }
});

describe("Emitter listener figures", () => {
  const env = useTestEnv();

  it("count runs and failures of each listener, by type", async () => {
    const emitter = new Emitter<Any>({ env, onError: () => "handled" });
    await emitter.emit("a", 1);
    emitter.on("a", () => {}, { id: "good" });
    let fail = true;
    emitter.on("a", () => {
      fail = !fail;
      if (!fail) throw new Error("no");
    }, { id: "half" });
    emitter.on("b", () => Promise.reject("no"), { id: "bad" });
    for (let i = 0; i < 4; i++) await emitter.emit("a", 1);
    emitter.on("a", () => {}, { id: "late" });
    for (const type of ["a", "b"]) emitter.tryEnqueue(createEvent(type, 1));
    await env.settle();

    assertEquals(emitter.stats().listeners, [
      { id: "good", type: "a", runs: 5, runFailures: 0, inFlight: 0 },
      { id: "half", type: "a", runs: 5, runFailures: 3, inFlight: 0 },
      { id: "late", type: "a", runs: 1, runFailures: 0, inFlight: 0 },
      { id: "bad", type: "b", runs: 1, runFailures: 1, inFlight: 0 },
    ]);
  });
});
