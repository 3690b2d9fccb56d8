import {
  type CloudEventMessageOptions,
  type CloudEventSource,
  createEvent,
  fromCloudEventBatch,
  fromCloudEventMessage,
  toCloudEvent,
  toCloudEventBatch,
  toCloudEventMessage,
  ValidationError,
} from "@nova/events";
import { createTestEnv } from "@nova/events/testing";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { randomEvent, randomOf } from "./cloudevents_kit.ts";

const EVENT = createEvent("order.placed", { total: 42 }, {
  id: "A-17",
  timestamp: 0,
  metadata: { tenant: "north" },
});
const SHOP = { source: "/shop" };
const BINARY = { ...SHOP, mode: "binary" } as const;
const HEADERS = { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t" };
const STRUCTURED = { "content-type": "application/cloudevents+json" };

/** A binary message with other headers; undefined takes one away. */
function binary(
  headers: Record<string, string | readonly string[] | undefined> = {},
  body?: unknown,
): CloudEventSource {
  return { headers: { ...HEADERS, ...headers }, body };
}

async function fieldOf(promise: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => promise, ValidationError)).field;
}

describe("toCloudEventMessage()", () => {
  it("puts all into one JSON object by default", () => {
    const { headers, body } = toCloudEventMessage(EVENT, SHOP);
    assertEquals(headers, { "content-type": "application/cloudevents+json; charset=utf-8" });
    assertEquals(JSON.parse(body as string), toCloudEvent(EVENT, SHOP));
  });

  it("puts attributes into headers in binary mode", () => {
    assertEquals(toCloudEventMessage(EVENT, BINARY), {
      headers: {
        "ce-specversion": "1.0",
        "ce-id": "A-17",
        "ce-source": "/shop",
        "ce-type": "order.placed",
        "ce-time": "1970-01-01T00:00:00.000Z",
        "ce-tenant": "north",
        "content-type": "application/json",
      },
      body: '{"total":42}',
    });
  });

  it("percent-encodes what a header cannot hold", () => {
    const event = createEvent("t", 1, { metadata: { x: 'Euro € 😀 "100%" ~!', "a-b": "\n" } });
    const { headers } = toCloudEventMessage(event, BINARY);
    assertEquals(headers["ce-x"], "Euro%20%E2%82%AC%20%F0%9F%98%80%20%22100%25%22%20~!");
    assertEquals(headers["ce-novavaz2db"], "%250A");
  });

  it("sends strings, bytes and nothing as they are in binary mode", () => {
    const send = (data: unknown, datacontenttype?: string) =>
      toCloudEventMessage(createEvent("t", data), {
        ...BINARY,
        ...datacontenttype === undefined ? {} : { datacontenttype },
      });
    assertEquals(send("<a/>", "application/xml").body, "<a/>");
    assertEquals(send("text").body, '"text"');
    assertEquals(send(null).body, "null");
    const bytes = new Uint8Array([1, 2]);
    assertEquals(send(bytes).body, bytes);
    assertEquals(send(bytes).headers["content-type"], "application/octet-stream");
    const nothing = send(undefined);
    assertEquals([nothing.body, nothing.headers["content-type"]], [null, undefined]);
  });

  it("lets objects say themselves what they are in JSON", () => {
    const event = createEvent("t", { at: new Date(0), left: undefined });
    assertEquals(
      toCloudEventMessage(event, BINARY).body,
      '{"at":"1970-01-01T00:00:00.000Z"}',
    );
  });

  it("refuses data that JSON would drop or change", () => {
    const loop: unknown[] = [];
    loop.push(loop);
    const lost = [
      NaN,
      Infinity,
      1n,
      Symbol("x"),
      () => 1,
      new Map(),
      new Set(),
      new Float32Array(1),
      loop,
      { deep: [{ at: NaN }] },
      [undefined],
      { bytes: new Uint8Array(1) },
    ];
    for (const data of lost) {
      for (const options of [SHOP, BINARY]) {
        const { field } = assertThrows(
          () => toCloudEventMessage(createEvent("t", data), options),
          ValidationError,
        );
        assertEquals(field, "data");
      }
    }
  });

  it("refuses wrong options, and a string in a charset that it will not be sent in", () => {
    assertThrows(
      () => toCloudEventMessage(EVENT, { mode: "batch" } as unknown as CloudEventMessageOptions),
      RangeError,
    );
    assertThrows(
      () => toCloudEventMessage(EVENT, 1 as unknown as CloudEventMessageOptions),
      TypeError,
    );
    const datacontenttype = "text/plain; charset=iso-8859-1";
    const { field } = assertThrows(
      () => toCloudEventMessage(createEvent("t", "ü"), { ...BINARY, datacontenttype }),
      ValidationError,
    );
    assertEquals(field, "datacontenttype");
  });
});

describe("fromCloudEventMessage()", () => {
  it("reads a Request and a Response in both modes", async () => {
    for (const mode of ["structured", "binary"] as const) {
      const message = toCloudEventMessage(EVENT, { ...SHOP, mode });
      const request = new Request("https://example.com", { method: "POST", ...message });
      const response = new Response(message.body, message);
      for (const carrier of [request, response, message]) {
        assertEquals(await fromCloudEventMessage(carrier), {
          ...EVENT,
          metadata: { "ce-source": "/shop", tenant: "north" },
        });
      }
    }
  });

  it("takes headers in any case, and as the servers of Node give them", async () => {
    const event = await fromCloudEventMessage({
      headers: {
        "CE-SpecVersion": "1.0",
        "Ce-Id": "1",
        "ce-SOURCE": "/s",
        "CE-TYPE": ["t"],
        "CONTENT-type": "Application/JSON; charset=utf-8",
        "set-cookie": ["a", "b"],
        "ce-gone": undefined,
      },
      body: new TextEncoder().encode("[1]"),
    });
    assertEquals([event.type, event.data], ["t", [1]]);
    assertEquals(event.metadata, {
      "ce-source": "/s",
      "ce-datacontenttype": "Application/JSON; charset=utf-8",
    });
  });

  it("decodes header values: quoted, percent-encoded, or with a percent sign of an older sender", async () => {
    const values: [header: string, value: string][] = [
      ["Euro%20%E2%82%AC%20%f0%9f%98%80", "Euro € 😀"],
      ["%41", "A"],
      ["50% off", "50% off"],
      ["%2541", "%41"],
      ['"a \\"quoted\\" b%21"', 'a "quoted" b!'],
      ['"half', '"half'],
      ["", ""],
    ];
    for (const [header, value] of values) {
      const { metadata } = await fromCloudEventMessage(binary({ "ce-x": header }));
      assertEquals(metadata.x, value);
    }
  });

  it("reads the body as its media type says", async () => {
    const read = async (type: string | undefined, body: unknown): Promise<unknown> =>
      (await fromCloudEventMessage(binary({ "content-type": type }, body))).data;
    assertEquals(await read("application/json", "1"), 1);
    assertEquals(await read("application/x+json", " null"), null);
    assertEquals(await read(undefined, '"x"'), "x");
    assertEquals(await read("application/json", ""), undefined);
    assertEquals(await read(undefined, undefined), undefined);
    assertEquals(await read("text/plain", "ü"), "ü");
    assertEquals(await read("text/plain", ""), "");
    assertEquals(await read("text/plain; charset=iso-8859-1", new Uint8Array([0xfc])), "ü");
    assertEquals(await read("image/svg+xml", "<a/>"), "<a/>");
    assertEquals(await read("image/png", new Uint8Array([1, 2])), new Uint8Array([1, 2]));
    assertEquals(await read("image/png", new Uint8Array([1, 2]).buffer), new Uint8Array([1, 2]));
    assertEquals(await read("image/png", undefined), new Uint8Array());
  });

  it("stamps the time when there is none", async () => {
    const env = createTestEnv({ now: 1234 });
    assertEquals((await fromCloudEventMessage(binary(), { env })).timestamp, 1234);
    const body = JSON.stringify({ specversion: "1.0", id: "1", source: "/s", type: "t" });
    assertEquals(
      (await fromCloudEventMessage({ headers: STRUCTURED, body }, { env })).timestamp,
      1234,
    );
  });

  it("names the attribute that is missing or not valid", async () => {
    const cases: [field: string, message: CloudEventSource][] = [
      ["specversion", binary({ "ce-specversion": undefined })],
      ["id", binary({ "ce-id": undefined })],
      ["source", binary({ "ce-source": "a b" })],
      ["time", binary({ "ce-time": "now" })],
      ["x", binary({ "ce-x": "%C0%A0" })],
      ["x", binary({ "ce-x": "%ff" })],
      ["x", binary({ "ce-x": "%00" })],
      ["x", binary({ "ce-x": ["a", "b"] })],
      ["x", binary({ "ce-x": "a", "CE-X": "b" })],
      ["x-y", binary({ "ce-x-y": "a" })],
      ["data", binary({ "ce-data": "x" })],
      ["data_base64", binary({ "ce-data_base64": "x" })],
      ["datacontenttype", binary({ "ce-datacontenttype": "text/plain" })],
      ["datacontenttype", binary({ "content-type": "nonsense" })],
      ["datacontenttype", binary({ "content-type": "text/plain; charset=klingon" }, "x")],
      ["data", binary({ "content-type": "application/json" }, "{")],
      ["data", binary({}, new Uint8Array([0xff]))],
      ["data", binary({ "content-type": "text/plain" }, new Uint8Array([0xff]))],
      ["event", { headers: STRUCTURED, body: "{" }],
      ["event", { headers: STRUCTURED, body: "[]" }],
      ["event", { headers: STRUCTURED }],
      ["event", { headers: STRUCTURED, body: new Uint8Array([0xff]) }],
      ["content-type", { headers: { "content-type": "application/cloudevents+avro" } }],
      ["content-type", { headers: { "content-type": "application/cloudevents-batch+json" } }],
    ];
    for (const [field, message] of cases) {
      assertEquals(await fieldOf(fromCloudEventMessage(message)), field, JSON.stringify(message));
    }
  });

  it("refuses what is no message", async () => {
    for (const message of [undefined, null, 1, {}, { headers: "x" }]) {
      await assertRejects(
        () => fromCloudEventMessage(message as unknown as CloudEventSource),
        TypeError,
      );
    }
    await assertRejects(() => fromCloudEventMessage(binary({}, { total: 1 })), TypeError);
    await assertRejects(() => fromCloudEventMessage(binary(), 1 as unknown as object), TypeError);
  });
});

describe("toCloudEventBatch() and fromCloudEventBatch()", () => {
  it("carry several events, or none", async () => {
    const events = [EVENT, createEvent("t", new Uint8Array([1]), { id: "2", timestamp: 1 })];
    const message = toCloudEventBatch(events, SHOP);
    const read = await fromCloudEventBatch(new Response(message.body, message));
    assertEquals(read.map(({ id, data }) => [id, data]), [
      ["A-17", { total: 42 }],
      ["2", new Uint8Array([1])],
    ]);
    assertEquals(await fromCloudEventBatch(toCloudEventBatch([], SHOP)), []);
  });

  it("names what is wrong", async () => {
    const headers = { "content-type": "application/cloudevents-batch+json" };
    assertThrows(() => toCloudEventBatch([EVENT], {}), ValidationError);
    assertEquals(
      await fieldOf(fromCloudEventBatch(toCloudEventMessage(EVENT, SHOP))),
      "content-type",
    );
    assertEquals(await fieldOf(fromCloudEventBatch({ headers, body: "{}" })), "event");
    assertEquals(await fieldOf(fromCloudEventBatch({ headers, body: "[{}]" })), "specversion");
  });

  it("stamp the time when there is none", async () => {
    const headers = { "content-type": "application/cloudevents-batch+json" };
    const body = JSON.stringify([{ specversion: "1.0", id: "1", source: "/s", type: "t" }]);
    const env = createTestEnv({ now: 1234 });
    assertEquals((await fromCloudEventBatch({ headers, body }, { env }))[0]?.timestamp, 1234);
  });
});

describe("toCloudEventMessage() and fromCloudEventMessage()", () => {
  for (let seed = 1; seed <= 4; seed++) {
    it(`lose nothing, through a Request in either mode (seed ${seed})`, async () => {
      const random = randomOf(seed);
      for (let i = 0; i < 50; i++) {
        const { event, options } = randomEvent(random);
        for (const mode of ["structured", "binary"] as const) {
          const message = toCloudEventMessage(event, { ...options, mode });
          const request = new Request("https://example.com", { method: "POST", ...message });
          const read = await fromCloudEventMessage(request);

          assertEquals(read.data, event.data);
          assertEquals(toCloudEvent(read), toCloudEvent(event, options));
        }
      }
    });
  }
});
