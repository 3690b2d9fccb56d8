/**
 * The mark of what was checked once: a private field on an otherwise plain object. It cannot be
 * forged, is lost by every copy (a copy is foreign again), and costs about a nanosecond to test.
 */

/** A constructor that answers its argument lets a subclass add a private field to a plain object. */
export class Itself {
  constructor(object: object) {
    return object;
  }
}

/** The object that a function fills in with `this`. */
export type Writable<Object> = { -readonly [Key in keyof Object]: Object[Key] };

/**
 * A constructor of plain objects that have room for a brand. A literal has none: with its brand each
 * would get an array beside it, 40 bytes on V8.
 */
export function plain<Args extends readonly unknown[], Object>(
  fill: (this: Writable<Object>, ...args: Args) => void,
): new (...args: Args) => Object {
  fill.prototype = Object.prototype;
  return fill as unknown as new (...args: Args) => Object;
}

class EventBrand extends Itself {
  // Its presence is all that counts.
  readonly #checked = true;

  static isOn(value: object): boolean {
    return #checked in value;
  }
}

class MetadataBrand extends Itself {
  readonly #checked = true;

  static isOn(value: object): boolean {
    return #checked in value;
  }
}

/** Marks an event as checked; call it before freezing. */
export function brand(event: object): void {
  new EventBrand(event);
}

/** Whether an object is an event that was checked here, and no copy of one. */
export function isBranded(value: object): boolean {
  return EventBrand.isOn(value);
}

/** Marks metadata as checked; call it before freezing. Metadata is no event, nor the reverse. */
export function brandMetadata(metadata: object): void {
  new MetadataBrand(metadata);
}

/** Whether an object is metadata that was checked here, and no copy of it. */
export function isBrandedMetadata(value: object): boolean {
  return MetadataBrand.isOn(value);
}
