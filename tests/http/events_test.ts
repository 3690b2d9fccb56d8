import { Bus } from "@nova/events/bus";
import { Emitter } from "@nova/events/emitter";
import { anyone, type Inspector, inspector, type InspectorOptions } from "@nova/events/http";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";

/** One message of a stream. */
interface Message {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
  readonly comment?: string;
}

function parse(text: string): Message[] {
  return text.split("\n\n").filter((block) => block !== "" && !block.startsWith("retry:"))
    .map((block) => {
      if (block.startsWith(":")) return { comment: block.slice(1).trim() };
      return Object.fromEntries(
        block.split("\n").map((line) => /^(id|event|data): ([^\n\r]*)$/.exec(line)!.slice(1, 3)),
      );
    });
}

describe("/events", () => {
  const env = useTestEnv();

  /** A viewer that reads what is there. */
  async function watch(inspect: Inspector, query = "", lastId?: string) {
    const headers: Record<string, string> = lastId === undefined ? {} : { "last-event-id": lastId };
    const response = await inspect(new Request(`http://localhost/events${query}`, { headers }));
    const reader = response.body!.getReader();
    const decoder = new TextDecoder();
    let chunk: Promise<ReadableStreamReadResult<Uint8Array>> | undefined;
    return {
      response,
      async read(): Promise<Message[]> {
        await env.advance(100);
        let text = "";
        while (true) {
          chunk ??= reader.read();
          const next = await Promise.race([chunk, later()]);
          if (next === undefined || next.done) return parse(text);
          text += decoder.decode(next.value);
          chunk = undefined;
        }
      },
      leave: () => reader.cancel(),
    };
  }

  function later(): Promise<undefined> {
    return new Promise((resolve) => setTimeout(() => resolve(undefined), 1));
  }

  function open(parts: Parameters<typeof inspector>[0], options: InspectorOptions = {}): Inspector {
    return inspector(parts, { authorize: anyone(), env, ...options });
  }

  function shown(messages: Message[]): unknown[] {
    return messages.filter(({ data }) => data !== undefined).map(({ data }) => JSON.parse(data!));
  }

  it("shows what is emitted and published, without its data", async () => {
    const emitter = new Emitter({ name: "shop", env });
    const bus = new Bus({ name: "main", env });
    const orders = bus.topic("orders");
    const inspect = open({ emitter, bus });
    const viewer = await watch(inspect);
    await emitter.emit("a", { secret: 1 }, { metadata: { tenant: "secret" } });
    await orders.publish({ type: "b", data: { secret: 1 } });
    await env.settle();
    const messages = await viewer.read();

    assertEquals(viewer.response.headers.get("content-type"), "text/event-stream; charset=utf-8");
    assertEquals(
      shown(messages).map((each) => [
        (each as { component: string }).component,
        (each as { type: string }).type,
      ]),
      [["emitter/shop", "a"], ["bus/main/orders", "b"]],
    );
    assert(!JSON.stringify(messages).includes("secret"));
    inspect[Symbol.dispose]();
    await bus.close();
  });

  it("shows data and metadata where showData allows it, and says what it cannot show", async () => {
    const emitter = new Emitter({ name: "e", env });
    const inspect = open({ emitter }, { showData: true });
    const viewer = await watch(inspect);
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    for (const data of [{ total: 1 }, 1n, circle, "x".repeat(100_000), undefined]) {
      await emitter.emit("a", data, { metadata: { tenant: "t" } });
    }
    const [plain, big, round, long, nothing] = shown(await viewer.read()) as {
      data?: unknown;
      metadata: unknown;
    }[];
    assertEquals([plain!.data, plain!.metadata], [{ total: 1 }, { tenant: "t" }]);
    assertEquals([big!.data, round!.data], Array(2).fill("(cannot be shown as JSON)"));
    assertMatch(String(long!.data), /^"x{100,}… \(100002 characters\)$/);
    assertEquals(nothing!.data, undefined);
    inspect[Symbol.dispose]();
  });

  it("lets no event end its message", async () => {
    const emitter = new Emitter({ name: "e\n\ndata: forged", env });
    const inspect = open({ emitter }, { showData: true });
    const viewer = await watch(inspect);
    await emitter.emit("a\n\nevent: forged", "\r\n\r\ndata: forged\u2028");
    const messages = await viewer.read();
    assertEquals(messages.length, 1);
    assertEquals(messages[0]!.event, undefined);
    inspect[Symbol.dispose]();
  });

  it("filters by type and component, and refuses what is no pattern", async () => {
    const emitters = ["one", "two"].map((name) => new Emitter({ name, env }));
    const inspect = open({ emitter: emitters });
    const viewers = await Promise.all(
      [
        "?type=order.*&type=x",
        "?component=emitter/two",
        "?component=emitter",
        "?component=emitter/t",
      ]
        .map((query) => watch(inspect, query)),
    );
    for (const emitter of emitters) {
      for (const type of ["order.placed", "x", "y"]) await emitter.emit(type, 1);
    }
    const counts = [];
    for (const viewer of viewers) counts.push((await viewer.read()).length);
    assertEquals(counts, [4, 3, 6, 0]);

    const refused = await inspect(new Request("http://localhost/events?type=a*"));
    assertEquals(refused.status, 400);
    assertMatch(await refused.text(), /pattern/);
    inspect[Symbol.dispose]();
  });

  it("listens to nothing before somebody watches, and half a minute after", async () => {
    const emitter = new Emitter({ env });
    const inspect = open({ emitter });
    assertEquals(emitter.listenerCount(), 0);
    const head = await inspect(new Request("http://localhost/events", { method: "HEAD" }));
    assertEquals([head.status, emitter.listenerCount()], [200, 0]);

    const viewer = await watch(inspect);
    assertEquals(emitter.listenerCount(), 1);
    await viewer.leave();
    await env.advance(25_000);
    assertEquals(emitter.listenerCount(), 1);
    await env.advance(6_000);
    assertEquals(emitter.listenerCount(), 0);
  });

  it("goes on behind Last-Event-ID, and says what is missing", async () => {
    const emitter = new Emitter({ env });
    const inspect = open({ emitter });
    const first = await watch(inspect);
    for (let i = 0; i < 3; i++) await emitter.emit(`t${i}`, i);
    const ids = (await first.read()).map(({ id }) => id!);
    await first.leave();
    await emitter.emit("meanwhile", 1);

    const again = await watch(inspect, "", ids[0]!);
    const types = shown(await again.read()).map((each) => (each as { type: string }).type);
    assertEquals(types, ["t1", "t2", "meanwhile"]);

    for (const id of ["nonsense", "other.1", `${ids[0]}.5`, "x".repeat(10_000), "a\tb"]) {
      const lost = await watch(inspect, "", id);
      assertEquals(await lost.read(), [{ event: "gap", data: '{"missed":null}' }], id);
      await lost.leave();
    }
    inspect[Symbol.dispose]();
  });

  it("keeps a bounded past", async () => {
    const emitter = new Emitter({ env });
    const inspect = open({ emitter });
    const first = await watch(inspect);
    await emitter.emit("t", 0);
    const [{ id }] = await first.read() as [{ id: string }];
    await first.leave();
    // A watcher of nothing keeps it listening.
    const other = await watch(inspect, "?type=none");
    for (let second = 0; second < 5; second++) {
      for (let i = 0; i < 500; i++) await emitter.emit("t", i);
      await env.advance(1000);
    }
    const late = await watch(inspect, "", id);
    const [gap, ...rest] = await late.read();
    assertEquals(gap!.event, "gap");
    assert((JSON.parse(gap!.data!) as { missed: number }).missed > 1000);
    assert(rest.length >= 512 && rest.length <= 1024, String(rest.length));
    await other.leave();
    inspect[Symbol.dispose]();
  });

  it("does not let a slow viewer grow, or hold back anyone", async () => {
    const emitter = new Emitter({ env });
    const inspect = open({ emitter });
    const slow = await watch(inspect);
    const fast = await watch(inspect);
    let seen = 0;
    for (let i = 0; i < 400; i++) {
      await emitter.emit("t", i);
      // As many writes as there are rounds, fewer than a second's worth of time.
      if (i % 8 === 7) seen += (await fast.read()).length;
    }
    assertEquals(seen, 400);
    const messages = (await slow.read()).filter(({ event }) => event !== "gap");
    assert(messages.length <= 32 * 8, String(messages.length));
    await emitter.emit("t", "next");
    const [gap, next] = await slow.read();
    assertEquals(JSON.parse(gap!.data!), { missed: 400 - messages.length });
    assertEquals(JSON.parse(next!.data!).type, "t");
    inspect[Symbol.dispose]();
  });

  it("writes to a viewer ten times a second at most, whatever happens", async () => {
    const emitter = new Emitter({ env });
    const inspect = open({ emitter });
    const { body } = await inspect(new Request("http://localhost/events"));
    const reader = body!.getReader();
    await reader.read();
    for (let i = 0; i < 50; i++) await emitter.emit("t", i);
    await env.advance(100);
    const { value } = await reader.read();
    assertEquals(parse(new TextDecoder().decode(value)).length, 50);
    await reader.cancel();
    inspect[Symbol.dispose]();
  });

  it("shows 500 events a second, and counts the others", async () => {
    const emitter = new Emitter({ env });
    const inspect = open({ emitter });
    const viewer = await watch(inspect);
    let shownNow = 0;
    for (let i = 0; i < 600; i++) {
      await emitter.emit("t", i);
      if (i % 100 === 99) shownNow += (await viewer.read()).length;
    }
    assertEquals(shownNow, 500);
    await env.advance(1000);
    assertEquals(await viewer.read(), [{ event: "gap", data: '{"missed":100}' }]);
    inspect[Symbol.dispose]();
  });

  it("says something when nothing happens", async () => {
    const inspect = open({ emitter: new Emitter({ env }) });
    const viewer = await watch(inspect);
    await env.advance(4_800);
    assertEquals(await viewer.read(), []);
    await env.advance(100);
    assertEquals(await viewer.read(), [{ comment: "still here" }]);
    inspect[Symbol.dispose]();
  });

  it("finds topics that are declared while it listens", async () => {
    const bus = new Bus({ name: "b", env });
    const inspect = open({ bus });
    const viewer = await watch(inspect);
    const late = bus.topic("late");
    await env.advance(1000);
    await late.publish({ type: "a", data: 1 });
    await env.settle();
    assertEquals(shown(await viewer.read()).length, 1);
    inspect[Symbol.dispose]();
    assertEquals(late.stats().subscriptions, []);
    await bus.close();
  });

  it("has room for so many viewers", async () => {
    const inspect = open({}, { events: { maxViewers: 2 } });
    const viewers = [await watch(inspect), await watch(inspect)];
    const third = await inspect(new Request("http://localhost/events"));
    assertEquals(third.status, 503);
    await viewers[0]!.leave();
    assertEquals((await watch(inspect)).response.status, 200);
    inspect[Symbol.dispose]();
    assertEquals(await viewers[1]!.read(), []);
    const late = await inspect(new Request("http://localhost/events"));
    assertEquals([late.status, env.pending.timers], [503, 0]);
  });

  it("survives parts that close, and those that cannot be listened to", async () => {
    const emitter = new Emitter({ env });
    const inspect = open({ emitter: [emitter, { stats: () => ({}) }], bus: { stats: () => ({}) } });
    await emitter.close();
    const viewer = await watch(inspect);
    await env.advance(3000);
    assertEquals(await viewer.read(), []);
    inspect[Symbol.dispose]();
  });

  it("refuses options that make no sense", () => {
    assertThrows(() => inspector({}, { events: { maxViewers: 0 } }), RangeError);
    assertThrows(() => inspector({}, { showData: 1 as never }), TypeError, "showData");
    assertThrows(() => inspector({}, { events: 1 as never }), TypeError);
  });
});
