/**
 * What a run of the suite came to, in one shape for every runtime.
 *
 * @module
 */

/** One `it`. */
export interface Case {
  /** The names of its suites and its own, joined by ` > `. */
  readonly name: string;
  readonly ending: "passed" | "failed" | "skipped";
  /** How it failed or why it was skipped, where the runtime does not print it itself. */
  readonly detail?: string;
  readonly file?: string;
}

/** A whole run. */
export interface Outcome {
  readonly cases: Case[];
  /** What went wrong outside of any case: a file that does not load, a hook, a crash. */
  readonly trouble: string[];
  /** What the runtime printed. */
  readonly output: string;
}

/** The numbers of the summary line. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Counts the cases; what went wrong outside of them counts as failed too. */
export function count({ cases, trouble }: Outcome): Counts {
  const of = (ending: Case["ending"]): number => cases.filter((c) => c.ending === ending).length;
  return { passed: of("passed"), failed: of("failed") + trouble.length, skipped: of("skipped") };
}

/** `bun: 123 passed, 0 failed`: alone on its line, so that tools can find it. */
export function summary(word: string, { passed, failed, skipped }: Counts): string {
  return `${word}: ${passed} passed, ${failed} failed` +
    (skipped > 0 ? `, ${skipped} skipped` : "");
}

/** Where runtimes disagree on which cases there are: one line for each that does not run on all. */
export function disagreements(outcomes: ReadonlyMap<string, Outcome>): string[] {
  const where = new Map<string, Map<string, number>>();
  for (const [word, { cases }] of outcomes) {
    for (const { name, ending } of cases) {
      if (ending !== "passed") continue;
      const row = where.get(name) ?? new Map<string, number>();
      where.set(name, row.set(word, (row.get(word) ?? 0) + 1));
    }
  }
  return [...where].flatMap(([name, row]) => {
    const words = [...outcomes.keys()].filter((word) => !skipsPartOf(outcomes.get(word)!, name));
    const times = words.map((word) => row.get(word) ?? 0);
    if (times.every((n) => n === times[0])) return [];
    return [`${name}: passed ${words.map((word, i) => `${times[i]}x on ${word}`).join(", ")}`];
  });
}

/** Whether a runtime skipped something of the suite that a case is in; the reason was printed. */
function skipsPartOf({ cases }: Outcome, name: string): boolean {
  const suite = suiteOf(name);
  return cases.some((each) => each.ending === "skipped" && suiteOf(each.name) === suite);
}

function suiteOf(name: string): string {
  return name.split(" > ", 1)[0]!;
}
