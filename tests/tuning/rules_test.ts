// Each rule fires where it should, with figures and code, and stays silent right beside it.
import type { Finding } from "@nova/events/tuning";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "node:test";
import { asked, emitter, listener, over, pool, store, subscription, topic } from "./figures.ts";

/** Fails unless the finding is there and says this. */
function assertSays(finding: Finding | undefined, says: Partial<Finding>): void {
  assert(finding !== undefined, "the rule is silent");
  for (const [key, value] of Object.entries(says)) {
    if (key === "severity" || key === "symptom") assertEquals(finding[key], value);
    else assertStringIncludes(String(finding[key as keyof Finding]), String(value));
  }
}

describe("Under load: high latency, queue backup", () => {
  it("is told from 80 % of a buffer on, as the guide has it", () => {
    assertSays(asked("queue-backup", over.emitter(emitter({ queued: 801 }))), {
      severity: "warning",
      part: 'emitter "a"',
      symptom: "High latency",
      evidence: "801 of 1,000 places are taken (80 %)",
      cause: "Queue backup",
      remedy: "Increase workers or buffer",
      config: "new Emitter({ bufferSize: 2_000 })",
    });
    assertEquals(asked("queue-backup", over.emitter(emitter({ queued: 800 }))), undefined);
    const at = { cores: 4, queueShare: 0.5 };
    assertSays(asked("queue-backup", over.emitter(emitter({ queued: 501 })), at), {});
  });

  it("is critical when the buffer is full", () => {
    assertSays(asked("queue-backup", over.emitter(emitter({ queued: 1000 }))), {
      severity: "critical",
    });
  });

  it("asks for more slots by Little's law when all are busy", () => {
    const at = (emitted: number, succeeded: number, queued: number) =>
      emitter({ emitted, succeeded, queued, inFlight: 10 });
    // 10 in flight and 100/s done: 100 ms each. 190/s come: 19 at once.
    assertSays(asked("queue-backup", over.emitter(at(0, 0, 0), at(1_900, 1_000, 900))), {
      evidence: "190/s come, 100/s are done",
      remedy: "all 10 slots are busy",
      config: "new Emitter({ maxConcurrency: 19 })",
    });
  });

  it("asks for a thread pool when handlers keep the loop instead of their slots", () => {
    const finding = asked(
      "queue-backup",
      over.emitter(emitter(), emitter({ emitted: 1900, succeeded: 1000, queued: 900 })),
    );
    assertSays(finding, { remedy: "ThreadPool" });
    assertEquals(finding?.config, undefined);
  });

  it("looks at the fullest partition of a topic", () => {
    const partitions = [{ accepted: 0, queued: 0 }, { accepted: 90, queued: 90 }];
    const full = topic({ bufferSize: 100, queued: 90, partitions });
    assertSays(asked("queue-backup", over.topic(full)), {
      part: 'topic "orders"',
      evidence: "90 of 100 places",
      config: 'bus.topic("orders", { bufferSize: 200 })',
    });
    const spread = partitions.map(() => ({ accepted: 45, queued: 45 }));
    assertEquals(
      asked("queue-backup", over.topic(topic({ bufferSize: 100, queued: 90, partitions: spread }))),
      undefined,
    );
  });

  it("shares the slots of a topic among its partitions", () => {
    const at = (accepted: number, succeeded: number) =>
      topic({
        accepted,
        partitions: [{ accepted: 0, queued: 900 }, { accepted: 0, queued: 0 }],
        subscriptions: [subscription({ succeeded, inFlight: 2, slots: 2, queued: 900 })],
      });
    // 2 in flight and 100/s done: 20 ms each. 300/s come: 6 at once, 3 in each partition.
    assertSays(asked("queue-backup", over.topic(at(0, 0), at(3000, 1000))), {
      config: 'bus.topic("orders", { maxConcurrency: 3 })',
    });
  });

  it("is about listeners and pools too", () => {
    assertSays(asked("queue-backup", over.listener(listener({ queued: 900 }))), {
      part: 'listener "mail"',
      config: 'supervise(listener, { name: "mail", bufferSize: 2_000 })',
    });
    assertSays(asked("queue-backup", over.pool(pool({ queued: 900, running: 4 }))), {
      part: 'pool "a"',
      config: 'new WorkerPool({ name: "a", workers: 8 })',
    });
  });

  it("asks for no more threads than there are cores", () => {
    const busy = pool({ queued: 900, running: 4, workers: 4, threads: 4 });
    assertSays(asked("queue-backup", over.pool(busy), { cores: 8 }), {
      config: 'new ThreadPool(makeWorker, { name: "a", workers: 8 })',
    });
    const finding = asked("queue-backup", over.pool(busy), { cores: 4 });
    assertSays(finding, { remedy: "Every core has its thread" });
    assertEquals(finding?.config, undefined);
  });
});

describe("Under load: buffer full errors", () => {
  it("are told when events found no room within the window", () => {
    assertSays(asked("buffer-full", over.emitter(emitter(), emitter({ dropped: 30 }))), {
      severity: "critical",
      symptom: "Buffer full errors",
      evidence: "30 events found no room; there are 1,000 places",
      cause: "Burst too large",
      remedy: "Increase the buffer, or add backpressure",
      config: "new Emitter({ bufferSize: 2_000 })",
    });
    const rarely = over.emitter(emitter({ emitted: 3000, dropped: 30 }));
    assertSays(asked("buffer-full", rarely), { severity: "warning" });
    const old = emitter({ dropped: 30 });
    assertEquals(asked("buffer-full", over.emitter(old, old)), undefined);
  });

  it("are no burst when more is refused than there are places", () => {
    const at = (emitted: number, succeeded: number, dropped: number) =>
      emitter({ emitted, succeeded, dropped, queued: 1000, inFlight: 10 });
    assertSays(asked("buffer-full", over.emitter(at(0, 0, 0), at(3000, 1000, 2000))), {
      cause: "More than a burst",
      remedy: "all 10 slots are busy",
      config: "new Emitter({ maxConcurrency: 30 })",
    });
  });

  it("are about to come when producers wait", () => {
    assertSays(asked("buffer-full", over.pool(pool({ waiting: 2 }))), {
      severity: "warning",
      symptom: "Publishing takes long",
      evidence: "2 producers wait",
    });
    assertEquals(asked("buffer-full", over.pool(pool())), undefined);
  });

  it("are not what an open circuit refuses", () => {
    const [open, closed] = [{ rejected: 9, circuit: "open" }, { rejected: 9 }] as const;
    assertEquals(asked("buffer-full", over.listener(listener(open))), undefined);
    assertSays(asked("buffer-full", over.listener(listener(closed))), { evidence: "9 events" });
    const mended = over.listener(listener(), listener(open), listener(closed));
    assertEquals(asked("buffer-full", mended), undefined);
  });

  it("count what a topic refused and what it dropped", () => {
    assertSays(asked("buffer-full", over.topic(topic({ rejected: 3, dropped: 4 }))), {
      evidence: "7 events",
    });
  });

  it("are foretold by the sizing formulas", () => {
    // 20,000/s at the peak, for 100 ms.
    const burst = over.emitter(emitter(), emitter({ emitted: 200_000 }));
    assertSays(asked("buffer-undersized", burst), {
      severity: "notice",
      evidence: "A burst of 100 ms at 20,000 events/s: 2,000 places, and there are 1,000",
      config: "new Emitter({ bufferSize: 2_000 })",
    });
    const calm = over.emitter(emitter(), emitter({ emitted: 100_000 }));
    assertEquals(asked("buffer-undersized", calm), undefined);
  });

  it("are foretold for topics by rate, partitions and latency", () => {
    const at = (accepted: number, inFlight: number) =>
      topic({
        accepted,
        bufferSize: 100,
        subscriptions: [subscription({ succeeded: accepted, inFlight, slots: 50 })],
      });
    // 50 in flight and 1,000/s done: 50 ms each, times 3.
    assertSays(asked("buffer-undersized", over.topic(at(0, 50), at(10_000, 50))), {
      evidence: "150 places, and there are 100",
      config: 'bus.topic("orders", { bufferSize: 150 })',
    });
    assertEquals(asked("buffer-undersized", over.topic(at(0, 30), at(10_000, 30))), undefined);
  });
});

describe("Under load: lag that grows", () => {
  const growing = (...queued: number[]) =>
    over.emitter(...queued.map((n) => emitter({ queued: n })));

  it("is told while there is time, with how much", () => {
    assertSays(asked("lag-growing", growing(100, 200, 300)), {
      severity: "warning",
      evidence: "100 events waited 20 s ago, 300 wait now: full in 70 s",
    });
  });

  it("is silent about ups and downs, about little, and where the backup speaks", () => {
    assertEquals(asked("lag-growing", growing(100, 300, 299)), undefined);
    assertEquals(asked("lag-growing", growing(100, 120, 149)), undefined);
    assertEquals(asked("lag-growing", growing(700, 800, 900)), undefined);
    assertEquals(asked("lag-growing", growing(100, 300)), undefined);
  });
});

describe("Under load: memory growth, no retention", () => {
  it("is told of a store that keeps everything", () => {
    const grows = over.store(
      store({ events: 100, retained: false }),
      store({ events: 1100, bytes: 5e6, retained: false }),
    );
    assertSays(asked("no-retention", grows), {
      severity: "warning",
      part: 'store "a"',
      symptom: "Memory growth",
      evidence: "1,100 events (5 MB) are kept, 100/s more",
      cause: "No retention",
      remedy: "Configure retention",
      config: "retention: { maxAgeMs: 3_600_000 }",
    });
    assertSays(asked("no-retention", over.store(store({ events: 1, retained: false }))), {
      severity: "notice",
    });
  });

  it("is silent about a store with retention, and about an empty one", () => {
    assertEquals(asked("no-retention", over.store(store(), store({ events: 1e6 }))), undefined);
    assertEquals(asked("no-retention", over.store(store({ retained: false }))), undefined);
  });

  it("is told of a heap whose low points rise", () => {
    const heap = (...mb: number[]) => over.runtime(...mb.map((it) => ({ heapBytes: it * 1e6 })));
    assertSays(asked("memory-growth", heap(50, 90, 60, 120, 80, 140)), {
      evidence: "the heap holds 80 MB at its lowest, up from 50 MB (60 %) within 50 s",
      cause: "Something is kept",
      remedy: "heap profiles",
    });
    assertEquals(asked("memory-growth", heap(50, 90, 60, 120, 52, 140)), undefined);
    assertEquals(asked("memory-growth", heap(50, 60, 70, 80, 90)), undefined);
    assertEquals(asked("memory-growth", over.runtime({}, {}, {}, {}, {}, {})), undefined);
    const kept = heap(50, 90, 60, 120, 80, 140).map((sample) => ({
      ...sample,
      store: { log: store({ retained: false }), b: store() },
    }));
    assertSays(asked("memory-growth", kept), {
      cause: 'No retention: store "log" without retention',
      remedy: "Configure retention",
    });
  });
});

describe("Under load: CPU saturation, too many workers", () => {
  it("is told of more threads than cores", () => {
    assertSays(
      asked("too-many-workers", over.pool(pool({ workers: 9, threads: 9 })), { cores: 8 }),
      {
        symptom: "CPU saturation",
        evidence: "9 workers for 8 cores",
        cause: "Too many workers",
        remedy: "Reduce to match cores",
        config: 'new ThreadPool(makeWorker, { name: "a", workers: 8 })',
      },
    );
    const fit = over.pool(pool({ workers: 8, threads: 8 }));
    assertEquals(asked("too-many-workers", fit, { cores: 8 }), undefined);
  });

  it("is told of many promises only when the event loop is busy", () => {
    const at = (lateMs: number) =>
      over.pool(pool({ workers: 17 })).map((sample) => ({ ...sample, runtime: { lateMs } }));
    assertSays(asked("too-many-workers", at(60)), {
      config: 'new WorkerPool({ name: "a", workers: 4 })',
    });
    assertEquals(asked("too-many-workers", at(1)), undefined);
  });

  it("is told of an event loop that comes late", () => {
    assertSays(asked("cpu-saturation", over.runtime({ lateMs: 90 }, { lateMs: 110 })), {
      severity: "warning",
      evidence: "timers come 100 ms late on average",
      remedy: "ThreadPool",
    });
    assertEquals(asked("cpu-saturation", over.runtime({ lateMs: 0 }, { lateMs: 90 })), undefined);
  });

  it("is told of threads that are lost", () => {
    const lost = (n: number) => pool({ threads: 3, lost: n });
    assertSays(asked("lost-threads", over.pool(lost(1), lost(3))), {
      severity: "critical",
      evidence: "2 threads lost, 3 ready",
    });
    assertEquals(asked("lost-threads", over.pool(lost(3), lost(3))), undefined);
  });
});

describe("Under load: many retries, downstream issues", () => {
  const retried = { offered: 100, succeeded: 100, retries: 40 };

  it("is told of a listener, by the state of its circuit", () => {
    assertSays(asked("many-retries", over.listener(listener(retried))), {
      symptom: "Many retries",
      evidence: "40 retries for 100 events",
      cause: "Downstream issues",
      remedy: "Check circuit breaker config: the circuit stays closed",
      config: 'supervise(listener, { name: "mail", breaker:',
    });
    assertSays(asked("many-retries", over.listener(listener({ ...retried, circuit: undefined }))), {
      remedy: "Check circuit breaker config: there is none",
    });
    const few = { ...retried, retries: 10 };
    assertEquals(asked("many-retries", over.listener(listener(few))), undefined);
  });

  it("is told of an open circuit, and of an isolated one", () => {
    const open = listener({ ...retried, circuit: "open", rejected: 7 });
    assertSays(asked("circuit-open", over.listener(listener(), open)), {
      severity: "critical",
      evidence: "the circuit is open; 7 events refused (7 in all), 40 retries before",
      cause: "Downstream issues",
      remedy: "Check circuit breaker config",
    });
    assertEquals(asked("many-retries", over.listener(listener(), open)), undefined);
    assertSays(asked("circuit-open", over.listener(listener({ circuit: "isolated" }))), {
      cause: "Somebody isolated",
    });
    assertEquals(
      asked("circuit-open", over.listener(listener({ circuit: "half-open" }))),
      undefined,
    );
  });

  it("is told of a subscription without supervision", () => {
    const at = (retries: number) =>
      topic({ subscriptions: [subscription({ succeeded: 100, retries })] });
    assertSays(asked("many-retries", over.topic(at(0), at(21))), {
      part: 'subscription "mail" of topic "orders"',
      config: "topic.subscribe(supervise(listener",
    });
    assertEquals(asked("many-retries", over.topic(at(0), at(9))), undefined);
  });
});

describe("Monitoring: failures", () => {
  it("are too many above 1 %, as the guide has it", () => {
    const at = (failed: number) => emitter({ succeeded: 1000 - failed, failed });
    assertSays(asked("failure-rate", over.emitter(at(11))), {
      severity: "warning",
      symptom: "High failure rate",
      evidence: "11 of 1,000 events failed for good (1.1 %)",
    });
    assertEquals(asked("failure-rate", over.emitter(at(10))), undefined);
    assertSays(asked("failure-rate", over.emitter(at(6)), { failureRate: 0.005 }), {});
    assertSays(asked("failure-rate", over.emitter(at(100))), { severity: "critical" });
  });

  it("are no rate when there were few events, and forgotten when they are old", () => {
    assertEquals(asked("failure-rate", over.emitter(emitter({ failed: 19 }))), undefined);
    const before = emitter({ failed: 50 });
    const now = emitter({ failed: 50, succeeded: 100 });
    assertEquals(asked("failure-rate", over.emitter(before, now)), undefined);
  });

  it("are told of subscriptions, listeners and pools", () => {
    const counts = { succeeded: 90, deadLettered: 10 };
    assertSays(
      asked("failure-rate", over.topic(topic({ subscriptions: [subscription(counts)] }))),
      {
        part: 'subscription "mail" of topic "orders"',
        remedy: '"orders.dlq"',
      },
    );
    assertSays(asked("failure-rate", over.listener(listener(counts))), { part: "listener" });
    assertSays(asked("failure-rate", over.pool(pool({ completed: 90, failed: 10 }))), {
      part: "pool",
    });
  });

  it("that became dead letters wait for somebody", () => {
    const at = (queued: number, accepted = queued) =>
      topic({ name: "orders.dlq", bufferSize: 100, queued, accepted });
    assertSays(asked("dead-letters", over.topic(at(1), at(3))), {
      severity: "warning",
      evidence: "3 dead letters of at most 100, 2 new",
      config: "redrive",
    });
    assertSays(asked("dead-letters", over.topic(at(3), at(3))), { severity: "notice" });
    assertSays(asked("dead-letters", over.topic(at(81))), {
      severity: "critical",
      config: 'bus.topic("orders", { deadLetter: { maxEvents: 200 } })',
    });
    assertEquals(asked("dead-letters", over.topic(at(0, 9))), undefined);
    // They are kept on purpose: their topic is no queue that is backed up.
    assertEquals(asked("queue-backup", over.topic(at(100))), undefined);
  });
});

describe("Load that is not spread", () => {
  const spread = (...accepted: number[]) =>
    topic({ keyed: true, partitions: accepted.map((n) => ({ accepted: n, queued: 0 })) });

  it("has a hot partition", () => {
    assertSays(asked("hot-partition", over.topic(spread(0, 0, 0, 0), spread(60, 20, 10, 10))), {
      evidence: "partition 0 of 4 got 60 % of 100 events; its fair share is 25 %",
      cause: "Hot partition",
    });
    assertSays(asked("hot-partition", over.topic(spread(90, 10))), {});
    const filled = (...queued: number[]) =>
      over.topic(topic({ partitions: queued.map((n) => ({ accepted: 0, queued: n })) }));
    assertSays(asked("hot-partition", filled(0, 1000, 8, 4)), {
      evidence: "partition 1 of 4 has 1,000 of 1,000 places taken, the others 4",
    });
    assertEquals(asked("hot-partition", filled(0, 800, 8, 4)), undefined);
    assertEquals(asked("hot-partition", filled(300, 1000, 8, 4)), undefined);
    assertEquals(asked("hot-partition", filled(1000)), undefined);
    assertEquals(asked("hot-partition", over.topic(spread(40, 20, 20, 20))), undefined);
    assertEquals(asked("hot-partition", over.topic(spread(79, 21))), undefined);
    assertEquals(asked("hot-partition", over.topic(spread(1000))), undefined);
    assertEquals(asked("hot-partition", over.topic(spread(30, 0, 0, 0))), undefined);
  });

  it("has fewer keys than partitions", () => {
    assertSays(asked("key-skew", over.topic(spread(50, 50, 0, 0))), {
      evidence: "2 of 4 partitions got none of 100 events",
    });
    assertEquals(asked("key-skew", over.topic(spread(50, 50, 1, 1))), undefined);
    const unkeyed = { ...spread(50, 50, 0, 0), keyed: false };
    assertEquals(asked("key-skew", over.topic(unkeyed)), undefined);
  });

  it("waits for one key while slots are free", () => {
    const at = (changes: Parameters<typeof subscription>[0], keyed = true) =>
      over.topic(topic({
        keyed,
        subscriptions: [subscription({ held: 30, inFlight: 1, slots: 8, ...changes })],
      }));
    assertSays(asked("key-skew", at({})), {
      evidence: "30 events are held behind events of the same key, while 7 of 8 slots are free",
      remedy: "finer key",
    });
    assertEquals(asked("key-skew", at({ held: 10 })), undefined);
    assertEquals(asked("key-skew", at({ inFlight: 8 })), undefined);
    assertEquals(asked("key-skew", at({ retries: 20, succeeded: 1000 })), undefined);
    assertEquals(asked("key-skew", at({}, false)), undefined);
    const passing = [...at({ held: 0 }), ...at({})].map((sample, index) => ({
      ...sample,
      at: index,
    }));
    assertEquals(asked("key-skew", passing), undefined);
  });

  it("has one subscription that holds back the others", () => {
    const at = (slow: number, fast: number) =>
      over.topic(topic({
        subscriptions: [
          subscription({ id: "slow", queued: slow }),
          subscription({ id: "fast", queued: fast }),
        ],
      }));
    assertSays(asked("slow-subscription", at(300, 3)), {
      part: 'subscription "slow" of topic "orders"',
      evidence: "it is 300 events behind, the next one 3",
      config: 'topic.subscribe(listener, { id: "slow", maxConcurrency: 2 })',
    });
    assertEquals(asked("slow-subscription", at(300, 200)), undefined);
    assertEquals(asked("slow-subscription", at(200, 0)), undefined);
    const alone = topic({ subscriptions: [subscription({ queued: 900 })] });
    assertEquals(asked("slow-subscription", over.topic(alone)), undefined);
  });

  it("has listeners that outlive their time", () => {
    assertSays(asked("slow-listener", over.listener(listener({ timeouts: 2, zombies: 1 }))), {
      severity: "warning",
      evidence:
        "2 attempts took longer than timeoutMs; 1 call given up and still running, for 10 slots",
    });
    assertSays(asked("slow-listener", over.listener(listener({ zombies: 10 }))), {
      severity: "critical",
    });
    const old = listener({ timeouts: 2 });
    assertEquals(asked("slow-listener", over.listener(old, old)), undefined);
  });

  it("has handlers that outlive their deadline", () => {
    const at = (changes: Parameters<typeof subscription>[0]) =>
      over.topic(topic({ subscriptions: [subscription({ slots: 4, ...changes })] }));
    assertSays(asked("slow-listener", at({ timedOut: 3, zombies: 1 })), {
      severity: "warning",
      part: 'subscription "mail" of topic "orders"',
      evidence: "3 attempts took longer than deadlineMs",
    });
    assertSays(asked("slow-listener", at({ zombies: 4 })), { severity: "critical" });
    assertEquals(asked("slow-listener", at({})), undefined);
  });

  it("has a memory of ids that is about to fill", () => {
    const at = (remembered: number) => over.topic(topic({ dedupe: { remembered, maxIds: 1000 } }));
    assertSays(asked("dedupe-filling", at(801)), {
      severity: "warning",
      evidence: "801 of 1,000 ids are remembered",
      config: 'bus.topic("orders", { dedupe: { maxIds: 2_000, windowMs: 300_000 } })',
    });
    assertSays(asked("dedupe-filling", at(1000)), { severity: "critical" });
    assertEquals(asked("dedupe-filling", at(800)), undefined);
    assertEquals(asked("dedupe-filling", over.topic(topic())), undefined);
  });

  it("has nobody who listens", () => {
    const deaf = topic({ accepted: 5, subscriptions: [] });
    assertSays(asked("no-subscriber", over.topic(deaf)), { evidence: "5 events accepted" });
    assertEquals(asked("no-subscriber", over.topic(topic({ accepted: 5 }))), undefined);
    assertEquals(asked("no-subscriber", over.topic(topic({ subscriptions: [] }))), undefined);

    const misspelt = emitter({ emitted: 100, unheard: 2 });
    assertSays(asked("unheard-events", over.emitter(misspelt)), { evidence: "2 of 100 events" });
    const rare = emitter({ emitted: 200, unheard: 2 });
    assertEquals(asked("unheard-events", over.emitter(rare)), undefined);
  });
});

describe("What a subscription promises", () => {
  const at = (...changes: Parameters<typeof subscription>[0][]) =>
    over.topic(...changes.map((change) => topic({ subscriptions: [subscription(change)] })));

  it("does not hold for keys that stand still", () => {
    assertSays(asked("standstill", at({ stops: 2, held: 9 })), {
      severity: "critical",
      part: 'subscription "mail" of topic "orders"',
      evidence: "2 keys or events wait for somebody, 9 events behind them",
      config: 'bus.redrive("orders", { subscription: "mail" })',
    });
    assertEquals(asked("standstill", at({ held: 9 })), undefined);
  });

  it("is little when events are delivered at most once", () => {
    assertSays(asked("delivery-mode", at({ failed: 3 }, { failed: 5 })), {
      evidence: "2 events failed and are gone",
      config: 'bus.topic("orders", { delivery: "at-least-once" })',
    });
    assertEquals(asked("delivery-mode", at({ failed: 5 }, { failed: 5 })), undefined);
    assertSays(asked("failure-rate", at({ failed: 5, succeeded: 95 })), { evidence: "5 of 100" });
  });

  it("is broken for events that it was too slow for", () => {
    assertSays(asked("missed-events", at({}, { dropped: 7 })), {
      severity: "critical",
      evidence: "it was too slow for 7 events",
      config: 'topic.subscribe(listener, { id: "mail", onLag: "backpressure" })',
    });
    assertEquals(asked("missed-events", at({ dropped: 7 }, { dropped: 7 })), undefined);
  });

  it("comes late for events that wait for long", () => {
    const late = { lag: 4, oldestAgeMs: 90_000 };
    assertSays(asked("old-events", at(late, late)), {
      evidence: "the oldest of 4 events was made 90 s ago",
    });
    assertEquals(asked("old-events", at({ lag: 4, oldestAgeMs: 29_000 })), undefined);
    assertEquals(asked("old-events", at({ lag: 0 }, late)), undefined);
  });
});
