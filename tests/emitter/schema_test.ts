import { createEvent, ValidationError } from "@nova/events";
import { Emitter, type InputsOf, type OutputsOf, type StandardSchema } from "@nova/events/emitter";
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { assertConserved } from "./kit.ts";

type Result<Output> = ReturnType<StandardSchema<unknown, Output>["~standard"]["validate"]>;

function schemaOf<Input, Output>(
  validate: (value: unknown) => Result<Output>,
): StandardSchema<Input, Output> {
  return { "~standard": { version: 1, vendor: "test", validate } };
}

/** Text of digits becomes a number. */
const digits = schemaOf<string, number>((value) =>
  typeof value === "string" && /^\d+$/.test(value)
    ? { value: Number(value) }
    : { issues: [{ message: "must be digits", path: ["a", { key: 0 }] }, { message: "also bad" }] }
);

const later = schemaOf<string, string>(async (value) => {
  await Promise.resolve();
  return value === "good" ? { value: "fine" } : { issues: [{ message: "is bad" }] };
});

describe("Emitter schema", () => {
  const env = useTestEnv();
  const schema = { digits, later };

  function make() {
    return new Emitter<OutputsOf<typeof schema>, InputsOf<typeof schema>>({ env, schema });
  }

  it("hands listeners what the schema made of the data", async () => {
    const emitter = make();
    const seen: number[] = [];
    emitter.on("digits", ({ data }) => void seen.push(data + 1));
    await emitter.emit("digits", "41");
    await emitter.emit({ type: "digits", data: "1" });
    await emitter.emit(createEvent("digits", "2"));
    await emitter.enqueue("digits", "3");
    assert(emitter.tryEnqueue("digits", "4"));
    await env.settle();

    assertEquals(seen, [42, 2, 3, 4, 5]);
  });

  it("passes an event on as it is when the schema changes nothing", async () => {
    const same = new Emitter<{ t: number }>({
      env,
      schema: { t: schemaOf<number, number>((value) => ({ value: value as number })) },
    });
    const event = createEvent("t", 1);
    let seen: unknown;
    same.on("t", (given) => void (seen = given));
    await same.emit(event);

    assertStrictEquals(seen, event);
  });

  it("keeps id, time and metadata of an event whose data it changes", async () => {
    const emitter = make();
    const event = createEvent("digits", "7", { metadata: { tenant: "x" } });
    let seen: unknown;
    emitter.on("digits", (given) => void (seen = given));
    await emitter.emit(event);

    assertEquals(seen, { ...event, data: 7 });
  });

  it("rejects with every issue and its path, and counts nothing", async () => {
    const emitter = make();
    const error = await assertRejects(() => emitter.emit("digits", "x"), ValidationError);

    assertEquals([error.field, error.value, error.code], ["data", "x", "validation"]);
    assertEquals(error.issues, [
      { message: "must be digits", path: ["data", "a", 0] },
      { message: "also bad", path: ["data"] },
    ]);
    assertEquals(
      error.message,
      'Cannot use the data of "digits" at data.a.0: must be digits (and 1 more)',
    );
    assertThrows(() => emitter.tryEnqueue("digits", "x"), ValidationError);
    await assertRejects(() => emitter.enqueue("digits", "x"), ValidationError);
    assertEquals(emitter.stats().emitted, 0);
  });

  it("may be asynchronous; tryEnqueue then says so", async () => {
    const emitter = make();
    const seen: string[] = [];
    emitter.on("later", ({ data }) => void seen.push(data));
    await emitter.emit("later", "good");
    assertEquals(await emitter.enqueue("later", "good"), true);
    await env.settle();
    await assertRejects(() => emitter.emit("later", "x"), ValidationError, "is bad");
    assertThrows(() => emitter.tryEnqueue("later", "good"), TypeError, "use enqueue");

    assertEquals(seen, ["fine", "fine"]);
    assertConserved(emitter);
  });

  it("that throws, or rejects, is a validation error with its cause", async () => {
    const cause = new Error("bug");
    const emitter = new Emitter<{ now: number; later: number }>({
      env,
      schema: {
        now: schemaOf<number, number>(() => {
          throw cause;
        }),
        later: schemaOf<number, number>(() => Promise.reject(cause)),
      },
    });
    for (const type of ["now", "later"] as const) {
      const error = await assertRejects(
        () => emitter.emit(type, 1),
        ValidationError,
        "schema threw",
      );
      assertStrictEquals(error.cause, cause);
    }
  });

  it("that never settles holds nobody else up, and close does not wait for it", async () => {
    const emitter = new Emitter<{ stuck: number; other: number }>({
      env,
      schema: { stuck: schemaOf<number, number>(() => new Promise(() => {})) },
    });
    let calls = 0;
    emitter.on("other", () => void (calls += 1));
    void emitter.emit("stuck", 1);
    await emitter.emit("other", 1);

    assertEquals(calls, 1);
    assertEquals(await emitter.close(), { completed: 0, left: 0 });
  });

  it("looks at the signal again when an asynchronous schema has settled", async () => {
    const emitter = make();
    const controller = new AbortController();
    let calls = 0;
    emitter.on("later", () => void (calls += 1));
    const emitted = emitter.emit("later", "good", { signal: controller.signal });
    controller.abort(new Error("gone"));

    await assertRejects(() => emitted, Error, "gone");
    assertEquals(calls, 0);
  });

  it("leaves types without one alone, and must be a schema", async () => {
    const emitter = new Emitter<
      { digits: number; free: unknown },
      { digits: string; free: unknown }
    >({
      env,
      schema: { digits },
    });
    let seen: unknown;
    emitter.on("free", ({ data }) => void (seen = data));
    await emitter.emit("free", { any: "thing" });

    assertEquals(seen, { any: "thing" });
    for (const bad of [null, {}, { "~standard": {} }, 5] as never[]) {
      assertThrows(() => new Emitter({ schema: { t: bad } }), TypeError, 'the schema of "t"');
    }
  });
});
