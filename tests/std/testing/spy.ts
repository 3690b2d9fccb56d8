/** Spies record the calls of a function, stubs replace it. `any` is that of the real signatures. */
// deno-lint-ignore-file no-explicit-any

/** A mistake in the use of a spy or stub. */
export class MockError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "MockError";
  }
}

/** One recorded call: it either `returned` or ended in an `error`. */
export interface SpyCall<Self = any, Args extends unknown[] = any[], Return = any> {
  /** What the function was called with. */
  args: Args;
  /** What it returned. */
  returned?: Return;
  /** What it threw. */
  error?: Error;
  /** The object it was called on. */
  self?: Self;
}

/** A function that records its calls. */
export interface Spy<Self = any, Args extends unknown[] = any[], Return = any> {
  (this: Self, ...args: Args): Return;
  /** The function behind the spy. */
  original: (this: Self, ...args: Args) => Return;
  /** The calls, oldest first. */
  calls: SpyCall<Self, Args, Return>[];
  /** Whether the original method is back in its place. */
  restored: boolean;
  /** Puts the original method back. Throws where there is none to put back. */
  restore(): void;
}

/** A method that records its calls until it is restored. */
export interface MethodSpy<Self = any, Args extends unknown[] = any[], Return = any>
  extends Spy<Self, Args, Return>, Disposable {}

/** A method replaced by a fake until it is restored. */
export interface Stub<Self = any, Args extends unknown[] = any[], Return = any>
  extends MethodSpy<Self, Args, Return> {
  /** What runs instead of the original. */
  fake: (this: Self, ...args: Args) => Return;
}

/** A class that records how it is constructed. */
export interface ConstructorSpy<Self = any, Args extends unknown[] = any[]> {
  /** Constructs an instance, on the record. */
  new (...args: Args): Self;
  /** The class behind the spy. */
  original: new (...args: Args) => Self;
  /** The constructions, oldest first. */
  calls: SpyCall<Self, Args, Self>[];
  /** Always false: a class stands in no place that could be restored. */
  restored: boolean;
  /** Throws: there is nothing to restore. */
  restore(): void;
}

/** Whatever records calls. */
export type SpyLike<Self = any, Args extends unknown[] = any[], Return = any> =
  | Spy<Self, Args, Return>
  | ConstructorSpy<Self, Args>;

/** The parameters of a method. */
export type GetParametersFromProp<Self, Prop extends keyof Self> = Self[Prop] extends
  (...args: infer Args) => unknown ? Args : unknown[];

/** What a method returns. */
export type GetReturnFromProp<Self, Prop extends keyof Self> = Self[Prop] extends
  (...args: any[]) => infer Return ? Return : unknown;

type Method<Self, Args extends unknown[], Return> = (this: Self, ...args: Args) => Return;
type Restorable = { restore(): void };

/** The open sessions, innermost last: what `restore()` puts back. */
const sessions: Set<Restorable>[] = [];

function currentSession(): Set<Restorable> {
  let session = sessions.at(-1);
  if (session === undefined) sessions.push(session = new Set());
  return session;
}

/** Opens a session and returns its id for {@linkcode restore}. */
export function mockSession(): number;
/** Wraps a function so that what it mocks is restored when it returns. */
export function mockSession<Self, Args extends unknown[], Return>(
  func: Method<Self, Args, Return>,
): Method<Self, Args, Return>;
export function mockSession<Self, Args extends unknown[], Return>(
  func?: Method<Self, Args, Return>,
): number | Method<Self, Args, Return> {
  if (func === undefined) return sessions.push(new Set()) - 1;
  return function (this: Self, ...args: Args): Return {
    const id = mockSession();
    try {
      return func.apply(this, args);
    } finally {
      restore(id);
    }
  };
}

/** Wraps an async function so that what it mocks is restored when it settles. */
export function mockSessionAsync<Self, Args extends unknown[], Return>(
  func: Method<Self, Args, Promise<Return>>,
): Method<Self, Args, Promise<Return>> {
  return async function (this: Self, ...args: Args): Promise<Return> {
    const id = mockSession();
    try {
      return await func.apply(this, args);
    } finally {
      restore(id);
    }
  };
}

/** Restores what was mocked in the current session, or from the given one on. */
export function restore(id: number = Math.max(0, sessions.length - 1)): void {
  for (const session of sessions.splice(id).reverse()) {
    for (const mock of [...session]) mock.restore();
  }
}

/** A function that records its calls and does nothing. */
export function spy<Self = any, Args extends unknown[] = any[], Return = undefined>(): Spy<
  Self,
  Args,
  Return
>;
/** A function that records its calls and passes them on. */
export function spy<Self, Args extends unknown[], Return>(
  func: Method<Self, Args, Return>,
): Spy<Self, Args, Return>;
/** A class that records how it is constructed. */
export function spy<Self, Args extends unknown[]>(
  constructor: new (...args: Args) => Self,
): ConstructorSpy<Self, Args>;
/** Records the calls of a method, in its place. */
export function spy<Self, Prop extends keyof Self>(
  self: Self,
  property: Prop,
): MethodSpy<Self, GetParametersFromProp<Self, Prop>, GetReturnFromProp<Self, Prop>>;
export function spy(target?: any, property?: PropertyKey): SpyLike {
  if (property !== undefined) return replaceMethod(target, property, undefined);
  if (target === undefined) return functionSpy(() => undefined);
  if (isSpy(target)) throw new MockError("Cannot spy: the function is already a spy");
  return isClass(target) ? constructorSpy(target) : functionSpy(target);
}

/** Replaces a method by one that does nothing. */
export function stub<Self, Prop extends keyof Self>(
  self: Self,
  property: Prop,
): Stub<Self, GetParametersFromProp<Self, Prop>, GetReturnFromProp<Self, Prop>>;
/** Replaces a method by the given function. */
export function stub<Self, Prop extends keyof Self>(
  self: Self,
  property: Prop,
  func: (this: Self, ...args: GetParametersFromProp<Self, Prop>) => GetReturnFromProp<Self, Prop>,
): Stub<Self, GetParametersFromProp<Self, Prop>, GetReturnFromProp<Self, Prop>>;
export function stub(self: any, property: PropertyKey, func?: Method<any, any[], any>): Stub {
  return replaceMethod(self, property, func ?? (() => undefined));
}

function functionSpy(original: Method<any, any[], any>): Spy {
  const calls: SpyCall[] = [];
  return Object.defineProperties(record(original, calls), {
    original: { enumerable: true, value: original },
    calls: { enumerable: true, value: calls },
    restored: { enumerable: true, value: false },
    restore: {
      enumerable: true,
      value: (): never => {
        throw new MockError("Cannot restore: a function spy replaces nothing");
      },
    },
  }) as Spy;
}

function constructorSpy(original: new (...args: any[]) => any): ConstructorSpy {
  const calls: SpyCall[] = [];
  return class extends original {
    constructor(...args: any[]) {
      super(...args);
      calls.push({ args, returned: this });
    }
    static override readonly name: string = original.name;
    static readonly original = original;
    static readonly calls = calls;
    static readonly restored = false;
    static restore(): never {
      throw new MockError("Cannot restore: a class spy replaces nothing");
    }
  } as unknown as ConstructorSpy;
}

/** Puts a recording function in the place of a method: in front of the original, or of a fake. */
function replaceMethod(
  self: any,
  property: PropertyKey,
  fake: Method<any, any[], any> | undefined,
): Stub {
  const original = self[property];
  const mayBeAbsent = fake !== undefined && original === undefined;
  if (typeof original !== "function" && !mayBeAbsent) {
    throw new MockError(`Cannot spy: property "${String(property)}" is not a method`);
  }
  if (isSpy(original)) {
    throw new MockError(`Cannot spy: method "${String(property)}" is already spied on`);
  }
  const descriptor = Object.getOwnPropertyDescriptor(self, property);
  if (descriptor !== undefined && !descriptor.configurable) {
    throw new MockError(`Cannot spy: property "${String(property)}" is not configurable`);
  }

  const calls: SpyCall[] = [];
  const session = currentSession();
  let restored = false;
  const mock = Object.defineProperties(record(fake ?? original, calls), {
    original: { enumerable: true, value: original },
    ...(fake === undefined ? {} : { fake: { enumerable: true, value: fake } }),
    calls: { enumerable: true, value: calls },
    restored: { enumerable: true, get: (): boolean => restored },
    restore: { enumerable: true, value: putBack },
    [Symbol.dispose]: { value: putBack },
  }) as Stub;
  Object.defineProperty(self, property, {
    configurable: true,
    enumerable: descriptor?.enumerable ?? false,
    writable: descriptor?.writable ?? false,
    value: mock,
  });
  session.add(mock);
  return mock;

  function putBack(): void {
    if (restored) {
      throw new MockError(`Cannot restore: method "${String(property)}" is already restored`);
    }
    if (descriptor === undefined) delete self[property];
    else Object.defineProperty(self, property, descriptor);
    restored = true;
    session.delete(mock);
  }
}

function record(func: Method<any, any[], any>, calls: SpyCall[]): Method<any, any[], any> {
  return function (this: unknown, ...args: any[]): unknown {
    const call: SpyCall = { args };
    if (this) call.self = this;
    try {
      return call.returned = func.apply(this, args);
    } catch (error) {
      call.error = error as Error;
      throw error;
    } finally {
      // After the call: a nested call is recorded before the one that made it.
      calls.push(call);
    }
  };
}

function isSpy(value: unknown): value is Spy {
  return typeof value === "function" && "calls" in value && Array.isArray(value.calls) &&
    "original" in value && "restore" in value && typeof value.restore === "function";
}

function isClass(value: unknown): value is new (...args: any[]) => any {
  return Function.prototype.toString.call(value).startsWith("class");
}
