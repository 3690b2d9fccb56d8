import { createEvent, ListenerError } from "@nova/events";
import { Emitter } from "@nova/events/emitter";
import { createTestEnv } from "@nova/events/testing";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { describe, it } from "node:test";
import { type Any, reasonOf } from "./kit.ts";

/** What `emit` rejects with when a listener named "mail" throws this. */
async function failure(cause: unknown): Promise<ListenerError> {
  const emitter = new Emitter<Any>({ env: createTestEnv() });
  emitter.on("order.paid", () => {
    throw cause;
  }, { id: "mail" });
  const reason = await reasonOf(emitter.emit(createEvent("order.paid", { id: "1" })));
  assertInstanceOf(reason, ListenerError);
  return reason;
}

describe("the ListenerError of an emitter", () => {
  it("is a real error, where the runtime can tell", async () => {
    const error = await failure(new Error("disk full"));
    const { isError } = Error as { isError?: (value: unknown) => boolean };

    assertInstanceOf(error, Error);
    assertEquals(Object.prototype.toString.call(error), "[object Error]");
    if (isError !== undefined) assert(isError(error));
  });

  it("survives structuredClone as well as any error does", async () => {
    const cause = new TypeError("disk full");
    const error = await failure(cause);
    const clone: unknown = structuredClone(error);

    assertInstanceOf(clone, Error);
    assertEquals([clone.message, clone.stack], [error.message, error.stack]);
    // Bun 1.4 clones no cause, of whatever error.
    const plain = structuredClone(new Error("plain", { cause }));
    assertEquals(clone.cause instanceof TypeError, plain.cause instanceof TypeError);
    assertEquals(
      (clone.cause as Error | undefined)?.message,
      (plain.cause as Error | undefined)?.message,
    );
  });

  it("says who failed, on what, and why", async () => {
    const cause = new Error("disk full");
    const error = await failure(cause);

    assertEquals(error.message, 'Listener "mail" failed on "order.paid": disk full');
    assertEquals(String(error), `ListenerError: ${error.message}`);
    assertEquals([error.code, error.retryable, error.subscription], [
      "listener-failed",
      false,
      "mail",
    ]);
    assertStrictEquals(error.cause, cause);
  });

  it("has its cause where runtimes look for it when they print, with the place that threw", async () => {
    const error = await failure(new Error("disk full"));
    const { enumerable, value } = Object.getOwnPropertyDescriptor(error, "cause")!;

    assertEquals(enumerable, false);
    assertMatch((value as Error).stack!, /listener_error_test/);
    assertStringIncludes(error.stack!, error.message);
  });

  it("keeps whatever was thrown", async () => {
    for (const cause of [undefined, null, 0, "text", Symbol("s"), { a: 1 }, () => {}]) {
      const error = await failure(cause);
      assert("cause" in error);
      assertStrictEquals(error.cause, cause);
    }
  });

  it("leaves the stack limit of the program alone", async () => {
    const { stackTraceLimit } = Error as { stackTraceLimit?: number };
    await failure(new Error("disk full"));

    assertEquals((Error as { stackTraceLimit?: number }).stackTraceLimit, stackTraceLimit);
  });
});
