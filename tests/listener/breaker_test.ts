import {
  breaker,
  type BreakerOptions,
  CircuitBreaker,
  type CircuitChange,
  CircuitOpenError,
  type CircuitSnapshot,
} from "@nova/events/listener";
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { contextOf, EVENT, outcomeOf } from "./support.ts";

const NO = new Error("no");

/** One attempt with a known end; false when none may pass. */
function attempt(circuit: CircuitBreaker, succeeds: boolean): boolean {
  const permit = circuit.tryEnter();
  if (permit === 0) return false;
  if (succeeds) circuit.succeed(permit);
  else circuit.fail(permit, NO);
  return true;
}

describe("CircuitBreaker", () => {
  const env = useTestEnv();
  const make = (options: BreakerOptions = {}) => new CircuitBreaker({ env, ...options });

  it("opens after five failures in a row by default; a success in between begins anew", () => {
    const circuit = make();
    for (let i = 0; i < 4; i++) attempt(circuit, false);
    attempt(circuit, true);
    for (let i = 0; i < 4; i++) attempt(circuit, false);
    assertEquals(circuit.state, "closed");
    attempt(circuit, false);
    assertEquals(circuit.state, "open");
    assertEquals(attempt(circuit, true), false);
    assertEquals(circuit.refused, 1);
  });

  it("counts failures among the last attempts", () => {
    const circuit = make({ kind: "count", failures: 3, of: 5 });
    for (const good of [false, false, true, true, true, false, false]) attempt(circuit, good);
    assertEquals(circuit.state, "closed", "at no time three of five");
    attempt(circuit, false);
    assertEquals(circuit.state, "open");
  });

  it("counts five of ten by default", () => {
    const circuit = make({ kind: "count" });
    for (let i = 0; i < 5; i++) attempt(circuit, true);
    for (let i = 0; i < 4; i++) attempt(circuit, false);
    assertEquals(circuit.state, "closed");
    attempt(circuit, false);
    assertEquals(circuit.state, "open");
  });

  it("opens at a rate within a sliding window", async () => {
    const circuit = make({ kind: "rate", threshold: 0.5, windowMs: 1000, minimum: 4 });
    for (let i = 0; i < 3; i++) attempt(circuit, false);
    assertEquals(circuit.state, "closed", "too few to tell");
    await env.advance(1000);
    for (let i = 0; i < 3; i++) attempt(circuit, true);
    attempt(circuit, false);
    attempt(circuit, false);
    assertEquals(circuit.state, "closed", "the first three are forgotten");
    attempt(circuit, false);
    assertEquals(circuit.state, "open");
  });

  it("needs half of at least ten within a minute by default", async () => {
    const circuit = make({ kind: "rate" });
    for (let i = 0; i < 9; i++) attempt(circuit, false);
    assertEquals(circuit.state, "closed");
    await env.advance(53_000);
    attempt(circuit, false);
    assertEquals(circuit.state, "open");
  });

  it("lets a probe through after the cool-down, whose success closes it", async () => {
    const circuit = make({ failures: 1, cooldownMs: 1000 });
    attempt(circuit, false);
    assertEquals(circuit.retryAfterMs, 1000);
    await env.advance(999);
    assertEquals(attempt(circuit, true), false);
    await env.advance(1);
    assertEquals([circuit.state, circuit.retryAfterMs], ["open", 0]);
    assertEquals(attempt(circuit, true), true);
    assertEquals(circuit.state, "closed");
  });

  it("opens again when the probe fails", async () => {
    const circuit = make({ failures: 3, cooldownMs: 1000 });
    for (let i = 0; i < 3; i++) attempt(circuit, false);
    await env.advance(1000);
    assertEquals(attempt(circuit, false), true);
    assertEquals([circuit.state, circuit.retryAfterMs], ["open", 1000]);
  });

  it("counts the permits of probes in flight", async () => {
    const circuit = make({ failures: 1, cooldownMs: 1000, permits: 2, successes: 3 });
    attempt(circuit, false);
    await env.advance(1000);

    const permits = [circuit.tryEnter(), circuit.tryEnter(), circuit.tryEnter()];
    assertEquals(permits.map((permit) => permit > 0), [true, true, false]);
    assertEquals(circuit.retryAfterMs, 100, "ask again soon");
    circuit.succeed(permits[0]!);
    const third = circuit.tryEnter();
    assert(third > 0, "a free permit passes on");
    circuit.release(third);
    assert(circuit.tryEnter() > 0, "a permit without a verdict is free again");
    circuit.succeed(permits[1]!);
    assertEquals(circuit.state, "half-open");
    attempt(circuit, true);
    assertEquals(circuit.state, "closed");
  });

  it("ignores the outcome of attempts that began before the last change", async () => {
    const circuit = make({ failures: 1, cooldownMs: 1000 });
    const [slow, slower] = [circuit.tryEnter(), circuit.tryEnter()];
    attempt(circuit, false);
    circuit.succeed(slow);
    assertEquals(circuit.state, "open");
    await env.advance(1000);
    const probe = circuit.tryEnter();
    circuit.fail(slower, NO);
    assertEquals(circuit.state, "half-open");
    circuit.succeed(probe);
    assertEquals(circuit.state, "closed");
  });

  it("counts only the failures it is told to, through their causes", () => {
    class Down extends Error {}
    const circuit = make({ failures: 1, countIf: (error) => error instanceof Down });
    attempt(circuit, false);
    assertEquals(circuit.state, "closed");
    circuit.fail(circuit.tryEnter(), new Error("outer", { cause: new Down() }));
    assertEquals(circuit.state, "open");
  });

  it("counts a failure when asking about it fails, and reports that", () => {
    const circuit = make({
      failures: 1,
      countIf: () => {
        throw "hm";
      },
    });
    attempt(circuit, false);
    assertEquals(circuit.state, "open");
    assertEquals(env.reported, ["hm"]);
  });

  it("frees the permit of a probe whose failure does not count", async () => {
    let counts = true;
    const circuit = make({ failures: 1, cooldownMs: 10, countIf: () => counts });
    attempt(circuit, false);
    counts = false;
    await env.advance(10);
    attempt(circuit, false);
    assertEquals(circuit.state, "half-open");
    attempt(circuit, true);
    assertEquals(circuit.state, "closed");
  });

  it("tells each change once, and reports what a listener of changes throws", async () => {
    const changes: CircuitChange[] = [];
    const circuit = make({
      name: "bank",
      failures: 1,
      cooldownMs: 10,
      onChange: (change) => {
        changes.push(change);
        throw "told";
      },
    });
    attempt(circuit, false);
    await env.advance(10);
    attempt(circuit, true);
    assertEquals(changes, [
      { name: "bank", from: "closed", to: "open" },
      { name: "bank", from: "open", to: "half-open" },
      { name: "bank", from: "half-open", to: "closed" },
    ]);
    assertEquals(env.reported.length, 3);
  });

  it("changes nothing when it is looked at (I10)", async () => {
    const changes: CircuitChange[] = [];
    const circuit = make({
      failures: 1,
      cooldownMs: 10,
      onChange: (change) => void changes.push(change),
    });
    attempt(circuit, false);
    await env.advance(1000);
    for (let i = 0; i < 3; i++) {
      assertEquals([circuit.state, circuit.retryAfterMs, circuit.refused], ["open", 0, 0]);
      assertEquals(circuit.toJSON().state, "open");
    }
    assertEquals(changes.length, 1);
  });

  it("is isolated until the last isolation goes", () => {
    const circuit = make();
    const [first, second] = [circuit.isolate(), circuit.isolate()];
    assertEquals([circuit.state, attempt(circuit, true)], ["isolated", false]);
    assertEquals(circuit.retryAfterMs, 30_000);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    assertEquals(circuit.state, "isolated");
    second[Symbol.dispose]();
    assertEquals([circuit.state, attempt(circuit, true)], ["closed", true]);
  });

  it("forgets what it counted when it is reset, and closes", () => {
    const circuit = make({ failures: 2 });
    attempt(circuit, false);
    circuit.reset();
    attempt(circuit, false);
    assertEquals(circuit.state, "closed");
    attempt(circuit, false);
    assertEquals(circuit.state, "open");
    circuit.reset();
    assertEquals(circuit.state, "closed");
  });

  it("says who is open and for how long", async () => {
    const circuit = make({ name: "bank", failures: 1 });
    attempt(circuit, false);
    await env.advance(1000);
    const error = circuit.error(NO);
    assertInstanceOf(error, CircuitOpenError);
    assertEquals(error.message, 'Cannot call "bank" as its circuit is open: try again in 29000 ms');
    assertEquals([error.circuit, error.retryAfterMs, error.cause], ["bank", 29_000, NO]);
  });

  it("holds no timer", () => {
    const circuit = make({ failures: 1 });
    attempt(circuit, false);
    assertEquals(env.pending.timers, 0);
  });
});

describe("CircuitBreaker.toJSON() and restore()", () => {
  const env = useTestEnv();

  it("carries an open circuit into another process", async () => {
    const old = new CircuitBreaker({ env, failures: 1, cooldownMs: 10_000 });
    attempt(old, false);
    await env.advance(4000);
    const text = JSON.stringify(old);

    const circuit = new CircuitBreaker({ env, failures: 1, cooldownMs: 10_000 });
    circuit.restore(JSON.parse(text) as CircuitSnapshot);
    assertEquals([circuit.state, circuit.retryAfterMs], ["open", 6000]);
    await env.advance(6000);
    assertEquals(attempt(circuit, true), true);
    assertEquals(circuit.state, "closed");
  });

  it("waits no longer than its own cool-down, whatever the other clock said", () => {
    const circuit = new CircuitBreaker({ env, cooldownMs: 500 });
    circuit.restore({ state: "open", retryAt: env.now() + 1e9, successes: 0, failures: 0 });
    assertEquals(circuit.retryAfterMs, 500);
    circuit.restore({ state: "open", retryAt: 0, successes: 0, failures: 0 });
    assertEquals(circuit.retryAfterMs, 0);
  });

  for (
    const options of [
      { failures: 3 },
      { kind: "count", failures: 3, of: 6 },
      { kind: "rate", threshold: 0.5, minimum: 6 },
    ] as const satisfies BreakerOptions[]
  ) {
    it(`carries what a closed circuit has counted: ${JSON.stringify(options)}`, () => {
      const old = new CircuitBreaker({ env, ...options });
      for (const good of [true, true, true, false, false]) attempt(old, good);
      const circuit = new CircuitBreaker({ env, ...options });
      circuit.restore(old.toJSON());
      assertEquals(circuit.toJSON(), old.toJSON());
      assertEquals(circuit.state, "closed");
      attempt(circuit, false);
      assertEquals(circuit.state, "open");
    });
  }

  it("refuses what is no snapshot, and stays as it was", () => {
    const circuit = new CircuitBreaker({ env });
    for (
      const bad of [
        null,
        "open",
        { state: "ajar", successes: 0, failures: 0 },
        { state: "open", retryAt: NaN, successes: 0, failures: 0 },
        { state: "open", retryAt: "soon", successes: 0, failures: 0 },
        { state: "closed", successes: -1, failures: 0 },
        { state: "closed", successes: 0, failures: 0.5 },
      ]
    ) {
      assertThrows(() => circuit.restore(bad as CircuitSnapshot));
      assertEquals(circuit.state, "closed");
    }
  });
});

describe("CircuitBreaker options", () => {
  for (
    const bad of [
      { failures: 0 },
      { kind: "some" },
      { kind: "count", of: 0 },
      { kind: "count", failures: 5, of: 4 },
      { kind: "count", of: 1e9 },
      { kind: "rate", threshold: 0 },
      { kind: "rate", threshold: 1.1 },
      { kind: "rate", threshold: "0.5" },
      { kind: "rate", windowMs: 0 },
      { kind: "rate", windowMs: Infinity },
      { kind: "rate", minimum: 0 },
      { cooldownMs: -1 },
      { cooldownMs: Infinity },
      { permits: 0 },
      { successes: 0 },
    ]
  ) {
    it(`refuses ${JSON.stringify(bad)}`, () => {
      assertThrows(() => new CircuitBreaker(bad as BreakerOptions), RangeError);
    });
  }

  for (const bad of [{ countIf: true }, { onChange: "log" }, 7]) {
    it(`refuses ${JSON.stringify(bad)}`, () => {
      assertThrows(() => new CircuitBreaker(bad as never), TypeError);
    });
  }
});

describe("breaker()", () => {
  const env = useTestEnv();

  it("guards a listener, and does nothing else", () => {
    let calls = 0;
    const listener = breaker(() => {
      calls += 1;
      throw NO;
    }, { env, name: "bank", failures: 2 });

    const errors = [1, 2, 3].map(() => outcomeOf(() => listener(EVENT, contextOf())).error);

    assertEquals(calls, 2);
    assertEquals(errors.slice(0, 2), [NO, NO]);
    assertInstanceOf(errors[2], CircuitOpenError);
    assertEquals(listener.circuit?.name, "bank");
  });

  it("shares a breaker between listeners", () => {
    const circuit = new CircuitBreaker({ env, failures: 1 });
    const [one, two] = [1, 2].map(() =>
      breaker(() => {
        throw NO;
      }, circuit)
    );
    outcomeOf(() => one!(EVENT, contextOf()));
    assertInstanceOf(outcomeOf(() => two!(EVENT, contextOf())).error, CircuitOpenError);
    assertEquals(two!.circuit, circuit);
  });
});
