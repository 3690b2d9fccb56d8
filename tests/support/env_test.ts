import {
  assert,
  assertEquals,
  AssertionError,
  assertNotStrictEquals,
  assertRejects,
} from "@std/assert";
import { createTestEnv } from "@nova/events/testing";
import { describe, it } from "node:test";
import { assertNoLeaks, useTestEnv } from "./env.ts";

describe("useTestEnv()", () => {
  const env = useTestEnv({ now: 1000 });
  const seen: unknown[] = [];

  it("gives a case a world of its own", async () => {
    await env.advance(500);

    assertEquals(env.now(), 1500);
    seen.push(env.pending, env.reported);
  });

  it("gives the next case a new one", () => {
    assertEquals(env.now(), 1000);
    assertNotStrictEquals(env.reported, seen[1]);
  });

  it("passes for what is used as an environment", async () => {
    let fired = 0;
    env.setTimer(() => fired++, 10);
    env.defer(() => fired++);
    const signal = env.onAbort(new AbortController().signal, () => {});
    signal[Symbol.dispose]();
    await env.advance(10);

    assertEquals(fired, 2);
    assert("random" in env);
  });
});

describe("assertNoLeaks()", () => {
  it("fails for a timer that is still set", async () => {
    const env = createTestEnv();
    const timer = env.setTimer(() => {}, 1000);

    await assertRejects(() => assertNoLeaks(env), AssertionError, "I7: 1 timer");
    timer[Symbol.dispose]();
    await assertNoLeaks(env);
  });

  it("fails for an abort listener that is still attached", async () => {
    const env = createTestEnv();
    const controller = new AbortController();
    env.onAbort(controller.signal, () => {});

    await assertRejects(() => assertNoLeaks(env), AssertionError, "1 abort listener");
    controller.abort();
    await assertNoLeaks(env);
  });

  it("lets what is under way come to its end", async () => {
    const env = createTestEnv();
    const timer = env.setTimer(() => {}, 1000);
    env.defer(() => timer[Symbol.dispose]());

    await assertNoLeaks(env);
  });
});
