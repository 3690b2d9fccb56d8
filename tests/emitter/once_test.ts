import { ClosedError, createEvent, ValidationError } from "@nova/events";
import { type Emitted, Emitter } from "@nova/events/emitter";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { isOpen, ORDER, type Orders, reasonOf } from "./kit.ts";

describe("Emitter.once()", () => {
  const env = useTestEnv();

  it("resolves with the next event of a type", async () => {
    const emitter = new Emitter<Orders>({ env });
    const next = emitter.once("order.placed");
    await emitter.emit("order.paid", { id: "1" });
    assert(await isOpen(next));
    const event = createEvent("order.placed", ORDER);
    await emitter.emit(event);
    await emitter.emit(createEvent("order.placed", ORDER));

    assertStrictEquals<Emitted>(await next, event);
    assertEquals(emitter.listenerCount(), 0);
  });

  it("passes over events for which where() is false, or as good as that", async () => {
    const emitter = new Emitter<Orders>({ env });
    const next = emitter.once("order.placed", { where: ({ data }) => data.total > 40 });
    const answers: unknown[] = [false, undefined, 0, "", null, "yes"];
    const truthy = emitter.once("order.placed", { where: () => answers.shift() as boolean });
    for (const total of [1, 40, 41, 5, 6, 7]) {
      await emitter.emit("order.placed", { id: "1", total });
    }

    assertEquals((await next).data.total, 41);
    assertEquals((await truthy).data.total, 7);
    assertEquals(emitter.listenerCount(), 0);
  });

  it("rejects with what where() throws, and no emit fails for it", async () => {
    const emitter = new Emitter<Orders>({ env });
    const error = new Error("no");
    const reason = reasonOf(emitter.once("order.placed", {
      where: () => {
        throw error;
      },
    }));
    await emitter.emit("order.placed", ORDER);

    assertStrictEquals(await reason, error);
    assertEquals([emitter.stats().failed, emitter.listenerCount()], [0, 0]);
  });

  it("rejects with the reason of the signal, untouched, and lets go of it (I7)", async () => {
    const emitter = new Emitter<Orders>({ env });
    const controller = new AbortController();
    const reason = reasonOf(emitter.once("order.placed", { signal: controller.signal }));
    assertEquals([emitter.listenerCount(), env.pending.abortListeners], [1, 1]);
    const stop = { odd: true };
    controller.abort(stop);

    assertStrictEquals(await reason, stop);
    assertEquals([emitter.listenerCount(), env.pending.abortListeners], [0, 0]);
  });

  it("rejects at once for an aborted signal", async () => {
    const emitter = new Emitter<Orders>({ env });
    const signal = AbortSignal.abort("stop");

    assertEquals(await reasonOf(emitter.once("order.placed", { signal })), "stop");
    assertEquals(emitter.listenerCount(), 0);
  });

  it("does not mind a signal that aborts when the event has come", async () => {
    const emitter = new Emitter<Orders>({ env });
    const controller = new AbortController();
    const next = emitter.once("order.placed", { signal: controller.signal });
    await emitter.emit("order.placed", ORDER);
    controller.abort();

    assertStrictEquals((await next).data, ORDER);
    assertEquals(env.pending.abortListeners, 0);
  });

  it("rejects when the emitter closes first, or was closed", async () => {
    const emitter = new Emitter<Orders>({ name: "orders", env });
    const reason = reasonOf(emitter.once("order.placed"));
    await emitter.close();

    assertInstanceOf(await reason, ClosedError);
    await assertRejects(() => emitter.once("order.placed"), ClosedError, 'emitter "orders"');
  });

  it("resolves with what is still delivered while the emitter closes", async () => {
    const emitter = new Emitter<Orders>({ env });
    const next = emitter.once("order.placed");
    emitter.tryEnqueue("order.placed", ORDER);
    await emitter.close();

    assertStrictEquals((await next).data, ORDER);
  });

  it("serves many at a time", async () => {
    const emitter = new Emitter<Orders>({ env });
    const all = Array.from({ length: 10 }, () => emitter.once("order.placed"));
    await emitter.emit("order.placed", ORDER);

    assertEquals(new Set(await Promise.all(all)).size, 1);
  });

  it("never throws synchronously", async () => {
    const emitter = new Emitter<Orders>({ env });
    const once = (type: unknown, options?: unknown): Promise<unknown> =>
      reasonOf(emitter.once(type as "order.placed", options as object));

    assertInstanceOf(await once(""), ValidationError);
    assertInstanceOf(await once(7), ValidationError);
    for (const bad of [null, 7, "x"]) assertInstanceOf(await once("order.placed", bad), TypeError);
    for (const bad of [null, {}, "x"]) {
      const reason = await once("order.placed", { signal: bad });
      assertInstanceOf(reason, TypeError);
      assert(reason.message.endsWith('as "signal": it must be an AbortSignal'), reason.message);
    }
    for (const bad of [null, {}, "x", true]) {
      const reason = await once("order.placed", { where: bad });
      assertInstanceOf(reason, TypeError);
      assert(reason.message.endsWith("as where: it must be a function"), reason.message);
    }
    assertEquals(emitter.listenerCount(), 0);
  });
});
