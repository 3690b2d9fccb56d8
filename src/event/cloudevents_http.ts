/**
 * CloudEvents in HTTP messages: one event in structured or binary mode, several in a batch.
 */

import { ValidationError } from "../errors.ts";
import { requireOptions, show, wordOption } from "../internal/check.ts";
import {
  bytesOf,
  eventOf,
  fromCloudEvent,
  type FromCloudEventOptions,
  toCloudEvent,
  type ToCloudEventOptions,
} from "./cloudevents.ts";
import { essence, isJson, refuse } from "./cloudevents_attributes.ts";
import type { Draft, NovaEvent } from "./event.ts";

/** What `fetch` and `Response` take: `fetch(url, { method: "POST", ...message })`. */
export interface CloudEventMessage {
  /** All names are in lower case. */
  readonly headers: Record<string, string>;
  /** Null when there is no data to send. */
  readonly body: string | Uint8Array<ArrayBuffer> | null;
}

/** Anything that carries a CloudEvent: a message, a `Request`, a `Response`. */
export interface CloudEventSource {
  /** `Headers`, or an object with names in any case, such as the headers of a Node request. */
  readonly headers:
    | Headers
    | Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The body, unless `arrayBuffer` gives it. */
  readonly body?: unknown;
  /** Reads the body; a `Request` and a `Response` have it. */
  arrayBuffer?(): Promise<ArrayBuffer>;
}

/** Options of {@linkcode toCloudEventMessage}. */
export interface CloudEventMessageOptions extends ToCloudEventOptions {
  /**
   * Where the attributes go: `"structured"`, all into one JSON object; `"binary"`, into headers, so that
   * the body is the data alone.
   *
   * @default {"structured"}
   */
  readonly mode?: "structured" | "binary";
}

const EVENT_TYPE = "application/cloudevents+json";
const BATCH_TYPE = "application/cloudevents-batch+json";
/** Attributes are headers with this before their name. */
const PREFIX = "ce-";

/**
 * Puts an event into an HTTP message.
 *
 * @throws {ValidationError} If an attribute is missing or not valid, or if JSON cannot say the data.
 *
 * @example Usage
 * ```ts
 * import { createEvent, fromCloudEventMessage, toCloudEventMessage } from "@nova/events";
 *
 * const placed = createEvent("order.placed", { total: 42 });
 * const message = toCloudEventMessage(placed, { source: "/shop", mode: "binary" });
 * console.log(message.headers["ce-type"], message.body); // order.placed {"total":42}
 *
 * const request = new Request("https://example.com", { method: "POST", ...message });
 * const event = await fromCloudEventMessage(request);
 * console.log(event.id === placed.id, event.data); // true { total: 42 }
 * ```
 */
export function toCloudEventMessage(
  event: Draft,
  options: CloudEventMessageOptions = {},
): CloudEventMessage {
  requireOptions("a CloudEvent message", options);
  const mode = wordOption("mode", options.mode, ["structured", "binary"], "structured");
  const written = toCloudEvent(event, options);
  if (mode === "structured") {
    return {
      headers: { "content-type": `${EVENT_TYPE}; charset=utf-8` },
      body: jsonText(written),
    };
  }
  const { data, data_base64: base64, datacontenttype, ...attributes } = written;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(attributes)) {
    headers[PREFIX + name] = headerValue(String(value));
  }
  if (datacontenttype !== undefined) headers["content-type"] = datacontenttype;
  if (base64 !== undefined) return { headers, body: bytesOf(event.data)! };
  if (data === undefined) return { headers, body: null };
  if (typeof data !== "string" || isJson(datacontenttype!)) {
    return { headers, body: jsonText(data) };
  }
  if (!/^(?:utf-?8|us-ascii)$/i.test(charsetOf(datacontenttype!))) {
    refuse("datacontenttype", datacontenttype, "names a charset other than UTF-8 for a string");
  }
  return { headers, body: data };
}

/** Puts several events into one HTTP message. Send one only to those who asked for batches. */
export function toCloudEventBatch(
  events: readonly Draft[],
  options: ToCloudEventOptions = {},
): CloudEventMessage {
  const written = events.map((event) => toCloudEvent(event, options));
  return {
    headers: { "content-type": `${BATCH_TYPE}; charset=utf-8` },
    body: jsonText(written),
  };
}

/**
 * Reads the event of an HTTP message, in whichever mode it is.
 *
 * The promise rejects with {@linkcode ValidationError} if that is no CloudEvent 1.0.
 */
export async function fromCloudEventMessage(
  message: CloudEventSource,
  options: FromCloudEventOptions = {},
): Promise<NovaEvent> {
  requireOptions("a CloudEvent", options);
  const headers = headersOf(message);
  const contentType = headers.get("content-type");
  const kind = essence(contentType ?? "");
  if (kind.startsWith("application/cloudevents-batch")) {
    refuse("content-type", contentType, "is that of a batch: read it with fromCloudEventBatch");
  }
  if (kind.startsWith("application/cloudevents")) {
    if (kind !== EVENT_TYPE) {
      refuse("content-type", contentType, `is a format other than ${EVENT_TYPE}`);
    }
    return fromCloudEvent(parse("event", utf8("event", await bodyOf(message))), options);
  }
  const attributes = attributesOf(headers);
  const body = await bodyOf(message);
  if (contentType !== undefined) attributes.datacontenttype = contentType;
  if (contentType === undefined || isJson(kind)) {
    if (body.length > 0) attributes.data = parse("data", utf8("data", body));
  } else if (!isText(kind)) {
    return eventOf(attributes, body, options);
  } else {
    attributes.data = decoderOf(contentType)(body);
  }
  return eventOf(attributes, undefined, options);
}

/**
 * Reads the events of a batch.
 *
 * The promise rejects with {@linkcode ValidationError} if one of them is no CloudEvent 1.0.
 */
export async function fromCloudEventBatch(
  message: CloudEventSource,
  options: FromCloudEventOptions = {},
): Promise<NovaEvent[]> {
  requireOptions("a batch of CloudEvents", options);
  const contentType = headersOf(message).get("content-type");
  if (essence(contentType ?? "") !== BATCH_TYPE) {
    refuse("content-type", contentType, `must be ${BATCH_TYPE}`);
  }
  const events = parse("event", utf8("event", await bodyOf(message)));
  if (!Array.isArray(events)) refuse("event", events, "must be an array, as it is a batch");
  return events.map((event) => fromCloudEvent(event, options));
}

/** Attributes, from headers. */
function attributesOf(headers: ReadonlyMap<string, string>): Record<string, unknown> {
  const attributes: Record<string, unknown> = Object.create(null);
  for (const [header, value] of headers) {
    if (!header.startsWith(PREFIX)) continue;
    const name = header.slice(PREFIX.length);
    if (/^data(?:contenttype|_base64)?$/.test(name)) {
      refuse(name, value, "must not be a header of a message in binary mode");
    }
    attributes[name] = attributeValue(name, value);
  }
  return attributes;
}

/** Header values by their names in lower case. */
function headersOf(message: CloudEventSource): Map<string, string> {
  const headers: unknown = message?.headers;
  if (typeof headers !== "object" || headers === null) {
    throw new TypeError(
      `Cannot read ${show(message)} as a message: it must have headers, as a Request has`,
    );
  }
  const found = new Map<string, string>();
  const entries = Symbol.iterator in headers
    ? headers as Iterable<[string, unknown]>
    : Object.entries(headers);
  for (const [name, given] of entries) {
    const value: unknown = Array.isArray(given) && given.length === 1 ? given[0] : given;
    const header = String(name).toLowerCase();
    if (value === undefined || (header !== "content-type" && !header.startsWith(PREFIX))) continue;
    if (typeof value !== "string" || found.has(header)) {
      refuse(header.replace(/^ce-/, ""), given, "must be one header with one value");
    }
    found.set(header, value);
  }
  return found;
}

async function bodyOf(message: CloudEventSource): Promise<Uint8Array> {
  if (typeof message.arrayBuffer === "function") {
    return new Uint8Array(await message.arrayBuffer());
  }
  const { body } = message;
  if (body === undefined || body === null) return new Uint8Array();
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : bytesOf(body);
  if (bytes === undefined) {
    throw new TypeError(
      `Cannot read ${show(body)} as the body of a message: it must be a string or bytes`,
    );
  }
  return bytes;
}

/** Whether data of a media type is text. */
function isText(kind: string): boolean {
  return /^text\/|[/+]xml$/.test(kind);
}

function charsetOf(contentType: string): string {
  return /;[ \t]*charset="?([^\s;"]+)/i.exec(contentType)?.[1] ?? "utf-8";
}

/** Reads text in the charset of its media type. */
function decoderOf(contentType: string): (bytes: Uint8Array) => string {
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(charsetOf(contentType), { fatal: true, ignoreBOM: true });
  } catch (cause) {
    return refuse("datacontenttype", contentType, "names a charset that is not known here", cause);
  }
  return (bytes) => decode("data", decoder, bytes);
}

function utf8(what: string, bytes: Uint8Array): string {
  return decode(what, new TextDecoder("utf-8", { fatal: true }), bytes);
}

function decode(what: string, decoder: TextDecoder, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    return refuse(what, bytes, `is not ${decoder.encoding}`, cause);
  }
}

function parse(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    return refuse(what, text, "must be JSON", cause);
  }
}

/** JSON that says what the data says, or an error: what JSON would drop or change is refused. */
function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value, faithful);
  } catch (error) {
    if (error instanceof ValidationError) throw error;
    return refuse("data", value, "cannot be written as JSON", error);
  }
}

/** Sees each value behind its `toJSON`: what has one, such as a date, knows how to be JSON. */
function faithful(this: unknown, key: string, value: unknown): unknown {
  const lost = typeof value === "function" || typeof value === "symbol" ||
    typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value)) ||
    (value === undefined && Array.isArray(this)) || value instanceof Map || value instanceof Set ||
    value instanceof ArrayBuffer || ArrayBuffer.isView(value);
  if (lost) refuse("data", value, `cannot be written as JSON: JSON has nothing for "${key}"`);
  return value;
}

/** All but the printable characters of ASCII, and the three that mean something, percent-encoded. */
function headerValue(text: string): string {
  return text.replace(/[^!#$&-~]+/g, (run) => encodeURIComponent(run));
}

/** The reverse. Older senders quote values, and leave a `%` as it is. */
function attributeValue(name: string, value: string): string {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(value)?.[1];
  const text = quoted === undefined ? value : quoted.replace(/\\(.)/g, "$1");
  try {
    return text.replace(/(?:%[0-9a-f]{2})+/gi, decodeURIComponent);
  } catch (cause) {
    return refuse(name, value, "is percent-encoded, but not in UTF-8", cause);
  }
}
