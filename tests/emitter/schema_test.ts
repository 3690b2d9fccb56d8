import { ClosedError, createEvent, ValidationError } from "@nova/events";
import {
  createEventPool,
  type Emitted,
  Emitter,
  type StandardResult,
  type StandardSchema,
} from "@nova/events/emitter";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { type Any, assertConserved, counts, isOpen, reasonOf, thenable } from "./kit.ts";
import { PARSED, PARSED_LATER, POSITIVE, schemaOf } from "./schemas.ts";

/** A schema whose answer the test gives. */
function controlled(): {
  readonly schema: StandardSchema<number>;
  readonly answer: PromiseWithResolvers<StandardResult<number>>;
} {
  const answer = Promise.withResolvers<StandardResult<number>>();
  return { schema: schemaOf(() => answer.promise), answer };
}

describe("Emitter schema", () => {
  const env = useTestEnv();

  it("checks data before anything is accepted, however the event comes", async () => {
    const emitter = new Emitter<{ n: number }>({ env, schema: { n: POSITIVE } });
    let runs = 0;
    emitter.on("n", () => void runs++);
    await assertRejects(() => emitter.emit("n", -1), ValidationError);
    await assertRejects(() => emitter.emit({ type: "n", data: -1 }), ValidationError);
    await assertRejects(() => emitter.emit(createEvent("n", -1)), ValidationError);
    await assertRejects(() => emitter.enqueue("n", -1), ValidationError);
    assertThrows(() => emitter.tryEnqueue("n", -1), ValidationError);
    const results = await emitter.emitBatch([{ type: "n", data: -1 }, { type: "n", data: 1 }]);
    assertEquals(results.map(({ status }) => status), ["rejected", "fulfilled"]);

    assertEquals(runs, 1);
    assertEquals(counts(emitter).emitted, 1, "what was not valid was not emitted");
    assertConserved(emitter);
  });

  it("says where the data is wrong, from the event inwards, and how often", async () => {
    const several = schemaOf<number>(() => ({
      issues: [
        { message: "no", path: ["a", 0, { key: Symbol("s") }] },
        { message: "neither" },
        { message: "nor", path: undefined },
      ],
    }));
    const emitter = new Emitter<{ n: number; all: number }>({
      env,
      schema: { n: POSITIVE, all: several },
    });
    const one = await reasonOf(emitter.emit("n", 0));
    assertInstanceOf(one, ValidationError);
    assertEquals([one.field, one.value], ["data", 0]);
    assertEquals(one.issues, [{ message: "must be positive", path: ["data", "deep", 0] }]);
    assertStringIncludes(one.message, 'data of "n" at data.deep.0: must be positive');

    const more = await reasonOf(emitter.emit("all", 0));
    assertInstanceOf(more, ValidationError);
    assertEquals(more.issues.map(({ message }) => message), ["no", "neither", "nor"]);
    assertEquals(more.issues.map(({ path }) => path!.length), [4, 1, 1]);
    assertStringIncludes(more.message, "data.a.0.Symbol(s): no (and 2 more)");
  });

  it("gives listeners what it makes of the data, on a copy that is checked", async () => {
    for (const schema of [PARSED, PARSED_LATER]) {
      const emitter = new Emitter<{ n: number }, { n: string }>({ env, schema: { n: schema } });
      const seen: Emitted[] = [];
      emitter.on("n", (event) => void seen.push(event));
      const made = createEvent("n", "7", { id: "1", metadata: { a: "b" }, env });
      await emitter.emit(made);
      await emitter.emit({ type: "n", data: "8" });

      assertEquals(seen.map(({ data }) => data), [7, 8]);
      assertEquals({ ...seen[0] }, { ...made, data: 7 });
      assertEquals(made.data, "7");
      assert(Object.isFrozen(seen[1]), "a foreign event is delivered as a frozen copy");
      const other = new Emitter<Any>({ env });
      other.on("n", (event) => assertStrictEquals<Emitted>(event, seen[0]!));
      await other.emit(seen[0]!);
      assertEquals(other.stats().failed, 0, "what a schema made is a made event");
    }
  });

  it("passes an event on as it is when the schema changes nothing", async () => {
    const emitter = new Emitter<{ n: number }>({ env, schema: { n: POSITIVE } });
    const event = createEvent("n", 1);
    emitter.on("n", (one) => assertStrictEquals<Emitted>(one, event));
    await emitter.emit(event);
  });

  it("leaves types without one alone, also if they are named with undefined", async () => {
    const emitter = new Emitter<Any>({ env, schema: { n: POSITIVE, none: undefined as never } });
    for (const type of ["other", "none", "toString", "__proto__"]) await emitter.emit(type, -1);

    assertEquals(counts(emitter).succeeded, 4);
  });

  it("takes schemas that are functions, as some libraries make them", async () => {
    const schema = Object.assign(() => {}, POSITIVE);
    const emitter = new Emitter<Any>({ env, schema: { n: schema } });
    await assertRejects(() => emitter.emit("n", -1), ValidationError);
  });

  it("refuses what is no schema, when the emitter is made", () => {
    for (const schema of [null, 5, "x", () => {}] as never[]) {
      assertThrows(() => new Emitter({ env, schema }), TypeError, '"schema"');
    }
    for (const bad of [null, 5, {}, () => {}, { "~standard": { version: 1 } }] as never[]) {
      assertThrows(() => new Emitter<Any>({ env, schema: { n: bad } }), TypeError, '"n"');
    }
  });

  it("refuses a schema for a pattern: it would never be asked", () => {
    for (const type of ["order.*", "**", ""]) {
      const schema = { [type]: POSITIVE };
      assertThrows(() => new Emitter<Any>({ env, schema }), ValidationError, "type");
    }
  });

  it("becomes a validation error when it throws, rejects or answers nonsense", async () => {
    const cause = new Error("schema");
    const failures: unknown[] = [
      () => {
        throw cause;
      },
      () => Promise.reject(cause),
      () => thenable((_done, failed) => failed(cause)),
      () =>
        thenable(() => {
          throw cause;
        }),
      () =>
        Object.defineProperty({}, "then", {
          get: () => {
            throw cause;
          },
        }),
      () => ({
        get issues() {
          throw cause;
        },
      }),
    ];
    const nonsense: unknown[] = [
      undefined,
      null,
      5,
      "x",
      {},
      { issues: null },
      { issues: 5 },
      { issues: [null] },
      { issues: [{ message: "m", path: [null] }] },
      { issues: [{ message: "m", path: 5 }] },
    ].flatMap((answer) => [() => answer, () => Promise.resolve(answer)]);
    for (const validate of [...failures, ...nonsense]) {
      const schema = schemaOf<number>(validate as never);
      const emitter = new Emitter<{ n: number }>({ env, schema: { n: schema } });
      const reason = await reasonOf(emitter.emit("n", 1));

      assertInstanceOf(reason, ValidationError, String(validate));
      assertStringIncludes(reason.message, 'data of "n": its schema failed');
      if (failures.includes(validate)) assertStrictEquals(reason.cause, cause);
      else assertInstanceOf(reason.cause, TypeError);
      assertEquals(counts(emitter).emitted, 0);
    }
  });

  it("that answers an empty list of issues refuses all the same", async () => {
    const schema = schemaOf<number>(() => ({ issues: [] }));
    const emitter = new Emitter<{ n: number }>({ env, schema: { n: schema } });
    const reason = await reasonOf(emitter.emit("n", 1));

    assertInstanceOf(reason, ValidationError);
    assertEquals(reason.issues.length, 1);
  });

  it("is asked once per event, however many listen", async () => {
    let asked = 0;
    const schema = schemaOf<number>((value) => {
      asked += 1;
      return { value: value as number };
    });
    const emitter = new Emitter<{ n: number }>({ env, schema: { n: schema } });
    for (let i = 0; i < 5; i++) emitter.on("n", () => {});
    await emitter.emit("n", 1);
    await emitter.enqueue("n", 1);
    await env.settle();

    assertEquals(asked, 2);
  });
});

describe("Emitter schema that is asynchronous", () => {
  const env = useTestEnv();

  it("accepts the event when it has settled", async () => {
    const { schema, answer } = controlled();
    const emitter = new Emitter<{ n: number }>({ env, schema: { n: schema } });
    const seen: number[] = [];
    emitter.on("n", ({ data }) => void seen.push(data));
    const done = [emitter.emit("n", 1), emitter.enqueue("n", 1)];
    await env.settle();
    assertEquals([seen, counts(emitter).emitted], [[], 0]);
    answer.resolve({ value: 5 });
    await Promise.all(done);
    await env.settle();

    assertEquals(seen, [5, 5]);
    assertConserved(emitter);
  });

  it("cannot serve tryEnqueue, which says so and leaves nothing behind", async () => {
    const failing = schemaOf<number>(() => Promise.reject(new Error("late")));
    for (const schema of [PARSED_LATER, failing]) {
      const pool = createEventPool({ env });
      const emitter = new Emitter<Any>({ env, schema: { n: schema } });
      const event = pool.acquire("n", "1");
      assertThrows(() => emitter.tryEnqueue(event), TypeError, "use enqueue");
      await env.settle();

      assert(pool.release(event));
      assertEquals(counts(emitter).emitted, 0);
    }
  });

  it("ends the waiting when the signal aborts, even if it never settles (I7)", async () => {
    const { schema, answer } = controlled();
    const emitter = new Emitter<{ n: number }>({ env, schema: { n: schema } });
    const controller = new AbortController();
    const { signal } = controller;
    const reasons = [
      reasonOf(emitter.emit("n", 1, { signal })),
      reasonOf(emitter.enqueue("n", 1, { signal })),
    ];
    await env.settle();
    assertEquals(env.pending.abortListeners, 2);
    const stop = { odd: true };
    controller.abort(stop);
    for (const reason of reasons) assertStrictEquals(await reason, stop);
    assertEquals(env.pending.abortListeners, 0);
    answer.resolve({ value: 1 });
    await env.settle();

    assertEquals(counts(emitter).emitted, 0, "it was given up");
  });

  it("lets go of the signal when it has settled, either way (I7)", async () => {
    const results: StandardResult<number>[] = [{ value: 1 }, { issues: [{ message: "no" }] }];
    for (const result of results) {
      const { schema, answer } = controlled();
      const emitter = new Emitter<{ n: number }>({ env, schema: { n: schema } });
      const { signal } = new AbortController();
      const done = emitter.emit("n", 1, { signal }).catch(() => {});
      assertEquals(env.pending.abortListeners, 1);
      answer.resolve(result);
      await done;

      assertEquals(env.pending.abortListeners, 0);
    }
  });

  it("asks no schema for a signal that is aborted already", async () => {
    let asked = 0;
    const schema = schemaOf<number>(() => {
      asked += 1;
      return { value: 1 };
    });
    const emitter = new Emitter<{ n: number }>({ env, schema: { n: schema } });
    const signal = AbortSignal.abort("stop");

    assertEquals(await reasonOf(emitter.emit("n", 1, { signal })), "stop");
    assertEquals(asked, 0);
  });

  it("ends the waiting when the emitter closes, even if it never settles", async () => {
    const { schema } = controlled();
    const emitter = new Emitter<{ n: number }>({ env, schema: { n: schema } });
    const { signal } = new AbortController();
    const reasons = [
      reasonOf(emitter.emit("n", 1)),
      reasonOf(emitter.enqueue("n", 1, { signal })),
    ];
    assertEquals(await emitter.close(), { completed: 0, left: 0 });
    for (const reason of reasons) assertInstanceOf(await reason, ClosedError);

    assertInstanceOf(await reasonOf(emitter.emit("n", 1, { signal })), ClosedError);
    assertEquals(env.pending.abortListeners, 0);
    assertEquals(counts(emitter).emitted, 0);
  });

  it("that settles in the turn that closes delivers nothing", async () => {
    const { schema, answer } = controlled();
    const emitter = new Emitter<{ n: number }>({ env, schema: { n: schema } });
    let runs = 0;
    emitter.on("n", () => void runs++);
    const reason = reasonOf(emitter.emit("n", 1));
    answer.resolve({ value: 1 });
    await undefined;
    const closing = emitter.close();

    assertInstanceOf(await reason, ClosedError);
    assertEquals(await closing, { completed: 0, left: 0 });
    assertEquals(runs, 0);
  });

  it("holds a pooled event while it decides", async () => {
    const { schema, answer } = controlled();
    const pool = createEventPool({ env });
    const emitter = new Emitter<Any>({ env, schema: { n: schema } });
    const event = pool.acquire("n", 1);
    const done = emitter.emit(event);
    assertFalse(pool.release(event));
    answer.resolve({ value: 2 });
    await done;

    assert(pool.release(event), "listeners got a copy with other data");
  });

  it("does not hold up events of other types", async () => {
    const { schema } = controlled();
    const emitter = new Emitter<Any>({ env, schema: { n: schema } });
    const stuck = emitter.emit("n", 1);
    await emitter.emit("other", 1);
    assert(await isOpen(stuck));
    stuck.catch(() => {});
    await emitter.close();
  });

  it("works together with isolation", async () => {
    const schema = schemaOf<object>((value) => Promise.resolve({ value: value as object }));
    const emitter = new Emitter<{ n: object }>({ env, schema: { n: schema }, isolation: "clone" });
    const data = { own: [1] };
    let seen: object | undefined;
    emitter.on("n", (event) => void (seen = event.data));
    await emitter.emit("n", data);
    assertEquals(seen, data);
    assertNotStrictEquals(seen, data);

    const reason = await reasonOf(emitter.emit("n", { no: () => {} }));
    assertInstanceOf(reason, ValidationError);
    assertStringIncludes(reason.message, "Cannot clone");
    assertConserved(emitter);
  });
});
