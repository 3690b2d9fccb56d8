import { ClosedError, type ListenerError } from "@nova/events";
import { Emitter, type EmitterOptions } from "@nova/events/emitter";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { show } from "../../src/internal/check.ts";
import { useTestEnv } from "../support/env.ts";
import type { Any } from "./kit.ts";

describe("EmitterOptions", () => {
  const env = useTestEnv();

  const BAD: readonly (readonly [string, unknown, new () => Error])[] = [
    ["name", 7, TypeError],
    ["name", null, TypeError],
    ["name", Symbol("s"), TypeError],
    ["bufferSize", 0, RangeError],
    ["bufferSize", -1, RangeError],
    ["bufferSize", 1.5, RangeError],
    ["bufferSize", NaN, RangeError],
    ["bufferSize", Infinity, RangeError],
    ["bufferSize", "10", RangeError],
    ["bufferSize", null, RangeError],
    ["maxConcurrency", 0, RangeError],
    ["maxConcurrency", -1, RangeError],
    ["maxConcurrency", NaN, RangeError],
    ["maxConcurrency", 5n, RangeError],
    ["overflow", "block", RangeError],
    ["overflow", "", RangeError],
    ["overflow", null, RangeError],
    ["overflow", "toString", RangeError],
    ["waitMs", -1, RangeError],
    ["waitMs", NaN, RangeError],
    ["waitMs", "1s", RangeError],
    ["onError", null, TypeError],
    ["onError", {}, TypeError],
    ["onError", "handled", TypeError],
  ];
  for (const [name, value, ErrorClass] of BAD) {
    it(`refuses ${name}: ${show(value)}`, () => {
      const error = assertThrows(
        () => new Emitter({ env, [name]: value } as EmitterOptions),
        ErrorClass,
      );
      const what = name === "onError" ? name : `"${name}"`;
      assertEquals(
        error.message.startsWith(`Cannot use ${show(value)} as ${what}: it must be`),
        true,
      );
    });
  }

  for (const bad of [null, 7, "x", () => {}]) {
    it(`refuses ${show(bad)} as options`, () => {
      assertThrows(
        () => new Emitter(bad as never),
        TypeError,
        "as the options of an emitter: they must be an object",
      );
    });
  }

  it("takes undefined for what is not given", async () => {
    const given = ["name", "bufferSize", "maxConcurrency", "overflow", "waitMs", "onError"];
    const options = Object.fromEntries(given.map((name) => [name, undefined]));
    const emitter = new Emitter<Any>({ ...options, env });
    assertEquals(emitter.name, "emitter");
    await emitter.emit("a", 1);
    await emitter.close();
  });

  it("names it in errors", async () => {
    const emitter = new Emitter({ env, name: "orders" });
    assertEquals(emitter.name, "orders");
    await emitter.close();

    await assertRejects(() => emitter.emit("a", 1), ClosedError, 'emitter "orders"');
    const unnamed = new Emitter({ env });
    await unnamed.close();
    await assertRejects(() => unnamed.emit("a", 1), ClosedError, 'emitter "emitter"');
  });

  it("are read when the emitter is made, not later", async () => {
    const options = { env, bufferSize: 1, overflow: "reject" as const, name: "before" };
    const emitter = new Emitter<Any>(options);
    Object.assign(options, { bufferSize: 5, overflow: "wait", name: "after" });
    assertEquals([emitter.tryEnqueue("a", 1), emitter.tryEnqueue("a", 2)], [true, false]);

    await assertRejects(() => emitter.enqueue("a", 3), Error, 'emitter "before"');
    await emitter.close();
  });

  it("env is where clock, timers and failures go", async () => {
    const emitter = new Emitter<Any>({ env, waitMs: 10, bufferSize: 1, maxConcurrency: 1 });
    const gate = Promise.withResolvers<void>();
    emitter.on("a", () => gate.promise, { id: "a" });
    emitter.tryEnqueue("a", 1);
    await env.settle();
    emitter.tryEnqueue("a", 2);
    emitter.enqueue("a", 3).catch(() => {});
    assertEquals(env.pending.timers, 1);
    gate.reject("no");
    await env.settle();

    assertEquals(env.reported.map((error) => (error as ListenerError).subscription), [
      "a",
      "a",
      "a",
    ]);
  });

  it("make nothing happen: no timer is set and no clock read before there is work", async () => {
    const silent = new Proxy(env, {
      get: (_target, key) => {
        throw new Error(`${String(key)} is asked for`);
      },
    });
    const emitter = new Emitter<Any>({ env: silent });
    emitter.on("a", () => {});
    await emitter.emit("a", 1);
    emitter.tryEnqueue("a", 1);
    await env.settle();

    assertEquals(emitter.stats().succeeded, 2);
  });
});
