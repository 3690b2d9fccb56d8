import {
  BufferFullError,
  CircuitOpenError,
  ClosedError,
  ConfigMismatchError,
  LimitExceededError,
  ListenerError,
  ListenerExistsError,
  NovaError,
  TerminalError,
  TimeoutError,
  TopicExistsError,
  TopicNotFoundError,
  ValidationError,
  VersionConflictError,
  WorkerLostError,
} from "@nova/events";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
} from "@std/assert";
import { describe, it } from "node:test";

const EVENT = { type: "order.placed", data: 1 };

/** One of each: the error, its name, its code, whether trying again can help, its whole message. */
const ALL: readonly (readonly [NovaError, string, string, boolean, string])[] = [
  [new NovaError("closed", "as given"), "NovaError", "closed", false, "as given"],
  [
    new ClosedError('emitter "orders"'),
    "ClosedError",
    "closed",
    false,
    'Cannot use emitter "orders" as it is closed',
  ],
  [
    new BufferFullError('topic "orders"', 1000),
    "BufferFullError",
    "buffer-full",
    true,
    'Cannot add an event to topic "orders" as its buffer of 1000 is full',
  ],
  [
    new BufferFullError('topic "orders"', 10, 250),
    "BufferFullError",
    "buffer-full",
    true,
    'Cannot add an event to topic "orders" as its buffer of 10 stayed full for 250 ms',
  ],
  [
    new BufferFullError('pool "mail"', 10, 250, "a task"),
    "BufferFullError",
    "buffer-full",
    true,
    'Cannot add a task to pool "mail" as its buffer of 10 stayed full for 250 ms',
  ],
  [
    new WorkerLostError("resize", true, "its thread ended"),
    "WorkerLostError",
    "worker-lost",
    true,
    'Cannot finish task "resize" as its thread ended',
  ],
  [new ValidationError("id", 7, "no id"), "ValidationError", "validation", false, "no id"],
  [
    new ListenerError("mail", EVENT, new Error("no route")),
    "ListenerError",
    "listener-failed",
    false,
    'Listener "mail" failed on "order.placed": no route',
  ],
  [
    new CircuitOpenError("bank", 1200.3),
    "CircuitOpenError",
    "circuit-open",
    true,
    'Cannot call "bank" as its circuit is open: try again in 1201 ms',
  ],
  [
    new TimeoutError('listener "mail"', 50),
    "TimeoutError",
    "timeout",
    true,
    'Gave up on listener "mail" as it took longer than 50 ms',
  ],
  [
    new ListenerExistsError("mail"),
    "ListenerExistsError",
    "listener-exists",
    false,
    'Cannot register listener "mail" again: unregister it first, or choose another name',
  ],
  [
    new ConfigMismatchError('group "mail"', "retry"),
    "ConfigMismatchError",
    "config-mismatch",
    false,
    'Cannot join group "mail" as its option "retry" differs',
  ],
  [new TerminalError("gone"), "TerminalError", "terminal", false, "gone"],
  [
    new LimitExceededError("maxTopics", 5, "too many"),
    "LimitExceededError",
    "limit-exceeded",
    false,
    "too many",
  ],
  [
    new TopicNotFoundError("orders"),
    "TopicNotFoundError",
    "topic-not-found",
    false,
    'Cannot find topic "orders": declare it with bus.topic("orders")',
  ],
  [
    new TopicExistsError("orders", "partitions"),
    "TopicExistsError",
    "topic-exists",
    false,
    'Cannot declare topic "orders" again as its option "partitions" differs',
  ],
  [
    new VersionConflictError("order-7", 3, 5, []),
    "VersionConflictError",
    "version-conflict",
    true,
    'Cannot append to "order-7" as it must be at version 3: it is at version 5',
  ],
  [
    new VersionConflictError("order-7", "absent", 5, []),
    "VersionConflictError",
    "version-conflict",
    true,
    'Cannot append to "order-7" as it must be absent: it is at version 5',
  ],
];

describe("NovaError", () => {
  for (const [error, name, code, retryable, message] of ALL) {
    it(`${name} tells code, retryable and message: ${message}`, () => {
      assertInstanceOf(error, NovaError);
      assertInstanceOf(error, Error);
      assertEquals(error.name, name);
      assertEquals(`${error}`, `${name}: ${message}`);
      assertEquals(error.code, code);
      assertEquals(error.retryable, retryable);
      assert(error.stack?.includes(message), error.stack);
    });
  }

  it("keeps its name off the instance, where it would show in every log", () => {
    for (const [error] of ALL) assertFalse(Object.hasOwn(error, "name"));
  });

  it("keeps the cause as it is, also undefined", () => {
    const cause = { odd: true };

    assertStrictEquals(new TerminalError("a", { cause }).cause, cause);
    assert(Object.hasOwn(new TerminalError("a", { cause: undefined }), "cause"));
    assertFalse(Object.hasOwn(new TerminalError("a", {}), "cause"));
    assertFalse(Object.hasOwn(new TerminalError("a"), "cause"));
  });

  it("takes retryable from its maker", () => {
    assertEquals(new NovaError("terminal", "a", { retryable: true }).retryable, true);
  });

  it("lets a subclass of the user keep the name of its base", () => {
    class Gone extends TerminalError {}

    assertEquals(new Gone("x").name, "TerminalError");
    assertEquals(new Gone("x").code, "terminal");
  });
});

describe("the facts of an error", () => {
  it("BufferFullError has the capacity", () => {
    assertEquals(new BufferFullError("x", 10).capacity, 10);
  });

  it("ValidationError has field, value and at least one issue", () => {
    const error = new ValidationError("id", 7, "no id");

    assertEquals([error.field, error.value], ["id", 7]);
    assertEquals(error.issues, [{ message: "no id", path: ["id"] }]);
  });

  it("ValidationError keeps the issues it is given", () => {
    const issues = [{ message: "a" }, { message: "b", path: ["data", 0] }];

    assertStrictEquals(new ValidationError("data", 1, "bad", { issues }).issues, issues);
  });

  it("ListenerError has subscription, event and cause", () => {
    const cause = new Error("no route");
    const error = new ListenerError("mail", EVENT, cause);

    assertEquals(error.subscription, "mail");
    assertStrictEquals(error.event, EVENT);
    assertStrictEquals(error.cause, cause);
  });

  it("LimitExceededError, TopicNotFoundError, TopicExistsError name what they are about", () => {
    const limit = new LimitExceededError("maxTopics", 5, "too many");

    assertEquals([limit.option, limit.limit], ["maxTopics", 5]);
    assertEquals(new TopicNotFoundError("orders").topic, "orders");
    const exists = new TopicExistsError("orders", "key");
    assertEquals([exists.topic, exists.option], ["orders", "key"]);
  });

  it("VersionConflictError has what is needed to decide again", () => {
    const events = [EVENT];
    const error = new VersionConflictError("order-7", 3, 4, events);

    assertEquals([error.stream, error.expected, error.actual], ["order-7", 3, 4]);
    assertStrictEquals(error.events, events);
  });
});

describe("ListenerError of what is no error", () => {
  const hostile = Proxy.revocable({}, {});
  hostile.revoke();
  const wrongMessage = (message: unknown): Error =>
    Object.defineProperty(new Error(), "message", { value: message });
  const UNSHOWABLE = "something that cannot be shown";

  const thrown: readonly (readonly [string, unknown, string])[] = [
    ["undefined", undefined, "undefined"],
    ["null", null, "null"],
    ["a string", "plain", "plain"],
    ["a symbol", Symbol("s"), "Symbol(s)"],
    ["an object without a string", Object.create(null), UNSHOWABLE],
    ["a revoked proxy", hostile.proxy, UNSHOWABLE],
    ["an error whose message is a symbol", wrongMessage(Symbol("m")), "Symbol(m)"],
    ["an error whose message throws when shown", wrongMessage(Object.create(null)), UNSHOWABLE],
    [
      "an error whose message is a getter that throws",
      Object.defineProperty(new Error(), "message", {
        get: () => {
          throw new Error("no");
        },
      }),
      UNSHOWABLE,
    ],
  ];
  for (const [what, cause, text] of thrown) {
    it(`shows ${what}`, () => {
      const error = new ListenerError("mail", EVENT, cause);

      assertEquals(error.message, `Listener "mail" failed on "order.placed": ${text}`);
      assert("cause" in error);
      assertStrictEquals(error.cause, cause);
    });
  }
});
