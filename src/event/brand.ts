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
