import { assert, assertEquals, assertFalse } from "@std/assert";
import { describe, it } from "node:test";
import { Pacer } from "../../src/queue/pacer.ts";
import { useTestEnv } from "../support/env.ts";

describe("Pacer", () => {
  const env = useTestEnv();

  it("runs at the end of this turn, without a macrotask", async () => {
    let runs = 0;
    const pacer = new Pacer(env, 10, () => runs++);
    pacer.schedule();
    assertEquals([runs, pacer.scheduled], [0, true]);
    await undefined;

    assertEquals([runs, pacer.scheduled], [1, false]);
  });

  it("runs once however often it is scheduled", async () => {
    let runs = 0;
    const pacer = new Pacer(env, 10, () => runs++);
    for (let i = 0; i < 5; i++) pacer.schedule();
    await env.settle();

    assertEquals(runs, 1);
  });

  it("does not run unless it is scheduled", async () => {
    let runs = 0;
    new Pacer(env, 10, () => runs++).spend(100);
    await env.settle();

    assertEquals(runs, 0);
  });

  it("counts work against the burst, and runs behind a macrotask once that is used up", async () => {
    const lefts: number[] = [];
    const pacer = new Pacer(env, 10, () => lefts.push(pacer.left));
    assertEquals(pacer.left, 10);
    pacer.spend(9);
    pacer.schedule();
    await undefined;
    assertEquals(lefts, [1]);

    pacer.spend(1);
    pacer.schedule();
    for (let i = 0; i < 50; i++) await undefined;
    assertEquals([lefts, pacer.scheduled], [[1], true]);
    await env.settle();
    assertEquals([lefts, pacer.scheduled], [[1, 10], false]);
  });

  it("may be scheduled from its own run", async () => {
    let runs = 0;
    const pacer = new Pacer(env, 2, () => {
      runs += 1;
      pacer.spend(1);
      if (runs < 7) pacer.schedule();
    });
    pacer.schedule();
    for (let i = 0; i < 20; i++) await undefined;
    // The burst allows two, then the loop is owed a break.
    assertEquals(runs, 2);
    await env.settle();

    assertEquals(runs, 7);
  });

  it("is ready again after a run that threw", async () => {
    let runs = 0;
    const pacer = new Pacer(env, 1, () => {
      runs += 1;
      if (runs === 1) throw new Error("no");
    });
    pacer.spend(1);
    pacer.schedule();
    const failed = await env.settle().then(() => false, () => true);

    assert(failed);
    assertFalse(pacer.scheduled);
    pacer.schedule();
    await env.settle();
    assertEquals(runs, 2);
  });
});
