import {
  createEvent,
  type CreateEventOptions,
  type Metadata,
  type NovaEvent,
  ValidationError,
} from "@nova/events";
import { createTestEnv } from "@nova/events/testing";
import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertNotEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "node:test";
import { isBranded } from "../../src/event/brand.ts";
import { admitEmitted, admitEvent, makeEmitted } from "../../src/event/make.ts";
import { NO_METADATA } from "../../src/event/metadata.ts";
import { show } from "../../src/internal/check.ts";
import { changing, hostileProxy, revokedProxy, throwing } from "./bad_values.ts";

const ID = /^[0-9a-z]{22}$/;

describe("createEvent()", () => {
  it("makes an event with id, time and shared empty metadata", () => {
    const before = Date.now();
    const data = { total: 3 };
    const event: NovaEvent<"order.placed", { total: number }> = createEvent("order.placed", data);

    assertEquals(Object.keys(event).toSorted(), ["data", "id", "metadata", "timestamp", "type"]);
    assertEquals(event.type, "order.placed");
    assertStrictEquals(event.data, data);
    assertMatch(event.id, ID);
    assert(event.timestamp >= before - 1 && event.timestamp <= Date.now() + 1);
    assertStrictEquals(event.metadata, NO_METADATA);
  });

  it("makes unique, rising ids", () => {
    const ids = Array.from({ length: 1000 }, () => createEvent("x", 1).id);

    assertEquals(new Set(ids).size, 1000);
    assertEquals(ids, ids.toSorted());
  });

  it("takes id, metadata and timestamp, each alone and together", () => {
    assertEquals(createEvent("x", 1, { id: "7" }).id, "7");
    assertEquals(createEvent("x", 1, { timestamp: 0 }).timestamp, 0);
    assertEquals({ ...createEvent("x", 1, { metadata: { a: "1" } }).metadata }, { a: "1" });
    const event = createEvent("x", 1, { id: "7", timestamp: -5, metadata: { a: "1" } });
    assertEquals({ ...event, metadata: { ...event.metadata } }, {
      id: "7",
      type: "x",
      data: 1,
      metadata: { a: "1" },
      timestamp: -5,
    });
  });

  it("takes id and time from env, and only what is missing", () => {
    const env = createTestEnv({ now: 5000 });
    const event = createEvent("x", 1, { env });
    assertEquals(event.timestamp, 5000);
    assertMatch(event.id, ID);
    assertEquals(event.id, createEvent("x", 1, { env: createTestEnv({ now: 5000 }) }).id);

    const silent = new Proxy(env, {
      get: () => {
        throw new Error("not asked for");
      },
    });
    createEvent("x", 1, { id: "7", timestamp: 1, env: silent });
  });

  it("copies and freezes metadata, so that no listener changes it for another (D1)", () => {
    const metadata = { trace: "1" };
    const event = createEvent("x", 1, { metadata });
    metadata.trace = "2";

    assertEquals(event.metadata.trace, "1");
    assert(Object.isFrozen(event.metadata));
  });

  it("keeps data as it is, whatever it is", () => {
    const proxy = hostileProxy();
    for (const data of [undefined, null, NaN, new Map(), Symbol("s"), proxy]) {
      assert(Object.is(createEvent("x", data).data, data));
    }
  });

  it("reads each option once: a getter cannot lie the second time", () => {
    for (const [field, first] of [["id", "7"], ["timestamp", 1], ["metadata", {}]] as const) {
      const options = changing<CreateEventOptions>({}, field, [first, Symbol("lie")]);
      createEvent("x", 1, options);
      assertEquals(options.reads(), 1, field);
    }
  });

  for (const [field, value] of [["id", ""], ["id", null], ["timestamp", NaN]] as const) {
    it(`refuses ${field}: ${value === "" ? "empty" : value}`, () => {
      const options = { [field]: value } as object;
      const error = assertThrows(() => createEvent("x", 1, options), ValidationError);
      assertEquals(error.field, field);
    });
  }

  it("refuses a bad type, and bad metadata", () => {
    const error = assertThrows(() => createEvent("", 1), ValidationError);
    assertEquals(error.field, "type");
    assertThrows(() => createEvent(undefined as never, 1, {}), ValidationError, "must be a string");
    assertThrows(
      () => createEvent("x", 1, { metadata: { a: 1 as never } }),
      ValidationError,
      'its value of "a"',
    );
  });

  for (const options of [null, "id", 7]) {
    it(`refuses ${options} as options`, () => {
      assertThrows(
        () => createEvent("x", 1, options as never),
        TypeError,
        "as the options of an event: they must be an object",
      );
    });
  }
});

describe("makeEmitted()", () => {
  it("makes a checked event without id and time", () => {
    const data = {};
    const event = makeEmitted("x", data, { a: "1" });

    assertEquals(Object.keys(event).toSorted(), ["data", "metadata", "type"]);
    assertStrictEquals(event.data, data);
    assert(isBranded(event));
    assertThrows(() => makeEmitted("", 1, undefined), ValidationError);
    assertThrows(() => makeEmitted("x", 1, null as never), ValidationError);
  });
});

/** What is wrong with a foreign event, whoever admits it. */
const BAD: readonly (readonly [string, () => unknown, string, string])[] = [
  ["an empty object", () => ({}), "type", "must be a string"],
  ["an array", () => ["x"], "type", "must be a string"],
  ["an empty type", () => ({ type: "", data: 1 }), "type", "must not be empty"],
  ["a lone surrogate in the type", () => ({ type: "\ud83d" }), "type", "lone surrogate"],
  ["a symbol as type", () => ({ type: Symbol("s") }), "type", "must be a string"],
  ["a pattern as type", () => ({ type: "a.*" }), "type", "must name one type"],
  ["an empty id", () => ({ type: "x", id: "" }), "id", "must not be empty"],
  ["null as id", () => ({ type: "x", id: null }), "id", "must be a string"],
  ["a number as id", () => ({ type: "x", id: 7 }), "id", "must be a string"],
  ["a lone surrogate in the id", () => ({ type: "x", id: "\ude00" }), "id", "lone surrogate"],
  ["a long id", () => ({ type: "x", id: "x".repeat(257) }), "id", "at most 256 bytes"],
  ["NaN as timestamp", () => ({ type: "x", timestamp: NaN }), "timestamp", "NaN"],
  ["null as timestamp", () => ({ type: "x", timestamp: null }), "timestamp", "null"],
  ["a date as timestamp", () => ({ type: "x", timestamp: new Date() }), "timestamp", "an object"],
  ["null as metadata", () => ({ type: "x", metadata: null }), "metadata", "plain object"],
  ["a number in metadata", () => ({ type: "x", metadata: { a: 1 } }), "metadata", "it is 1"],
  [
    "__proto__ in metadata",
    () => ({ type: "x", metadata: JSON.parse('{"__proto__":"x"}') }),
    "metadata",
    '"__proto__"',
  ],
  [
    "constructor in metadata",
    () => ({ type: "x", metadata: { constructor: "x" } }),
    "metadata",
    "",
  ],
  ["a hostile proxy", hostileProxy, "event", "Cannot read the event"],
  ["a revoked proxy", revokedProxy, "event", "Cannot read the event"],
  ["a type that throws", () => throwing({}, "type"), "event", "Cannot read the event"],
  ["data that throws", () => throwing({ type: "x" }, "data"), "event", "Cannot read the event"],
  ["an id that throws", () => throwing({ type: "x" }, "id"), "event", "Cannot read the event"],
  [
    "metadata of an event",
    () => createEvent("x", 1, { metadata: { a: "1" } }).metadata,
    "type",
    "",
  ],
];

const ADMIT = [
  ["admitEmitted", (value: unknown) => admitEmitted(value)],
  ["admitEvent", (value: unknown) => admitEvent(value, createTestEnv())],
] as const;

for (const [name, admit] of ADMIT) {
  describe(`${name}() of a foreign object`, () => {
    for (const [what, make, field, why] of BAD) {
      it(`refuses ${what}`, () => {
        const error = assertThrows(() => admit(make()), ValidationError, why);
        assertEquals([error.code, error.field], ["validation", field]);
      });
    }

    for (const value of [undefined, null, "x", 7, true, Symbol("s"), () => {}]) {
      it(`refuses ${typeof value} ${show(value)}, which is no event at all`, () => {
        assertThrows(() => admit(value), TypeError, "as an event: it must be an object");
      });
    }

    it("keeps the reason when reading threw", () => {
      const error = assertThrows(() => admit(throwing({}, "type")), ValidationError);
      assertEquals((error.cause as Error).message, "reading type");
    });

    it("makes a frozen copy and leaves the caller's object alone (D1)", () => {
      const metadata: Metadata = { b: "1" };
      const given = { type: "x", data: { a: 1 }, metadata, id: "7", timestamp: 5 };
      const event = admit(given);

      assertEquals<unknown>({ ...event }, given);
      assert(Object.isFrozen(event));
      assert(isBranded(event));
      assertStrictEquals(event.data, given.data);
      assertFalse(Object.isFrozen(given) || Object.isFrozen(given.data));
      assertFalse(Object.isFrozen(given.metadata));
    });

    it("keeps of it only what an event has", () => {
      const event = admit({ type: "x", data: 1, admin: true, then: () => {} });
      assertFalse("admin" in event || "then" in event);
    });

    it("takes fields of any object, also inherited ones", () => {
      class Placed {
        readonly type = "x";
        get data(): number {
          return 7;
        }
      }
      assertEquals(admit(new Placed()).data, 7);
      assertEquals(admit(Object.assign(Object.create(null), { type: "x" })).data, undefined);
    });

    it("reads each field once: a getter cannot lie the second time", () => {
      const fields = { type: "x", data: 1, id: "7", timestamp: 5, metadata: {} };
      for (const field of Object.keys(fields) as (keyof typeof fields)[]) {
        const given = changing(fields, field, [fields[field], Symbol("lie")]);
        const event = admit(given) as unknown as Record<string, unknown>;
        assertEquals(given.reads(), 1, field);
        if (field !== "metadata") assertStrictEquals(event[field], fields[field], field);
      }
    });

    it("trusts an event that was made here, and answers it itself", () => {
      const event = createEvent("x", 1);
      assertStrictEquals(admit(event), event);
      const admitted = admit({ type: "x", data: 1, id: "7", timestamp: 5 });
      assertStrictEquals(admit(admitted), admitted);
    });

    it("does not trust a copy of one", () => {
      const event = createEvent("x", 1);
      assertThrows(() => admit({ ...event, id: "" }), ValidationError);
      assertThrows(() => admit(Object.create(event, { id: { value: "" } })), ValidationError);
      assertFalse(admit({ ...event }) === event);
    });
  });
}

describe("admitEmitted()", () => {
  it("stamps nothing", () => {
    assertEquals(Object.keys(admitEmitted({ type: "x", data: 1 })).toSorted(), [
      "data",
      "metadata",
      "type",
    ]);
  });
});

describe("admitEvent()", () => {
  it("stamps what is missing, from env, on a copy", () => {
    const env = createTestEnv({ now: 5000 });
    const given = { type: "x", data: 1 };
    const event = admitEvent(given, env);

    assertMatch(event.id, ID);
    assertEquals(event.timestamp, 5000);
    assertStrictEquals(event.metadata, NO_METADATA);
    assertEquals(Object.keys(given), ["type", "data"]);
    assertEquals(admitEvent({ ...given, id: "7" }, env).id, "7");
    assertEquals(admitEvent({ ...given, timestamp: 0 }, env).timestamp, 0);
    assertNotEquals(admitEvent(given, env).id, event.id);
  });

  it("stamps a copy of what an emitter carries, and keeps its metadata", () => {
    const emitted = makeEmitted("x", 1, { a: "1" });
    const event = admitEvent(emitted, createTestEnv({ now: 5000 }));

    assertEquals(event.timestamp, 5000);
    assertStrictEquals(event.metadata, emitted.metadata);
    assertFalse("id" in emitted);
  });

  it("stamps what is missing of what an emitter carries, and only that", () => {
    const env = createTestEnv({ now: 5000 });
    const withId = admitEvent(admitEmitted({ type: "x", data: 1, id: "7" }), env);
    assertEquals([withId.id, withId.timestamp], ["7", 5000]);
    const withTime = admitEvent(admitEmitted({ type: "x", data: 1, timestamp: 3 }), env);
    assertMatch(withTime.id, ID);
    assertEquals(withTime.timestamp, 3);
  });

  it("does not take metadata that names id, time and type for an event", () => {
    const { metadata } = createEvent("x", 1, {
      metadata: { id: "7", timestamp: "5", type: "x" },
    });

    const error = assertThrows(() => admitEvent(metadata, createTestEnv()), ValidationError);
    assertEquals(error.field, "timestamp");
  });
});
