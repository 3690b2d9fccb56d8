// What listeners do to the emitter that is calling them.
import { createEvent } from "@nova/events";
import { Emitter, type Subscription } from "@nova/events/emitter";
import { assert, assertEquals, assertFalse } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { type Any, assertConserved } from "./kit.ts";

/** The figures of each listener by id. */
function runs(emitter: Emitter<Any>): Record<string, number> {
  return Object.fromEntries(emitter.stats().listeners.map(({ id, runs }) => [id, runs]));
}

/** One listener, a few, more than are written out in a dispatcher of its own, and such a channel. */
const PLACES = [
  { others: 0, warm: 0 },
  { others: 2, warm: 0 },
  { others: 12, warm: 0 },
  { others: 2, warm: 600 },
  { others: 12, warm: 600 },
] as const;

for (const { others, warm } of PLACES) {
  describe(`a listener beside ${others} others, after ${warm} events,`, () => {
    const env = useTestEnv();

    /** An emitter with `listener` in the midst of others; each writes down that it was called. */
    async function around(
      listener: (
        emitter: Emitter<Any>,
        log: string[],
        subscription: Subscription,
      ) => void | Promise<void>,
    ): Promise<{ emitter: Emitter<Any>; log: string[]; before: string[]; after: string[] }> {
      const emitter = new Emitter<Any>({ env });
      const log: string[] = [];
      const before: string[] = [];
      const after: string[] = [];
      let armed = false;
      const other = (id: string): void =>
        void emitter.on("a", () => void (armed && log.push(id)), { id });
      for (let i = 0; i < others / 2; i++) before.push(`before ${i}`);
      for (let i = 0; i < others / 2; i++) after.push(`after ${i}`);
      before.forEach(other);
      emitter.on("a", (_event, { subscription }) => {
        if (!armed) return;
        log.push("it");
        return listener(emitter, log, subscription);
      }, { id: "it" });
      after.forEach(other);
      for (let i = 0; i < warm; i++) await emitter.emit("a", i);
      armed = true;
      return { emitter, log, before, after };
    }

    it("may subscribe another: that one gets the next event, not this one", async () => {
      let subscribed = false;
      const { emitter, log, before, after } = await around((emitter, log) => {
        if (subscribed) return;
        subscribed = true;
        emitter.on("a", () => void log.push("new"), { id: "new" });
      });
      await emitter.emit("a", 1);
      assertEquals(log, [...before, "it", ...after]);
      await emitter.emit("a", 2);

      assertEquals(log.slice(others + 1), [...before, "it", ...after, "new"]);
      assertEquals([runs(emitter).new, runs(emitter).it], [1, warm + 2]);
    });

    it("may end itself: it gets no more, the others all", async () => {
      const { emitter, log, before, after } = await around((_emitter, _log, subscription) => {
        subscription.unsubscribe();
        assertFalse(subscription.active);
      });
      await emitter.emit("a", 1);
      assertEquals(log, [...before, "it", ...after]);
      await emitter.emit("a", 2);

      assertEquals(log.slice(others + 1), [...before, ...after]);
      assertEquals([emitter.listenerCount(), emitter.stats().unheard], [
        others,
        others > 0 ? 0 : 1,
      ]);
    });

    it("may end one behind it, which this event no longer reaches", async () => {
      const victims: Subscription[] = [];
      const { emitter, log, before, after } = await around(() => victims[0]!.unsubscribe());
      victims.push(emitter.on("a", () => void log.push("victim")));
      await emitter.emit("a", 1);
      assertEquals(log, [...before, "it", ...after]);
      await emitter.emit("a", 2);

      assertEquals(log.slice(others + 1), [...before, "it", ...after]);
      assertEquals([victims[0]!.active, runs(emitter).it], [false, warm + 2]);
    });

    it("may end one before it, and the same event is not told twice", async () => {
      const emitter = new Emitter<Any>({ env });
      const log: string[] = [];
      const first = emitter.on("a", () => void log.push("first"));
      for (let i = 0; i < others; i++) emitter.on("a", () => {});
      emitter.on("a", () => {
        first.unsubscribe();
        log.push("it");
      });
      for (let i = 0; i < others; i++) emitter.on("a", () => void log.push("other"));
      await emitter.emit("a", 1);
      await emitter.emit("a", 2);

      const round = ["it", ...Array(others).fill("other")];
      assertEquals(log, ["first", ...round, ...round]);
    });

    it("may end all, and what was counted stays true", async () => {
      const subscriptions: Subscription[] = [];
      const { emitter, log, before } = await around(() => {
        for (const one of subscriptions) one.unsubscribe();
      });
      for (let i = 0; i < 3; i++) subscriptions.push(emitter.on("a", () => void log.push("never")));
      await emitter.emit("a", 1);

      assertEquals(log.slice(0, before.length + 1), [...before, "it"]);
      assertFalse(log.includes("never"));
      assertEquals([emitter.stats().emitted, emitter.stats().succeeded], [warm + 1, warm + 1]);
    });

    it("may emit the same event: every listener is called for each", async () => {
      let depth = 0;
      const { emitter, log, before, after } = await around((emitter) => {
        depth += 1;
        if (depth < 3) void emitter.emit("a", depth);
      });
      await emitter.emit("a", 1);

      // The innermost is done first.
      const open = [...before, "it"];
      assertEquals(log, [...open, ...open, ...open, ...after, ...after, ...after]);
      assertEquals(runs(emitter).it, warm + 3);
      assertConserved(emitter);
    });

    it("may emit another one, whose listener ends this one", async () => {
      const { emitter, log, before, after } = await around((emitter) => {
        void emitter.emit("b", 1);
      });
      const victim = emitter.on("a", () => void log.push("victim"));
      emitter.on("b", () => victim.unsubscribe());
      await emitter.emit("a", 1);

      assertEquals(log, [...before, "it", ...after]);
    });

    it("may enqueue: that is delivered in a turn of its own, also from within a drain", async () => {
      let left = 3;
      const { emitter, log, before, after } = await around((emitter, log) => {
        if (left-- > 0) assert(emitter.tryEnqueue("a", left));
        log.push("end of it");
      });
      emitter.tryEnqueue("a", 1);
      await env.settle();

      const round = [...before, "it", "end of it", ...after];
      assertEquals(log, [...round, ...round, ...round, ...round]);
      assertConserved(emitter);
    });

    it("may fail after it emitted, and the inner event is not counted as failed", async () => {
      let depth = 0;
      const { emitter, log } = await around(async (emitter) => {
        depth += 1;
        if (depth > 1) return;
        await emitter.emit("a", 2);
        throw new Error("no");
      });
      const failed = await emitter.emit("a", 1).then(() => false, () => true);

      assertEquals([failed, emitter.stats().failed, emitter.stats().succeeded], [
        true,
        1,
        warm + 1,
      ]);
      assertEquals(log.length, 2 * (others + 1));
      assertConserved(emitter);
    });

    it("may close: the others still get this event, and no other one", async () => {
      let closed: Promise<unknown> | undefined;
      const { emitter, log, before, after } = await around((emitter) => {
        closed = emitter.close();
      });
      await emitter.emit("a", 1);
      await closed;
      const reason = await emitter.emit(createEvent("a", 2)).then(
        () => "delivered",
        () => "closed",
      );

      assertEquals([log, reason], [[...before, "it", ...after], "closed"]);
      assertConserved(emitter);
    });

    it("reads true figures while it runs", async () => {
      let seen: unknown;
      const { emitter } = await around((emitter) => {
        assertConserved(emitter);
        seen = emitter.stats().emitted;
      });
      await emitter.emit("a", 1);

      assertEquals(seen, warm + 1);
    });
  });
}

describe("a signal that aborts within a listener", () => {
  const env = useTestEnv();

  it("ends what it belongs to, before this event reaches it", async () => {
    const emitter = new Emitter<Any>({ env });
    const controller = new AbortController();
    const log: string[] = [];
    emitter.on("a", () => {
      log.push("first");
      controller.abort();
    });
    emitter.on("a", () => void log.push("second"), { signal: controller.signal, id: "second" });
    const next = emitter.once("a", { signal: controller.signal }).catch((reason) => reason.name);
    emitter.on("a", () => void log.push("third"));
    await emitter.emit("a", 1);

    assertEquals([log, await next], [["first", "third"], "AbortError"]);
    assertEquals(env.pending.abortListeners, 0);
  });
});

describe("listeners of many types", () => {
  const env = useTestEnv();

  it("may come and go for ever new types: nothing is mixed up", async () => {
    const emitter = new Emitter<Any>({ env });
    const log: string[] = [];
    let kept = 0;
    emitter.on("kept", () => void (kept += 1), { id: "kept" });
    await emitter.emit("kept", 1);
    for (let i = 0; i < 5000; i++) {
      const type = `type-${i}`;
      const subscription = emitter.on(type, (event) => void log.push(event.type));
      await emitter.emit(type, i);
      subscription.unsubscribe();
      await emitter.emit(type, i);
    }

    assertEquals(log, Array.from({ length: 5000 }, (_, i) => `type-${i}`));
    const { emitted, succeeded, unheard, activeListeners, listeners } = emitter.stats();
    await emitter.emit("kept", 2);
    assertEquals([kept, runs(emitter)], [2, { kept: 2 }]);
    assertEquals({ emitted, succeeded, unheard }, {
      emitted: 10001,
      succeeded: 10001,
      unheard: 5000,
    });
    assertEquals([activeListeners, listeners.length], [1, 1]);
  });
});
