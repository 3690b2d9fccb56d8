import { createEvent } from "@nova/events";
import { Emitter } from "@nova/events/emitter";
import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { type Any, assertConserved } from "./kit.ts";

describe("Emitter.emitBatch()", () => {
  const env = useTestEnv();

  it("answers one outcome for each event, in order; a bad one stops no other", async () => {
    const emitter = new Emitter<Any>({ env });
    const seen: unknown[] = [];
    emitter.on("t", ({ data }) => {
      seen.push(data);
      if (data === 3) throw new Error("three");
    });
    const outcomes = await emitter.emitBatch([
      { type: "t", data: 1 },
      { type: "", data: 2 },
      { type: "t", data: 3 },
      null as never,
      createEvent("t", 5),
    ]);

    assertEquals(outcomes.map(({ status }) => status), [
      "fulfilled",
      "rejected",
      "rejected",
      "rejected",
      "fulfilled",
    ]);
    assertEquals(seen, [1, 3, 5]);
    assertConserved(emitter);
  });

  it("enqueues with mode enqueue, and refuses what is no batch", async () => {
    const emitter = new Emitter<Any>({ env, bufferSize: 1, overflow: "drop-newest" });
    let calls = 0;
    emitter.on("t", () => void (calls += 1));
    const outcomes = await emitter.emitBatch([{ type: "t", data: 1 }, { type: "t", data: 2 }], {
      mode: "enqueue",
    });
    await env.settle();

    assertEquals(outcomes.map((outcome) => outcome.status === "fulfilled" && outcome.value), [
      true,
      false,
    ]);
    assertEquals(calls, 1);
    await assertRejects(() => emitter.emitBatch(null as never), TypeError, "as a batch");
    await assertRejects(() => emitter.emitBatch([], { mode: "x" as never }), RangeError, "mode");
    assertEquals(await emitter.emitBatch([]), []);
  });
});
