/** Checks of options, so that every constructor refuses nonsense in the same words. */

/** The value if it is an integer of at least `least`, the default if it is undefined, else a `RangeError`. */
export function integerOption(
  name: string,
  value: number | undefined,
  fallback: number,
  least = 1,
): number {
  if (value === undefined) return fallback;
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(
      `Cannot use ${show(value)} as "${name}": it must be an integer of at least ${least}`,
    );
  }
  return value;
}

/** The value if it is a duration (finite unless `forever`), the default if undefined, else a `RangeError`. */
export function durationOption(
  name: string,
  value: number | undefined,
  fallback: number,
  forever = true,
): number {
  if (value === undefined) return fallback;
  if (typeof value !== "number" || !(value >= 0) || (!forever && value === Infinity)) {
    throw new RangeError(
      `Cannot use ${show(value)} as "${name}": it must be a number of milliseconds of at least 0`,
    );
  }
  return value;
}

/** The value if it is one of the words, the default if it is undefined, else a `RangeError`. */
export function wordOption<Word extends string>(
  name: string,
  value: Word | undefined,
  words: readonly Word[],
  fallback: Word,
): Word {
  if (value === undefined) return fallback;
  if (!words.includes(value)) {
    throw new RangeError(
      `Cannot use ${show(value)} as "${name}": it must be one of ${
        words.map((word) => `"${word}"`).join(", ")
      }`,
    );
  }
  return value;
}

/** The value if it is true or false, the default if it is undefined, else a `TypeError`. */
export function booleanOption(
  name: string,
  value: boolean | undefined,
  fallback: boolean,
): boolean {
  if (value === undefined) return fallback;
  if (typeof value !== "boolean") {
    throw new TypeError(`Cannot use ${show(value)} as "${name}": it must be true or false`);
  }
  return value;
}

/** The value if it is a string, the default if it is undefined, else a `TypeError`. */
export function stringOption(name: string, value: string | undefined, fallback: string): string {
  if (value === undefined) return fallback;
  if (typeof value !== "string") {
    throw new TypeError(`Cannot use ${show(value)} as "${name}": it must be a string`);
  }
  return value;
}

/** The name of a function; empty when it has none, or one that is no string. */
export function nameOf(fn: { readonly name: string }): string {
  try {
    const { name } = fn;
    return typeof name === "string" ? name : "";
  } catch {
    return "";
  }
}

/** Refuses anything but a function. */
export function requireFunction(name: string, value: unknown): void {
  if (typeof value !== "function") {
    throw new TypeError(`Cannot use ${show(value)} as ${name}: it must be a function`);
  }
}

/** Refuses anything but an options object or undefined. */
export function requireOptions(name: string, value: unknown): void {
  if (value !== undefined && (typeof value !== "object" || value === null)) {
    throw new TypeError(
      `Cannot use ${show(value)} as the options of ${name}: they must be an object`,
    );
  }
}

/** Refuses anything but an abort signal or undefined. Another realm's will do. */
export function requireSignal(value: unknown): void {
  if (value === undefined) return;
  const { aborted, addEventListener } = Object(value) as Partial<AbortSignal>;
  if (typeof aborted !== "boolean" || typeof addEventListener !== "function") {
    throw new TypeError(`Cannot use ${show(value)} as "signal": it must be an AbortSignal`);
  }
}

/** A value in a few characters, whatever it is. */
export function show(value: unknown): string {
  try {
    if (typeof value === "string") {
      return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
    }
    if (typeof value === "function") return `function ${value.name || "(anonymous)"}`;
    if (typeof value === "object" && value !== null) {
      return Array.isArray(value) ? "an array" : "an object";
    }
    return String(value);
  } catch {
    return "a value that cannot be shown";
  }
}
