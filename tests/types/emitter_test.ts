// What must compile and what must not. The compiler is the judge: `deno test` and the check of
// `deno task ok` fail where an expected error is missing. What runs shows only that it is legal.
import {
  createEvent,
  createEventPool,
  type Emitted,
  Emitter,
  type EventStream,
  type InputsOf,
  type MatchingTypes,
  type Middleware,
  type NovaEvent,
  type OutputsOf,
  type StandardSchema,
} from "@nova/events/emitter";
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import * as v from "valibot";
import { z } from "zod";
import { schemaOf } from "../emitter/schemas.ts";

type Shop = {
  "order.placed": { readonly id: string; readonly total: number };
  "order.paid": { readonly id: string };
  "order.item.added": { readonly sku: string };
  tick: number;
};

/** True if the types are the same, not only assignable. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

/** Compiles for `true` alone. */
function holds<_Fact extends true>(): void {}

/** Compiled, never called. */
function compiled(_code: (emitter: Emitter<Shop>) => unknown): void {}

describe("types of an emitter with a map of events", () => {
  it("let the types of the map be emitted with their data, and nothing else", async () => {
    const emitter = new Emitter<Shop>();
    await emitter.emit("order.placed", { id: "1", total: 2 });
    await emitter.emit({ type: "tick", data: 1 });
    await emitter.emit(createEvent("order.paid", { id: "1" }), {});
    await emitter.enqueue("tick", 1, {
      metadata: { a: "b" },
      signal: new AbortController().signal,
    });
    emitter.tryEnqueue("tick", 1, { metadata: { a: "b" } });
    await emitter.emitBatch([{ type: "tick", data: 1 }, createEvent("order.paid", { id: "1" })]);
    assertEquals((await emitter.close()).left, 0);

    compiled((emitter) => {
      // @ts-expect-error no such type
      emitter.emit("order.payed", { id: "1" });
      // @ts-expect-error the total is missing
      emitter.emit("order.placed", { id: "1" });
      // @ts-expect-error the data belongs to another type
      emitter.emit({ type: "tick", data: { id: "1" } });
      // @ts-expect-error made with the wrong data
      emitter.emit(createEvent("tick", "1"));
      // @ts-expect-error data is missing
      emitter.emit("tick");
      // @ts-expect-error a pattern is no type
      emitter.emit("order.*", { id: "1" });
      // @ts-expect-error a pattern is no type
      emitter.enqueue("**", 1);
      // @ts-expect-error it never waits, so there is nothing to abort
      emitter.tryEnqueue("tick", 1, { signal: new AbortController().signal });
      // @ts-expect-error one of them is wrong
      emitter.emitBatch([{ type: "tick", data: 1 }, { type: "tick", data: "2" }]);
      // @ts-expect-error no such mode
      emitter.emitBatch([], { mode: "later" });
    });
  });

  it("tell a listener the type and the data of its event", () => {
    const emitter = new Emitter<Shop>();
    emitter.on("order.placed", (event) => {
      holds<Same<typeof event, Emitted<"order.placed", Shop["order.placed"]>>>();
    });
    emitter.on("tick", async ({ data }, { signal, attempt, subscription }) => {
      await Promise.resolve([data.toFixed(), signal.aborted, attempt + 1, subscription.id]);
    }, { once: true, id: "x", concurrency: 1 });
    // A listener of more is one of less.
    emitter.on("tick", (event: Emitted) => void event);
    assertEquals(emitter.listenerCount("tick"), 2);

    compiled((emitter) => {
      // @ts-expect-error no such type
      emitter.on("tock", () => {});
      // @ts-expect-error an order has no such field
      emitter.on("order.paid", ({ data }) => data.total);
      // @ts-expect-error a tick is no order
      emitter.on("tick", (event: Emitted<"order.paid", Shop["order.paid"]>) => void event);
      // @ts-expect-error what is emitted has no id for sure
      emitter.on("tick", (event: NovaEvent<"tick", number>) => void event);
      // @ts-expect-error the data is read-only
      emitter.on("order.paid", (event) => void (event.data = { id: "2" }));
      // @ts-expect-error no such option
      emitter.on("tick", () => {}, { priority: 1 });
      // @ts-expect-error no such type
      emitter.listenerCount("tock");
    });
  });

  it("tell a listener of a pattern the union of what matches", () => {
    const emitter = new Emitter<Shop>();
    emitter.on("order.*", (event) => {
      holds<Same<typeof event.type, "order.placed" | "order.paid">>();
      if (event.type === "order.placed") event.data.total.toFixed();
      // @ts-expect-error only one of them has a total
      event.data.total;
    });
    emitter.on("order.**", ({ type }) => {
      holds<Same<typeof type, "order.placed" | "order.paid" | "order.item.added">>();
    });
    emitter.on("**", ({ type }) => holds<Same<typeof type, keyof Shop>>());
    emitter.on("*", (event) => holds<Same<typeof event, Emitted<"tick", number>>>());
    emitter.on("*.item.*", ({ data }) => void data.sku);
    // Nothing matches: there is nothing that its event could be.
    emitter.on("invoice.*", (event) => holds<Same<typeof event, never>>());

    holds<Same<MatchingTypes<Shop, "order.*.*">, "order.item.added">>();
    holds<Same<MatchingTypes<Shop, "*.**">, Exclude<keyof Shop, "tick">>>();
    holds<Same<MatchingTypes<Shop, "order.placed">, "order.placed">>();
    assertEquals(emitter.listenerCount(), 6);
  });

  it("tell once() and events() what they answer", async () => {
    const emitter = new Emitter<Shop>();
    const next = emitter.once("order.placed", { where: ({ data }) => data.total > 1 });
    holds<Same<typeof next, Promise<Emitted<"order.placed", Shop["order.placed"]>>>>();
    const ticks = emitter.events("tick", { bufferSize: 1, overflow: "reject", waitMs: 1 });
    holds<Same<typeof ticks, EventStream<Emitted<"tick", number>>>>();
    const orders = emitter.events("order.*");
    const read = orders.next();
    await emitter.emit("order.placed", { id: "1", total: 2 });
    const { value } = await read;
    if (value?.type === "order.placed") assertEquals(value.data.total, 2);
    await next;
    for (const stream of [ticks, orders]) await stream.return();

    compiled((emitter) => {
      // @ts-expect-error no such type
      emitter.once("tock");
      // @ts-expect-error an order has no such field
      emitter.once("order.paid", { where: ({ data }) => data.total > 1 });
      // @ts-expect-error no such policy
      emitter.events("tick", { overflow: "drop" });
      // @ts-expect-error no such type
      emitter.events("tock");
    });
  });

  it("tell middleware and onError the union of all events", () => {
    const layer: Middleware<Emitted<"tick", number>> = (event, next) =>
      next({ ...event, data: event.data + 1 });
    new Emitter<{ tick: number }>({ middleware: [layer, (_event, next) => next()] });
    new Emitter<Shop>({
      middleware: [async (event, next) => {
        if (event.type === "tick") event.data.toFixed();
        await next();
        await next({ type: "tick", data: 1 });
        // @ts-expect-error the data belongs to another type
        await next({ type: "tick", data: "1" });
      }],
      onError: (error, event) => {
        if (event.type === "order.paid") {
          return event.data.id === error.subscription ? "handled" : undefined;
        }
      },
    });

    compiled(() => [
      // @ts-expect-error a promise handles nothing
      new Emitter<Shop>({ onError: () => Promise.resolve("handled" as const) }),
      // @ts-expect-error no such answer
      new Emitter<Shop>({ onError: () => "ignored" }),
      // @ts-expect-error no such isolation
      new Emitter<Shop>({ isolation: "copy" }),
      // @ts-expect-error no such option
      new Emitter<Shop>({ maxListeners: 10 }),
    ]);
  });

  it("take an interface as a map", async () => {
    interface Events {
      a: number;
      b: string;
    }
    const emitter = new Emitter<Events>();
    emitter.on("a", ({ data }) => void data.toFixed());
    await emitter.emit("b", "x");
  });

  it("know the events of a pool", () => {
    const pool = createEventPool<Shop>();
    const event = pool.acquire("tick", 1, { a: "b" });
    holds<Same<typeof event, NovaEvent<"tick", number>>>();
    pool.release(event);

    compiled(() => [
      // @ts-expect-error no such type
      pool.acquire("tock", 1),
      // @ts-expect-error wrong data
      pool.acquire("tick", "1"),
    ]);
  });
});

describe("types of an emitter without a map", () => {
  it("let everything through, as unknown", async () => {
    const emitter = new Emitter();
    emitter.on("anything", ({ type, data }) => {
      holds<Same<typeof type, "anything">>();
      holds<Same<typeof data, unknown>>();
    });
    await emitter.emit("anything", Symbol());
  });

  it("do not take a pattern for the type of the event", () => {
    const emitter = new Emitter();
    emitter.on("order.*", ({ type }) => holds<Same<typeof type, string>>());
    const stream = emitter.events("**");
    holds<Same<typeof stream, EventStream<Emitted<string, unknown>>>>();
    void stream.return();
  });
});

const SCHEMA = {
  "order.placed": z.object({ id: z.string(), total: z.string().transform(Number) }),
  "order.paid": v.object({ id: v.string(), at: v.optional(v.number(), 0) }),
};

describe("types of an emitter with schemas", () => {
  it("are inferred: what is emitted is the input, what is heard the output", async () => {
    const emitter = new Emitter({ schema: SCHEMA });
    emitter.on("order.placed", ({ data }) => {
      holds<Same<typeof data, { id: string; total: number }>>();
    });
    emitter.on("order.paid", ({ data }) => holds<Same<typeof data, { id: string; at: number }>>());
    emitter.on("order.*", ({ data }) => void data.id);
    await emitter.emit("order.placed", { id: "1", total: "42" });
    await emitter.emit({ type: "order.paid", data: { id: "1" } });
    await emitter.enqueue("order.paid", { id: "1", at: 5 });
    await emitter.close();

    compiled(() => [
      // @ts-expect-error the schema reads it out of a string
      emitter.emit("order.placed", { id: "1", total: 42 }),
      // @ts-expect-error no schema, no such event
      emitter.emit("order.sent", { id: "1" }),
      // @ts-expect-error no schema, no such event
      emitter.on("order.sent", () => {}),
    ]);
  });

  it("can be named", () => {
    type Outputs = OutputsOf<typeof SCHEMA>;
    type Inputs = InputsOf<typeof SCHEMA>;
    holds<Same<Outputs["order.placed"]["total"], number>>();
    holds<Same<Inputs["order.placed"]["total"], string>>();
    const emitter: Emitter<Outputs, Inputs> = new Emitter({ schema: SCHEMA });
    assertEquals(emitter.name, "emitter");
  });

  it("may cover some types of a map, and must fit them", () => {
    const tick = schemaOf<number>((value) => ({ value: value as number }));
    new Emitter<Shop>({ schema: { tick } });
    new Emitter<Shop>({ schema: { tick: z.number(), "order.paid": z.object({ id: z.string() }) } });
    new Emitter<{ a: number }, { a: string }>({ schema: { a: z.string().transform(Number) } });

    compiled(() => [
      // @ts-expect-error it makes a string of a tick
      new Emitter<Shop>({ schema: { tick: z.string() } }),
      // @ts-expect-error it takes a string, and a tick is a number
      new Emitter<Shop>({ schema: { tick: z.string().transform(Number) } }),
      // @ts-expect-error no such type
      new Emitter<Shop>({ schema: { tock: tick } }),
      // @ts-expect-error no schema
      new Emitter<Shop>({ schema: { tick: (value: unknown) => value } }),
    ]);
  });

  it("take schemas of other libraries as they are", () => {
    const schemas: StandardSchema[] = [z.string(), v.string(), v.pipeAsync(v.string())];
    assertEquals(schemas.length, 3);
  });
});
