import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { describe, it } from "node:test";
import { MacrotaskQueue } from "../../src/internal/macrotask.ts";
import { withGlobal } from "./globals.ts";

/** The means of a runtime: those before the tested one are taken away. */
const MEANS: readonly (readonly [string, readonly string[]])[] = [
  ["its best means", []],
  ["no setImmediate", ["setImmediate"]],
  ["neither setImmediate nor MessageChannel", ["setImmediate", "MessageChannel"]],
];

async function without(names: readonly string[], body: () => Promise<void>): Promise<void> {
  const [name, ...rest] = names;
  if (name === undefined) await body();
  else await withGlobal(name, undefined, () => without(rest, body));
}

/** Two timers in turn: between them every macrotask that was on its way has run. */
async function soon(): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise((resolve) => setTimeout(resolve, 2));
}

for (const [what, missing] of MEANS) {
  describe(`MacrotaskQueue with ${what}`, () => {
    it("calls in order, behind every microtask", () =>
      without(missing, async () => {
        const queue = new MacrotaskQueue();
        const calls: number[] = [];
        queue.add(() => calls.push(1));
        queue.add(() => calls.push(2));
        for (let i = 0; i < 100; i++) await undefined;

        assertEquals(calls, []);
        await soon();
        assertEquals(calls, [1, 2]);
      }));

    it("does not call what was cancelled, also by an earlier call", () =>
      without(missing, async () => {
        const queue = new MacrotaskQueue();
        const calls: number[] = [];
        queue.add(() => calls.push(1))[Symbol.dispose]();
        queue.add(() => {
          calls.push(2);
          third[Symbol.dispose]();
        });
        const third = queue.add(() => calls.push(3));
        const fourth = queue.add(() => calls.push(4));
        await soon();

        assertEquals(calls, [2, 4]);
        fourth[Symbol.dispose]();
      }));

    it("calls in a later macrotask what a call adds", () =>
      without(missing, async () => {
        const queue = new MacrotaskQueue();
        const calls: string[] = [];
        queue.add(() => {
          queue.add(() => calls.push("second"));
          Promise.resolve().then(() => calls.push("microtask"));
        });
        await soon();
        await soon();

        assertEquals(calls, ["microtask", "second"]);
      }));

    it("gives timers their turn", () =>
      without(missing, async () => {
        const queue = new MacrotaskQueue();
        let rounds = 0;
        let over = false;
        const again = (): void => {
          rounds += 1;
          if (!over && rounds < 100_000) queue.add(again);
        };
        queue.add(again);
        await soon();
        over = true;
        await soon();

        assertGreater(rounds, 1);
        assertLess(rounds, 100_000);
      }));
  });
}

describe("MacrotaskQueue over a MessageChannel", () => {
  /** Counts how many are open, and delivers when told. */
  class Channel {
    static open = 0;
    static deliver: (() => void) | undefined;
    readonly port1: { onmessage?: () => void; close(): void } = {
      close: () => void (Channel.open -= 1),
    };
    readonly port2 = {
      postMessage: (): void => void (Channel.deliver = () => this.port1.onmessage?.()),
    };

    constructor() {
      Channel.open += 1;
    }
  }

  const overChannel = (body: () => Promise<void>): Promise<void> =>
    withGlobal("setImmediate", undefined, () => withGlobal("MessageChannel", Channel, body));

  /** Every microtask there is. */
  async function turn(): Promise<void> {
    for (let i = 0; i < 50; i++) await undefined;
  }

  it("has one open only while something waits: an open one keeps the process alive", () =>
    overChannel(async () => {
      const queue = new MacrotaskQueue();
      for (let round = 0; round < 2; round++) {
        assertEquals(Channel.open, 0);
        queue.add(() => {});
        queue.add(() => {});
        assertEquals(Channel.open, 1);
        await turn();
        Channel.deliver!();
        assertEquals(Channel.open, 0);
      }
    }));

  it("calls the others when one throws, and lets the error out", () =>
    overChannel(async () => {
      const queue = new MacrotaskQueue();
      const calls: number[] = [];
      const thrown: unknown[] = [];
      const error = new Error("no");
      queue.add(() => calls.push(1));
      queue.add(() => {
        throw error;
      });
      queue.add(() => calls.push(3));
      await turn();

      // The error comes out of a timer of its own; the test looks at that timer.
      await withGlobal("setTimeout", (fn: () => void) => {
        try {
          fn();
        } catch (reason) {
          thrown.push(reason);
        }
      }, () => Channel.deliver!());

      assertEquals([calls, thrown], [[1, 3], [error]]);
    }));

  it("finds out that messages are microtasks, and uses timers from then on", () =>
    overChannel(async () => {
      const queue = new MacrotaskQueue();
      const calls: number[] = [];
      queue.add(() => calls.push(1));
      queue.add(() => calls.push(2));
      queue.add(() => calls.push(3))[Symbol.dispose]();
      await undefined;
      Channel.deliver!();
      Channel.deliver = undefined;
      queue.add(() => calls.push(4));
      await turn();
      assertEquals([calls, Channel.open, Channel.deliver], [[], 0, undefined]);

      await soon();
      assertEquals(calls, [1, 2, 4]);
    }));
});
