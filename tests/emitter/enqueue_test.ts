import { BufferFullError, createEvent } from "@nova/events";
import { type Emitted, Emitter, type EmitterOptions } from "@nova/events/emitter";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertLess,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { type Any, assertConserved, counts, isOpen, ORDER, type Orders, reasonOf } from "./kit.ts";

describe("Emitter.enqueue()", () => {
  const env = useTestEnv();

  it("accepts now and delivers after this turn, in the order of acceptance", async () => {
    const emitter = new Emitter<Any>({ env });
    const log: unknown[] = [];
    emitter.on("a", ({ data }) => void log.push(data));
    const accepted = [emitter.enqueue("a", 1), emitter.enqueue("a", 2)];
    assert(emitter.tryEnqueue("a", 3));
    assertEquals([log, emitter.stats().queued], [[], 3]);

    assertEquals(await Promise.all(accepted), [true, true]);
    await env.settle();
    assertEquals([log, emitter.stats().queued], [[1, 2, 3], 0]);
  });

  it("takes a made event as it is, another object as a frozen copy, and type and data", async () => {
    const emitter = new Emitter<Orders>({ env });
    const seen: Emitted[] = [];
    emitter.on("order.placed", (event) => void seen.push(event));
    const event = createEvent("order.placed", ORDER);
    const given = { type: "order.placed", data: ORDER } as const;
    assert(await emitter.enqueue(event));
    assert(await emitter.enqueue(given, {}));
    assert(await emitter.enqueue("order.placed", ORDER, { metadata: { trace: "1" } }));
    assert(emitter.tryEnqueue(event));
    assert(emitter.tryEnqueue(given));
    assert(emitter.tryEnqueue("order.placed", ORDER, { metadata: { trace: "2" } }));
    await env.settle();

    assertStrictEquals<Emitted>(seen[0]!, event);
    assert(Object.isFrozen(seen[1]));
    assertStrictEquals<Emitted>(seen[3]!, event);
    assert(Object.isFrozen(seen[4]));
    assertEquals([seen[2]!.metadata?.trace, seen[5]!.metadata?.trace], ["1", "2"]);
  });

  it("delivers what was enqueued while it drains, also from a listener", async () => {
    const emitter = new Emitter<Any>({ env });
    const log: unknown[] = [];
    emitter.on("a", ({ data }) => {
      log.push(data);
      if ((data as number) < 1000) emitter.tryEnqueue("a", (data as number) + 1);
    });
    emitter.tryEnqueue("a", 1);
    await env.settle();

    assertEquals([log.length, log.at(-1)], [1000, 1000]);
    assertConserved(emitter);
  });

  it("does not deliver to a listener that went before its turn (I6)", async () => {
    const emitter = new Emitter<Any>({ env });
    let calls = 0;
    const subscription = emitter.on("a", () => void (calls += 1));
    emitter.tryEnqueue("a", 1);
    subscription.unsubscribe();
    await env.settle();

    assertEquals([calls, emitter.stats().unheard, emitter.stats().succeeded], [0, 1, 1]);
  });

  it("holds no timer while events are on their way", async () => {
    const emitter = new Emitter<Any>({ env });
    emitter.on("a", async () => {
      await undefined;
    });
    for (let i = 0; i < 1000; i++) emitter.tryEnqueue("a", i);
    assertEquals(env.pending, { timers: 0, abortListeners: 0 });
    await env.settle();

    assertEquals(emitter.stats().succeeded, 1000);
  });
});

describe("Emitter maxConcurrency", () => {
  const env = useTestEnv();

  /** Enqueues events whose listener hangs until told; answers how many ran at most at once. */
  async function mostAtOnce(options: EmitterOptions, events: number): Promise<number> {
    const emitter = new Emitter<Any>({ env, ...options });
    const open: (() => void)[] = [];
    let most = 0;
    emitter.on("a", () => new Promise<void>((resolve) => open.push(resolve)));
    for (let i = 0; i < events; i++) assert(emitter.tryEnqueue("a", i));
    for (let done = 0; done < events;) {
      await env.settle();
      most = Math.max(most, open.length);
      assertEquals(emitter.stats().inFlight, open.length);
      open.shift()!();
      done += 1;
    }
    await env.settle();
    assertEquals(emitter.stats().succeeded, events);
    return most;
  }

  it("bounds how many events are in flight", async () => {
    assertEquals(await mostAtOnce({ maxConcurrency: 3 }, 10), 3);
    assertEquals(await mostAtOnce({ maxConcurrency: 1 }, 4), 1);
  });

  it("is 10 unless told otherwise", async () => {
    assertEquals(await mostAtOnce({}, 25), 10);
  });

  it("holds also when listeners enqueue", async () => {
    for (const maxConcurrency of [1, 2, 3]) {
      const emitter = new Emitter<Any>({ env, maxConcurrency });
      let running = 0;
      let most = 0;
      emitter.on("a", async ({ data }) => {
        running += 1;
        most = Math.max(most, running);
        if ((data as number) < 4) {
          for (let i = 0; i < 2; i++) emitter.tryEnqueue("a", (data as number) + 1);
        }
        for (let i = 0; i < 5; i++) await undefined;
        if (data === 2) emitter.tryEnqueue("a", 4);
        running -= 1;
      });
      for (let i = 0; i < 3; i++) emitter.tryEnqueue("a", 1);
      await env.settle();

      assertEquals([most, running], [maxConcurrency, 0]);
      assertEquals(counts(emitter).succeeded, 3 * (1 + 2 + 4 + 8) + 6);
    }
  });

  it("counts an event once, however many listeners it has", async () => {
    const emitter = new Emitter<Any>({ env, maxConcurrency: 2 });
    const open: (() => void)[] = [];
    for (let i = 0; i < 3; i++) {
      emitter.on("a", () => new Promise<void>((resolve) => open.push(resolve)));
    }
    for (let i = 0; i < 4; i++) emitter.tryEnqueue("a", i);
    await env.settle();
    assertEquals([open.length, emitter.stats().inFlight], [6, 2]);
    for (const resolve of open.splice(0)) resolve();
    await env.settle();

    assertEquals([open.length, emitter.stats().inFlight], [6, 2]);
    for (const resolve of open) resolve();
    await env.settle();
    assertEquals(counts(emitter).succeeded, 4);
  });

  it("does not bound direct emits, nor do these take its slots", async () => {
    const emitter = new Emitter<Any>({ env, maxConcurrency: 1 });
    const gate = Promise.withResolvers<void>();
    let started = 0;
    emitter.on("a", () => {
      started += 1;
      return gate.promise;
    });
    const direct = [emitter.emit("a", 1), emitter.emit("a", 2)];
    emitter.tryEnqueue("a", 3);
    emitter.tryEnqueue("a", 4);
    await env.settle();
    assertEquals([started, emitter.stats().inFlight, emitter.stats().queued], [3, 3, 1]);
    gate.resolve();
    await Promise.all(direct);
    await env.settle();

    assertEquals(started, 4);
  });

  it("frees the slot of a listener that failed", async () => {
    const emitter = new Emitter<Any>({ env, maxConcurrency: 1 });
    emitter.on("a", async () => {
      await undefined;
      throw new Error("no");
    });
    for (let i = 0; i < 5; i++) emitter.tryEnqueue("a", i);
    await env.settle();

    assertEquals([emitter.stats().failed, env.reported.length], [5, 5]);
  });
});

describe("Emitter bufferSize", () => {
  const env = useTestEnv();

  for (const bufferSize of [1, 3, 16, 17]) {
    it(`of ${bufferSize} lets exactly so many wait, besides those in flight (I4)`, async () => {
      const emitter = new Emitter<Any>({ env, bufferSize, maxConcurrency: 1 });
      const gate = Promise.withResolvers<void>();
      emitter.on("a", () => gate.promise);
      assert(emitter.tryEnqueue("a", "in flight"));
      await env.settle();
      for (let i = 0; i < bufferSize; i++) assert(emitter.tryEnqueue("a", i));
      assertFalse(emitter.tryEnqueue("a", "too many"));
      assertEquals(counts(emitter).queued, bufferSize);
      gate.resolve();
      await env.settle();

      assertEquals(counts(emitter).succeeded, bufferSize + 1);
    });
  }

  it("is 1000 unless told otherwise", async () => {
    const emitter = new Emitter<Any>({ env });
    let accepted = 0;
    while (emitter.tryEnqueue("a", accepted)) accepted += 1;
    assertEquals(accepted, 1000);
    await env.settle();
  });
});

describe("Emitter overflow", () => {
  const env = useTestEnv();

  /** An emitter whose buffer of two is full of "1" and "2". */
  async function full(
    options: EmitterOptions,
  ): Promise<{ emitter: Emitter<Any>; log: unknown[]; open(): Promise<void> }> {
    const emitter = new Emitter<Any>({
      env,
      name: "orders",
      bufferSize: 2,
      maxConcurrency: 1,
      ...options,
    });
    const gate = Promise.withResolvers<void>();
    const log: unknown[] = [];
    emitter.on("a", ({ data }) => {
      log.push(data);
      return gate.promise;
    });
    emitter.tryEnqueue("a", "0");
    await env.settle();
    assertEquals([emitter.tryEnqueue("a", "1"), emitter.tryEnqueue("a", "2")], [true, true]);
    return {
      emitter,
      log,
      open: () => {
        gate.resolve();
        return env.settle();
      },
    };
  }

  it('"wait" is the default: the producer waits for room, in order, and loses nothing', async () => {
    const { emitter, log, open } = await full({});
    const waiting = ["3", "4", "5"].map((data) => emitter.enqueue("a", data));
    assert(await isOpen(waiting[0]!));
    assertEquals([emitter.stats().waiting, emitter.stats().emitted], [3, 3]);
    assertConserved(emitter);
    await open();

    assertEquals(await Promise.all(waiting), [true, true, true]);
    assertEquals(log, ["0", "1", "2", "3", "4", "5"]);
    assertEquals([emitter.stats().waiting, emitter.stats().dropped], [0, 0]);
    assertConserved(emitter);
  });

  it('"wait" lets nobody overtake a producer that waits', async () => {
    const { emitter, log, open } = await full({});
    const tried: boolean[] = [];
    let last: Promise<boolean> | undefined;
    emitter.on("a", ({ data }) => {
      if (data !== "1") return;
      tried.push(emitter.tryEnqueue("a", "overtaker"));
      tried.push(emitter.tryEnqueue(createEvent("a", "overtaker")));
      last = emitter.enqueue(createEvent("a", "4"));
    });
    const waiting = emitter.enqueue("a", "3");
    await open();

    await waiting;
    // There is a free slot while "1" is delivered, but it belongs to "3".
    assertEquals([log, tried], [["0", "1", "2", "3", "4"], [false, false]]);
    assert(await last);
    // Nobody waits any more.
    assert(emitter.tryEnqueue(createEvent("a", "5")));
    await env.settle();
    assertEquals(log.at(-1), "5");
    assertConserved(emitter);
  });

  it('"wait" ends after waitMs with an error that says so, and nothing enters', async () => {
    const { emitter, log, open } = await full({ waitMs: 250 });
    const reason = reasonOf(emitter.enqueue("a", "3"));
    await env.advance(249);
    assertEquals(emitter.stats().waiting, 1);
    await env.advance(1);

    const error = await reason;
    assertInstanceOf(error, BufferFullError);
    assertEquals([error.capacity, error.retryable], [2, true]);
    assertEquals(
      error.message,
      'Cannot add an event to emitter "orders" as its buffer of 2 stayed full for 250 ms',
    );
    await open();
    assertEquals([log, emitter.stats().emitted], [["0", "1", "2"], 3]);
  });

  it("waitMs is 30 s unless told otherwise", async () => {
    const { emitter, open } = await full({});
    const waiting = emitter.enqueue("a", "3");
    waiting.catch(() => {});
    await env.advance(29_999);
    assert(await isOpen(waiting));
    await env.advance(1);

    await assertRejects(() => waiting, BufferFullError, "30000 ms");
    await open();
  });

  it("waitMs may be 0 or for ever", async () => {
    const never = await full({ waitMs: 0 });
    const refused = reasonOf(never.emitter.enqueue("a", "3"));
    await env.advance(0);
    assertInstanceOf(await refused, BufferFullError);
    await never.open();

    const forever = await full({ waitMs: Infinity });
    const waiting = forever.emitter.enqueue("a", "3");
    await env.advance(2 ** 40);
    assert(await isOpen(waiting));
    assertEquals(env.pending.timers, 0);
    await forever.open();
    assert(await waiting);
  });

  it('"wait" ends with the reason of the signal; others go on waiting', async () => {
    const { emitter, log, open } = await full({});
    const controller = new AbortController();
    const reason = reasonOf(emitter.enqueue("a", "3", { signal: controller.signal }));
    const other = emitter.enqueue(createEvent("a", "4"), { signal: controller.signal });
    const otherReason = reasonOf(other);
    const stays = emitter.enqueue("a", "5");
    controller.abort("stop");

    assertEquals([await reason, await otherReason], ["stop", "stop"]);
    assertEquals([emitter.stats().waiting, env.pending.abortListeners], [1, 0]);
    await open();
    assert(await stays);
    assertEquals(log, ["0", "1", "2", "5"]);
  });

  it("a signal that aborts after acceptance changes nothing (E14)", async () => {
    const { emitter, log, open } = await full({});
    const controller = new AbortController();
    const waiting = emitter.enqueue("a", "3", { signal: controller.signal });
    await open();
    controller.abort("stop");

    assertEquals([await waiting, log.at(-1)], [true, "3"]);
  });

  it("a signal that becomes another one on the second look loses nobody", async () => {
    const { emitter, log, open } = await full({});
    const before = emitter.enqueue("a", "3");
    let looks = 0;
    const options = {
      get signal(): AbortSignal {
        return looks++ === 0 ? new AbortController().signal : AbortSignal.abort("lie");
      },
    };
    const liar = emitter.enqueue("a", "liar", options).catch(() => {});
    const after = emitter.enqueue("a", "4");
    await open();
    await liar;

    assertEquals([await before, await after], [true, true]);
    assertEquals(log.filter((data) => data !== "liar"), ["0", "1", "2", "3", "4"]);
  });

  it('"reject" rejects at once, and counts nothing as lost', async () => {
    const { emitter, log, open } = await full({ overflow: "reject" });
    const error = await reasonOf(emitter.enqueue("a", "3"));
    assertInstanceOf(error, BufferFullError);
    assertEquals(
      error.message,
      'Cannot add an event to emitter "orders" as its buffer of 2 is full',
    );
    assertFalse(emitter.tryEnqueue("a", "3"));
    assertEquals([emitter.stats().emitted, emitter.stats().dropped], [3, 0]);
    await open();

    assertEquals(log, ["0", "1", "2"]);
    assertConserved(emitter);
  });

  it('"drop-newest" drops the new event, says so and counts it', async () => {
    const { emitter, log, open } = await full({ overflow: "drop-newest" });
    assertEquals(await emitter.enqueue("a", "3"), false);
    assertFalse(emitter.tryEnqueue("a", "4"));
    assertEquals([emitter.stats().emitted, emitter.stats().dropped], [5, 2]);
    assertConserved(emitter);
    await open();

    assertEquals(log, ["0", "1", "2"]);
    assertConserved(emitter);
  });

  it('"drop-oldest" drops the oldest that waits, counts it, and takes the new one', async () => {
    const { emitter, log, open } = await full({ overflow: "drop-oldest" });
    assertEquals(await emitter.enqueue("a", "3"), true);
    assert(emitter.tryEnqueue("a", "4"));
    assertEquals([emitter.stats().emitted, emitter.stats().dropped], [5, 2]);
    assertConserved(emitter);
    await open();

    assertEquals(log, ["0", "3", "4"]);
    assertConserved(emitter);
  });

  it("is not asked while there is room", async () => {
    for (const overflow of ["wait", "reject", "drop-newest", "drop-oldest"] as const) {
      const emitter = new Emitter<Any>({ env, overflow, bufferSize: 2 });
      assertEquals([await emitter.enqueue("a", 1), emitter.tryEnqueue("a", 2)], [true, true]);
      await env.settle();
      assertEquals(emitter.stats().dropped, 0);
    }
  });
});

describe("Emitter fairness", () => {
  it("lets a timer of 1 ms run beside 200,000 enqueued events", async () => {
    const EVENTS = 200_000;
    const emitter = new Emitter<Any>({ bufferSize: EVENTS });
    let delivered = 0;
    emitter.on("a", () => void (delivered += 1));
    const event = createEvent("a", 1);
    const deliveredByThen = new Promise<number>((resolve) => {
      setTimeout(() => resolve(delivered), 1);
    });
    for (let i = 0; i < EVENTS; i++) assert(emitter.tryEnqueue(event));

    assertLess(await deliveredByThen, EVENTS / 2);
    await emitter.close();
    assertEquals(delivered, EVENTS);
  });

  it("lets a timer run beside asynchronous listeners that settle at once", async () => {
    const EVENTS = 50_000;
    const emitter = new Emitter<Any>({ bufferSize: EVENTS });
    let delivered = 0;
    emitter.on("a", async () => {
      await undefined;
      delivered += 1;
    });
    const event = createEvent("a", 1);
    const deliveredByThen = new Promise<number>((resolve) => {
      setTimeout(() => resolve(delivered), 1);
    });
    for (let i = 0; i < EVENTS; i++) assert(emitter.tryEnqueue(event));

    assertLess(await deliveredByThen, EVENTS);
    await emitter.close();
    assertEquals(delivered, EVENTS);
  });
});
