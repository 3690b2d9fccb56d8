/**
 * The rivals of the emitter as data: how each is made, listened to and emitted on, in its own idiom.
 * Every rival runs in processes of its own, so a wrapper here has one shape per process and costs
 * nothing once compiled (checked against loops written by hand).
 */

import type { Emitted } from "../../src/emitter/mod.ts";
import { load, loadDefault } from "./load.ts";

/** The shapes of the grid, as its columns are named; a number is a number of listeners of one type. */
export const shapes = ["1", "3", "10", "100", "100 types", "once"] as const;
/** One of them. */
export type Shape = typeof shapes[number];

/** No `once` for callbacks: emittery's is a promise, mitt has none, rxjs has `take(1)` on a pipe. */
const ALL_BUT_ONCE: readonly Shape[] = shapes.filter((shape) => shape !== "once");

/** What all listeners of the bench look like. */
export type Listener = (event: unknown) => unknown;

/** One emitter of a rival. */
export interface Subject {
  on(type: string, listener: Listener): void;
  /** Absent where the library has no such thing for callbacks. */
  once?(type: string, listener: Listener): void;
  /** `event` is what the rival's `event` made, or the plain one. */
  emit(event: Plain): unknown;
}

/** What is emitted: the same object again and again. */
export interface Plain {
  readonly type: string;
  readonly data?: unknown;
}

/** A library, or a floor. */
export interface Rival {
  readonly name: string;
  /** What the bars compare by. */
  readonly kind: "nova" | "eval" | "eval-free" | "heavy" | "awaited" | "floor";
  /** Loads the library and returns what makes an emitter. */
  load(): Promise<() => Subject>;
  /** Makes the event to emit, where a plain object will not do. */
  event?(type: string): Promise<Plain>;
  /** Whether each emit is awaited, because its listeners run later. */
  readonly awaited?: true;
  /** The shapes it can do; all of them by default. */
  readonly shapes?: readonly Shape[];
}

/** Where `on`, `once` and `emit(type, event)` are all there is to say. */
interface Classic {
  on(type: string, listener: Listener): unknown;
  once(type: string, listener: Listener): unknown;
  emit(type: string, event: unknown): unknown;
}

function classic(emitter: Classic): Subject {
  return {
    on: (type, listener) => emitter.on(type, listener),
    once: (type, listener) => emitter.once(type, listener),
    emit: (event) => emitter.emit(event.type, event),
  };
}

type Make<Instance> = new () => Instance;

const nova: Rival = {
  name: "nova",
  kind: "nova",
  async load() {
    const { Emitter } = await import("../../src/emitter/mod.ts");
    return () => {
      const emitter = new Emitter<Record<string, unknown>>();
      return {
        on: (type, listener) => void emitter.on(type, listener as () => void),
        once: (type, listener) => void emitter.on(type, listener as () => void, { once: true }),
        emit: (event) => emitter.emit(event as Emitted),
      };
    };
  },
  async event(type) {
    const { createEvent } = await import("../../src/emitter/mod.ts");
    return createEvent(type, { total: 1 });
  },
};

const tseep: Rival = {
  name: "tseep",
  kind: "eval",
  load: () => {
    const { EventEmitter } = load<{ EventEmitter: Make<Classic> }>("tseep");
    return Promise.resolve(() => classic(new EventEmitter()));
  },
};

const tseepSafe: Rival = {
  name: "tseep/safe",
  kind: "eval-free",
  load: () => {
    const { EventEmitter } = load<{ EventEmitter: Make<Classic> }>("tseep/lib/ee-safe");
    return Promise.resolve(() => classic(new EventEmitter()));
  },
};

const eventemitter3: Rival = {
  name: "eventemitter3",
  kind: "eval-free",
  load: () => {
    const EventEmitter = loadDefault<Make<Classic>>("eventemitter3");
    return Promise.resolve(() => classic(new EventEmitter()));
  },
};

const eventemitter2: Rival = {
  name: "eventemitter2",
  kind: "eval-free",
  load: () => {
    const { EventEmitter2 } = load<{ EventEmitter2: Make<Classic & Unlimited> }>("eventemitter2");
    return Promise.resolve(() => {
      const emitter = new EventEmitter2();
      emitter.setMaxListeners(0);
      return classic(emitter);
    });
  },
};

/** Both warn about leaks from the eleventh listener on. */
interface Unlimited {
  setMaxListeners(count: number): unknown;
}

const nodeEvents: Rival = {
  name: "node:events",
  kind: "eval-free",
  async load() {
    const { EventEmitter } = await import("node:events");
    return () => {
      const emitter = new EventEmitter();
      emitter.setMaxListeners(0);
      return classic(emitter);
    };
  },
};

const nanoevents: Rival = {
  name: "nanoevents",
  kind: "eval-free",
  load: () => {
    type Nano = { on(type: string, listener: Listener): () => void } & Pick<Classic, "emit">;
    const { createNanoEvents } = load<{ createNanoEvents: () => Nano }>("nanoevents");
    return Promise.resolve(() => {
      const emitter = createNanoEvents();
      return {
        on: (type, listener) => void emitter.on(type, listener),
        // Its readme shows this for `once`.
        once: (type, listener) => {
          const off = emitter.on(type, (event) => {
            off();
            listener(event);
          });
        },
        emit: (event) => emitter.emit(event.type, event),
      };
    });
  },
};

const mitt: Rival = {
  name: "mitt",
  kind: "heavy",
  shapes: ALL_BUT_ONCE,
  load: () => {
    const make = loadDefault<() => Pick<Classic, "on" | "emit">>("mitt");
    return Promise.resolve(() => {
      const emitter = make();
      return {
        on: (type, listener) => void emitter.on(type, listener),
        emit: (event) => emitter.emit(event.type, event),
      };
    });
  },
};

const rxjs: Rival = {
  name: "rxjs Subject",
  kind: "heavy",
  shapes: ALL_BUT_ONCE,
  load: () => {
    type Subscribable = { subscribe(listener: Listener): unknown; next(event: unknown): void };
    const { Subject } = load<{ Subject: Make<Subscribable> }>("rxjs");
    return Promise.resolve(() => {
      // A subject per type: what a program with named events has to write.
      const subjects = new Map<string, Subscribable>();
      return {
        on(type, listener) {
          let subject = subjects.get(type);
          if (subject === undefined) subjects.set(type, subject = new Subject());
          subject.subscribe(listener);
        },
        emit: (event) => subjects.get(event.type)?.next(event),
      };
    });
  },
};

const eventTarget: Rival = {
  name: "EventTarget",
  kind: "heavy",
  load: () =>
    Promise.resolve(() => {
      const target = new EventTarget();
      return {
        on: (type, listener) => target.addEventListener(type, listener),
        once: (type, listener) => target.addEventListener(type, listener, { once: true }),
        emit: (event) => target.dispatchEvent(event as Plain & Event),
      };
    }),
  // One object dispatched again and again, its fastest way: a new event costs it two to four times.
  event: (type) => Promise.resolve(new CustomEvent(type, { detail: { total: 1 } })),
};

const emittery: Rival = {
  name: "emittery",
  kind: "awaited",
  awaited: true,
  shapes: ALL_BUT_ONCE,
  load: () => {
    const Emittery = loadDefault<Make<Pick<Classic, "on" | "emit">>>("emittery");
    return Promise.resolve(() => {
      const emitter = new Emittery();
      return {
        on: (type, listener) => void emitter.on(type, listener),
        emit: (event) => emitter.emit(event.type, event),
      };
    });
  },
};

const loop: Rival = {
  name: "floor: loop",
  kind: "floor",
  shapes: ["1", "3", "10", "100"],
  load: () =>
    Promise.resolve(() => {
      const listeners: Listener[] = [];
      return {
        on: (_type, listener) => void listeners.push(listener),
        emit(event) {
          for (let i = 0; i < listeners.length; i++) listeners[i]!(event);
        },
      };
    }),
};

const direct: Rival = {
  name: "floor: direct call",
  kind: "floor",
  shapes: ["1", "3", "10"],
  load: () =>
    Promise.resolve(() => {
      const listeners: Listener[] = [];
      const subject: Subject = {
        on(_type, listener) {
          listeners.push(listener);
          subject.emit = straight(listeners);
        },
        emit() {},
      };
      return subject;
    }),
};

/** Calls written one after the other, as by hand. */
function straight(listeners: readonly Listener[]): (event: Plain) => void {
  const none = (): void => {};
  const [a = none, b = none, c = none, d = none, e = none] = listeners;
  const [f = none, g = none, h = none, i = none, j = none] = listeners.slice(5);
  if (listeners.length === 1) return (event) => void a(event);
  if (listeners.length === 3) return (event) => void (a(event), b(event), c(event));
  return (event) => {
    a(event);
    b(event);
    c(event);
    d(event);
    e(event);
    f(event);
    g(event);
    h(event);
    i(event);
    j(event);
  };
}

/** All of them, Nova first: the others' ratios are to it. */
export const rivals: readonly Rival[] = [
  nova,
  tseep,
  tseepSafe,
  eventemitter3,
  nanoevents,
  nodeEvents,
  eventemitter2,
  mitt,
  rxjs,
  eventTarget,
  emittery,
  direct,
  loop,
];
