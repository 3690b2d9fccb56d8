import {
  createEvent,
  Emitter,
  fromCloudEvent,
  type NovaEvent,
  toCloudEvent,
  type ToCloudEventOptions,
  ValidationError,
} from "@nova/events";
import { createTestEnv } from "@nova/events/testing";
import { assert, assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { randomEvent, randomOf } from "./cloudevents_kit.ts";

const MINIMAL = { specversion: "1.0", id: "1", source: "/s", type: "t" };
const EVENT = createEvent("order.placed", { total: 42 }, { id: "A-17", timestamp: 0 });

/** The attribute that an error names. */
function fieldOf(fn: () => unknown): string {
  return assertThrows(fn, ValidationError).field;
}

/** The metadata that reading the attributes gives, over the minimum. */
function metadataOf(attributes: Readonly<Record<string, unknown>>): Record<string, string> {
  const { "ce-source": _, ...metadata } = fromCloudEvent({ ...MINIMAL, ...attributes }).metadata;
  return metadata;
}

describe("toCloudEvent()", () => {
  it("writes id, type, time, data and what the options say", () => {
    assertEquals(
      toCloudEvent(EVENT, {
        source: "/shop?a=b#c",
        subject: "A-17",
        dataschema: "https://example.com/order.json",
      }),
      {
        specversion: "1.0",
        id: "A-17",
        source: "/shop?a=b#c",
        type: "order.placed",
        subject: "A-17",
        dataschema: "https://example.com/order.json",
        datacontenttype: "application/json",
        time: "1970-01-01T00:00:00.000Z",
        data: { total: 42 },
      },
    );
  });

  it("leaves out what the event does not say", () => {
    assertEquals(toCloudEvent({ id: "1", type: "t", data: undefined }, { source: "s" }), {
      specversion: "1.0",
      id: "1",
      source: "s",
      type: "t",
    });
  });

  it("passes data by reference, and keeps null", () => {
    const data = { total: 42 };
    assert(toCloudEvent(createEvent("t", data), { source: "/s" }).data === data);
    assertEquals(toCloudEvent(createEvent("t", null), { source: "/s" }).data, null);
  });

  it("writes bytes as base64", () => {
    const bytes = Uint8Array.from({ length: 20_000 }, (_, i) => i * 7);
    for (const data of [bytes, bytes.buffer]) {
      const written = toCloudEvent(createEvent("t", data), { source: "/s" });
      assertEquals(written.datacontenttype, "application/octet-stream");
      assertFalse("data" in written);
      assertEquals(Uint8Array.from(atob(written.data_base64!), (c) => c.charCodeAt(0)), bytes);
    }
    const part = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
    assertEquals(toCloudEvent(createEvent("t", part), { source: "/s" }).data_base64, "AgM=");
  });

  it("takes from the metadata what the options do not say", () => {
    const metadata = {
      "ce-source": "/kept",
      "ce-subject": "kept",
      "ce-dataschema": "urn:kept",
      "ce-datacontenttype": "text/plain",
    };
    const event = createEvent("t", "text", { id: "1", timestamp: 0, metadata });
    const kept = toCloudEvent(event);
    assertEquals(
      [kept.source, kept.subject, kept.dataschema, kept.datacontenttype],
      ["/kept", "kept", "urn:kept", "text/plain"],
    );
    const given = toCloudEvent(event, {
      source: "/given",
      subject: "given",
      dataschema: "urn:given",
      datacontenttype: "application/json",
    });
    assertEquals(
      [given.source, given.subject, given.dataschema, given.datacontenttype],
      ["/given", "given", "urn:given", "application/json"],
    );
    assertEquals(Object.keys(kept).length, 9);
  });

  it("writes metadata as extensions, also what is no legal name or value there", () => {
    const metadata = {
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      tracestate: "a=b,c=d",
      tenant: "north",
      "trace-id": "x",
      Tenant: "y",
      zoo: "z",
      id: "not the id",
      "ce-id": "neither",
      line: "a\nb %",
    };
    const { id, extension: _, ...written } = toCloudEvent(
      createEvent("t", 1, { id: "1", metadata }),
      {
        source: "/s",
      },
    );
    assertEquals(id, "1");
    assertEquals(
      [written.traceparent, written.tracestate, written.tenant, written.zoo],
      [metadata.traceparent, "a=b,c=d", "north", "z"],
    );
    assertEquals(
      [written.novaktracez2did, written.novakz54enant, written.novakid, written.novakcez2did],
      ["x", "y", "not the id", "neither"],
    );
    assertEquals(written.novavline, "a%0Ab%20%25");
    for (const name of Object.keys(written)) assert(/^[a-z0-9_]+$/.test(name), name);
  });

  it("keeps keys apart that look like written ones", () => {
    const metadata = { "a-b": "1", novakaz2db: "2", novaktenant: "3", tenant: "4", novava: "5" };
    const written = toCloudEvent(createEvent("t", 1, { metadata }), { source: "/s" });

    const { "ce-source": _, ...read } = fromCloudEvent(written).metadata;
    assertEquals(read, metadata);
  });

  it("names the attribute that is missing or not valid", () => {
    const cases: [field: string, event: object, options: object][] = [
      ["source", EVENT, {}],
      ["source", EVENT, { source: "" }],
      ["source", EVENT, { source: "a b" }],
      ["source", EVENT, { source: "%zz" }],
      ["source", EVENT, { source: "ü" }],
      ["source", EVENT, { source: 1 }],
      ["subject", EVENT, { source: "/s", subject: "" }],
      ["subject", EVENT, { source: "/s", subject: "a\u0007" }],
      ["dataschema", EVENT, { source: "/s", dataschema: "/relative" }],
      ["datacontenttype", EVENT, { source: "/s", datacontenttype: "json" }],
      ["datacontenttype", EVENT, { source: "/s", datacontenttype: "a/b; =" }],
      ["data", EVENT, { source: "/s", datacontenttype: "text/plain" }],
      ["id", { type: "t", data: 1 }, { source: "/s" }],
      ["id", { type: "t", data: 1, id: "a\uffff" }, { source: "/s" }],
      ["id", { type: "t", data: 1, id: "a\ud800" }, { source: "/s" }],
      ["type", { id: "1", data: 1 }, { source: "/s" }],
      ["type", { id: "1", type: "", data: 1 }, { source: "/s" }],
      ["time", { id: "1", type: "t", data: 1, timestamp: 8.64e15 }, { source: "/s" }],
      ["time", { id: "1", type: "t", data: 1, timestamp: NaN }, { source: "/s" }],
      ["time", { id: "1", type: "t", data: 1, timestamp: "now" }, { source: "/s" }],
      ["metadata", { id: "1", type: "t", data: 1, metadata: { a: 1 } }, { source: "/s" }],
    ];
    for (const [field, event, options] of cases) {
      assertEquals(
        fieldOf(() => toCloudEvent(event as NovaEvent, options as ToCloudEventOptions)),
        field,
        JSON.stringify([event, options]),
      );
    }
    assertThrows(() => toCloudEvent(null as unknown as NovaEvent, { source: "/s" }), TypeError);
    assertThrows(() => toCloudEvent(EVENT, 1 as unknown as ToCloudEventOptions), TypeError);
  });
});

describe("fromCloudEvent()", () => {
  it("reads id, type, time and data, and keeps the rest as metadata", () => {
    const event = fromCloudEvent({
      ...MINIMAL,
      subject: "A-17",
      dataschema: "urn:x",
      datacontenttype: "application/vnd.x+json",
      time: "2018-04-05T17:31:00.5Z",
      data: { total: 42 },
      tenant: "north",
    });
    assertEquals(event, {
      id: "1",
      type: "t",
      data: { total: 42 },
      metadata: {
        "ce-source": "/s",
        "ce-subject": "A-17",
        "ce-dataschema": "urn:x",
        "ce-datacontenttype": "application/vnd.x+json",
        "ce-time": "2018-04-05T17:31:00.5Z",
        tenant: "north",
      },
      timestamp: Date.UTC(2018, 3, 5, 17, 31, 0, 500),
    });
  });

  it("makes an event that passes through an emitter by identity", async () => {
    const event = fromCloudEvent(MINIMAL);
    const emitter = new Emitter();
    const heard: unknown[] = [];
    emitter.on("t", (event) => void heard.push(event));
    await emitter.emit(event);
    await emitter.close();

    assertStrictEquals(heard[0], event);
  });

  it("stamps the time when there is none", () => {
    const env = createTestEnv({ now: 1234 });
    assertEquals(fromCloudEvent(MINIMAL, { env }).timestamp, 1234);
  });

  it("reads base64 as bytes, and null and nothing as they are", () => {
    assertEquals(fromCloudEvent({ ...MINIMAL, data_base64: "AgM=" }).data, new Uint8Array([2, 3]));
    assertEquals(fromCloudEvent({ ...MINIMAL, data: null }).data, null);
    assertEquals(fromCloudEvent(MINIMAL).data, undefined);
  });

  it("takes null for an attribute that is not there", () => {
    assertEquals(metadataOf({ subject: null, time: null, tenant: null }), {});
    assertEquals(fieldOf(() => fromCloudEvent({ ...MINIMAL, source: null })), "source");
  });

  it("reads booleans and integers of extensions as strings", () => {
    assertEquals(metadataOf({ flag: true, off: false, count: -7, zero: -0 }), {
      flag: "true",
      off: "false",
      count: "-7",
      zero: "0",
    });
  });

  it("reads every form of a time", () => {
    const noon = Date.UTC(2018, 3, 5, 12);
    const times: [string, number][] = [
      ["2018-04-05T12:00:00Z", noon],
      ["2018-04-05t12:00:00z", noon],
      ["2018-04-05T14:30:00+02:30", noon],
      ["2018-04-05T11:00:00-01:00", noon],
      ["2018-04-05T12:00:00.25Z", noon + 250],
      ["2018-04-05T12:00:00.123456789Z", noon + 123.456789],
      ["2016-12-31T23:59:60Z", Date.UTC(2017, 0)],
      ["2016-02-29T00:00:00Z", Date.UTC(2016, 1, 29)],
      ["0001-01-01T00:00:00Z", -62135596800000],
    ];
    for (const [time, timestamp] of times) {
      const event = fromCloudEvent({ ...MINIMAL, time });
      assertEquals(event.timestamp, timestamp, time);
      assertEquals(toCloudEvent(event).time, time);
    }
  });

  it("writes the time of the event when the one that was given no longer holds", () => {
    const { metadata } = fromCloudEvent({ ...MINIMAL, time: "2018-04-05T12:00:00Z" });
    const later = createEvent("t", 1, { metadata, timestamp: 1.5 });
    assertEquals(toCloudEvent(later).time, "1970-01-01T00:00:00.0015Z");
  });

  it("names the attribute that is missing or not valid", () => {
    const cases: [field: string, attributes: object][] = [
      ["specversion", { specversion: "0.3" }],
      ["specversion", { specversion: 1 }],
      ["id", { id: "" }],
      ["id", { id: 7 }],
      ["id", { id: "x".repeat(257) }],
      ["source", { source: undefined }],
      ["source", { source: "a b" }],
      ["type", { type: "" }],
      ["type", { type: "a.*" }],
      ["datacontenttype", { datacontenttype: "nonsense" }],
      ["dataschema", { dataschema: "no-scheme" }],
      ["subject", { subject: "" }],
      ["time", { time: 0 }],
      ["time", { time: "yesterday" }],
      ["time", { time: "2018-04-05" }],
      ["time", { time: "2018-04-05T12:00:00" }],
      ["time", { time: "2018-02-30T12:00:00Z" }],
      ["time", { time: "2018-13-01T12:00:00Z" }],
      ["time", { time: "2018-04-05T24:00:00Z" }],
      ["time", { time: "2018-04-05T12:00:00+24:00" }],
      ["data", { datacontenttype: "text/plain", data: { a: 1 } }],
      ["data_base64", { data_base64: "§" }],
      ["data_base64", { data_base64: 1 }],
      ["data_base64", { data_base64: "AgM=", data: 1 }],
      ["Tenant", { Tenant: "x" }],
      ["trace-id", { "trace-id": "x" }],
      ["tenant", { tenant: { a: 1 } }],
      ["tenant", { tenant: 1.5 }],
      ["tenant", { tenant: 2 ** 31 }],
      ["tenant", { tenant: "a\u0000" }],
      ["__proto__", JSON.parse('{ "__proto__": "x" }')],
      ["metadata", { constructor: "x" }],
      ["metadata", { tenant: "x".repeat(9000) }],
      ["metadata", { ["x".repeat(65)]: "x" }],
    ];
    for (const [field, attributes] of cases) {
      const value = Object.assign(Object.create(null), MINIMAL);
      for (const [name, each] of Object.entries(attributes)) {
        Object.defineProperty(value, name, { value: each, enumerable: true });
      }
      assertEquals(fieldOf(() => fromCloudEvent(value)), field, JSON.stringify(attributes));
    }
    for (const value of [null, undefined, 1, "{}", []]) {
      assertEquals(fieldOf(() => fromCloudEvent(value)), "event");
    }
  });

  it("refuses an object whose fields cannot be read", () => {
    const cause = new Error("no");
    const hostile = {
      ...MINIMAL,
      get subject() {
        throw cause;
      },
    };
    assertEquals(assertThrows(() => fromCloudEvent(hostile), ValidationError).cause, cause);
  });
});

describe("toCloudEvent() and fromCloudEvent()", () => {
  for (let seed = 1; seed <= 8; seed++) {
    it(`lose nothing of an event, nor of what was read (seed ${seed})`, () => {
      const random = randomOf(seed);
      for (let i = 0; i < 100; i++) {
        const { event, options } = randomEvent(random);
        const written = toCloudEvent(event, options);
        // As it arrives: through JSON.
        const read = fromCloudEvent(JSON.parse(JSON.stringify(written)));
        const own = Object.entries(read.metadata).filter(([key]) => !key.startsWith("ce-"));

        assertEquals([read.id, read.type, read.timestamp], [event.id, event.type, event.timestamp]);
        assertEquals(read.data, event.data);
        assertEquals(Object.fromEntries(own), event.metadata);
        assertEquals(toCloudEvent(read), written);
      }
    });
  }
});
