/**
 * Supervision against cockatiel with the same policies: three attempts with exponential backoff, a
 * breaker that samples a minute, 30 s per attempt, ten at once with a thousand waiting. Nothing fails.
 * Each in its own idiom; cockatiel's policies are asynchronous, so each of its calls is awaited.
 */

import type { ListenerContext } from "../../src/event/listener.ts";
import { type Case, defineCase, expectCount } from "../case.ts";
import { load } from "./load.ts";

/** The name of the table. */
export const SUPERVISION = "supervision, nothing fails";
/** The columns. */
export const kinds = ["sync listener", "async listener"] as const;
/** The rows. */
export const NOVA = "nova supervise";
export const COCKATIEL = "cockatiel wrap";
const BARE = "floor: bare";

type Kind = typeof kinds[number];
type Call = (event: unknown) => unknown;

const CONTEXT: ListenerContext = Object.freeze({
  signal: new AbortController().signal,
  attempt: 1,
  subscription: { id: "bench", active: true, unsubscribe() {}, [Symbol.dispose]() {} },
});

/** What is used of cockatiel. */
interface Cockatiel {
  handleAll: object;
  retry(policy: object, options: object): object;
  circuitBreaker(policy: object, options: object): object;
  timeout(ms: number, strategy: unknown): object;
  bulkhead(slots: number, queue: number): object;
  wrap(...policies: object[]): {
    execute(fn: (context: { signal: AbortSignal }) => unknown): Promise<unknown>;
  };
  ExponentialBackoff: new (options: object) => object;
  SamplingBreaker: new (options: object) => object;
  TimeoutStrategy: { Aggressive: unknown };
}

function cockatiel(listener: Call): Call {
  const lib = load<Cockatiel>("cockatiel");
  const policy = lib.wrap(
    lib.retry(lib.handleAll, {
      maxAttempts: 2,
      backoff: new lib.ExponentialBackoff({ initialDelay: 100, maxDelay: 30_000 }),
    }),
    lib.circuitBreaker(lib.handleAll, {
      halfOpenAfter: 30_000,
      breaker: new lib.SamplingBreaker({ threshold: 0.5, duration: 60_000, minimumRps: 1 }),
    }),
    lib.bulkhead(10, 1000),
    lib.timeout(30_000, lib.TimeoutStrategy.Aggressive),
  );
  return (event) => policy.execute(() => listener(event));
}

async function nova(listener: Call): Promise<Call> {
  const { supervise } = await import("../../src/listener/mod.ts");
  const supervised = supervise(listener as () => void, {
    concurrency: 10,
    bufferSize: 1000,
    timeoutMs: 30_000,
    retry: { attempts: 3, backoff: "exponential", delayMs: 100, maxDelayMs: 30_000 },
    breaker: { kind: "rate", threshold: 0.5, windowMs: 60_000, cooldownMs: 30_000 },
  });
  return (event) => supervised(event as { type: string; data: unknown }, CONTEXT);
}

const makers: Readonly<Record<string, (listener: Call) => Call | Promise<Call>>> = {
  [NOVA]: nova,
  [COCKATIEL]: cockatiel,
  [BARE]: (listener) => listener,
};

interface State {
  readonly call: Call;
  readonly counter: { hits: number };
}

const EVENT = { type: "hot", data: { total: 1 } };
const DONE = Promise.resolve();

function supervising(row: string, kind: Kind): Case {
  const make = makers[row]!;
  return defineCase<State>({
    name: `${row} | ${kind}`,
    cell: { table: SUPERVISION, row, column: kind },
    bytes: row === NOVA,
    async setup() {
      const counter = { hits: 0 };
      const listener: Call = kind === "sync listener"
        ? () => {
          counter.hits += 1;
        }
        : () => {
          counter.hits += 1;
          return DONE;
        };
      return { counter, call: await make(listener) };
    },
    async run({ call }, n) {
      for (let i = 0; i < n; i++) {
        const result = call(EVENT);
        if (result !== undefined) await result;
      }
    },
    check: ({ counter }, done) => expectCount("listener calls", counter.hits, done),
  });
}

/** One case per row and kind. */
export const cases: readonly Case[] = kinds.flatMap((kind) =>
  [NOVA, COCKATIEL, BARE].map((row) => supervising(row, kind))
);
