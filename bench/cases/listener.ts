/** What supervision costs: on the plain way, per decision of a breaker, and when attempts fail. */

import { createEvent, type NovaEvent } from "../../src/emitter/mod.ts";
import {
  CircuitBreaker,
  type Listener,
  type ListenerContext,
  supervise,
  type SupervisedListener,
  type SuperviseOptions,
} from "../../src/listener/mod.ts";
import { type Case, defineCase, expectCount } from "../case.ts";
import { Meter } from "./bursts.ts";

/** Several, so that the compiler cannot treat the one event there is as a constant. */
const EVENTS: readonly NovaEvent[] = Array.from(
  { length: 8 },
  (_, i) => createEvent("order.placed", { total: i }),
);

/** What an emitter hands to a listener. */
const CONTEXT: ListenerContext = Object.freeze({
  signal: new AbortController().signal,
  attempt: 1,
  subscription: { id: "bench", active: true, unsubscribe() {}, [Symbol.dispose]() {} },
});

/** Nothing of supervision is left out. */
const EVERYTHING: SuperviseOptions = {
  name: "bench",
  concurrency: 10,
  timeoutMs: 30_000,
  retry: { attempts: 3, budget: {} },
  breaker: { kind: "rate" },
  deadLetter: () => {},
  onError: () => {},
};

interface Direct {
  readonly listener: Listener;
  readonly meter: Meter;
}

/** A case that calls a synchronous listener, bare or wrapped. */
function calling(name: string, wrap: (listener: Listener) => Listener): Case {
  return defineCase<Direct>({
    name,
    setup() {
      const meter = new Meter();
      return {
        meter,
        listener: wrap(() => {
          meter.hits += 1;
        }),
      };
    },
    run({ listener }, n) {
      for (let i = 0; i < n; i++) listener(EVENTS[i & 7]!, CONTEXT);
    },
    check: ({ meter }, done) => expectCount("listener calls", meter.hits, done),
  });
}

/** The same with a listener that returns a promise, each call awaited. */
function awaiting(name: string, wrap: (listener: Listener) => Listener): Case {
  return defineCase<Direct>({
    name,
    setup() {
      const meter = new Meter();
      return {
        meter,
        listener: wrap(() => {
          meter.hits += 1;
          return DONE;
        }),
      };
    },
    async run({ listener }, n) {
      for (let i = 0; i < n; i++) await listener(EVENTS[i & 7]!, CONTEXT);
    },
    check: ({ meter }, done) => expectCount("listener calls", meter.hits, done),
  });
}

const DONE = Promise.resolve();

interface Decisions {
  readonly breaker: CircuitBreaker;
  passed: number;
}

function deciding(kind: "consecutive" | "count" | "rate"): Case {
  return defineCase<Decisions>({
    name: `breaker decision, ${kind}`,
    setup: () => ({ breaker: new CircuitBreaker({ kind }), passed: 0 }),
    run(state, n) {
      const { breaker } = state;
      for (let i = 0; i < n; i++) {
        const permit = breaker.tryEnter();
        if (permit === 0) continue;
        breaker.succeed(permit);
        state.passed += 1;
      }
    },
    check: ({ passed }, done) => expectCount("attempts let through", passed, done),
  });
}

const CAUSE = new Error("out of stock");

interface Failing extends Direct {
  /** Failures that came out where they should. */
  readonly caught: Meter;
}

/** A case whose listener always throws; the failure is caught outside, or by `deadLetter`. */
function failing(name: string, wrap: (listener: Listener, caught: Meter) => Listener): Case {
  return defineCase<Failing>({
    name,
    setup() {
      const [meter, caught] = [new Meter(), new Meter()];
      const listener = wrap(() => {
        meter.hits += 1;
        throw CAUSE;
      }, caught);
      return { listener, meter, caught };
    },
    run({ listener, caught }, n) {
      for (let i = 0; i < n; i++) {
        try {
          listener(EVENTS[i & 7]!, CONTEXT);
        } catch {
          caught.hits += 1;
        }
      }
    },
    check({ meter, caught }, done) {
      expectCount("listener calls", meter.hits, done);
      expectCount("failures seen", caught.hits, done);
    },
  });
}

/** How many events wait for their second attempt at once. */
const RETRIED = 256;

/** Never opens: what is measured is the failing attempt. */
const ROBUST: SuperviseOptions = {
  ...EVERYTHING,
  breaker: { kind: "rate", threshold: 1, minimum: Number.MAX_SAFE_INTEGER },
};

export const cases: readonly Case[] = [
  calling("listener bare", (listener) => listener),
  calling("listener supervised, defaults", (listener) => supervise(listener)),
  calling("listener supervised, everything on", (listener) => supervise(listener, EVERYTHING)),
  awaiting("async listener bare", (listener) => listener),
  awaiting("async listener supervised", (listener) => supervise(listener, EVERYTHING)),
  deciding("consecutive"),
  deciding("count"),
  deciding("rate"),
  failing("failing listener, try/catch", (listener) => listener),
  failing("failing listener, try/catch, thrown on", (listener) => (event, context) => {
    try {
      return listener(event, context);
    } catch (error) {
      throw error;
    }
  }),
  failing(
    "failing listener, supervised, no retry",
    (listener) => supervise(listener, withoutLetter({ ...ROBUST, retry: false })),
  ),
  failing("failing listener, supervised, dead letter", (listener, caught) =>
    supervise(listener, {
      ...ROBUST,
      retry: { attempts: 1 },
      deadLetter: () => {
        caught.hits += 1;
      },
    })),
  failing(
    "failing listener, supervised, TerminalError",
    (listener) => supervise(listener, withoutLetter({ ...ROBUST, retry: { attempts: 1 } })),
  ),
  defineCase<{ listener: SupervisedListener; meter: Meter }>({
    name: `listener supervised, every second attempt fails (bursts of ${RETRIED})`,
    setup() {
      const meter = new Meter();
      let call = 0;
      // A round is the first attempts of a burst, then the second ones, all due at the same time.
      const listener = supervise(() => {
        const second = (Math.floor(call++ / RETRIED) & 1) === 1;
        if (!second) throw CAUSE;
        meter.hits += 1;
      }, {
        ...ROBUST,
        bufferSize: RETRIED + 1,
        retry: { backoff: "fixed", delayMs: 1, jitter: "none" },
      });
      return { listener, meter };
    },
    async run({ listener }, n) {
      for (let left = n; left > 0; left -= RETRIED) {
        const all: unknown[] = [];
        for (let i = 0; i < RETRIED; i++) all.push(listener(EVENTS[i & 7]!, CONTEXT));
        await Promise.all(all);
      }
    },
    check({ listener, meter }) {
      const { offered, succeeded, retries } = listener.stats();
      expectCount("events handled", meter.hits, offered);
      expectCount("events succeeded", succeeded, offered);
      expectCount("second attempts", retries, offered);
    },
  }),
];

function withoutLetter({ deadLetter: _, ...options }: SuperviseOptions): SuperviseOptions {
  return options;
}
