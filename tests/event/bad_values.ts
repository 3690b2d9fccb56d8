/**
 * Values that lie, throw, or are simply not what they must be. Each is made anew: what was tripped
 * over once may be stateful.
 *
 * @module
 */

/** An object whose field throws when it is read. */
export function throwing<Fields extends object>(fields: Fields, field: string): Fields {
  return Object.defineProperty({ ...fields }, field, {
    enumerable: true,
    get: () => {
      throw new Error(`reading ${field}`);
    },
  });
}

/** An object whose field is another one every time it is read: each value once, then the last. */
export function changing<Fields extends object>(
  fields: Fields,
  field: string,
  values: readonly unknown[],
): Fields & { readonly reads: () => number } {
  let reads = 0;
  const object = Object.defineProperty({ ...fields }, field, {
    enumerable: true,
    get: () => values[Math.min(reads++, values.length - 1)],
  });
  return Object.defineProperty(object, "reads", { value: () => reads }) as
    & Fields
    & { readonly reads: () => number };
}

/** A proxy that throws whatever is done with it. */
export function hostileProxy(): object {
  const refuse = (): never => {
    throw new Error("hostile");
  };
  return new Proxy({}, {
    get: refuse,
    has: refuse,
    ownKeys: refuse,
    getPrototypeOf: refuse,
    getOwnPropertyDescriptor: refuse,
  });
}

/** A proxy that can no longer be touched. */
export function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
