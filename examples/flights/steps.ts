// What every way of running the job has in common: reading the file, reading the history, a watch.

import type { Store } from "@nova/events/store";
import { isExtreme, Tally } from "./baseline.ts";
import type { FlightColumns } from "./columns.ts";
import type { Progress } from "./progress.ts";
import { readFlights } from "./source.ts";
import type { Flight } from "./table.ts";

/** Every event of this program, by type. */
export type FlightEvents = { "flight.arrived": Flight };

/** Long loops report their progress this often. */
export const REPORT_EVERY = 8_192;

/** Reads the flights of a file. */
export async function read(
  path: string,
  limit: number,
  progress: Progress,
): Promise<FlightColumns> {
  const reading = readFlights(path, limit);
  for (;;) {
    const step = await reading.next();
    if (step.done) return step.value;
    await progress.report("read", ...step.value);
  }
}

/** Reads the whole log page by page and counts it anew. */
export async function replay(
  store: Store<FlightEvents, never>,
  total: number,
  progress: Progress,
  stream?: string,
): Promise<Tally> {
  const tally = new Tally();
  let done = 0;
  for await (
    const page of store.pages({ limit: REPORT_EVERY, ...(stream === undefined ? {} : { stream }) })
  ) {
    for (const { data, timestamp } of page) {
      tally.delays.add(data, timestamp);
      if (isExtreme(data)) tally.alerts.add(data, timestamp);
    }
    done += page.length;
    await progress.report("replay", done, total);
  }
  return tally;
}

/** Seconds since the last lap. */
export class StopWatch {
  #startedAt = performance.now();

  lap(): number {
    const now = performance.now();
    const seconds = (now - this.#startedAt) / 1000;
    this.#startedAt = now;
    return seconds;
  }
}
