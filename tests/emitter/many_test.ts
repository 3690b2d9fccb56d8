import { createEvent } from "@nova/events";
import { Emitter, type Subscription } from "@nova/events/emitter";
import { assertEquals, assertInstanceOf, assertLess } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { type Any, assertConserved, counts, reasonOf } from "./kit.ts";

const MANY = 10_000;

describe("an emitter with 10,000 listeners of one type", () => {
  const env = useTestEnv();

  it("calls each of them once for each event, in order", async () => {
    const emitter = new Emitter<Any>({ env });
    const seen: number[] = [];
    for (let i = 0; i < MANY; i++) emitter.on("a", () => void seen.push(i));
    const event = createEvent("a", 1);
    for (let i = 0; i < 3; i++) await emitter.emit(event);

    assertEquals(seen.length, 3 * MANY);
    assertEquals(seen.every((one, place) => one === place % MANY), true);
    assertEquals(emitter.listenerCount("a"), MANY);
    assertConserved(emitter);
  });

  it("waits for all of them, and tells of each that failed", async () => {
    const emitter = new Emitter<Any>({ env });
    for (let i = 0; i < MANY; i++) {
      emitter.on("a", () => i % 2 === 0 ? Promise.resolve() : Promise.reject(new Error("no")));
    }
    const reason = await reasonOf(emitter.emit("a", 1));

    assertInstanceOf(reason, AggregateError);
    assertEquals(reason.errors.length, MANY / 2);
    assertEquals(reason.message, '5000 listeners failed on "a"');
    assertEquals([counts(emitter).failed, counts(emitter).emitted], [1, 1], "one event (E6)");
  });

  it("lets them go in any order, also while it calls them", async () => {
    const emitter = new Emitter<Any>({ env });
    const subscriptions: Subscription[] = [];
    let runs = 0;
    for (let i = 0; i < MANY; i++) {
      subscriptions.push(emitter.on("a", () => {
        runs += 1;
        if (i === 0) { for (const one of subscriptions.slice(-MANY / 10)) one.unsubscribe(); }
      }));
    }
    const began = performance.now();
    await emitter.emit("a", 1);
    for (const one of subscriptions.slice(0, MANY / 10)) one.unsubscribe();

    assertEquals([runs, emitter.listenerCount()], [MANY * 0.9, MANY * 0.8]);
    assertLess(performance.now() - began, 5000);
  });

  it("serves many that wait for one event, and one signal that ends them all", async () => {
    const emitter = new Emitter<Any>({ env });
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = { length: MANY / 10 };
    const first = Array.from(waiting, () => emitter.once("a"));
    await emitter.emit("a", 1);
    assertEquals((await Promise.all(first)).length, MANY / 10);
    const second = Array.from(waiting, () => reasonOf(emitter.once("a", { signal })));
    controller.abort("stop");

    assertEquals(new Set(await Promise.all(second)), new Set(["stop"]));
    assertEquals([emitter.listenerCount(), env.pending.abortListeners], [0, 0]);
  });
});
