import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { type CloseResult, Closing } from "../../src/internal/closing.ts";
import { useTestEnv } from "../support/env.ts";

/** A part that is busy until told, and counts how often it is ended. */
class Part {
  idle: boolean;
  ended = 0;

  constructor(idle: boolean) {
    this.idle = idle;
  }

  isIdle(): boolean {
    return this.idle;
  }

  end(): CloseResult {
    this.ended += 1;
    return { completed: 3, left: this.idle ? 0 : 2 };
  }
}

describe("Closing", () => {
  const env = useTestEnv();

  /** What it resolved to by now. */
  async function outcome(closing: Closing): Promise<CloseResult | "open"> {
    await env.settle();
    return await Promise.race([closing.result, Promise.resolve("open" as const)]);
  }

  it("ends an idle part, but not within the turn that closes it", async () => {
    const part = new Part(true);
    const closing = new Closing(part, env, undefined);

    assertEquals(part.ended, 0);
    assertEquals(await outcome(closing), { completed: 3, left: 0 });
    assertEquals(part.ended, 1);
  });

  it("waits for a busy part until it says that it is idle", async () => {
    const part = new Part(false);
    const closing = new Closing(part, env, undefined);
    closing.check();
    assertEquals(await outcome(closing), "open");

    part.idle = true;
    assertEquals(await outcome(closing), "open");
    closing.check();
    assertEquals(await outcome(closing), { completed: 3, left: 0 });
    closing.check();
    assertEquals(part.ended, 1);
  });

  it("gives up after 30 s and no sooner, without a signal", async () => {
    const part = new Part(false);
    const closing = new Closing(part, env, undefined);
    await env.advance(29_999);
    assertEquals(await outcome(closing), "open");

    await env.advance(1);
    assertEquals(await outcome(closing), { completed: 3, left: 2 });
    assertEquals(part.ended, 1);
  });

  it("gives up when the signal says so, and has no limit of its own then", async () => {
    const controller = new AbortController();
    const part = new Part(false);
    const closing = new Closing(part, env, controller.signal);
    await env.advance(60_000);
    assertEquals(await outcome(closing), "open");

    controller.abort();
    assertEquals(part.ended, 0);
    assertEquals(await outcome(closing), { completed: 3, left: 2 });
  });

  it("gives up at once for an aborted signal, and ends once", async () => {
    const part = new Part(true);
    const closing = new Closing(part, env, AbortSignal.abort());

    assertEquals(part.ended, 0);
    assertEquals(await outcome(closing), { completed: 3, left: 0 });
    closing.check();
    assertEquals(part.ended, 1);
  });

  it("holds neither timer nor abort listener once it is done (I7)", async () => {
    for (const signal of [undefined, new AbortController().signal]) {
      const part = new Part(false);
      const closing = new Closing(part, env, signal);
      await env.settle();
      const { timers, abortListeners } = env.pending;
      assertEquals(timers + abortListeners, 1);

      part.idle = true;
      closing.check();
      assertEquals(env.pending, { timers: 0, abortListeners: 0 });
    }
  });

  it("resolves to what the owner answers, whatever that is", async () => {
    const left = ["task"];
    const closing = new Closing<string[]>(
      { isIdle: () => true, end: () => ({ completed: 0, left }) },
      env,
      undefined,
    );

    assertStrictEquals((await closing.result).left, left);
  });

  it("refuses a signal that is none", () => {
    assertThrows(
      () => new Closing(new Part(true), env, {} as AbortSignal),
      TypeError,
      'Cannot use an object as "signal": it must be an AbortSignal',
    );
  });
});
