/**
 * The mark of what was checked once: a private field on an otherwise plain object. It cannot be
 * forged, is lost by every copy (a copy is foreign again), and costs about a nanosecond to test.
 */

/** A constructor that answers its argument lets a subclass add a private field to a plain object. */
class Itself {
  constructor(object: object) {
    return object;
  }
}

class Brand extends Itself {
  // Its presence is all that counts.
  readonly #checked = true;

  static isOn(value: object): boolean {
    return #checked in value;
  }
}

/** Marks an object as checked; call it before freezing. */
export function brand(object: object): void {
  new Brand(object);
}

/** Whether an object was checked here and is no copy. */
export function isBranded(value: object): boolean {
  return Brand.isOn(value);
}
