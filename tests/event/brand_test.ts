import { assert, assertEquals, assertFalse } from "@std/assert";
import { describe, it } from "node:test";
import { brand, brandMetadata, isBranded, isBrandedMetadata } from "../../src/event/brand.ts";

describe("brand()", () => {
  it("marks this object, and nothing that anyone could see", () => {
    const object = { a: 1 };
    assertFalse(isBranded(object));
    brand(object);

    assert(isBranded(object));
    assertEquals(Reflect.ownKeys(object), ["a"]);
    assertEquals(Object.getPrototypeOf(object), Object.prototype);
    assert(isBranded(Object.freeze(object)));
  });

  it("is on no copy, heir or proxy of it", () => {
    const object = { a: 1 };
    brand(object);

    assertFalse(isBranded({ ...object }));
    assertFalse(isBranded(Object.assign({}, object)));
    assertFalse(isBranded(structuredClone(object)));
    assertFalse(isBranded(JSON.parse(JSON.stringify(object))));
    assertFalse(isBranded(Object.create(object)));
    assertFalse(isBranded(new Proxy(object, {})));
  });

  it("does not make an event of metadata, nor the reverse", () => {
    const event = {};
    const metadata = {};
    brand(event);
    brandMetadata(metadata);

    assertEquals([isBranded(event), isBrandedMetadata(event)], [true, false]);
    assertEquals([isBranded(metadata), isBrandedMetadata(metadata)], [false, true]);
  });
});
