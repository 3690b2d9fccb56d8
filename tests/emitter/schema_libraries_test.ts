import { ValidationError } from "@nova/events";
import { Emitter, type InputsOf, type OutputsOf } from "@nova/events/emitter";
import { assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { describe, it } from "node:test";
import * as v from "valibot";
import { z } from "zod";
import { useTestEnv } from "../support/env.ts";
import { reasonOf } from "./kit.ts";

const BY_ZOD = {
  "order.placed": z.object({
    total: z.string().transform(Number),
    items: z.array(z.object({ sku: z.string() })).default([]),
  }),
};

const BY_VALIBOT = {
  "order.placed": v.object({
    total: v.pipe(v.string(), v.transform(Number)),
    items: v.optional(v.array(v.object({ sku: v.string() })), []),
  }),
};

const BY_VALIBOT_LATER = {
  "order.placed": v.objectAsync({
    total: v.pipeAsync(v.string(), v.transformAsync((text) => Promise.resolve(Number(text)))),
    items: v.optional(v.array(v.object({ sku: v.string() })), []),
  }),
};

type Outputs = OutputsOf<typeof BY_ZOD>;
type Inputs = InputsOf<typeof BY_ZOD>;

describe("Emitter schema of a library", () => {
  const env = useTestEnv();

  // The three say the same, so one map of events fits them all.
  for (
    const [name, schema] of [
      ["Zod", BY_ZOD],
      ["Valibot", BY_VALIBOT],
      ["Valibot, asynchronous", BY_VALIBOT_LATER],
    ] as const
  ) {
    it(`${name}: gives listeners what the schema makes of the data`, async () => {
      const emitter = new Emitter<Outputs, Inputs>({ env, schema });
      const seen: Outputs["order.placed"][] = [];
      emitter.on("order.placed", ({ data }) => void seen.push(data));
      await emitter.emit("order.placed", { total: "42" });

      assertEquals(seen, [{ total: 42, items: [] }]);
    });

    it(`${name}: says where the data is wrong`, async () => {
      const emitter = new Emitter<Outputs, Inputs>({ env, schema });
      const items = [{ sku: "a" }, { sku: 7 }] as never[];
      const reason = await reasonOf(emitter.emit("order.placed", { total: "42", items }));

      assertInstanceOf(reason, ValidationError);
      assertEquals(reason.issues[0]!.path, ["data", "items", 1, "sku"]);
      assertStringIncludes(reason.message, "data.items.1.sku");
    });
  }
});
