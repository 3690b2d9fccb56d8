import { Histogram } from "@nova/events/metrics";
import { createTestEnv } from "@nova/events/testing";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertLessOrEqual,
  assertThrows,
} from "@std/assert";
import { describe, it } from "node:test";

/** What the documentation promises: half of a bucket, one sixteenth of a doubling wide. */
const PRECISION = 0.032;

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

/** All that can be seen of it. */
function facts(histogram: Histogram): Record<string, number> {
  const { count, sum, min, max, mean } = histogram;
  const quantiles = [0, 0.01, 0.25, 0.5, 0.9, 0.99, 1].map((q) => [`q${q}`, histogram.quantile(q)]);
  return { count, sum, min, max, mean, ...Object.fromEntries(quantiles) };
}

describe("Histogram", () => {
  it("is all zero before the first value", () => {
    for (const value of Object.values(facts(new Histogram()))) assertEquals(value, 0);
  });

  it("counts values, and knows sum, least, largest and mean exactly", () => {
    const { count, sum, min, max, mean } = histogramOf([3, 1, 8]);

    assertEquals({ count, sum, min, max, mean }, { count: 3, sum: 12, min: 1, max: 8, mean: 4 });
  });

  it("records a clock that went back as 0, and NaN not at all", () => {
    const histogram = histogramOf([-5, -Infinity, NaN, 0, -0]);

    assertEquals([histogram.count, histogram.sum, histogram.max], [4, 0, 0]);
    assertEquals([histogram.min, histogram.quantile(0.5)], [0, 0]);
  });

  it("records a sampled value as many times as it stands for", () => {
    const sampled = new Histogram();
    sampled.record(2, 10);
    sampled.record(50, 3);
    const whole = histogramOf([...Array(10).fill(2), ...Array(3).fill(50)]);

    assertEquals(facts(sampled), facts(whole));
  });

  for (const times of [0, -1, NaN]) {
    it(`records nothing ${times} times`, () => {
      const histogram = histogramOf([5]);
      histogram.record(1, times);
      histogram.record(99, times);

      assertEquals(facts(histogram), facts(histogramOf([5])));
    });
  }

  it("counts at the edge what lies outside, and keeps its own least and largest", () => {
    const histogram = histogramOf([1e-300, 1e-9, 2 ** 31, 1e300]);
    assertEquals([histogram.count, histogram.min, histogram.max], [4, 1e-300, 1e300]);
    assertLessOrEqual(histogram.quantile(0.25), 2 ** -19);
    assert(histogram.quantile(0.75) >= 2 ** 29);

    const endless = histogramOf([1, Infinity]);
    assertEquals([endless.max, endless.quantile(1)], [Infinity, Infinity]);
    assertAlmostEquals(endless.quantile(0.5), 1, PRECISION);
  });

  it("forgets everything on reset", () => {
    const histogram = histogramOf([1, 2, 3]);
    histogram.reset();
    assertEquals(facts(histogram), facts(new Histogram()));

    for (const value of [1, 700]) histogram.record(value);
    assertEquals(facts(histogram), facts(histogramOf([1, 700])));
    assertEquals(histogram.countUpTo(10), 1);
  });
});

describe("Histogram.quantile()", () => {
  it("is exact at 0 and 1, and for a single value", () => {
    const histogram = histogramOf([0.123, 4, 987.654]);
    assertEquals([histogram.quantile(0), histogram.quantile(1)], [0.123, 987.654]);
    for (const q of [0, 0.5, 0.999, 1]) assertEquals(histogramOf([1.2345]).quantile(q), 1.2345);
  });

  for (const q of [-0.001, 1.001, NaN, Infinity]) {
    it(`refuses ${q}`, () => {
      const error = assertThrows(() => new Histogram().quantile(q), RangeError);
      assertEquals(error.message, `Cannot compute quantile ${q}: it must be between 0 and 1`);
    });
  }

  // Around the bounds of buckets and doublings, where an error by one would show.
  for (const value of [2 ** -19, 0.001, 0.999999, 1, 1.0000001, 1.0624, 1.0625, 1023.9, 2 ** 29]) {
    it(`is within 3.2 % of ${value}`, () => {
      const histogram = histogramOf([value * 1.0001, value, value * 0.9999]);
      assertAlmostEquals(histogram.quantile(0.5) / value, 1, PRECISION);
    });
  }

  for (const seed of [41, 42, 43]) {
    it(`is within 3.2 % of the sorted list, whatever the values (seed ${seed})`, () => {
      const { random } = createTestEnv({ seed });
      const values = Array.from({ length: 2000 }, () => 10 ** (random() * 12 - 5));
      const histogram = histogramOf(values);
      values.sort((a, b) => a - b);
      for (let q = 0.005; q < 1; q += 0.0133) {
        const truth = values[Math.ceil(q * values.length) - 1]!;
        assertAlmostEquals(histogram.quantile(q) / truth, 1, PRECISION, `q = ${q}`);
      }
    });
  }

  it("never falls as q rises, and stays between least and largest", () => {
    const { random } = createTestEnv({ seed: 44 });
    const histogram = histogramOf(Array.from({ length: 500 }, () => random() * 20));
    let before = histogram.min;
    for (let q = 0; q <= 1; q += 0.01) {
      const value = histogram.quantile(q);
      assert(value >= before && value <= histogram.max, `q = ${q}`);
      before = value;
    }
  });

  it("ignores one slow value in a thousand at 0.99, and shows it at 1", () => {
    const histogram = histogramOf([...Array(999).fill(2), 5000]);

    assertAlmostEquals(histogram.quantile(0.99), 2, 0.1);
    assertEquals(histogram.quantile(1), 5000);
  });
});

describe("Histogram.countUpTo()", () => {
  it("counts what is at most so long, within one fine bucket", () => {
    const histogram = histogramOf([0, 1, 1, 10, 100]);
    const counts = [0.5, 2, 20, 200].map((ms) => histogram.countUpTo(ms));
    assertEquals(counts, [1, 3, 4, 5]);
    // What lies outside counts at the edge, and no further inside.
    assertEquals(histogramOf([2 ** 40]).countUpTo(1.9 * 2 ** 29), 0);
    assertEquals(histogramOf([2 ** 40]).countUpTo(1.95 * 2 ** 29), 1);
    assertEquals(histogramOf([-0, -1, 0]).countUpTo(0), 3);
    assertEquals([histogram.countUpTo(1), histogram.countUpTo(Infinity)], [3, 5]);
    assertEquals([histogram.countUpTo(0), histogram.countUpTo(-0)], [1, 1]);
  });

  for (const nothing of [-1, NaN]) {
    it(`counts nothing up to ${nothing}`, () => {
      assertEquals(histogramOf([0, 1]).countUpTo(nothing), 0);
    });
  }

  it("agrees with a plain count to within one bucket", () => {
    const { random } = createTestEnv({ seed: 45 });
    const values = Array.from({ length: 1000 }, () => 10 ** (random() * 8 - 3));
    const histogram = histogramOf(values);
    for (let ms = 0.001; ms < 1e5; ms *= 1.7) {
      const count = histogram.countUpTo(ms);
      const below = values.filter((value) => value <= ms).length;
      const above = values.filter((value) => value <= ms * (1 + 1 / 16)).length;
      assert(count >= below && count <= above, `${ms}: ${below} <= ${count} <= ${above}`);
    }
  });
});

describe("Histogram.countsUpTo()", () => {
  it("says the same as countUpTo for each duration", () => {
    const bounds = [-1, 0, 0.001, 0.5, 1, 64, 1e5, Infinity];
    for (const values of [[], [0], [0.5], [1e9], [0, 0.0005, 3, 3, 64, 70, 1e6]]) {
      const histogram = new Histogram();
      for (const ms of values) histogram.record(ms, 3);
      assertEquals(
        histogram.countsUpTo(bounds),
        bounds.map((ms) => histogram.countUpTo(ms)),
        values.join(),
      );
    }
  });
});

describe("Histogram.merge()", () => {
  it("adds up exactly", () => {
    const { random } = createTestEnv({ seed: 46 });
    const values = Array.from({ length: 1000 }, () => Math.floor(random() * 1000) / 8);
    const merged = histogramOf(values.slice(0, 300));
    merged.merge(histogramOf(values.slice(300)));

    assertEquals(facts(merged), facts(histogramOf(values)));
  });

  it("takes an empty one, on either side, and itself", () => {
    const values = [1, 5, 9];
    const left = histogramOf(values);
    left.merge(new Histogram());
    assertEquals(facts(left), facts(histogramOf(values)));
    const right = new Histogram();
    right.merge(left);
    assertEquals(facts(right), facts(left));
    right.merge(right);
    assertEquals(facts(right), facts(histogramOf([...values, ...values])));
  });

  it("leaves the other one alone", () => {
    const other = histogramOf([1, 5]);
    new Histogram().merge(other);

    assertEquals(facts(other), facts(histogramOf([1, 5])));
  });
});

describe("Histogram.copy() and Histogram.since()", () => {
  it("tell what was recorded in between", () => {
    const histogram = histogramOf([1, 2, 500]);
    const earlier = histogram.copy();
    for (const ms of [10, 20, 30, 40]) histogram.record(ms);
    const recent = histogram.since(earlier);

    assertEquals([recent.count, recent.sum], [4, 100]);
    assert(Math.abs(recent.quantile(0.5) - 20) <= 20 / 16, String(recent.quantile(0.5)));
    assert(Math.abs(recent.min - 10) <= 10 / 16 && Math.abs(recent.max - 40) <= 40 / 16);
    assertEquals(earlier.count, 3);
    assertEquals(facts(histogram), facts(histogramOf([1, 2, 500, 10, 20, 30, 40])));
  });

  it("are nothing when nothing was, and all since an empty one", () => {
    const histogram = histogramOf([1, 2, 3]);
    const none = histogram.since(histogram.copy());

    assertEquals([none.count, none.sum, none.min, none.max, none.quantile(0.99)], [0, 0, 0, 0, 0]);
    assertEquals(histogram.since(new Histogram()).count, 3);
  });

  it("never count below nothing: what was reset meanwhile begins anew", () => {
    const histogram = histogramOf([5, 5, 5]);
    const earlier = histogram.copy();
    histogram.reset();
    histogram.record(7);
    const { count, sum } = histogram.since(earlier);

    assertEquals([count, sum], [1, 0]);
  });
});
