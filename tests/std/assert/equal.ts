/** Deep equality, as the assertions understand it. */

type Keyed = ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>;

const TypedArrayPrototype: object = Object.getPrototypeOf(Uint8Array.prototype);

/** Their text says all there is to compare. */
const textual: ReadonlySet<object> = new Set<object>([
  RegExp.prototype,
  URL.prototype,
  URLSearchParams.prototype,
]);

/**
 * Tells whether two values are deeply equal. `0` equals `-0` and `NaN` equals itself; a missing
 * key differs from one that is `undefined`; prototypes count, except that an object without one
 * is a plain object.
 */
export function equal(a: unknown, b: unknown): boolean {
  return compare(a, b, new Map());
}

function compare(a: unknown, b: unknown, seen: Map<object, object>): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (!isObject(a) || !isObject(b)) return false;
  if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
  if (!samePrototype(a, b)) return false;
  if (a instanceof WeakMap || a instanceof WeakSet) {
    throw new TypeError(`Cannot compare ${a.constructor.name} instances`);
  }
  if (a instanceof WeakRef) return compare(a.deref(), (b as WeakRef<object>).deref(), seen);

  const bytesA = elements(a);
  const bytesB = elements(b);
  if (bytesA !== undefined && bytesB !== undefined) {
    return bytesA.length === bytesB.length &&
      bytesA.every((value, index) => value === bytesB[index] || Object.is(value, bytesB[index]));
  }

  // A cycle is equal to a cycle of the same shape.
  if (seen.get(a) === b) return true;
  if (Object.keys(a).length !== Object.keys(b).length) return false;
  seen.set(a, b);
  if (isKeyed(a)) return compareKeyed(a, b as Keyed, seen);
  if (textual.has(Object.getPrototypeOf(a))) return String(a) === String(b);
  return compareProperties(a, b, seen);
}

function compareKeyed(a: Keyed, b: Keyed, seen: Map<object, object>): boolean {
  if (a.size !== b.size) return false;
  const left = [...b.entries()];
  for (const [key, value] of a.entries()) {
    // A primitive key is found by hash; only objects need the search.
    if (!isObject(key)) {
      if (!b.has(key)) return false;
      if (b instanceof Map && !compare(value, b.get(key), seen)) return false;
      continue;
    }
    const index = left.findIndex(([otherKey, otherValue]) =>
      isObject(otherKey) && compare(key, otherKey, seen) && compare(value, otherValue, seen)
    );
    if (index < 0) return false;
    left.splice(index, 1);
  }
  return true;
}

function compareProperties(a: object, b: object, seen: Map<object, object>): boolean {
  for (const key of new Set([...propertyKeys(a), ...propertyKeys(b)])) {
    if ((key in a) !== (key in b)) return false;
    if (!compare(Reflect.get(a, key), Reflect.get(b, key), seen)) return false;
  }
  return true;
}

/** A plain object shows its enumerable keys; an instance all it has, accessors of its class too. */
function propertyKeys(value: object): (string | symbol)[] {
  if (isPlain(value)) return Reflect.ownKeys({ ...value });
  const keys: (string | symbol)[] = [];
  let level: object | null = value;
  while (level !== null && level !== Object.prototype && level !== Array.prototype) {
    keys.push(...Reflect.ownKeys(level));
    level = Object.getPrototypeOf(level);
  }
  return keys;
}

function elements(value: object): ArrayLike<unknown> & unknown[] | undefined {
  if (Object.prototype.isPrototypeOf.call(TypedArrayPrototype, value)) {
    return Array.from(value as unknown as ArrayLike<unknown>);
  }
  const isBuffer = value instanceof ArrayBuffer ||
    (typeof SharedArrayBuffer !== "undefined" && value instanceof SharedArrayBuffer);
  return isBuffer ? Array.from(new Uint8Array(value)) : undefined;
}

function samePrototype(a: object, b: object): boolean {
  const ofA = Object.getPrototypeOf(a) ?? Object.prototype;
  const ofB = Object.getPrototypeOf(b) ?? Object.prototype;
  return ofA === ofB;
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || prototype === Array.prototype;
}

function isKeyed(value: object): value is Keyed {
  return value instanceof Map || value instanceof Set;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
