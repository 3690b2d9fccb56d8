/**
 * Values as text for messages: one entry a line and sorted keys, so that a line diff of two values
 * points at what differs. No inspection function of a runtime, so the text is the same on all.
 */

const INDENT = "  ";

/** The value as readable text. */
export function format(value: unknown): string {
  return print(value, "", []);
}

function print(value: unknown, indent: string, path: readonly object[]): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "bigint":
      return `${value}n`;
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "function":
      return printFunction(value);
    case "object":
      return value === null ? "null" : printObject(value, indent, path);
    default:
      return String(value);
  }
}

function printFunction(value: object): string {
  const name = Reflect.get(value, "name");
  return typeof name === "string" && name !== "" ? `[Function: ${name}]` : "[Function (anonymous)]";
}

function printObject(value: object, indent: string, path: readonly object[]): string {
  if (path.includes(value)) return "[Circular]";
  // A message must never hide the failure it describes behind one of its own.
  try {
    return printParts(value, indent, [...path, value]);
  } catch {
    return "[Cannot display]";
  }
}

function printParts(value: object, indent: string, path: readonly object[]): string {
  const inner = indent + INDENT;
  const show = (part: unknown): string => print(part, inner, path);
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  }
  if (value instanceof RegExp) return String(value);
  if (value instanceof Error) return printError(value, indent, path);
  if (Array.isArray(value)) {
    return block("", "[", Array.from(value, (item, at) => at in value ? show(item) : "<empty>"));
  }
  if (value instanceof Map) {
    const entries = Array.from(value, ([key, item]) => `${show(key)} => ${show(item)}`);
    return block(`${label(value, "Map")}(${value.size}) `, "{", entries.sort());
  }
  if (value instanceof Set) {
    const items = Array.from(value, show);
    return block(`${label(value, "Set")}(${value.size}) `, "{", items.sort());
  }
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    const items = Array.from(value as unknown as ArrayLike<unknown>, show);
    return block(`${label(value, "TypedArray")}(${items.length}) `, "[", items);
  }
  if (value instanceof URL) return `URL ${JSON.stringify(value.href)}`;
  const name = label(value, "Object");
  return block(name === "Object" ? "" : `${name} `, "{", properties(value, show));

  function block(prefix: string, open: "[" | "{", parts: readonly string[]): string {
    const close = open === "[" ? "]" : "}";
    if (parts.length === 0) return `${prefix}${open}${close}`;
    const lines = parts.map((part) => `${inner}${part},\n`).join("");
    return `${prefix}${open}\n${lines}${indent}${close}`;
  }
}

function printError(error: Error, indent: string, path: readonly object[]): string {
  const inner = indent + INDENT;
  const show = (part: unknown): string => print(part, inner, path);
  const own = properties(error, show);
  if ("cause" in error && !Object.keys(error).includes("cause")) {
    own.push(`cause: ${show(error.cause)}`);
  }
  if (error instanceof AggregateError && !Object.keys(error).includes("errors")) {
    own.push(`errors: ${show(error.errors)}`);
  }
  const head = `${error.name}: ${error.message}`;
  if (own.length === 0) return head;
  return `${head} {\n${own.map((part) => `${inner}${part},\n`).join("")}${indent}}`;
}

function properties(value: object, show: (part: unknown) => string): string[] {
  const keys = Object.keys(value).sort();
  const symbols = Object.getOwnPropertySymbols(value)
    .filter((key) => Object.prototype.propertyIsEnumerable.call(value, key));
  return [
    ...keys.map((key) => `${plainKey(key)}: ${show(Reflect.get(value, key))}`),
    ...symbols.map((key) => `[${String(key)}]: ${show(Reflect.get(value, key))}`),
  ];
}

function plainKey(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}

function label(value: object, fallback: string): string {
  if (Object.getPrototypeOf(value) === null) return "[Object: null prototype]";
  const name = value.constructor?.name;
  return typeof name === "string" && name !== "" ? name : fallback;
}
