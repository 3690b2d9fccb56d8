/**
 * The list to go through before going live: what figures show, and what only people can do.
 */

import type { Finding, RuleName } from "./finding.ts";

/** One box of the list. */
export interface ChecklistItem {
  /** What to do. */
  readonly box: string;
  /** `"good"`: no figure speaks against it; `"attention"`: findings do; `"yours"`: no figure can tell. */
  readonly state: "good" | "attention" | "yours";
  /** How it is done, or the parts that need attention. */
  readonly how: string;
}

interface Box {
  readonly box: string;
  /** The rules that speak against it; none when figures cannot tell. */
  readonly rules: readonly RuleName[];
  /** The kind of parts that it is about; all when undefined. */
  readonly kind?: string;
  readonly how: string;
}

const BOXES: readonly Box[] = [
  {
    box: "Run benchmarks with production-like data",
    rules: [],
    how: "deno task bench; examples/custom_bench.ts is a start for your own",
  },
  {
    box: "Test with race detection",
    rules: [],
    how: "createTestEnv({ seed }): handlers interleave in another order for each seed",
  },
  {
    box: "Profile CPU and memory under load",
    rules: ["cpu-saturation", "memory-growth"],
    how: "go tool pprof http://localhost:6060/debug/pprof/profile, and heap",
  },
  {
    box: "Size workerpools based on workload type",
    rules: ["too-many-workers", "queue-backup", "lag-growing", "buffer-full"],
    kind: "pool",
    how: 'optimalWorkers("cpu" | "mixed" | "io")',
  },
  {
    box: "Size buffers for expected burst capacity",
    rules: ["queue-backup", "lag-growing", "buffer-full", "buffer-undersized"],
    how: "queueSizeFor({ eventsPerSecond, burstMs }), partitionBufferFor({ … })",
  },
  {
    box: "Configure appropriate delivery modes per topic",
    rules: ["delivery-mode", "missed-events"],
    how: "bus.topic(name, { delivery }): speed, or a promise; bus.guarantees() tells what holds",
  },
  {
    box: "Set retention policies to control memory",
    rules: ["no-retention", "memory-growth"],
    how: "retention: { maxAgeMs, maxEvents, maxBytes }",
  },
  {
    box: "Enable metrics collection",
    rules: [],
    how: "mount /metrics and let Prometheus scrape it",
  },
  {
    box: "Configure alerting for queue depth and failure rates",
    rules: [],
    how: "alert at 80 % of a queue and at 1 % failures",
  },
];

/** The tuning checklist, filled in as far as findings can tell. */
export function checklist(findings: readonly Finding[]): ChecklistItem[] {
  return BOXES.map(({ box, rules, kind, how }) => {
    const against = findings.filter(({ rule, part }) =>
      rules.includes(rule) && (kind === undefined || part.startsWith(`${kind} `))
    );
    if (against.length > 0) {
      const parts = [...new Set(against.map(({ part }) => part))];
      return { box, state: "attention", how: `${parts.join(", ")}; ${how}` };
    }
    return { box, state: rules.length === 0 ? "yours" : "good", how };
  });
}
