import { TopicNotFoundError } from "@nova/events";
import { Bus } from "@nova/events/bus";
import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { fails, n } from "./kit.ts";

const GOOD = ["a", "A-17", "orders.placed", "x_y", "1", "a.b.c.d", "-", "dlq.a", "x".repeat(128)];

const BAD = [
  "",
  ".",
  "a.",
  ".a",
  "a..b",
  "a b",
  "a/b",
  "a*",
  "*",
  "a.>",
  "ä",
  "a\n",
  "a\0",
  "\ud800",
  "x".repeat(129),
  "a".repeat(10_000),
];

describe("topic names", () => {
  const env = useTestEnv();

  it("are tokens of letters, digits, _ and -, joined by dots, at most 128 characters", () => {
    const bus = new Bus({ env });

    for (const name of GOOD) assertEquals(bus.topic(name).name, name);
    for (const name of BAD) assertThrows(() => bus.topic(name), SyntaxError, "as a topic name");
    assertEquals(bus.stats().topics.map(({ name }) => name), GOOD);
  });

  it("are refused in the same words where a topic is looked up", async () => {
    const bus = new Bus({ env });

    for (const name of BAD) {
      // A name that holds a wildcard is a pattern to subscribe; it may be a good one.
      if (!/[*>]/.test(name)) assertThrows(() => bus.subscribe(name, () => {}), SyntaxError);
      await assertRejects(() => bus.publish(name, n(1)), SyntaxError);
    }
    for (const name of [undefined, null, 5, {}, ["a"], Symbol("a")] as never[]) {
      assertThrows(() => bus.topic(name), TypeError, "must be a string");
      assertThrows(() => bus.subscribe(name, () => {}), TypeError);
      await assertRejects(() => bus.publish(name, n(1)), TypeError);
    }
  });

  it("mean nothing to objects", async () => {
    const bus = new Bus({ env });

    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      assertThrows(() => bus.subscribe(name, () => {}), TopicNotFoundError);
      assertEquals((await bus.topic(name).publish(n(1))).sequence, 1);
    }
  });

  it("that end in dlq belong to dead letters", () => {
    const bus = new Bus({ env });

    for (const name of ["dlq", "orders.dlq", "orders.dlq.dlq"]) {
      assertThrows(() => bus.topic(name), RangeError, "belong to dead letters");
    }
    for (const name of ["orders.DLQ", "orders-dlq", "orders.dlq.x"]) bus.topic(name);
  });

  it("of any length have dead letters that can be reached", async () => {
    const bus = new Bus({ env });
    const name = "x".repeat(128);
    bus.topic(name, { retry: { attempts: 1 } }).subscribe(fails);
    await bus.publish(name, n(1));
    await env.settle();

    assertEquals(bus.topic(`${name}.dlq`).stats().accepted, 1);
    assertStrictEquals(bus.topic(`${name}.dlq`), bus.topic(`${name}.dlq`));
    assertThrows(() => bus.topic(`${name}x.dlq`), SyntaxError);
  });
});
