import { createEvent } from "@nova/events";
import type { Subscription } from "@nova/events/emitter";
import { createTestEnv } from "@nova/events/testing";
import { assert, assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import { describe, it } from "node:test";
import { type Dispatch, dispatchMany } from "../../src/emitter/dispatch.ts";
import { takeDispatcher } from "../../src/emitter/dispatchers.ts";
import { Engine } from "../../src/emitter/engine.ts";
import { COPIES, generateDispatchers, SITES } from "../support/dispatchers.ts";
import { useTestEnv } from "../support/env.ts";
import { sources } from "../support/sources.ts";
import { assertConserved } from "./kit.ts";

/** What no other file of this process has taken. */
const copies: Dispatch[] = [];
for (let copy = takeDispatcher(); copy !== undefined; copy = takeDispatcher()) copies.push(copy);

describe("src/emitter/dispatchers.ts", () => {
  it("is what `deno task generate` makes", () => {
    const same = sources().get("src/emitter/dispatchers.ts") === generateDispatchers();
    assert(same, "run `deno task generate`, and never edit what it makes");
  });

  it("gives each copy once, and then none", () => {
    assertGreater(copies.length, 0);
    assertLessOrEqual(copies.length, COPIES);
    assertEquals(new Set(copies).size, copies.length);
    assertEquals(takeDispatcher(), undefined);
  });
});

const WAYS = [
  "plain",
  "plain",
  "plain",
  "throws",
  "rejects",
  "resolves",
  "lies",
  "answers",
  "ends itself",
  "ends another",
  "subscribes",
  "emits",
] as const;

type Way = (typeof WAYS)[number];

/** One emitter under random work, and what came of it. */
class Run {
  readonly log: string[] = [];
  readonly #env = createTestEnv();
  readonly #random: () => number;
  readonly #engine: Engine;
  readonly #subscriptions: Subscription[] = [];
  #number = 0;
  #depth = 0;

  constructor(seed: number, dispatch: Dispatch) {
    this.#random = createTestEnv({ seed }).random;
    this.#engine = new Engine({
      env: this.#env,
      onError: (error) => {
        this.log.push(`onError ${error.subscription} ${error.message}`);
        return this.#below(3) === 0 ? "handled" : undefined;
      },
    });
    // The channel is hot from the start, with the dispatcher under test.
    this.#engine.subscribe("a", () => {}).unsubscribe();
    this.#engine.table.channels.get("a")!.becomeHot(dispatch);
  }

  async work(): Promise<this> {
    for (let step = 0; step < 120; step++) {
      const dice = this.#below(10);
      if (dice < 3 && this.#subscriptions.length < SITES + 5) this.#subscribe();
      else if (dice < 4) this.#unsubscribe();
      else this.#emit(step);
      if (dice === 9) await this.#env.settle();
      this.#note();
    }
    await this.#env.settle();
    this.#note();
    assertConserved(this.#engine);
    return this;
  }

  #below(end: number): number {
    return Math.floor(this.#random() * end);
  }

  #note(): void {
    this.log.push(JSON.stringify(this.#engine.stats()));
  }

  #emit(data: unknown): void {
    this.#engine.emit(createEvent("a", data), undefined, undefined).then(
      () => this.log.push(`${data} resolved`),
      (error: Error) => {
        const errors = error instanceof AggregateError ? error.errors : [error];
        this.log.push(`${data} rejected ${error.message} ${errors.map(String).join()}`);
      },
    );
  }

  #unsubscribe(): void {
    const [gone] = this.#subscriptions.splice(this.#below(this.#subscriptions.length), 1);
    gone?.unsubscribe();
  }

  #subscribe(): void {
    const id = `${++this.#number}`;
    const way = WAYS[this.#below(WAYS.length)]!;
    const once = this.#below(5) === 0;
    this.#subscriptions.push(this.#engine.subscribe("a", (event, { subscription }) => {
      this.log.push(`${id} ${way} ${event.data}`);
      if (way === "ends itself") subscription.unsubscribe();
      return this.#act(way, id);
    }, { id, once }));
  }

  #act(way: Way, id: string): void | Promise<void> {
    if (way === "throws") throw new Error(`thrown by ${id}`);
    if (way === "rejects") return Promise.reject(new Error(`rejected by ${id}`));
    if (way === "resolves") return Promise.resolve();
    if (way === "answers") return 5 as unknown as void;
    if (way === "lies") {
      return Object.defineProperty({}, "then", {
        get: () => {
          throw new Error(`lied by ${id}`);
        },
      }) as Promise<void>;
    }
    if (way === "ends another") this.#unsubscribe();
    if (way === "subscribes" && this.#subscriptions.length < SITES + 5) this.#subscribe();
    if (way === "emits" && this.#depth < 2) {
      this.#depth += 1;
      this.#emit(`from ${id}`);
      this.#depth -= 1;
    }
  }
}

describe("a hot channel", () => {
  const seeds = Array.from({ length: 20 }, (_, seed) => seed);

  it("does the same as a cold one, whatever its listeners do", async () => {
    let most = 0;
    for (const seed of seeds) {
      const cold = await new Run(seed, dispatchMany).work();
      const hot = await new Run(seed, copies[seed % copies.length]!).work();
      assertEquals(hot.log, cold.log, `seed ${seed}`);
      for (const line of cold.log) most = Math.max(most, line.split('"runFailures"').length - 1);
    }
    assertGreater(most, SITES, "some listeners stand behind those with a site of their own");
  });
});

describe("a channel", () => {
  const env = useTestEnv();

  for (const listeners of [1, 2, SITES, SITES + 1]) {
    it(`with ${listeners} listener(s) calls all of them for its first and its 1000th event`, async () => {
      const engine = new Engine({ env });
      const runs = new Array<number>(listeners).fill(0);
      for (let i = 0; i < listeners; i++) engine.subscribe("a", () => void (runs[i]! += 1));
      const event = createEvent("a", 1);
      for (let i = 0; i < 1000; i++) await engine.emit(event, undefined, undefined);

      assertEquals(new Set(runs), new Set([1000]));
      assertEquals(engine.table.channels.get("a")!.hot, listeners > 1);
      assertEquals(engine.stats().succeeded, 1000);
    });
  }

  it("is hot once it has had 256 events", async () => {
    const engine = new Engine({ env });
    for (let i = 0; i < 2; i++) engine.subscribe("a", () => {});
    const channel = engine.table.channels.get("a")!;
    for (let i = 0; i < 255; i++) await engine.emit(createEvent("a", i), undefined, undefined);
    assertEquals(channel.hot, false);
    await engine.emit(createEvent("a", 1), undefined, undefined);

    assertEquals(channel.hot, true);
  });
});
