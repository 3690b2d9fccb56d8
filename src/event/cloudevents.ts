/**
 * Events as CloudEvents 1.0, and back: the JSON format. `cloudevents_http.ts` puts them into HTTP
 * messages.
 */

import { ValidationError } from "../errors.ts";
import { requireOptions, show } from "../internal/check.ts";
import type { Env } from "../internal/env.ts";
import {
  checkLegal,
  checkMediaType,
  checkText,
  checkUri,
  fromExtension,
  isAttributeName,
  isJson,
  readTime,
  refuse,
  timeText,
  toExtension,
  writeTime,
} from "./cloudevents_attributes.ts";
import type { Draft, NovaEvent } from "./event.ts";
import { createEvent } from "./make.ts";
import { copyMetadata } from "./metadata.ts";

/** A CloudEvent in the JSON format. Further properties are extensions. */
export interface CloudEvent<Type extends string = string, Data = unknown> {
  /** Unique for its source. */
  readonly id: string;
  /** Where it happened: a URI reference. */
  readonly source: string;
  /** The version of CloudEvents. */
  readonly specversion: "1.0";
  /** What happened. */
  readonly type: Type;
  /** The media type of the data; JSON when it is missing. */
  readonly datacontenttype?: string;
  /** The schema of the data: a URI. */
  readonly dataschema?: string;
  /** What of the source it is about. */
  readonly subject?: string;
  /** When it happened, as in RFC 3339. */
  readonly time?: string;
  /** The facts. */
  readonly data?: Data;
  /** The facts as base64, when they are bytes. */
  readonly data_base64?: string;
  /** Extensions. */
  readonly [extension: string]: unknown;
}

/**
 * What a CloudEvent says beyond an event of Nova. What is not given is taken from the metadata `ce-source`,
 * `ce-subject`, `ce-dataschema` and `ce-datacontenttype`, where {@linkcode fromCloudEvent} puts it.
 */
export interface ToCloudEventOptions {
  /** Where it happened: a URI reference, such as `"/orders"`. Needed, here or in the metadata. */
  readonly source?: string;
  /** What of the source it is about. */
  readonly subject?: string;
  /** The schema of the data: a URI. */
  readonly dataschema?: string;
  /**
   * The media type of the data.
   *
   * @default {"application/json", or "application/octet-stream" for bytes}
   */
  readonly datacontenttype?: string;
}

/** Options of {@linkcode fromCloudEvent}. */
export interface FromCloudEventOptions {
  /**
   * The clock for events that do not say when they happened.
   *
   * @default {the runtime's}
   */
  readonly env?: Env;
}

/** The attributes that metadata keeps, and the check of each. */
const KEPT = {
  source: (value: unknown) => checkUri("source", value, false),
  subject: (value: unknown) => checkText("subject", value),
  dataschema: (value: unknown) => checkUri("dataschema", value, true),
  datacontenttype: (value: unknown) => checkMediaType("datacontenttype", value),
} as const;

type Kept = keyof typeof KEPT;
const KEPT_NAMES = Object.keys(KEPT) as Kept[];

/** What {@linkcode KEPT} keeps stands behind this in the metadata. */
const PREFIX = "ce-";
/** The time as it was given, when a number cannot say it exactly. */
const TIME = "ce-time";

const JSON_TYPE = "application/json";
const BYTES_TYPE = "application/octet-stream";

/**
 * Writes an event as a CloudEvent. Metadata becomes extensions; data passes by reference, bytes
 * (`Uint8Array`, `ArrayBuffer`) become `data_base64`.
 *
 * @throws {ValidationError} If an attribute is missing, or not what CloudEvents demands; `field` names it.
 *
 * @example Usage
 * ```ts
 * import { createEvent, toCloudEvent } from "@nova/events";
 *
 * const placed = createEvent("order.placed", { total: 42 }, { id: "A-17", timestamp: 0 });
 * const { source, time, data } = toCloudEvent(placed, { source: "/shop", subject: "A-17" });
 * console.log(source, time, data); // /shop 1970-01-01T00:00:00.000Z { total: 42 }
 * ```
 */
export function toCloudEvent<Type extends string, Data>(
  event: Draft<Type, Data>,
  options: ToCloudEventOptions = {},
): CloudEvent<Type, Data> {
  requireOptions("a CloudEvent", options);
  if (typeof event !== "object" || event === null) {
    throw new TypeError(`Cannot write ${show(event)} as a CloudEvent: it must be an event`);
  }
  const { id, type, data, timestamp } = event;
  const metadata = copyMetadata(event.metadata);
  const bytes = bytesOf(data);
  const written: Record<string, unknown> = {
    specversion: "1.0",
    id: checkText("id", id),
    source: KEPT.source(options.source ?? metadata["ce-source"]),
    type: checkText("type", type),
  };
  for (const name of ["subject", "dataschema"] as const) {
    const value = options[name] ?? metadata[PREFIX + name];
    if (value !== undefined) written[name] = KEPT[name](value);
  }
  const given = options.datacontenttype ?? metadata["ce-datacontenttype"];
  if (data !== undefined || given !== undefined) {
    const kind = KEPT.datacontenttype(given ?? (bytes === undefined ? JSON_TYPE : BYTES_TYPE));
    if (bytes === undefined) checkData(kind, data);
    written.datacontenttype = kind;
  }
  if (timestamp !== undefined) written.time = timeOf(timestamp, metadata[TIME]);
  for (const [key, value] of Object.entries(metadata)) {
    if (key === TIME || isKept(key)) continue;
    const [name, text] = toExtension(key, value);
    written[name] = text;
  }
  if (bytes !== undefined) written.data_base64 = toBase64(bytes);
  else if (data !== undefined) written.data = data;
  return written as unknown as CloudEvent<Type, Data>;
}

/**
 * Reads a CloudEvent: an object as `JSON.parse` makes it. Extensions become metadata, as strings; what
 * else an event of Nova has no place for is in the metadata `ce-source` and its like, so that writing it
 * again gives the same CloudEvent.
 *
 * @throws {ValidationError} If it is no CloudEvent 1.0; `field` names the attribute at fault.
 *
 * @example Usage
 * ```ts
 * import { fromCloudEvent } from "@nova/events";
 *
 * const event = fromCloudEvent({
 *   specversion: "1.0",
 *   id: "A-17",
 *   source: "/shop",
 *   type: "order.placed",
 *   data: { total: 42 },
 * });
 * console.log(event.type, event.metadata["ce-source"]); // order.placed /shop
 * ```
 */
export function fromCloudEvent(value: unknown, options: FromCloudEventOptions = {}): NovaEvent {
  requireOptions("a CloudEvent", options);
  const attributes = read(value);
  const { data_base64: base64 } = attributes;
  if (base64 === undefined) return eventOf(attributes, undefined, options);
  if (attributes.data !== undefined) refuse("data_base64", base64, "stands beside data");
  return eventOf(attributes, fromBase64(base64), options);
}

/** The event that attributes mean; `bytes` are its data, if that is bytes. */
export function eventOf(
  attributes: Readonly<Record<string, unknown>>,
  bytes: Uint8Array | undefined,
  options: FromCloudEventOptions,
): NovaEvent {
  const { specversion, data } = attributes;
  if (specversion !== "1.0") refuse("specversion", specversion, `must be "1.0"`);
  const id = checkText("id", attributes.id);
  const type = checkText("type", attributes.type);
  const metadata: Record<string, string> = {};
  for (const name of KEPT_NAMES) {
    if (attributes[name] === undefined && name !== "source") continue;
    metadata[PREFIX + name] = KEPT[name](attributes[name]);
  }
  const kind = metadata["ce-datacontenttype"];
  if (bytes === undefined && kind !== undefined) checkData(kind, data);
  // What writing would say by itself needs no place in the metadata.
  if (kind === (bytes === undefined ? JSON_TYPE : BYTES_TYPE)) {
    delete metadata["ce-datacontenttype"];
  }
  let timestamp: number | undefined;
  if (attributes.time !== undefined) {
    timestamp = readTime(attributes.time);
    const given = attributes.time as string;
    if (timeText(timestamp) !== given) metadata[TIME] = given;
  }
  for (const name of Object.keys(attributes)) {
    if (OWN.has(name)) continue;
    const [key, text] = fromExtension(name, extensionText(name, attributes[name]));
    metadata[key] = text;
  }
  return createEvent(type, bytes ?? data, {
    id,
    metadata,
    ...timestamp === undefined ? {} : { timestamp },
    ...options.env === undefined ? {} : { env: options.env },
  });
}

/** What is neither bytes nor JSON can only be a string. */
function checkData(kind: string, data: unknown): void {
  if (data === undefined || typeof data === "string" || isJson(kind)) return;
  refuse("data", data, `must be a string or bytes, as "${kind}" is not JSON`);
}

/** The attributes of a CloudEvent, each read once; null is the same as not there. */
function read(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ValidationError(
      "event",
      value,
      `Cannot read ${show(value)} as a CloudEvent: it must be an object`,
    );
  }
  const attributes: Record<string, unknown> = Object.create(null);
  try {
    for (const [name, attribute] of Object.entries(value)) {
      if (attribute !== undefined && (attribute !== null || name === "data")) {
        attributes[name] = attribute;
      }
    }
  } catch (cause) {
    throw new ValidationError("event", value, "Cannot read the CloudEvent: reading a field threw", {
      cause,
    });
  }
  return attributes;
}

function isKept(key: string): boolean {
  return key.startsWith(PREFIX) && Object.hasOwn(KEPT, key.slice(PREFIX.length));
}

const OWN: ReadonlySet<string> = new Set([
  ...KEPT_NAMES,
  ...["id", "specversion", "type", "time", "data", "data_base64"],
]);

/** The canonical string of an extension: a string, a boolean or an integer. */
function extensionText(name: string, value: unknown): string {
  if (!isAttributeName(name)) {
    refuse(name, value, "has a name that is not made of lower-case letters and digits alone");
  }
  if (typeof value === "boolean") return String(value);
  // JSON tells integers by their value; CloudEvents has those of 32 bits.
  if (typeof value === "number" && (value | 0) === value) return String(value | 0);
  if (typeof value !== "string") refuse(name, value, "must be a string, a boolean or an integer");
  return checkLegal(name, value);
}

/** The time of an event, as it was given if that is still the time of the event. */
function timeOf(timestamp: unknown, given: string | undefined): string {
  if (typeof timestamp !== "number") refuse("time", timestamp, "must be epoch milliseconds");
  return given !== undefined && readTime(given) === timestamp ? given : writeTime(timestamp);
}

/** The bytes of data that is bytes. */
export function bytesOf(data: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (data instanceof Uint8Array) return data as Uint8Array<ArrayBuffer>;
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return undefined;
}

/** So many bytes at once: a call takes only so many arguments. */
const CHUNK = 8192;

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  }
  return btoa(text);
}

function fromBase64(value: unknown): Uint8Array<ArrayBuffer> {
  if (typeof value !== "string") refuse("data_base64", value, "must be a string");
  try {
    return Uint8Array.from(atob(value), (letter) => letter.charCodeAt(0));
  } catch (cause) {
    return refuse("data_base64", value, "must be base64", cause);
  }
}
