import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { Rates } from "../../dashboard/rates.ts";
import { ago, count, few, ms } from "../../dashboard/words.ts";

describe("dashboard: Rates", () => {
  it("are known from the second view on", () => {
    const rates = new Rates();
    rates.next(0);
    assertEquals(rates.of("a", 100), null);
    rates.next(2);
    assertEquals(rates.of("a", 140), 20);
    assertEquals(rates.of("b", 5), null);
    rates.next(1);
    assertEquals([rates.of("a", 140), rates.of("b", 6)], [0, 1]);
  });

  it("take a counter that went back for a new one, and are silent when no time went by", () => {
    const rates = new Rates();
    rates.next(0);
    rates.of("a", 100);
    rates.next(1);
    assertEquals(rates.of("a", 30), 30);
    for (const seconds of [0, -1, NaN]) {
      rates.next(seconds);
      assertEquals(rates.of("a", 40), null);
    }
  });

  it("forget what is no longer told", () => {
    const rates = new Rates();
    rates.next(0);
    rates.of("__proto__", 1);
    rates.next(1);
    rates.next(1);
    assertEquals(rates.of("__proto__", 9), null);
  });
});

describe("dashboard: words", () => {
  it("are short", () => {
    assertEquals([few(0), few(999), few(1234), few(0.123456), few(2.5e6)], [
      "0",
      "999",
      "1.2K",
      "0.1",
      "2.5M",
    ]);
    assertEquals([ms(0), ms(0.5), ms(12.34), ms(2500)], ["0 ms", "500 µs", "12.3 ms", "2.5 s"]);
    assertEquals([ago(0, 5_000), ago(0, 600_000), ago(0, 9e6), ago(9, 0)], [
      "5 s ago",
      "10 min ago",
      "3 h ago",
      "0 s ago",
    ]);
    assertEquals([count(1, "topic"), count(2, "topic")], ["1 topic", "2 topics"]);
  });
});
