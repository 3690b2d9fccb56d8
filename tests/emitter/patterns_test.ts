import { createEvent, ListenerError, ValidationError } from "@nova/events";
import { Emitter } from "@nova/events/emitter";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "node:test";
import { Engine } from "../../src/emitter/engine.ts";
import { useTestEnv } from "../support/env.ts";
import { type Any, assertConserved, counts, reasonOf } from "./kit.ts";

describe("Emitter.on() with a pattern", () => {
  const env = useTestEnv();

  /** An emitter, and what its listeners were called with: `name:type`. */
  function world(): { emitter: Emitter<Any>; log: string[]; on: (name: string) => () => void } {
    const emitter = new Emitter<Any>({ env });
    const log: string[] = [];
    const on = (name: string): () => void => {
      const subscription = emitter.on(name, ({ type }) => void log.push(`${name}:${type}`));
      return () => subscription.unsubscribe();
    };
    return { emitter, log, on };
  }

  it("gets every event whose type matches", async () => {
    const { emitter, log, on } = world();
    for (const name of ["order.*", "order.**", "*", "**"]) on(name);
    for (const type of ["order.placed", "order.item.added", "order"]) await emitter.emit(type, 1);

    assertEquals(log, [
      "order.*:order.placed",
      "order.**:order.placed",
      "**:order.placed",
      "order.**:order.item.added",
      "**:order.item.added",
      "*:order",
      "**:order",
    ]);
    assertConserved(emitter);
  });

  it("starts listeners by type and by pattern in the order they subscribed", async () => {
    const { emitter, log, on } = world();
    on("*");
    on("a");
    on("**");
    await emitter.emit("a", 1);
    on("a");
    on("*");
    log.length = 0;
    await emitter.emit("a", 1);

    assertEquals(log, ["*:a", "a:a", "**:a", "a:a", "*:a"]);
  });

  it("sees direct, queued and made events, and those of types that came before it", async () => {
    const { emitter, log, on } = world();
    await emitter.emit("x.early", 1);
    on("x.*");
    await emitter.emit("x.early", 1);
    await emitter.emit(createEvent("x.made", 1));
    await emitter.emit(createEvent("x.made", 2));
    emitter.tryEnqueue("x.queued", 1);
    await env.settle();

    assertEquals(log, ["x.*:x.early", "x.*:x.made", "x.*:x.made", "x.*:x.queued"]);
    assertEquals(emitter.stats().unheard, 1);
  });

  it("ends everywhere at once, by unsubscribing, once or a signal (I7)", async () => {
    const { emitter, log, on } = world();
    const controller = new AbortController();
    const end = on("**");
    emitter.on("**", ({ type }) => void log.push(`once:${type}`), { once: true });
    emitter.on("**", ({ type }) => void log.push(`signal:${type}`), { signal: controller.signal });
    for (const type of ["a", "b"]) await emitter.emit(type, 1);
    end();
    controller.abort();
    for (const type of ["a", "b", "c"]) await emitter.emit(type, 1);

    assertEquals(log, ["**:a", "once:a", "signal:a", "**:b", "signal:b"]);
    assertEquals([emitter.listenerCount(), env.pending.abortListeners], [0, 0]);
    assertEquals(emitter.stats().unheard, 3);
    assertConserved(emitter);
  });

  it("counts as one subscription, and reaches listenerCount(type)", async () => {
    const { emitter, on } = world();
    on("order.*");
    on("order.placed");
    const count = (): number[] =>
      ["order.placed", "order.new", "other"].map((type) => emitter.listenerCount(type));
    assertEquals([emitter.listenerCount(), ...count()], [2, 2, 1, 0]);
    for (const type of ["order.placed", "order.new", "other"]) await emitter.emit(type, 1);

    assertEquals([emitter.listenerCount(), ...count()], [2, 2, 1, 0]);
    assertEquals(emitter.stats().activeListeners, 2);
  });

  it("has figures and a label of its own, over all types", async () => {
    const { emitter } = world();
    const { id } = emitter.on("x.*", () => {
      throw new Error("no");
    });
    emitter.on("**", function audit() {});
    for (const type of ["x.a", "x.b", "x.a"]) {
      const reason = await reasonOf(emitter.emit(type, 1));
      assertInstanceOf(reason, ListenerError);
      assertEquals(reason.subscription, id);
    }

    assertEquals(emitter.stats().listeners, [
      { id: "x.*#1", type: "x.*", runs: 3, runFailures: 3, inFlight: 0 },
      { id: "audit", type: "**", runs: 3, runFailures: 0, inFlight: 0 },
    ]);
  });

  it("gives its listener one subscription as context, whatever the type", async () => {
    const { emitter } = world();
    const seen: unknown[] = [];
    const subscription = emitter.on(
      "**",
      (_event, context) => void seen.push(context.subscription),
    );
    await emitter.emit("a", 1);
    await emitter.emit("b", 1);

    for (const one of seen) assertStrictEquals(one, subscription);
    assertEquals(seen.length, 2);
  });

  it("refuses what is no pattern, and subscribes nothing", () => {
    const { emitter } = world();
    for (const bad of ["a*", "**.a", "a.**.b", "***", "*."]) {
      assertThrows(() => emitter.on(bad, () => {}), SyntaxError, "pattern");
    }
    assertEquals(emitter.listenerCount(), 0);
  });

  it("is refused as the type of an event, however it is emitted", async () => {
    const { emitter, log, on } = world();
    on("order.*");
    for (const type of ["order.*", "*", "**", "a*"]) {
      await assertRejects(() => emitter.emit(type, 1), ValidationError, "patterns");
      await assertRejects(() => emitter.emit({ type, data: 1 }), ValidationError, "patterns");
      await assertRejects(() => emitter.enqueue(type, 1), ValidationError, "patterns");
      assertThrows(() => emitter.tryEnqueue(type, 1), ValidationError, "patterns");
      assertThrows(() => createEvent(type, 1), ValidationError, "patterns");
      const [result] = await emitter.emitBatch([{ type, data: 1 }]);
      assertEquals(result!.status, "rejected");
    }
    assertEquals([log, counts(emitter).emitted], [[], 0]);
  });

  it("may come and go from inside a listener: the next event knows", async () => {
    const { emitter, log, on } = world();
    let end = (): void => {};
    emitter.on("a", () => {
      end();
      end = on("*");
    });
    for (let i = 0; i < 3; i++) await emitter.emit("a", i);
    end();

    assertEquals(log, ["*:a", "*:a"].slice(0, log.length));
    assertEquals(emitter.listenerCount(), 1);
    assertConserved(emitter);
  });

  it("does not grow with the types it has seen, and keeps its figures", async () => {
    const engine = new Engine({ env });
    let runs = 0;
    engine.subscribe("**", () => void runs++, { id: "all" });
    engine.subscribe("kept", () => {});
    for (let i = 0; i < 10_000; i++) await engine.emit(`type.${i}`, i, undefined);
    await engine.emit("type.0", 1, undefined);

    assert(engine.table.channels.size < 3000, `${engine.table.channels.size} channels`);
    assertEquals(Object.keys(engine.table.index).length, engine.table.channels.size);
    assertEquals(runs, 10_001);
    assertEquals(engine.stats().listeners[1], {
      id: "all",
      type: "**",
      runs: 10_001,
      runFailures: 0,
      inFlight: 0,
    });
    assertEquals(engine.stats().succeeded, 10_001);
    assert(engine.table.channels.has("kept"));
  });

  it("counts a made event whose channel was forgotten since the last one of its type", async () => {
    const { emitter } = world();
    const made = createEvent("x", 1);
    let seen = 0;
    emitter.on("start", () => {});
    emitter.on("**", ({ type }) => {
      if (type === "x") seen += 1;
    });
    await emitter.emit(made);
    await emitter.emit(made);
    // Foreign events take the long way, so nothing else was emitted the short way meanwhile.
    for (let i = 0; i < 5000; i++) await emitter.emit(`t.${i}`, 1);
    await emitter.emit(made);
    const { emitted, succeeded, listeners } = emitter.stats();
    assertEquals([seen, emitted, succeeded, listeners[1]?.runs], [3, 5003, 5003, 5003]);
    emitter.on("x", () => {
      seen += 10;
    });
    await emitter.emit(made);
    assertEquals(seen, 14);
    assertConserved(emitter);
  });

  it("delivers nothing after its end in a channel that was forgotten meanwhile (I6)", async () => {
    const { emitter, log } = world();
    const ended: string[] = [];
    emitter.on("start", () => {});
    emitter.on("**", ({ type }) => {
      if (type !== "x") return;
      // So many types that the channel of this event is forgotten while it is on its way.
      for (let i = 0; i < 5000; i++) void emitter.emit(`t.${i}`, 1);
      last.unsubscribe();
      log.push("first");
    });
    const last = emitter.on("**", ({ type }) => {
      if (!last.active) ended.push(type);
    });
    await emitter.emit("x", 1);

    assertEquals([log, ended], [["first"], []]);
    assertConserved(emitter);
  });
});
