import { createTestEnv } from "@nova/events/testing";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "node:test";
import { WaitingLine } from "../../src/queue/waiting_line.ts";
import { useTestEnv } from "../support/env.ts";

const LATE = new Error("waited in vain");

describe("WaitingLine", () => {
  const env = useTestEnv();

  const line = (waitMs = 100): WaitingLine<string, string> =>
    new WaitingLine<string, string>(env, waitMs, () => LATE);

  /** Joins and writes down what comes of it. */
  function join(
    line: WaitingLine<string, string>,
    log: string[],
    item: string,
    signal?: AbortSignal,
  ): void {
    line.join(item, signal).then(
      (admission) => log.push(admission),
      (reason) => log.push(`${item}: ${reason instanceof Error ? reason.message : reason}`),
    );
  }

  it("admits in the order of arrival, for as long as there is an answer", async () => {
    const waiting = line();
    const log: string[] = [];
    for (const item of ["a", "b", "c", "d"]) join(waiting, log, item);
    assertEquals(waiting.length, 4);

    let room = 2;
    waiting.admit((item) => room-- > 0 ? `${item} in` : undefined);
    await env.settle();
    assertEquals([log, waiting.length], [["a in", "b in"], 2]);

    waiting.admit((item) => `${item} in`);
    await env.settle();
    assertEquals([log, waiting.length], [["a in", "b in", "c in", "d in"], 0]);
    assertEquals(waiting.refused, 0);
  });

  it("takes any answer but undefined for an admission", async () => {
    const waiting = new WaitingLine<string, number | boolean | null>(env, 100, () => LATE);
    const joined = ["a", "b", "c"].map((item) => waiting.join(item));
    const answers = [0, false, null];
    waiting.admit(() => answers.shift());

    assertEquals(await Promise.all(joined), [0, false, null]);
  });

  it("does nothing when nobody waits", () => {
    const waiting = line();
    waiting.admit(() => {
      throw new Error("nobody to ask for");
    });
    waiting.refuseAll(new Error("x"));

    assertEquals([waiting.length, waiting.refused], [0, 0]);
  });

  it("lets each wait for waitMs, no more and no less, behind one timer", async () => {
    const waiting = line(100);
    const log: string[] = [];
    join(waiting, log, "a");
    await env.advance(60);
    join(waiting, log, "b");
    join(waiting, log, "c");
    assertEquals(env.pending.timers, 1);

    await env.advance(39);
    assertEquals(log, []);
    await env.advance(1);
    assertEquals(log, ["a: waited in vain"]);
    assertEquals([waiting.length, waiting.refused, env.pending.timers], [2, 1, 1]);
    await env.advance(59);
    assertEquals(log.length, 1);
    await env.advance(1);
    assertEquals(log, ["a: waited in vain", "b: waited in vain", "c: waited in vain"]);
    assertEquals([waiting.length, waiting.refused], [0, 3]);
  });

  it("waits for ever if that is what waitMs says, and holds no timer", async () => {
    const waiting = line(Infinity);
    const log: string[] = [];
    join(waiting, log, "a");
    assertEquals(env.pending.timers, 0);
    await env.advance(2 ** 40);
    assertEquals(log, []);

    waiting.admit((item) => item);
    await env.settle();
    assertEquals(log, ["a"]);
  });

  it("does not wait at all with 0", async () => {
    const waiting = line(0);
    const log: string[] = [];
    join(waiting, log, "a");
    await env.advance(0);

    assertEquals(log, ["a: waited in vain"]);
  });

  it("holds neither timer nor abort listener once everybody has left (I7)", async () => {
    const controller = new AbortController();
    const leave: ((line: WaitingLine<string, string>) => unknown)[] = [
      (line) => line.admit((item) => item),
      (line) => line.refuseAll(new Error("x")),
      () => controller.abort("stop"),
      () => env.advance(100),
    ];
    for (const way of leave) {
      const waiting = line();
      join(waiting, [], "a", controller.signal);
      assertEquals(env.pending, { timers: 1, abortListeners: 1 });
      await way(waiting);
      await env.settle();
      assertEquals(env.pending, { timers: 0, abortListeners: 0 }, `${way}`);
      if (controller.signal.aborted) break;
    }
  });

  it("lets a signal end the waiting with its reason, and of one producer only", async () => {
    const waiting = line();
    const log: string[] = [];
    const controller = new AbortController();
    join(waiting, log, "a");
    join(waiting, log, "b", controller.signal);
    join(waiting, log, "c");
    controller.abort("stop");
    await env.settle();
    assertEquals([log, waiting.length, waiting.refused], [["b: stop"], 2, 1]);

    waiting.admit((item) => item);
    await env.settle();
    assertEquals(log, ["b: stop", "a", "c"]);
  });

  it("refuses with the reason untouched", async () => {
    const waiting = line();
    const reason = { odd: true };
    const refused = waiting.join("a", AbortSignal.abort(reason)).catch((error) => error);

    assertStrictEquals(await refused, reason);
    assertEquals([waiting.length, waiting.refused], [0, 1]);
  });

  it("loses nobody when someone arrives with an aborted signal", async () => {
    const waiting = line();
    const log: string[] = [];
    join(waiting, log, "a");
    join(waiting, log, "b", AbortSignal.abort("stop"));
    join(waiting, log, "c");
    assertEquals([waiting.length, waiting.refused, env.pending.timers], [2, 1, 1]);

    waiting.admit((item) => item);
    await env.settle();
    assertEquals(log, ["b: stop", "a", "c"]);
  });

  it("ignores a signal that aborts after admission", async () => {
    const waiting = line();
    const log: string[] = [];
    const controller = new AbortController();
    join(waiting, log, "a", controller.signal);
    waiting.admit((item) => item);
    controller.abort("stop");
    await env.settle();

    assertEquals([log, waiting.length, waiting.refused], [["a"], 0, 0]);
  });

  it("refuses everyone in line", async () => {
    const waiting = line();
    const log: string[] = [];
    for (const item of ["a", "b", "c"]) join(waiting, log, item);
    waiting.refuseAll(new Error("closed"));
    await env.settle();

    assertEquals(log, ["a: closed", "b: closed", "c: closed"]);
    assertEquals([waiting.length, waiting.refused], [0, 3]);
  });

  it("takes new producers while it refuses all, and does not refuse those", async () => {
    const waiting = line();
    const log: string[] = [];
    waiting.join("a").catch(() => join(waiting, log, "again"));
    waiting.refuseAll(new Error("closed"));
    await env.settle();
    assertEquals([log, waiting.length], [[], 1]);

    waiting.admit((item) => item);
    await env.settle();
    assertEquals(log, ["again"]);
  });

  it("times out thousands in one go", async () => {
    const waiting = line(10);
    const log: string[] = [];
    for (let i = 0; i < 5000; i++) join(waiting, log, `${i}`);
    // A long line whose beginning has left.
    let room = 3000;
    waiting.admit((item) => room-- > 0 ? item : undefined);
    await env.advance(10);

    assertEquals([log.length, waiting.length, waiting.refused], [5000, 0, 2000]);
    assertEquals(log.at(-1), "4999: waited in vain");
  });

  it("keeps the order when most of those behind one who waits have left", async () => {
    const waiting = line();
    const log: string[] = [];
    const expected: string[] = [];
    const controller = new AbortController();
    for (let i = 0; i < 2500; i++) {
      const stays = i === 0 || i % 497 === 0;
      if (stays) expected.push(`${i}`);
      if (stays) join(waiting, log, `${i}`);
      else waiting.join(`${i}`, controller.signal).catch(() => {});
    }
    controller.abort();
    assertEquals([waiting.length, waiting.refused], [expected.length, 2500 - expected.length]);
    join(waiting, log, "last");
    waiting.admit((item) => item);
    await env.settle();

    assertEquals(log, [...expected, "last"]);
  });

  for (const seed of [7, 8, 9]) {
    it(`does what a plain list does, in any order of calls (seed ${seed})`, async () => {
      const { random } = createTestEnv({ seed });
      const waiting = line(50);
      const log: string[] = [];
      const expected: string[] = [];
      let model: { item: string; deadline: number; controller: AbortController }[] = [];
      let refused = 0;
      for (let step = 0; step < 300; step++) {
        const dice = random();
        if (dice < 0.55) {
          const controller = new AbortController();
          join(waiting, log, `${step}`, controller.signal);
          model.push({ item: `${step}`, deadline: env.monotonic() + 50, controller });
        } else if (dice < 0.7) {
          let room = Math.floor(random() * 4);
          expected.push(...model.splice(0, room).map(({ item }) => item));
          waiting.admit((item) => room-- > 0 ? item : undefined);
        } else if (dice < 0.9 && model.length > 0) {
          const [gone] = model.splice(Math.floor(random() * model.length), 1);
          gone!.controller.abort("stop");
          expected.push(`${gone!.item}: stop`);
          refused += 1;
        } else if (dice < 0.99) {
          await env.advance(Math.floor(random() * 20));
          const late = model.filter(({ deadline }) => deadline <= env.monotonic());
          expected.push(...late.map(({ item }) => `${item}: ${LATE.message}`));
          refused += late.length;
          model = model.filter(({ deadline }) => deadline > env.monotonic());
        } else {
          waiting.refuseAll(new Error("closed"));
          expected.push(...model.map(({ item }) => `${item}: closed`));
          refused += model.length;
          model = [];
        }
        await undefined;
        await undefined;
        assertEquals([waiting.length, waiting.refused], [model.length, refused]);
        assertEquals(env.pending.abortListeners, model.length);
        assertEquals(env.pending.timers > 0, model.length > 0);
      }
      await env.settle();
      assertEquals(log, expected);
      waiting.refuseAll(new Error("over"));
    });
  }
});
