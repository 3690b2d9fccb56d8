import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { SlidingWindow } from "../../src/listener/window.ts";

describe("SlidingWindow", () => {
  it("holds what happened within its length, and forgets it piece by piece", () => {
    const window = new SlidingWindow(1000);
    for (let now = 0; now < 1000; now += 100) window.succeed(now);
    window.fail(950);

    assertEquals(window.read(999), { successes: 10, failures: 1 });
    assertEquals(window.read(1000), { successes: 9, failures: 1 });
    assertEquals(window.read(1500), { successes: 4, failures: 1 });
    assertEquals(window.read(1899), { successes: 1, failures: 1 });
    assertEquals(window.read(1900), { successes: 0, failures: 0 });
    assertEquals(window.read(1e12), { successes: 0, failures: 0 });
    // Looking at a later time has changed nothing.
    assertEquals(window.read(999), { successes: 10, failures: 1 });
  });

  it("agrees with a list of everything that happened", () => {
    const window = new SlidingWindow(1000);
    const events: { at: number; failed: boolean }[] = [];
    let state = 7;
    const random = (): number => (state = (state * 16807) % 2147483647) / 2147483647;
    let now = 1_700_000_000_000;
    for (let i = 0; i < 5000; i++) {
      now += Math.floor(random() ** 4 * 400);
      const failed = random() < 0.3;
      if (failed) window.fail(now);
      else window.succeed(now);
      events.push({ at: now, failed });
      // Within the window are the last ten pieces, the one under way included.
      const from = (Math.floor(now / 100) - 9) * 100;
      const inside = events.filter(({ at }) => at >= from);
      const failures = inside.filter((event) => event.failed).length;
      assertEquals(window.read(now), { successes: inside.length - failures, failures });
      if (events.length > 2000) events.splice(0, 1000);
    }
  });

  it("keeps what it has when the clock goes back a little, and begins anew when it is reset", () => {
    const window = new SlidingWindow(1000);
    window.fail(10_000);
    window.fail(9_950);
    window.succeed(9_500);
    assertEquals(window.read(10_000), { successes: 1, failures: 2 });

    window.fail(1_000);
    assertEquals(window.read(1_000), { successes: 0, failures: 1 });
  });

  it("works with windows that are no round number", () => {
    const window = new SlidingWindow(7.3);
    for (let i = 0; i < 1000; i++) window.succeed(i * 0.1);
    const { successes } = window.read(99.9);
    assert(successes >= 65 && successes <= 73, `${successes}`);
  });

  it("can be emptied and restored", () => {
    const window = new SlidingWindow(1000);
    window.succeed(500);
    window.clear();
    assertEquals(window.read(500), { successes: 0, failures: 0 });
    window.restore({ successes: 5, failures: 2 }, 2000);
    assertEquals(window.read(2000), { successes: 5, failures: 2 });
    assertEquals(window.read(3000), { successes: 0, failures: 0 });
  });
});
