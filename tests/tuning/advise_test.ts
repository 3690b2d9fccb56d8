import { adviceText, advise, checklist, checklistText, type Sample } from "@nova/events/tuning";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { emitter, over, pool, store, topic } from "./figures.ts";

const NONSENSE = [-0.1, 1, NaN, Infinity, "0.5", null] as unknown[];

/** One part of each kind in trouble. */
const TROUBLE: Sample = {
  at: 0,
  emitter: { a: emitter({ queued: 900 }) },
  bus: { b: { topics: [topic({ rejected: 3 })] } },
  store: { c: store({ events: 5, retained: false }) },
  pool: { d: pool({ queued: 900, running: 4 }) },
};

describe("advise()", () => {
  it("has nothing to say about parts that are well, or are not there", () => {
    assertEquals(advise([{ at: 0 }]), []);
    assertEquals(advise(over.emitter(emitter(), emitter())), []);
    assertEquals(advise(over.topic(topic(), topic())), []);
  });

  it("puts the worst first", () => {
    const severities = advise([TROUBLE]).map(({ severity }) => severity);

    assertEquals(severities, ["critical", "warning", "warning", "notice"]);
  });

  it("compares the ends of the window: what is old is forgotten", () => {
    const [early, late] = [emitter({ dropped: 5 }), emitter({ dropped: 5, emitted: 100 })];

    assertEquals(advise(over.emitter(early)).map(({ rule }) => rule), ["buffer-full"]);
    assertEquals(advise(over.emitter(early, late)), []);
  });

  it("takes a counter that went back for that of a new part", () => {
    const [finding] = advise(over.emitter(emitter({ dropped: 500 }), emitter({ dropped: 3 })));

    assertStringIncludes(finding?.evidence ?? "", "3 events found no room");
  });

  it("takes parts that came within the window from their start, and forgets those that went", () => {
    const samples: Sample[] = [
      { at: 0, emitter: { gone: emitter({ queued: 1000 }) } },
      { at: 1000, emitter: { fresh: emitter({ dropped: 2 }) } },
    ];

    assertEquals(advise(samples).map(({ part }) => part), ['emitter "fresh"']);
  });

  it("keeps names apart, whatever they are", () => {
    const names = ["__proto__", "constructor", "toString", 'a"b', "\u001b[2J"];
    const sample = {
      at: 0,
      emitter: Object.fromEntries(names.map((name) => [name, emitter({ queued: 1000 })])),
    };

    assertEquals(
      advise([sample]).map(({ part }) => part),
      names.map((name) => `emitter ${JSON.stringify(name)}`),
    );
  });

  it("does not fail on moments without time between them", () => {
    const sample = { at: 5, emitter: { a: emitter({ emitted: 10, queued: 900 }) } };

    assertEquals(advise([sample, sample]).length, 1);
    assertEquals(advise([sample, { ...sample, at: 4 }]).length, 1);
  });

  it("refuses nonsense", () => {
    for (const samples of [undefined, null, {}, "x", []] as never[]) {
      assertThrows(() => advise(samples), TypeError, "Cannot advise on");
    }
    for (const bad of NONSENSE as never[]) {
      assertThrows(() => advise([TROUBLE], { queueShare: bad }), RangeError, "queueShare");
      assertThrows(() => advise([TROUBLE], { failureRate: bad }), RangeError, "failureRate");
    }
    assertThrows(() => advise([TROUBLE], { cores: 0 }), RangeError, "cores");
    assertThrows(() => advise([TROUBLE], 5 as never), TypeError, "options");
  });
});

describe("adviceText()", () => {
  it("has a paragraph for each finding", () => {
    assertEquals(
      adviceText(advise(over.emitter(emitter({ queued: 900 })))),
      `1 finding

WARNING High latency: emitter "a"
  evidence  900 of 1,000 places are taken (90 %)
  cause     Queue backup: events come faster than they are handled
  remedy    Increase workers or buffer: slots are free, so it is the burst
  config    new Emitter({ bufferSize: 2_000 })
`,
    );
    assertEquals(adviceText([]), "No findings: nothing to tune.\n");
  });

  it("lets no name draw on a terminal", () => {
    const sample = { at: 0, emitter: { "\u202e\n\u001b[2J\u009b": emitter({ queued: 900 }) } };
    const text = adviceText(advise([sample]));

    assert(!/[\p{Cc}\p{Cf}]/u.test(text.replaceAll("\n", "")), JSON.stringify(text));
    assertEquals(text.split("\n").length, 8);
  });
});

describe("checklist()", () => {
  it("has every box of the guide", () => {
    assertEquals(checklist([]).map(({ box }) => box), [
      "Run benchmarks with production-like data",
      "Test with race detection",
      "Profile CPU and memory under load",
      "Size workerpools based on workload type",
      "Size buffers for expected burst capacity",
      "Configure appropriate delivery modes per topic",
      "Set retention policies to control memory",
      "Enable metrics collection",
      "Configure alerting for queue depth and failure rates",
    ]);
  });

  it("knows what findings speak against, and what is for people", () => {
    const states = checklist(advise([TROUBLE])).map(({ state }) => state);

    assertEquals(states, [
      "yours",
      "yours",
      "good",
      "attention",
      "attention",
      "good",
      "attention",
      "yours",
      "yours",
    ]);
    const workers = checklist(advise([TROUBLE]))[3]!;
    assertStringIncludes(workers.how, 'pool "d"');
    assert(!workers.how.includes("emitter"), workers.how);
    const text = checklistText(checklist(advise([TROUBLE])));
    assertStringIncludes(text, "[!] Size workerpools based on workload type\n    pool");
    assertStringIncludes(text, "[ ] Test with race detection\n");
    assertStringIncludes(text, "[x] Profile CPU and memory under load\n");
  });
});
