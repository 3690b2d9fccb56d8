import { type Stall, stallProfile } from "@nova/events/profile";
import type { TestEnv } from "@nova/events/testing";
import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { fakeProfiler } from "./kit.ts";

/** The clock jumps without a timer in between. */
class Stalling {
  extra = 0;
  readonly env: TestEnv;

  constructor(env: TestEnv) {
    this.env = new Proxy(env, {
      get: (target, name) =>
        name === "monotonic"
          ? () => target.monotonic() + this.extra
          : (target as unknown as Record<PropertyKey, unknown>)[name],
    });
  }
}

describe("stallProfile()", () => {
  const env = useTestEnv();

  it("begins after a stall and ends with the next, which it contains", async () => {
    const world = new Stalling(env);
    const profiler = fakeProfiler();
    const stalls: Stall[] = [];
    const watch = stallProfile(profiler, {
      env: world.env,
      overMs: 100,
      restMs: 1_000,
      onProfile: (stall) => stalls.push(stall),
    });
    await env.advance(1_000);
    assertEquals(profiler.calls, []);
    world.extra += 300;
    await env.advance(200);
    assertEquals(profiler.calls, ["cpu start 10000"]);
    world.extra += 450;
    await env.advance(50);
    assertEquals(profiler.calls, ["cpu start 10000", "cpu stop"]);
    assertEquals(stalls.map(({ blockedMs, caught }) => [Math.round(blockedMs), caught]), [[
      450,
      true,
    ]]);
    // It rests.
    world.extra += 300;
    await env.advance(900);
    assertEquals(profiler.calls.length, 2);
    await env.advance(200);
    world.extra += 300;
    await env.advance(100);
    assertEquals(profiler.calls.length, 3);
    watch[Symbol.dispose]();
    await env.settle();
    assertEquals(profiler.calls.at(-1), "cpu stop");
  });

  it("gives up waiting for the stall to come again", async () => {
    const world = new Stalling(env);
    const stalls: Stall[] = [];
    const watch = stallProfile(fakeProfiler(), {
      env: world.env,
      profileMs: 2_000,
      onProfile: (stall) => stalls.push(stall),
    });
    world.extra += 300;
    await env.advance(100);
    await env.advance(2_100);
    assertEquals(stalls.map(({ blockedMs, caught }) => [Math.round(blockedMs), caught]), [[
      300,
      false,
    ]]);
    watch[Symbol.dispose]();
  });

  it("leaves the profiler to whoever uses it", async () => {
    const world = new Stalling(env);
    const profiler = fakeProfiler();
    if (typeof profiler.cpu === "object") await profiler.cpu.start(1);
    const watch = stallProfile(profiler, { env: world.env, onProfile: () => {} });
    world.extra += 300;
    await env.advance(200);
    assertEquals([profiler.calls, env.reported], [["cpu start 1"], []]);
    watch[Symbol.dispose]();
  });

  it("reports what fails, and holds nothing", async () => {
    const world = new Stalling(env);
    const watch = stallProfile(fakeProfiler({ cpu: "none here" }), {
      env: world.env,
      onProfile: () => {},
    });
    world.extra += 300;
    await env.advance(200);
    assertEquals(env.reported.splice(0).map(String), ["UnsupportedError: none here"]);
    watch[Symbol.dispose]();
  });

  it("goes on when onProfile throws", async () => {
    const world = new Stalling(env);
    const profiler = fakeProfiler();
    const watch = stallProfile(profiler, {
      env: world.env,
      profileMs: 100,
      restMs: 0,
      onProfile: () => {
        throw new Error("my fault");
      },
    });
    for (let i = 0; i < 2; i++) {
      world.extra += 300;
      await env.advance(400);
    }
    assertEquals(env.reported.splice(0).map(String), ["Error: my fault", "Error: my fault"]);
    watch[Symbol.dispose]();
  });

  it("refuses nonsense", () => {
    const profiler = fakeProfiler();
    assertThrows(() => stallProfile(profiler, {} as never), TypeError, "onProfile");
    const onProfile = (): void => {};
    assertThrows(() => stallProfile(profiler, { onProfile, overMs: -1 }), RangeError, "overMs");
    assertThrows(() => stallProfile(profiler, { onProfile, profileMs: NaN }), RangeError);
    assertThrows(() => stallProfile(profiler, { onProfile, restMs: Infinity }), RangeError);
  });
});
