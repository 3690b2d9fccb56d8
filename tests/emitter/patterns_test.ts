import { ClosedError, createEvent, ValidationError } from "@nova/events";
import { Emitter } from "@nova/events/emitter";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { type Any, assertConserved } from "./kit.ts";

describe("Emitter.on() with a pattern", () => {
  const env = useTestEnv();

  /** Which of the types reach a listener of the pattern. */
  async function matching(pattern: `${string}*${string}`, types: readonly string[]) {
    const emitter = new Emitter<Any>({ env });
    const seen: string[] = [];
    emitter.on(pattern, ({ type }) => void seen.push(type));
    for (const type of types) await emitter.emit(type, 0);
    return seen;
  }

  it("takes * for one token and ** for one or more at the end", async () => {
    const types = ["order", "order.paid", "order.item.added", "user.paid", "order."];

    assertEquals(await matching("order.*", types), ["order.paid", "order."]);
    assertEquals(await matching("*.paid", types), ["order.paid", "user.paid"]);
    assertEquals(await matching("order.**", types), ["order.paid", "order.item.added", "order."]);
    assertEquals(await matching("*", types), ["order"]);
    assertEquals(await matching("*.*.added", types), ["order.item.added"]);
    assertEquals(await matching("**", types), types);
  });

  it("refuses what is no pattern, at the call", () => {
    const emitter = new Emitter<Any>({ env });
    for (const bad of ["a*", "**.a", "a..*", "*.", "a.**.b", ".*"] as never[]) {
      assertThrows(() => emitter.on(bad, () => {}), SyntaxError, "as a pattern", bad);
    }
    assertEquals(emitter.listenerCount(), 0);
  });

  it("refuses to emit a pattern", async () => {
    const emitter = new Emitter<Any>({ env });
    await assertRejects(() => emitter.emit("order.*", 1), ValidationError, "must name one type");
    assertThrows(() => createEvent("order.*", 1), ValidationError);
  });

  it("keeps listeners in the order they subscribed, whatever they listen to", async () => {
    const emitter = new Emitter<Any>({ env });
    const seen: string[] = [];
    emitter.on("**", () => void seen.push("all"));
    emitter.on("a.b", () => void seen.push("exact"));
    emitter.on("a.*", () => void seen.push("pattern"));
    emitter.on("a.b", () => void seen.push("exact 2"));
    await emitter.emit("a.b", 1);
    await emitter.emit("a.c", 1);

    assertEquals(seen, ["all", "exact", "pattern", "exact 2", "all", "pattern"]);
  });

  it("hands over its own handle, and ends everywhere at once", async () => {
    const emitter = new Emitter<Any>({ env });
    const handles = new Set<unknown>();
    const subscription = emitter.on("a.*", (_event, context) => {
      handles.add(context.subscription);
    }, { id: "pattern" });
    await emitter.emit("a.b", 1);
    await emitter.emit("a.c", 1);
    subscription.unsubscribe();
    await emitter.emit("a.b", 1);
    await emitter.emit("a.d", 1);

    assertEquals([...handles], [subscription]);
    assertEquals([subscription.active, emitter.listenerCount()], [false, 0]);
    assertEquals(emitter.stats().unheard, 2);
  });

  it("counts runs and failures over all types", async () => {
    const emitter = new Emitter<Any>({ env, onError: () => "handled" });
    emitter.on("a.*", ({ data }) => {
      if (data === "bad") throw new Error("no");
    }, { id: "pattern" });
    for (const type of ["a.b", "a.c", "a.b"]) await emitter.emit(type, "good");
    await emitter.emit("a.d", "bad");

    assertEquals(emitter.stats().listeners, [
      { id: "pattern", type: "a.*", runs: 4, runFailures: 1 },
    ]);
    assertEquals([emitter.listenerCount("a.x"), emitter.listenerCount("b")], [1, 0]);
    assertConserved(emitter);
  });

  it("takes once for the first event of any type", async () => {
    const emitter = new Emitter<Any>({ env });
    const seen: string[] = [];
    emitter.on("a.*", ({ type }) => void seen.push(type), { once: true });
    for (const type of ["b", "a.b", "a.c", "a.b"]) await emitter.emit(type, 1);

    assertEquals(seen, ["a.b"]);
  });

  it("ends with its signal, in the middle of an emit, and with the emitter", async () => {
    const emitter = new Emitter<Any>({ env });
    const controller = new AbortController();
    let calls = 0;
    emitter.on("a.b", () => controller.abort());
    emitter.on("a.*", () => void (calls += 1), { signal: controller.signal });
    await emitter.emit("a.b", 1);
    const left = emitter.on("**", () => void (calls += 1));
    await emitter.close();

    assertEquals([calls, left.active], [0, false]);
    assertThrows(() => emitter.on("a.*", () => {}), ClosedError);
  });

  it("does not grow with ever new types, and loses no count of them", async () => {
    const emitter = new Emitter<Any>({ env });
    let calls = 0;
    emitter.on("a.*", () => void (calls += 1), { id: "pattern" });
    for (let i = 0; i < 5000; i++) await emitter.emit(`a.${i}`, i);

    assertEquals([calls, emitter.stats().emitted], [5000, 5000]);
    assertEquals(emitter.stats().listeners[0]?.runs, 5000);
    await emitter.emit("a.7", 1);
    assertEquals(calls, 5001);
  });

  it("finds types that mean something to objects", async () => {
    const types = ["__proto__", "constructor", "toString", "hasOwnProperty", "1", "undefined"];
    assertEquals(await matching("*", types), types);
    const emitter = new Emitter<Any>({ env });
    const event = createEvent("constructor", 1);
    await emitter.emit(event);
    assert(emitter.stats().unheard === 1);
  });
});
