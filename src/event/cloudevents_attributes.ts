/**
 * What the attributes of a CloudEvent must be, and how times and metadata are written as such.
 */

import { ValidationError } from "../errors.ts";
import { show } from "../internal/check.ts";

/** Refuses an attribute: the error names it. */
export function refuse(attribute: string, value: unknown, why: string, cause?: unknown): never {
  throw new ValidationError(
    attribute,
    value,
    `Cannot use ${show(value)} as "${attribute}" of a CloudEvent: it ${why}`,
    cause === undefined ? undefined : { cause },
  );
}

const NAME = /^[a-z0-9]+$/;

/** Whether a name is a legal one for an attribute. */
export function isAttributeName(name: string): boolean {
  return NAME.test(name);
}

/** Controls and noncharacters; surrogates are looked for apart. */
// deno-lint-ignore no-control-regex -- they are what is looked for
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f]|\p{Noncharacter_Code_Point}/u;

/** Whether a string is one that an attribute may hold. */
function isLegal(value: string): boolean {
  return value.isWellFormed() && !FORBIDDEN.test(value);
}

/** A string of at least one legal character. */
export function checkText(attribute: string, value: unknown): string {
  if (typeof value !== "string") refuse(attribute, value, "must be a string");
  if (value === "") refuse(attribute, value, "must not be empty");
  return checkLegal(attribute, value);
}

/** A string without controls, noncharacters and lone surrogates; it may be empty. */
export function checkLegal(attribute: string, value: string): string {
  if (!isLegal(value)) {
    refuse(attribute, value, "holds a control character, a noncharacter or a lone surrogate");
  }
  return value;
}

/** The characters of RFC 3986; what stands where in a URI is left to whoever resolves it. */
const URI = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+\-.]*:/;

/** A URI, or a reference to one. */
export function checkUri(attribute: string, value: unknown, absolute: boolean): string {
  const text = checkText(attribute, value);
  if (!URI.test(text) || (absolute && !SCHEME.test(text))) {
    refuse(attribute, value, `must be a URI${absolute ? " with a scheme" : " reference"}`);
  }
  return text;
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const MEDIA_TYPE = new RegExp(
  `^${TOKEN}/${TOKEN}(?:[ \\t]*;[ \\t]*(?:${TOKEN}=(?:${TOKEN}|"(?:[^"\\\\]|\\\\.)*"))?)*$`,
);

/** A media type of RFC 2046, with parameters if it has any. */
export function checkMediaType(attribute: string, value: unknown): string {
  const text = checkText(attribute, value);
  if (!MEDIA_TYPE.test(text)) {
    refuse(attribute, value, `must be a media type, such as "application/json"`);
  }
  return text;
}

/** The type and subtype of a media type, in lower case and without parameters. */
export function essence(mediaType: string): string {
  return mediaType.split(";", 1)[0]!.trim().toLowerCase();
}

/** Whether data of a media type is JSON. */
export function isJson(mediaType: string): boolean {
  return /^[^/]+\/(?:.*\+)?json$/.test(essence(mediaType));
}

const TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/** A time of RFC 3339 in epoch milliseconds, as exactly as a number can hold it. */
export function readTime(value: unknown): number {
  const text = checkText("time", value);
  const parts = TIME.exec(text);
  if (parts === null) return refuse("time", value, "must be a time of RFC 3339");
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as Numbers;
  const [offsetHour, offsetMinute] = [Number(parts[9] ?? 0), Number(parts[10] ?? 0)];
  const date = new Date(0);
  // Not Date.UTC, which takes the years 0 to 99 for those of the last century.
  date.setUTCFullYear(year, month - 1, day);
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  // A leap second counts as the one behind it: epoch time has no place of its own for it.
  if (
    !exists || hour > 23 || minute > 59 || second > 60 || offsetHour > 23 || offsetMinute > 59
  ) {
    refuse("time", value, "names a day or an hour that does not exist");
  }
  const offset = (parts[8] === "-" ? -1 : 1) * (offsetHour * 60 + offsetMinute);
  const seconds = hour * 3600 + (minute - offset) * 60 + second;
  return date.getTime() + seconds * 1000 + Number(`0${parts[7] ?? ""}`) * 1000;
}

type Numbers = [number, number, number, number, number, number];

/** Epoch milliseconds as a time of RFC 3339; parts of a millisecond are kept down to nanoseconds. */
export function writeTime(timestamp: number): string {
  return timeText(timestamp) ??
    refuse("time", timestamp, "must be a time between the years 0 and 9999");
}

/** The same, or undefined for a time that RFC 3339 cannot say. */
export function timeText(timestamp: number): string | undefined {
  const whole = Math.floor(timestamp);
  const date = new Date(whole);
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9999)) return undefined;
  const nanoseconds = Math.min(999_999, Math.round((timestamp - whole) * 1e6));
  const text = date.toISOString();
  if (nanoseconds === 0) return text;
  const digits = String(nanoseconds).padStart(6, "0").replace(/0+$/, "");
  return `${text.slice(0, -1)}${digits}Z`;
}

/** Metadata whose key is no attribute name, or means something else there, travels behind this. */
const KEY = "novak";
/** The same for metadata whose value no attribute may hold; the value is percent-encoded. */
const VALUE = "novav";

/** Names that an extension must not have. */
const TAKEN: ReadonlySet<string> = new Set([
  ...["id", "source", "specversion", "type", "datacontenttype", "dataschema", "subject", "time"],
  ...["data"],
]);

/** Metadata as an extension: its name and its value. */
export function toExtension(key: string, value: string): [name: string, value: string] {
  if (!isLegal(value)) return [VALUE + escapeKey(key), encodeURIComponent(value)];
  const plain = isAttributeName(key) && !TAKEN.has(key) && unwrap(key, value) === undefined;
  return [plain ? key : KEY + escapeKey(key), value];
}

/** An extension as metadata: the reverse. */
export function fromExtension(name: string, value: string): [key: string, value: string] {
  return unwrap(name, value) ?? [name, value];
}

/** What {@linkcode toExtension} wrapped; undefined for what only looks like it. */
function unwrap(name: string, value: string): [key: string, value: string] | undefined {
  if (!name.startsWith(KEY) && !name.startsWith(VALUE)) return undefined;
  const key = unescapeKey(name.slice(KEY.length));
  const text = name.startsWith(KEY) ? value : decoded(value);
  if (key === undefined || text === undefined) return undefined;
  const [again, written] = toExtension(key, text);
  return again === name && written === value ? [key, text] : undefined;
}

function decoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

/** All but `a`–`y` and digits becomes a `z` and two hexadecimal digits. */
function escapeKey(key: string): string {
  return key.replace(
    /[^a-y0-9]/g,
    (letter) => `z${letter.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

function unescapeKey(escaped: string): string | undefined {
  const key = escaped.replace(
    /z([0-9a-f]{2})/g,
    (_, hex) => String.fromCharCode(parseInt(hex, 16)),
  );
  return escaped.replace(/z[0-9a-f]{2}/g, "").includes("z") ? undefined : key;
}
