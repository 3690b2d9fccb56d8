import { Bus, Emitter, ListenerManager, MemoryStore, supervise, WorkerPool } from "@nova/events";
import { Advisor, type AdvisorOptions } from "@nova/events/tuning";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";

const EVENT = { type: "a", data: 1 };

describe("Advisor", () => {
  const env = useTestEnv();

  /** The rules that have something to say, with the parts they say it about. */
  function told(advisor: Advisor): string[] {
    return advisor.findings().map(({ rule, part }) => `${rule}: ${part}`);
  }

  it("finds a live emitter in trouble, and finds it well again", async () => {
    const emitter = new Emitter({ name: "orders", bufferSize: 10, overflow: "reject", env });
    emitter.on("a", () => {});
    const advisor = new Advisor({ emitter: { name: "orders", stats: () => emitter.stats() } }, {
      everyMs: 1000,
      windowMs: 5000,
      env,
    });
    advisor.start();
    const all = await Promise.allSettled(
      Array.from({ length: 12 }, () => emitter.enqueue("a", 1)),
    );
    assertEquals(all.filter(({ status }) => status === "rejected").length, 2);
    await env.advance(1000);
    assertEquals(told(advisor), []);
    emitter.on("a", () => new Promise(() => {}));
    for (let i = 0; i < 19; i++) emitter.tryEnqueue("a", 1);

    assertEquals(told(advisor), ['queue-backup: emitter "orders"']);
    advisor.stop();
  });

  it("finds a live bus in trouble", async () => {
    const bus = new Bus({ name: "shop", env });
    const orders = bus.topic("orders", {
      partitions: 4,
      key: () => "one",
      bufferSize: 100,
      overflow: "reject",
      retry: { attempts: 1 },
    });
    orders.subscribe(({ data }) => {
      if (Number(data) % 2 === 0) throw new Error("no");
    }, { id: "flaky" });
    const advisor = new Advisor({ bus }, { env });
    advisor.start();
    for (let i = 0; i < 100; i++) orders.tryPublish({ ...EVENT, data: i });
    for (let i = 0; i < 3; i++) assertEquals(orders.tryPublish(EVENT), false);
    await env.settle();

    assertEquals(told(advisor), [
      'buffer-full: topic "orders"',
      'failure-rate: subscription "flaky" of topic "orders"',
      'hot-partition: topic "orders"',
      'dead-letters: topic "orders.dlq"',
      'key-skew: topic "orders"',
    ]);
    advisor.stop();
    await bus.close();
  });

  it("takes listeners, alone or managed, stores and pools, one or several", async () => {
    const failing = (): void => {
      throw new Error("no");
    };
    const breaker = { kind: "consecutive", failures: 1 } as const;
    const manager = new ListenerManager({ env });
    manager.register("managed", failing, { retry: false, breaker });
    manager.start();
    const alone = supervise(failing, { name: "alone", retry: false, breaker, env });
    await manager.dispatch("managed", EVENT).catch(() => {});
    const emitter = new Emitter({ env, onError: () => "handled" });
    emitter.on("a", alone);
    await emitter.emit(EVENT);
    const store = new MemoryStore({ env });
    await store.append("s", [EVENT]);
    const pools = [new WorkerPool({ env, queueSize: 1, workers: 1 }), new WorkerPool({ env })];
    const stuck = (): Promise<never> => new Promise(() => {});
    pools[0]!.trySubmit(stuck);
    pools[0]!.trySubmit(stuck);

    assertEquals(told(new Advisor({ listeners: [manager, alone], store, pool: pools }, { env })), [
      'queue-backup: pool "pool"',
      'circuit-open: listener "managed"',
      'circuit-open: listener "alone"',
      'no-retention: store "store"',
    ]);
    await manager.stop();
  });

  it("tells parts of one name apart", () => {
    const full = { stats: () => new Emitter({ bufferSize: 1 }).stats() };
    const stats = () => ({ ...full.stats(), queued: 1 });
    const advisor = new Advisor({ emitter: [{ stats }, { stats }, { name: "x", stats }] }, { env });

    assertEquals(told(advisor), [
      'queue-backup: emitter "emitter"',
      'queue-backup: emitter "emitter#2"',
      'queue-backup: emitter "x"',
    ]);
  });

  it("has a timer only while it runs, and looks at every interval", async () => {
    const advisor = new Advisor({ emitter: new Emitter() }, { everyMs: 10, windowMs: 100, env });
    assertEquals([env.pending.timers, advisor.samples.length], [0, 0]);
    advisor.start();
    advisor.start();
    assertEquals([advisor.running, env.pending.timers], [true, 1]);
    await env.advance(50);
    assertEquals(advisor.samples.length, 6);
    advisor.stop();
    assertEquals([advisor.running, env.pending.timers], [false, 0]);
    await env.advance(50);
    assertEquals(advisor.samples.length, 6);
    advisor.start();
    advisor[Symbol.dispose]();
    assertEquals([advisor.running, env.pending.timers], [false, 0]);
  });

  it("remembers its window and no more", async () => {
    const advisor = new Advisor({}, { everyMs: 10, windowMs: 100, env });
    advisor.start();
    await env.advance(1000);
    const { samples } = advisor;
    advisor.stop();

    assertEquals(samples.length, 11);
    assertEquals(samples.at(-1)!.at - samples[0]!.at, 100);
  });

  it("does not fill its memory when it is asked often", async () => {
    const advisor = new Advisor({}, { everyMs: 10, windowMs: 100, env });
    for (let i = 0; i < 150; i++) {
      advisor.findings();
      await env.advance(1);
    }

    assert(advisor.samples.length <= 22, String(advisor.samples.length));
    assert(advisor.samples.at(-1)!.at - advisor.samples[0]!.at >= 100);
  });

  it("notices that its own timer comes late, and reads the heap if it is told how", async () => {
    const late = Object.create(env, {
      monotonic: { value: () => (clock += 200) },
    });
    let clock = 0;
    const advisor = new Advisor({}, { everyMs: 10, windowMs: 30, heapBytes: () => 42, env: late });
    advisor.start();
    await env.advance(100);
    advisor.stop();

    assertEquals(advisor.findings()[0]?.rule, "cpu-saturation");
    assertEquals(advisor.samples[0]?.runtime?.heapBytes, 42);
  });

  it("reports a part that throws while it runs, and goes on", async () => {
    let broken = false;
    const stats = () => {
      if (broken) throw new Error("broken");
      return new Emitter().stats();
    };
    const advisor = new Advisor({ emitter: { stats } }, { everyMs: 10, windowMs: 100, env });
    advisor.start();
    broken = true;
    await env.advance(10);
    assertEquals(env.reported.splice(0).map(String), ["Error: broken"]);
    broken = false;
    await env.advance(10);
    advisor.stop();

    assertEquals(advisor.samples.map(({ emitter }) => Object.keys(emitter ?? {}).length), [
      1,
      0,
      1,
    ]);
  });

  it("passes its thresholds on", () => {
    const emitter = { stats: () => ({ ...new Emitter().stats(), queued: 500 }) };

    assertEquals(told(new Advisor({ emitter }, { env })), []);
    assertEquals(told(new Advisor({ emitter }, { queueShare: 0.4, env })).length, 1);
  });

  it("refuses nonsense", () => {
    for (const parts of [null, undefined, 5, { emitter: null }, { bus: {} }, { pool: [7] }]) {
      assertThrows(() => new Advisor(parts as never), TypeError, "Cannot advise on");
    }
    assertThrows(() => new Advisor({ buses: [] } as never), TypeError, '"buses"');
    const bad: AdvisorOptions[] = [
      { everyMs: 0 },
      { everyMs: NaN },
      { everyMs: Infinity },
      { windowMs: 1 },
      { windowMs: Infinity },
      { everyMs: 1, windowMs: 1001 },
      { queueShare: 2 },
      { cores: 1.5 },
    ];
    for (const options of bad) {
      assertThrows(() => new Advisor({}, options), RangeError);
    }
    assertThrows(() => new Advisor({}, { heapBytes: 5 as never }), TypeError, "heapBytes");
    assertThrows(() => new Advisor({}, null as never), TypeError, "options");
  });

  it("makes nothing happen when it is made", () => {
    const silent = new Proxy(env, {
      get: (_target, key) => {
        throw new Error(`${String(key)} is asked for`);
      },
    });
    const stats = () => {
      throw new Error("stats are asked for");
    };

    assertEquals(new Advisor({ pool: { stats } }, { env: silent }).running, false);
  });
});
