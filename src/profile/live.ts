/**
 * Profiles of what the parts of a program are doing: made from what they count anyway, on every
 * runtime.
 */

import { hear, type NamedPart } from "../internal/parts.ts";
import { type Labels, Profile } from "./profile.ts";
import { ignore, partName, type Task, tasksOf } from "./tasks.ts";
import { oneLine } from "./text.ts";

/** Handlers that run and events that wait: what goroutines are in Go. */
export function goroutineProfile(parts: readonly NamedPart[], time: number): Profile {
  const profile = new Profile({
    sampleTypes: [{ type: "age", unit: "nanoseconds" }, { type: "goroutine", unit: "count" }],
    time,
  });
  for (const task of tasksOf(parts, time)) {
    const { place, state, count, since = time, attempt } = task;
    const labels: Record<string, string | number> = { state };
    if (attempt !== undefined) labels.attempt = attempt;
    profile.add(stackOf(place), [Math.max(0, time - since) * 1e6, count], labels);
  }
  return profile;
}

/** The same one by one, for people: as `debug=2` of Go's goroutine profile. */
export function goroutineText(parts: readonly NamedPart[], time: number): string {
  const blocks = tasksOf(parts, time).map((task, i) => block(task, i + 1, time));
  return blocks.length === 0 ? "nothing runs and nothing waits\n" : blocks.join("\n");
}

function block({ place, state, count, since, attempt }: Task, number: number, now: number): string {
  const facts = [state, ...since === undefined ? [] : [age(now - since)]];
  const many = count === 1 ? "" : ` x ${count}`;
  const when = since === undefined ? "" : ` since ${new Date(since).toISOString()}`;
  const which = attempt === undefined ? "" : ` attempt ${attempt}`;
  const [leaf, ...outer] = place.map(oneLine).reverse();
  const lines = [
    `goroutine ${number}${many} [${facts.join(", ")}]:`,
    `${leaf}(...)${which}${when}`,
  ];
  return `${[...lines, ...outer.map((name) => `\t${name}`)].join("\n")}\n`;
}

function age(ms: number): string {
  return ms < 1000 ? `${Math.max(0, Math.round(ms))} ms` : `${Math.round(ms / 1000)} s`;
}

/** Threads that pools hold. */
export function threadProfile(parts: readonly NamedPart[], time: number): Profile {
  const profile = new Profile({ sampleTypes: [{ type: "threadcreate", unit: "count" }], time });
  hear(parts, ignore, (named) => {
    const { threads, starting } = named.part.stats() as { threads?: number; starting?: number };
    if (threads === undefined) return;
    const stack = stackOf([partName(named)]);
    if (threads > 0) profile.add(stack, [threads], { state: "ready" });
    if (starting !== undefined && starting > 0) {
      profile.add(stack, [starting], { state: "starting" });
    }
  });
  return profile;
}

/** The figures of one listener, wherever it is. */
interface Runs {
  readonly place: readonly string[];
  readonly runs: number;
  readonly failures: number;
  readonly ms: number;
}

type Counts = Readonly<Record<string, number | undefined>> & {
  readonly id?: string;
  readonly type?: string;
  readonly timing?: { readonly histogram: { readonly sum: number } };
};

/** How often each listener ran and failed, and how long that took where it is timed. */
export function listenerProfile(parts: readonly NamedPart[], time: number): Profile {
  const all = hear(parts, ignore, listenersOf).flat();
  const timed = all.some(({ ms }) => ms > 0);
  const profile = new Profile({
    sampleTypes: [
      { type: "runs", unit: "count" },
      { type: "failures", unit: "count" },
      { type: "time", unit: "nanoseconds" },
    ],
    defaultType: timed ? "time" : "runs",
    time,
    comments: timed ? ["time: elapsed, not CPU"] : ["time: of no listener, see the option timing"],
  });
  for (const { place, runs, failures, ms } of all) {
    if (runs === 0) continue;
    const labels: Labels = { component: place[0]!, listener: place.at(-1)! };
    profile.add(stackOf(place), [runs, failures, ms * 1e6], labels);
  }
  return profile;
}

function listenersOf(named: NamedPart): Runs[] {
  const root = partName(named);
  const stats: unknown = named.part.stats();
  if (named.kind === "emitter") {
    const { listeners } = stats as { listeners: readonly Counts[] };
    return listeners.map((each) => ({
      place: [root, each.type!, each.id!],
      runs: each.runs ?? 0,
      failures: each.runFailures ?? 0,
      ms: timeOf(each),
    }));
  }
  if (named.kind === "bus") {
    const { topics } = stats as {
      topics: readonly { name: string; subscriptions: readonly Counts[] }[];
    };
    return topics.flatMap(({ name, subscriptions }) =>
      subscriptions.map((each) => {
        const { succeeded = 0, deadLettered = 0, retries = 0 } = each;
        // Each attempt but the last one of an event has failed.
        const failures = retries + deadLettered;
        const place = [root, name, each.id!];
        return { place, runs: succeeded + failures, failures, ms: timeOf(each) };
      })
    );
  }
  if (named.kind === "listeners") {
    const { listeners = { [named.name]: stats as Counts } } = stats as {
      listeners?: Readonly<Record<string, Counts>>;
    };
    return Object.entries(listeners).map(([name, each]) => {
      const { succeeded = 0, attemptFailures: failures = 0 } = each;
      return { place: [root, name], runs: succeeded + failures, failures, ms: timeOf(each) };
    });
  }
  return [];
}

function timeOf({ timing }: Counts): number {
  return timing?.histogram.sum ?? 0;
}

/** Names as a stack, innermost first. */
export function stackOf(place: readonly string[]): { readonly name: string }[] {
  return place.map((name) => ({ name })).reverse();
}
