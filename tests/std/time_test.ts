// Runs against the stand-ins and against the real @std/testing (`deno task test:jsr`).
import { assert, assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { FakeTime, TimeError } from "@std/testing/time";
import { afterEach, describe, it } from "node:test";

const real = { Date, setTimeout, clearTimeout, setInterval, clearInterval };

describe("FakeTime", () => {
  let time: FakeTime | undefined;

  /** Keeps the instance, so that a failing test leaves no fake clock to the next one. */
  function fake(...args: ConstructorParameters<typeof FakeTime>): FakeTime {
    return time = new FakeTime(...args);
  }

  afterEach(() => {
    try {
      time?.restore();
    } catch {
      // The test restored it itself.
    }
    time = undefined;
  });

  it("replaces the clock and the timers, and puts them back", () => {
    const clock = fake();

    assert(globalThis.Date !== real.Date);
    assert(globalThis.setTimeout !== real.setTimeout);
    clock.restore();
    assertEquals(
      { Date, setTimeout, clearTimeout, setInterval, clearInterval },
      real,
    );
  });

  it("starts at a number, a text, a date, or now", () => {
    for (const start of [1000, "1970-01-01T00:00:01.000Z", new real.Date(1000)]) {
      const clock = fake(start);
      assertEquals([clock.now, clock.start, Date.now(), new Date().getTime()], [
        1000,
        1000,
        1000,
        1000,
      ]);
      clock.restore();
    }
    const before = real.Date.now();
    const clock = fake();
    assert(clock.now >= before && clock.now <= before + 10_000);
  });

  it("refuses a start that is no date", () => {
    assertThrows(() => fake("nonsense"), TimeError);
    assertEquals(globalThis.setTimeout, real.setTimeout);
  });

  it("moves the date with the ticks", () => {
    const clock = fake(0);

    clock.tick(250);
    assertEquals(Date.now(), 250);
    clock.tick();
    assertEquals(Date.now(), 250);
    clock.now = 1000;
    assertEquals(new Date().toISOString(), "1970-01-01T00:00:01.000Z");
  });

  it("makes dates that behave like dates", () => {
    fake(0);

    assertEquals(new Date(5).getTime(), 5);
    assertEquals(new Date("1970-01-01T00:00:00.007Z").getTime(), 7);
    assertEquals(Date.UTC(1970, 0, 2), 86_400_000);
    assert(new Date() instanceof Date);
    assertEquals(typeof Date(), "string");
  });

  it("does not go back", () => {
    const clock = fake(1000);

    assertThrows(() => clock.now = 999);
    assertThrows(() => clock.start = 5);
    assertEquals(clock.now, 1000);
  });

  it("fires timeouts when they are due, in order, with their arguments", () => {
    const clock = fake(0);
    const log: unknown[] = [];
    setTimeout((...args: unknown[]) => log.push([Date.now(), ...args]), 20, "late");
    setTimeout((...args: unknown[]) => log.push([Date.now(), ...args]), 10, "early", 2);
    setTimeout(() => log.push([Date.now(), "second of its time"]), 20);

    clock.tick(9);
    assertEquals(log, []);
    clock.tick(1);
    assertEquals(log, [[10, "early", 2]]);
    clock.tick(100);
    assertEquals(log, [[10, "early", 2], [20, "late"], [20, "second of its time"]]);
    assertEquals(Date.now(), 110);
  });

  it("fires a timeout without delay on an empty tick", () => {
    const clock = fake(0);
    let fired = 0;
    setTimeout(() => fired++);

    assertEquals(fired, 0);
    clock.tick();
    assertEquals(fired, 1);
  });

  it("fires timers that timers set, if they are due by then", () => {
    const clock = fake(0);
    const log: number[] = [];
    setTimeout(() => {
      log.push(Date.now());
      setTimeout(() => log.push(Date.now()), 5);
      setTimeout(() => log.push(Date.now()), 50);
    }, 10);

    clock.tick(20);
    assertEquals(log, [10, 15]);
    clock.tick(40);
    assertEquals(log, [10, 15, 60]);
  });

  it("repeats intervals until they are cleared", () => {
    const clock = fake(0);
    const log: number[] = [];
    const id = setInterval(() => log.push(Date.now()), 100);

    clock.tick(350);
    assertEquals(log, [100, 200, 300]);
    clearInterval(id);
    clock.tick(1000);
    assertEquals(log, [100, 200, 300]);
  });

  it("forgets cleared timeouts, even those due at the same moment", () => {
    const clock = fake(0);
    const log: string[] = [];
    setTimeout(() => {
      log.push("first");
      clearTimeout(second);
    }, 10);
    const second = setTimeout(() => log.push("second"), 10);

    clearTimeout(undefined);
    clock.tick(20);
    assertEquals(log, ["first"]);
  });

  it("stops at a timer that throws, and goes on from there", () => {
    const clock = fake(0);
    const log: number[] = [];
    setTimeout(() => {
      throw new RangeError("in the timer");
    }, 10);
    setTimeout(() => log.push(Date.now()), 20);

    assertThrows(() => clock.tick(30), RangeError, "in the timer");
    assertEquals([clock.now, ...log], [10]);
    clock.tick(30);
    assertEquals([clock.now, ...log], [40, 20]);
  });

  it("tickAsync() lets microtasks set timers first", async () => {
    const clock = fake(0);
    let fired = false;
    Promise.resolve().then(() => setTimeout(() => fired = true, 10));

    await clock.tickAsync(10);
    assert(fired);
  });

  it("runMicrotasks() runs chains of them without moving time", async () => {
    const clock = fake(0);
    let steps = 0;
    const chain = async (): Promise<void> => {
      for (; steps < 50; steps++) await undefined;
    };
    const done = chain();

    await clock.runMicrotasks();
    assertEquals([steps, clock.now], [50, 0]);
    await done;
  });

  it("next() goes to the next timer and says whether there was one", async () => {
    const clock = fake(0);
    const log: number[] = [];
    setTimeout(() => log.push(Date.now()), 1000);
    setTimeout(() => log.push(Date.now()), 5000);

    assert(clock.next());
    assertEquals(log, [1000]);
    assert(await clock.nextAsync());
    assertEquals(log, [1000, 5000]);
    assertFalse(clock.next());
    assertFalse(await clock.nextAsync());
    assertEquals(clock.now, 5000);
  });

  it("runAll() and runAllAsync() empty the clock", async () => {
    const clock = fake(0);
    const log: number[] = [];
    setTimeout(() => {
      log.push(Date.now());
      setTimeout(() => log.push(Date.now()), 1000);
    }, 10);
    clock.runAll();
    assertEquals(log, [10, 1010]);

    setTimeout(() => Promise.resolve().then(() => setTimeout(() => log.push(Date.now()), 5)), 5);
    await clock.runAllAsync();
    await clock.runAllAsync();
    assertEquals(log, [10, 1010, 1020]);
  });

  it("delay() waits in real time and can be aborted", async () => {
    const clock = fake(0);
    const controller = new AbortController();
    const waiting = clock.delay(60_000, { signal: controller.signal });
    const reason = assertRejects(() => waiting, DOMException);
    controller.abort();

    await reason;
    await clock.delay(1);
    await assertRejects(() => clock.delay(1, { signal: controller.signal }), DOMException);
    assertEquals(clock.now, 0);
  });

  it("drives AbortSignal.timeout()", () => {
    const clock = fake(0);
    const signal = AbortSignal.timeout(100);

    clock.tick(99);
    assertFalse(signal.aborted);
    clock.tick(1);
    assert(signal.aborted);
    assertEquals((signal.reason as DOMException).name, "TimeoutError");
  });

  it("restoreFor() gives real time to one callback", async () => {
    const clock = fake(0);
    const fakeTimeout = globalThis.setTimeout;

    const seen = await FakeTime.restoreFor(
      (one: string, two: string) => {
        return [one, two, globalThis.setTimeout === real.setTimeout];
      },
      "a",
      "b",
    );
    assertEquals(seen, ["a", "b", true]);
    assert(globalThis.setTimeout !== real.setTimeout);
    await assertRejects(
      () => FakeTime.restoreFor(() => Promise.reject(new RangeError("inside"))),
      RangeError,
      "inside",
    );
    assert(globalThis.setTimeout !== real.setTimeout);
    assertEquals(typeof fakeTimeout, "function");
    clock.restore();
    await assertRejects(() => FakeTime.restoreFor(() => 1), TimeError);
  });

  it("can be restored once, by instance, by class or by `using`", () => {
    const clock = fake();
    clock.restore();
    assertThrows(() => clock.restore(), TimeError);
    assertThrows(() => FakeTime.restore(), TimeError);
    fake();
    FakeTime.restore();
    assertEquals(globalThis.Date, real.Date);
    fake()[Symbol.dispose]();
    assertEquals(globalThis.Date, real.Date);
  });

  it("a second fake time replaces the first", () => {
    fake(0);
    setTimeout(() => {}, 10);
    const clock = fake(5000);

    assertEquals(Date.now(), 5000);
    assertFalse(clock.next());
  });

  it("moves by itself at the given rate", async () => {
    const clock = fake(0, { advanceRate: 1000, advanceFrequency: 1 });

    for (let tries = 0; tries < 100 && clock.now === 0; tries++) await clock.delay(1);
    assert(clock.now >= 1000);
  });
});
