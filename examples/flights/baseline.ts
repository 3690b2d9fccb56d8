// The same question without any event system: a plain loop. It says what is right.

import { flightAt, type FlightColumns, timeAt } from "./columns.ts";
import { DelayTable, type Flight } from "./table.ts";

/** A delay of ten hours is worth an alert. */
export const EXTREME_DELAY = 600;

/** The two tables of one way of counting. */
export class Tally {
  /** All flights. */
  readonly delays: DelayTable = new DelayTable();
  /** Extreme delays only. */
  readonly alerts: DelayTable = new DelayTable();

  /** What differs from `expected`; each line begins with `way`. */
  differences(expected: Tally, way: string): string[] {
    return [
      ...this.delays.differences(expected.delays).map((text) => `${way}, delays at ${text}`),
      ...this.alerts.differences(expected.alerts).map((text) => `${way}, alerts at ${text}`),
    ];
  }
}

/** Whether a flight is worth an alert. */
export function isExtreme(flight: Flight): boolean {
  return flight.delay >= EXTREME_DELAY;
}

/** Counts every flight in file order. */
export function plainLoop(columns: FlightColumns): Tally {
  const tally = new Tally();
  for (let i = 0; i < columns.length; i++) {
    const flight = flightAt(columns, i);
    tally.delays.add(flight, timeAt(columns, i));
    if (isExtreme(flight)) tally.alerts.add(flight, timeAt(columns, i));
  }
  return tally;
}
