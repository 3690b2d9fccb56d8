import { NovaError, SequenceGapError, StaleAckError } from "@nova/events";
import { assertEquals, assertFalse, assertInstanceOf } from "@std/assert";
import { describe, it } from "node:test";

describe("SequenceGapError", () => {
  it("tells who left which number out, where", () => {
    const error = new SequenceGapError("orders", "import", 2, 5, 7);
    assertInstanceOf(error, NovaError);
    assertEquals([error.name, error.code, error.retryable], [
      "SequenceGapError",
      "sequence-gap",
      false,
    ]);
    assertEquals(
      error.message,
      'Cannot publish number 7 of producer "import" to "orders" as number 5 is next in partition 2: ' +
        "publish what is missing first",
    );
    const { topic, producer, partition, expected, actual } = error;
    assertEquals([topic, producer, partition, expected, actual], ["orders", "import", 2, 5, 7]);
    assertFalse(Object.hasOwn(error, "name"));
  });
});

describe("StaleAckError", () => {
  it("tells which verb came too late, for what", () => {
    const error = new StaleAckError("nack", "e-1", "mails");
    assertInstanceOf(error, NovaError);
    assertEquals([error.name, error.code, error.retryable], ["StaleAckError", "stale-ack", false]);
    assertEquals(
      error.message,
      'Cannot nack event "e-1" of consumer "mails" as this delivery of it is over: ' +
        "it was settled before, or its lease has ended",
    );
    assertEquals([error.verb, error.event], ["nack", "e-1"]);
    assertFalse(Object.hasOwn(error, "name"));
  });
});
