import { IdConflictError, ValidationError } from "@nova/events";
import { Bus, type NovaEvent } from "@nova/events/bus";
import {
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { assertLaws, byKey, type Keyed, n, type Numbers, step } from "./kit.ts";

describe("key", () => {
  const env = useTestEnv();

  it("picks the partition by FNV-1a of its UTF-8 bytes", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", { partitions: 8, key: byKey });

    // Published vectors: 0xe40c292c, 0xe70c2de5, 0xbf9cf968, and the offset basis 0x811c9dc5.
    for (const [key, partition] of [["a", 4], ["b", 5], ["foobar", 0], ["", 5]] as const) {
      assertEquals((await topic.publish(step(key, 1))).partition, partition);
    }
  });

  it("takes strings, safe integers, and undefined for none", async () => {
    type Any = { any: unknown };
    const topic = new Bus({ env }).topic<Any>("a", {
      partitions: 4,
      key: (event) => event.data as string,
    });
    const partitionOf = async (data: unknown): Promise<number> =>
      (await topic.publish({ type: "any", data })).partition;

    for (const key of ["", "x", "\ud800", 0, -1, 7, Number.MAX_SAFE_INTEGER]) {
      assertEquals(await partitionOf(key), await partitionOf(key), `${key}`);
    }
    assertEquals(await partitionOf(-0), await partitionOf(0));
    const turns = [await partitionOf(undefined), await partitionOf(undefined)];
    assertEquals(turns[1], (turns[0]! + 1) % 4);
  });

  it("that is anything else is a ValidationError to the publisher", async () => {
    const topic = new Bus({ env }).topic<{ any: unknown }>("a", {
      key: (event) => event.data as string,
    });
    const wrong = [NaN, 1.5, Infinity, 2 ** 53, null, {}, [], true, 1n, Symbol("k"), () => {}];

    for (const data of [...wrong, Promise.resolve("k"), new String("k")]) {
      const error = await topic.publish({ type: "any", data }).catch((error) => error);
      assertInstanceOf(error, ValidationError);
      assertEquals([error.field, error.value], ["key", data]);
      assertThrows(() => topic.tryPublish({ type: "any", data }), ValidationError, "key");
    }
    assertEquals(topic.stats().attempts, 0);
    assertEquals((await topic.publish({ type: "any", data: "k" })).sequence, 1);
  });

  it("function that throws is a ValidationError with that as its cause", async () => {
    const cause = new Error("no such order");
    const topic = new Bus({ env }).topic<Numbers>("a", {
      key() {
        throw cause;
      },
    });

    const error = await topic.publish(n(1)).catch((error) => error);
    assertInstanceOf(error, ValidationError);
    assertStrictEquals(error.cause, cause);
    assertMatch(error.message, /"a".*key function threw/);
    assertEquals(topic.stats().attempts, 0);
  });

  it("function that throws once its event is in stops nothing: the event has no key then", async () => {
    for (const onFailure of ["skip", "park-key", "hold"] as const) {
      const bus = new Bus({ env });
      const topic = bus.topic<{ any: { key: string | undefined } }>("a", {
        key: ({ data }) => data.key!.toString(),
        retry: { attempts: 1 },
        dedupe: {},
        onFailure,
      });
      let well = false;
      const subscription = topic.subscribe(({ data }) => {
        if (well || data.key === "b") return;
        // Handlers get the data itself, and may spoil it.
        data.key = undefined;
        throw new Error("no");
      });
      for (const key of ["a", "b"]) {
        topic.tryPublish({ type: "any", data: { key }, id: key });
      }
      await env.settle();
      const { succeeded, deadLettered, held } = subscription.stats();
      const isHeld = onFailure === "hold";
      assertEquals([succeeded, deadLettered, held], [1, isHeld ? 0 : 1, isHeld ? 1 : 0], onFailure);

      const again = topic.publish({ type: "any", data: { key: "a" }, id: "a" });
      await assertRejects(() => again, IdConflictError);
      assertEquals(subscription.parked().length, isHeld ? 1 : 0);
      well = true;
      assertEquals(subscription.release(), isHeld);
      assertEquals(subscription.redrive(), { redriven: isHeld ? 0 : 1, left: 0 });
      await env.settle();
      assertEquals(subscription.stats().succeeded, 2);
      assertLaws(topic);
      await bus.close();
    }
  });

  it("is asked once for each event, with the event as it is delivered", async () => {
    const asked: NovaEvent[] = [];
    const seen: NovaEvent[] = [];
    const topic = new Bus({ env }).topic<Numbers>("a", {
      bufferSize: 1,
      key(event) {
        asked.push(event);
        return "k";
      },
    });
    topic.subscribe((event) => void seen.push(event));
    await Promise.all([1, 2, 3].map((i) => topic.publish(n(i))));
    await env.settle();

    assertEquals(asked.length, 3);
    asked.forEach((event, i) => assertStrictEquals(event, seen[i]));
  });
});
