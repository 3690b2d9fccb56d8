import { assert, assertEquals, assertLess } from "@std/assert";
import { describe, it } from "node:test";
import { AbortListeners } from "../../src/internal/abort.ts";

/** A signal that counts how many listeners are attached to it. */
function watched(): { controller: AbortController; attached: () => number } {
  const controller = new AbortController();
  const { signal } = controller;
  const { addEventListener, removeEventListener } = signal;
  const attached = new Set<unknown>();
  signal.addEventListener = (type: string, listener: never, options?: AddEventListenerOptions) => {
    attached.add(listener);
    addEventListener.call(signal, type, listener, options);
  };
  signal.removeEventListener = (type: string, listener: never) => {
    attached.delete(listener);
    removeEventListener.call(signal, type, listener);
  };
  return { controller, attached: () => attached.size };
}

const never = (error: unknown): never => {
  throw error;
};

describe("AbortListeners", () => {
  it("attaches one listener to a signal, while someone waits", () => {
    const listeners = new AbortListeners(never);
    const { controller, attached } = watched();
    for (let round = 0; round < 3; round++) {
      const waiting = Array.from({ length: 5 }, () => listeners.add(controller.signal, () => {}));
      assertEquals(attached(), 1);
      for (const one of waiting.slice(1)) one[Symbol.dispose]();
      assertEquals(attached(), 1);
      waiting[0]![Symbol.dispose]();
      assertEquals(attached(), 0);
      for (const one of waiting) one[Symbol.dispose]();
      assertEquals(attached(), 0);
    }
  });

  it("calls all once, in the order they came", () => {
    const listeners = new AbortListeners(never);
    const { controller } = watched();
    const log: number[] = [];
    for (const i of [1, 2, 3]) listeners.add(controller.signal, () => log.push(i));
    controller.abort();
    controller.abort();

    assertEquals(log, [1, 2, 3]);
  });

  it("keeps signals apart", () => {
    const listeners = new AbortListeners(never);
    const [one, other] = [watched(), watched()];
    const log: string[] = [];
    listeners.add(one.controller.signal, () => log.push("one"));
    listeners.add(other.controller.signal, () => log.push("other"));
    other.controller.abort();

    assertEquals([log, one.attached()], [["other"], 1]);
  });

  it("counts the same function twice", () => {
    const listeners = new AbortListeners(never);
    const { controller, attached } = watched();
    let calls = 0;
    const fn = (): void => void (calls += 1);
    const first = listeners.add(controller.signal, fn);
    listeners.add(controller.signal, fn);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    assertEquals(attached(), 1);
    controller.abort();

    assertEquals(calls, 1);
  });

  it("does not call what an earlier one took out", () => {
    const listeners = new AbortListeners(never);
    const { controller } = watched();
    const log: string[] = [];
    const waiting: Disposable[] = [];
    waiting.push(listeners.add(controller.signal, () => {
      log.push("first");
      for (const one of waiting) one[Symbol.dispose]();
    }));
    waiting.push(listeners.add(controller.signal, () => log.push("never")));
    controller.abort();

    assertEquals(log, ["first"]);
  });

  it("calls the others when one throws, and reports that", () => {
    const reported: unknown[] = [];
    const listeners = new AbortListeners((error) => reported.push(error));
    const { controller } = watched();
    const log: string[] = [];
    const error = new Error("no");
    listeners.add(controller.signal, () => {
      throw error;
    });
    listeners.add(controller.signal, () => log.push("second"));
    controller.abort();

    assertEquals([log, reported], [["second"], [error]]);
  });

  it("takes twenty thousand on one signal without looking through them all each time", () => {
    const listeners = new AbortListeners(never);
    const controller = new AbortController();
    const start = performance.now();
    let calls = 0;
    const waiting = Array.from(
      { length: 20_000 },
      () => listeners.add(controller.signal, () => void (calls += 1)),
    );
    for (const one of waiting.slice(0, 10_000)) one[Symbol.dispose]();
    controller.abort();

    assertEquals(calls, 10_000);
    // On a list of listeners, as runtimes keep it, it took seconds.
    assertLess(performance.now() - start, 1000);
    assert(controller.signal.aborted);
  });
});
