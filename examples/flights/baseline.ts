// The same question without any event system: a plain loop over the file. It says what is right.

import type { FlightColumns } from "./columns.ts";
import { DelayTable } from "./table.ts";

/** A delay of ten hours is worth an alert. */
export const EXTREME_DELAY = 600;

/** The two tables of one way of counting. */
export interface Tally {
  readonly delays: DelayTable;
  /** Extreme delays only. */
  readonly alerts: DelayTable;
}

/** Empty tables. */
export function emptyTally(): Tally {
  return { delays: new DelayTable(), alerts: new DelayTable() };
}

/** Counts every flight of `groups` in file order. */
export async function plainLoop(groups: AsyncIterable<FlightColumns>): Promise<Tally> {
  const tally = emptyTally();
  for await (const columns of groups) {
    for (let i = 0; i < columns.length; i++) {
      const flight = {
        origin: columns.origin[i]!,
        destination: columns.destination[i]!,
        delay: columns.delay[i]!,
        distance: columns.distance[i]!,
      };
      tally.delays.add(flight, columns.time[i]!);
      if (flight.delay >= EXTREME_DELAY) tally.alerts.add(flight, columns.time[i]!);
    }
  }
  return tally;
}
