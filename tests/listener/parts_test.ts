import {
  BufferFullError,
  bulkhead,
  CircuitOpenError,
  fallback,
  idempotent,
  type NovaEvent,
  retry,
  TerminalError,
  timeout,
  TimeoutError,
} from "@nova/events/listener";
import { createEvent, ValidationError } from "@nova/events";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { contextOf, deferred, EVENT, outcomeOf } from "./support.ts";

const NO = new Error("no");

describe("timeout()", () => {
  const env = useTestEnv();

  it("limits an event, and does nothing else", async () => {
    let calls = 0;
    const listener = timeout((_event, { signal }) => {
      calls += 1;
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason))
      );
    }, { env, name: "slow", timeoutMs: 50 });

    const outcomes = Array.from(
      { length: 20 },
      () => outcomeOf(() => listener(EVENT, contextOf())),
    );
    await env.advance(50);

    assertEquals(calls, 20);
    for (const { error } of outcomes) assertInstanceOf(error, TimeoutError);
    assertEquals(
      (outcomes[0]!.error as Error).message,
      'Gave up on listener "slow" as it took longer than 50 ms',
    );
  });

  it("refuses no limit and a limit of 0", () => {
    assertThrows(() => timeout(() => {}, { timeoutMs: 0 }), RangeError);
    assertThrows(() => timeout(() => {}, { timeoutMs: NaN }), RangeError);
    assertThrows(() => timeout(() => {}, undefined as never), TypeError);
  });
});

describe("bulkhead()", () => {
  const env = useTestEnv();

  it("limits how many run and how many wait, and does nothing else", async () => {
    const gate = deferred();
    const listener = bulkhead(() => gate.promise, {
      env,
      concurrency: 2,
      bufferSize: 1,
      waitMs: 100,
    });

    const outcomes = [1, 2, 3, 4].map(() => outcomeOf(() => listener(EVENT, contextOf())));
    assertInstanceOf(outcomes[3]!.error, BufferFullError);
    await env.advance(100);
    assertInstanceOf(outcomes[2]!.error, BufferFullError);
    gate.resolve();
    await env.settle();

    assertEquals(outcomes.map(({ state }) => state), ["ok", "ok", "failed", "failed"]);
  });
});

describe("fallback()", () => {
  const env = useTestEnv();

  it("is not asked about an event that was handled", async () => {
    const listener = fallback(() => {}, () => {
      throw new Error("not asked");
    });
    assertStrictEquals(listener(EVENT, contextOf()), undefined);
    const later = fallback(() => Promise.resolve(), () => {
      throw new Error("not asked");
    });
    await later(EVENT, contextOf());
  });

  for (const how of ["throws", "rejects"] as const) {
    it(`handles what ${how}`, async () => {
      const seen: unknown[] = [];
      const listener = fallback(() => {
        if (how === "rejects") return Promise.reject(NO);
        throw NO;
      }, (event, context, error) => void seen.push([event, context.attempt, error]));

      const outcome = outcomeOf(() => listener(EVENT, contextOf()));
      await env.settle();

      assertEquals(outcome.state, "ok");
      assertEquals(seen, [[EVENT, 1, NO]]);
    });

    it(`shows both failures when it ${how} too`, async () => {
      const worse = new Error("worse");
      const listener = fallback(() => {
        throw NO;
      }, () => {
        if (how === "rejects") return Promise.reject(worse);
        throw worse;
      });

      const outcome = outcomeOf(() => listener(EVENT, contextOf()));
      await env.settle();

      assertInstanceOf(outcome.error, AggregateError);
      assertEquals(outcome.error.errors, [NO, worse]);
    });
  }

  it("stays terminal when both fail and the first said so", () => {
    const terminal = new TerminalError("gone");
    const listener = fallback(() => {
      throw terminal;
    }, () => {
      throw NO;
    });

    const { error } = outcomeOf(() => listener(EVENT, contextOf()));

    assertInstanceOf(error, TerminalError);
    assertEquals((error.cause as AggregateError).errors, [terminal, NO]);
  });

  it("handles an open circuit, its main use", () => {
    const later: unknown[] = [];
    const listener = fallback(() => {
      throw new CircuitOpenError("bank", 10);
    }, (event) => void later.push(event));
    listener(EVENT, contextOf());
    assertEquals(later, [EVENT]);
  });

  it("refuses what is no function, and keeps the name", () => {
    assertThrows(() => fallback(() => {}, undefined as never), TypeError);
    assertThrows(() => fallback(7 as never, () => {}), TypeError);
    assertEquals(fallback(function charge() {}, () => {}).name, "charge");
  });
});

describe("idempotent()", () => {
  const env = useTestEnv();
  const made = (id = "e-1"): NovaEvent => createEvent("paid", 1, { id });

  it("handles an event once, and needs no promise for it", () => {
    let calls = 0;
    const listener = idempotent(() => {
      calls += 1;
    }, { env });

    assertStrictEquals(listener(made(), contextOf()), undefined);
    assertStrictEquals(listener(made(), contextOf()), undefined);
    listener(made("e-2"), contextOf());

    assertEquals(calls, 2);
  });

  it("handles what failed again", async () => {
    let calls = 0;
    const listener = idempotent(() => {
      calls += 1;
      if (calls === 1) throw NO;
      if (calls === 2) return Promise.reject(NO);
    }, { env });

    for (let i = 0; i < 4; i++) {
      outcomeOf(() => listener(made(), contextOf()));
      await env.settle();
    }

    assertEquals(calls, 3);
  });

  it("shares the outcome of an event that is being handled", async () => {
    const gates = [deferred(), deferred()];
    let calls = 0;
    const listener = idempotent(() => gates[calls++]!.promise, { env });

    const failing = [1, 2].map(() => outcomeOf(() => listener(made(), contextOf())));
    gates[0]!.reject(NO);
    await env.settle();
    const fine = [1, 2].map(() => outcomeOf(() => listener(made(), contextOf())));
    gates[1]!.resolve();
    await env.settle();

    assertEquals(calls, 2);
    assertEquals(failing.map(({ error }) => error), [NO, NO]);
    assertEquals(fine.map(({ state }) => state), ["ok", "ok"]);
  });

  it("forgets after its window and beyond its size, the oldest first", async () => {
    let calls = 0;
    const count = () => {
      calls += 1;
    };
    const timed = idempotent(count, { env, windowMs: 100 });
    timed(made(), contextOf());
    await env.advance(99);
    timed(made(), contextOf());
    assertEquals(calls, 1);
    await env.advance(1);
    timed(made(), contextOf());
    assertEquals(calls, 2);

    calls = 0;
    const sized = idempotent(count, { env, maxIds: 2 });
    for (const id of ["a", "b", "c", "c", "b", "a"]) sized(made(id), contextOf());
    assertEquals(calls, 4);
  });

  it("remembers 100,000 ids for ten minutes by default", async () => {
    let calls = 0;
    const listener = idempotent(() => {
      calls += 1;
    }, { env });
    const event = (id: number) => ({ type: "paid", data: 1, id: String(id) });

    for (let id = 0; id < 100_000; id++) listener(event(id), contextOf());
    listener(event(0), contextOf());
    assertEquals(calls, 100_000);
    listener(event(100_000), contextOf());
    listener(event(0), contextOf());
    assertEquals(calls, 100_002);
    await env.advance(600_000);
    listener(event(100_000), contextOf());
    assertEquals(calls, 100_003);
  });

  it("tells deliveries apart by the key that is given", () => {
    let calls = 0;
    const listener = idempotent<typeof EVENT>(() => {
      calls += 1;
    }, { env, key: ({ data }) => `order-${data}` });

    listener(EVENT, contextOf());
    listener({ ...EVENT }, contextOf());

    assertEquals(calls, 1);
  });

  it("refuses an event without an id", () => {
    const { error } = outcomeOf(() => idempotent(() => {}, { env })(EVENT, contextOf()));
    assertInstanceOf(error, ValidationError);
    assertEquals(error.field, "id");
    assert(error.message.includes('"key"'), error.message);
  });

  it("asks a store, synchronous or not", async () => {
    for (const later of [false, true]) {
      const ids = new Set<string>();
      const store = later
        ? {
          has: (id: string) => Promise.resolve(ids.has(id)),
          add: (id: string) => Promise.resolve(void ids.add(id)),
        }
        : ids;
      let calls = 0;
      const listener = idempotent(() => {
        calls += 1;
      }, { env, store });

      for (let i = 0; i < 3; i++) await listener(made(), contextOf());

      assertEquals(calls, 1);
      assertEquals([...ids], ["e-1"]);
    }
  });

  it("fails when the store does, and handles the event again", async () => {
    let calls = 0;
    let broken = true;
    const ids = new Set<string>();
    const listener = idempotent(() => {
      calls += 1;
    }, {
      env,
      store: {
        has: (id) => ids.has(id),
        add: (id) => broken ? Promise.reject(NO) : Promise.resolve(ids.add(id)),
      },
    });

    const first = outcomeOf(() => listener(made(), contextOf()));
    await env.settle();
    broken = false;
    await listener(made(), contextOf());
    await listener(made(), contextOf());

    assertEquals([first.error, calls], [NO, 2]);
  });

  it("refuses options that make no sense", () => {
    assertThrows(() => idempotent(() => {}, { maxIds: 0 }), RangeError);
    assertThrows(() => idempotent(() => {}, { windowMs: -1 }), RangeError);
    assertThrows(() => idempotent(() => {}, { key: 7 as never }), TypeError);
    assertThrows(() => idempotent(() => {}, { store: {} as never }), TypeError);
    assertThrows(() => idempotent(undefined as never), TypeError);
  });
});

describe("parts", () => {
  const env = useTestEnv();

  it("nest", async () => {
    const seen: unknown[] = [];
    let calls = 0;
    const listener = fallback(
      retry(
        timeout(() => {
          calls += 1;
          return new Promise<void>(() => {});
        }, { env, timeoutMs: 10 }),
        { env, attempts: 2, delayMs: 10, jitter: "none" },
      ),
      (_event, _context, error) => void seen.push(error),
    );

    const outcome = outcomeOf(() => listener(EVENT, contextOf()));
    await env.advance(100);

    assertEquals([calls, outcome.state], [2, "ok"]);
    assertInstanceOf(seen[0], TerminalError);
    assertInstanceOf(seen[0].cause, TimeoutError);
  });
});
