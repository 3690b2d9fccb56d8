import {
  concurrencyFor,
  optimalWorkers,
  partitionBufferFor,
  queueSizeFor,
  type Sizing,
} from "@nova/events/tuning";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { cores } from "../../src/internal/cores.ts";

const NONSENSE = [-1, NaN, Infinity, -Infinity, "5", null, {}, 5n] as unknown[];

function assertWarns(sizing: Sizing, ...words: string[]): void {
  assertEquals(sizing.warnings.length, words.length, sizing.warnings.join("; "));
  words.forEach((each, index) => assertStringIncludes(sizing.warnings[index] ?? "", each));
}

describe("optimalWorkers()", () => {
  it("has one, two or four workers per core", () => {
    assertEquals(optimalWorkers("cpu", { cores: 8 }).value, 8);
    assertEquals(optimalWorkers("mixed", { cores: 8 }).value, 16);
    assertEquals(optimalWorkers("io", { cores: 8 }).value, 32);
  });

  it("takes mixed work and the cores of this machine unless told otherwise", () => {
    assertEquals(optimalWorkers().value, 2 * cores());
    assertEquals(optimalWorkers("cpu").value, cores());
    assertEquals(optimalWorkers("io").value, 4 * cores());
  });

  it("says why", () => {
    assertEquals(
      optimalWorkers("cpu", { cores: 1 }).reasoning,
      "Work that computes gains nothing from more workers than cores: 1 core × 1.",
    );
    assertWarns(optimalWorkers("cpu", { cores: 8 }), "needs a ThreadPool");
    assertWarns(optimalWorkers("io", { cores: 8 }), "the other side can take");
    assertWarns(optimalWorkers("mixed", { cores: 8 }));
  });

  it("refuses nonsense", () => {
    assertThrows(() => optimalWorkers("gpu" as never), RangeError, '"cpu", "mixed", "io"');
    for (const bad of [...NONSENSE, 0, 1.5]) {
      assertThrows(() => optimalWorkers("cpu", { cores: bad as number }), RangeError, "cores");
    }
    assertThrows(() => optimalWorkers("cpu", 5 as never), TypeError);
  });
});

describe("queueSizeFor()", () => {
  it("is rate times burst, as the guide has it", () => {
    const { value, reasoning, warnings } = queueSizeFor({ eventsPerSecond: 50_000, burstMs: 100 });
    assertEquals(value, 5_000);
    assertEquals(reasoning, "A burst of 100 ms at 50,000 events/s: 5,000.");
    assertEquals(warnings, []);
  });

  it("rounds up, and is never 0", () => {
    assertEquals(queueSizeFor({ eventsPerSecond: 3, burstMs: 1 }).value, 1);
    assertEquals(queueSizeFor({ eventsPerSecond: 1_001, burstMs: 10 }).value, 11);
    assertEquals(queueSizeFor({ eventsPerSecond: 0.1 * 3, burstMs: 10_000 }).value, 3);
  });

  it("warns of what means nothing", () => {
    assertWarns(queueSizeFor({ eventsPerSecond: 0, burstMs: 100 }), "eventsPerSecond is 0");
    assertWarns(queueSizeFor({ eventsPerSecond: 100, burstMs: 0 }), "burstMs is 0");
    assertEquals(queueSizeFor({ eventsPerSecond: 0, burstMs: 0 }).value, 1);
    assertWarns(queueSizeFor({ eventsPerSecond: 1, burstMs: 120_000 }), "a burst of 120 s is no");
    assertWarns(queueSizeFor({ eventsPerSecond: 1e8, burstMs: 50_000 }), "a great many");
  });

  it("refuses nonsense", () => {
    for (const bad of NONSENSE) {
      const value = bad as number;
      assertThrows(
        () => queueSizeFor({ eventsPerSecond: value, burstMs: 1 }),
        RangeError,
        "eventsPerSecond",
      );
      assertThrows(
        () => queueSizeFor({ eventsPerSecond: 1, burstMs: value }),
        RangeError,
        "burstMs",
      );
    }
    assertThrows(() => queueSizeFor({ eventsPerSecond: 1e300, burstMs: 1e10 }), RangeError);
  });
});

describe("partitionBufferFor()", () => {
  const guide = { eventsPerSecond: 100_000, partitions: 16, latencyMs: 10, safetyFactor: 3 };

  it("is not 0 for the figures of the guide", () => {
    const { value, reasoning } = partitionBufferFor(guide);
    assertEquals(value, 188);
    assertEquals(
      reasoning,
      "100,000 events/s over 16 partitions while one takes 10 ms, times 3 for uneven keys: 188.",
    );
  });

  it("has a safety factor of 3 unless told otherwise", () => {
    const { safetyFactor: _, ...rest } = guide;
    assertEquals(partitionBufferFor(rest).value, 188);
    assertEquals(partitionBufferFor({ ...guide, safetyFactor: 6 }).value, 375);
  });

  it("warns of a partition that can never keep up, and of what means nothing", () => {
    assertWarns(partitionBufferFor(guide), "handles 100 one by one");
    assertWarns(partitionBufferFor({ ...guide, eventsPerSecond: 1_000 }));
    assertWarns(
      partitionBufferFor({ ...guide, eventsPerSecond: 10, safetyFactor: 0.5 }),
      "less than the average",
    );
    assertWarns(partitionBufferFor({ ...guide, latencyMs: 0 }), "latencyMs is 0");
  });

  it("refuses nonsense", () => {
    for (const key of Object.keys(guide)) {
      for (const bad of NONSENSE) {
        // An option that is null or missing is the default; the figures have none.
        if (key === "safetyFactor" && bad === null) continue;
        assertThrows(() => partitionBufferFor({ ...guide, [key]: bad }), RangeError, key);
      }
    }
    assertThrows(() => partitionBufferFor({ ...guide, partitions: 0 }), RangeError);
    assertThrows(() => partitionBufferFor({ ...guide, partitions: 1.5 }), RangeError);
  });
});

describe("concurrencyFor()", () => {
  it("is Little's law", () => {
    assertEquals(concurrencyFor({ eventsPerSecond: 2_000, latencyMs: 20 }).value, 40);
    assertEquals(concurrencyFor({ eventsPerSecond: 10, latencyMs: 1 }).value, 1);
    assertEquals(concurrencyFor({ eventsPerSecond: 101, latencyMs: 10 }).value, 2);
  });

  it("shares it among partitions", () => {
    const sizing = concurrencyFor({ eventsPerSecond: 8_000, latencyMs: 10, partitions: 8 });
    assertEquals(sizing.value, 10);
    assertStringIncludes(sizing.reasoning, "shared by 8 partitions: 10.");
  });

  it("never asks more of the other side than it takes", () => {
    const sizing = concurrencyFor({ eventsPerSecond: 8_000, latencyMs: 50, downstreamLimit: 100 });
    assertEquals(sizing.value, 100);
    assertWarns(sizing, "takes 100 at once, which is 2,000 events/s of the 8,000");
    const shared = { eventsPerSecond: 8_000, latencyMs: 50, downstreamLimit: 100, partitions: 8 };
    assertEquals(concurrencyFor(shared).value, 12);
    const few = concurrencyFor({ ...shared, downstreamLimit: 4 });
    assertEquals(few.value, 1);
    assertWarns(few, "takes 4 at once", "8 partitions have at least one each");
  });

  it("warns of what means nothing", () => {
    assertWarns(concurrencyFor({ eventsPerSecond: 0, latencyMs: 5 }), "eventsPerSecond is 0");
    assertWarns(concurrencyFor({ eventsPerSecond: 50_000, latencyMs: 500 }), "start low");
  });

  it("refuses nonsense", () => {
    const good = { eventsPerSecond: 10, latencyMs: 10 };
    for (const key of ["eventsPerSecond", "latencyMs", "partitions", "downstreamLimit"]) {
      for (const bad of NONSENSE) {
        if (bad === null && key !== "eventsPerSecond" && key !== "latencyMs") continue;
        assertThrows(() => concurrencyFor({ ...good, [key]: bad }), RangeError, key);
      }
    }
    assertThrows(() => concurrencyFor({ ...good, partitions: 0 }), RangeError);
    assertThrows(() => concurrencyFor({ ...good, downstreamLimit: 0 }), RangeError);
  });
});

describe("cores()", () => {
  it("is a whole number of at least 1 on every runtime", () => {
    assert(Number.isInteger(cores()) && cores() >= 1);
  });
});
