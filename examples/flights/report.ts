// What the demo says at its end, for people and as JSON.

import { adviceText, type Finding } from "@nova/events/tuning";
import { type AirportRow, meanDelay } from "./table.ts";

/** The result of one run. */
export interface Summary {
  readonly file: string;
  readonly flights: number;
  readonly airports: number;
  readonly seconds: {
    /** Reading and decoding the file. */
    readonly read: number;
    readonly plainLoop: number;
    /** Publishing, handling by all three subscriptions, and appending. */
    readonly bus: number;
    readonly replay: number;
  };
  readonly eventsPerSecond: number;
  readonly replayedPerSecond: number;
  /** From publish until all three subscriptions have handled the event. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly samples: number };
  readonly seed: number;
  readonly injectedFailures: number;
  readonly retries: number;
  readonly alerts: number;
  readonly peakMemoryBytes: number;
  /** What could run better, judged when the last flight was published. */
  readonly advice: readonly Finding[];
  readonly worstAirports: readonly {
    readonly airport: string;
    readonly flights: number;
    readonly meanDelayMinutes: number;
  }[];
  /** What did not agree; empty when everything did. */
  readonly differences: readonly string[];
}

/** Airports with fewer flights than this are left out of the ten worst: their mean says little. */
export function minimumFlights(flights: number): number {
  return Math.max(1, Math.min(1_000, Math.floor(flights / 3_000)));
}

/** The rows of the ten worst airports for a {@link Summary}. */
export function worstAirports(rows: readonly AirportRow[]): Summary["worstAirports"] {
  return rows.map((row) => ({
    airport: row.airport,
    flights: row.flights,
    meanDelayMinutes: meanDelay(row),
  }));
}

/** The summary as lines of text. */
export function formatReport(summary: Summary): string {
  const { seconds, latencyMs } = summary;
  const lines = [
    line("read", `${fixed(seconds.read)} s, ${whole(summary.flights)} flights`),
    line("plain loop", `${fixed(seconds.plainLoop)} s`),
    line("bus and store", `${fixed(seconds.bus)} s, ${perSecond(summary.eventsPerSecond)}`),
    line("replay", `${fixed(seconds.replay)} s, ${perSecond(summary.replayedPerSecond)}`),
    line(
      "latency",
      `p50 ${fixed(latencyMs.p50)} ms, p99 ${fixed(latencyMs.p99)} ms ` +
        `(${whole(latencyMs.samples)} samples, publish until all three have handled it)`,
    ),
    line(
      "retries",
      `${whole(summary.retries)} after ${whole(summary.injectedFailures)} injected failures ` +
        `(seed ${summary.seed})`,
    ),
    line("alerts", `${whole(summary.alerts)} delays of ten hours or more`),
    line("peak memory", `${whole(summary.peakMemoryBytes / 1e6)} MB`),
    "",
    `Worst airports by mean delay (at least ${whole(minimumFlights(summary.flights))} flights)`,
    ...summary.worstAirports.map(({ airport, flights, meanDelayMinutes }, index) =>
      `${String(index + 1).padStart(4)}  ${airport}  ${
        meanDelayMinutes.toFixed(1).padStart(5)
      } min` +
      `  ${whole(flights).padStart(9)} flights`
    ),
    "",
    `Advice: ${adviceText(summary.advice)}`,
    ...verdict(summary),
  ];
  return lines.join("\n") + "\n";
}

const SHOWN = 10;

function verdict({ differences, flights, airports }: Summary): string[] {
  if (differences.length === 0) {
    return [
      `OK: plain loop, bus and replay agree on ${
        whole(flights)
      } flights at ${airports} airports, ` +
      "totals and order.",
    ];
  }
  const more = differences.length - SHOWN;
  return [
    `FAILED: ${differences.length} differences`,
    ...differences.slice(0, SHOWN).map((text) => `  ${text}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function line(label: string, text: string): string {
  return `${label.padEnd(14)} ${text}`;
}

function perSecond(rate: number): string {
  return `${whole(rate)} events/s`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function fixed(value: number): string {
  return value.toFixed(2);
}
