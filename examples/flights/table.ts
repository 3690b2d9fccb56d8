// Delay statistics per airport, and a running hash that tells whether the order was kept.

/** What one arrival says, besides when. */
export interface Flight {
  readonly origin: string;
  readonly destination: string;
  /** Minutes; negative is early. */
  readonly delay: number;
  /** Miles. */
  readonly distance: number;
}

/** One airport. */
export interface AirportRow {
  readonly airport: string;
  flights: number;
  /** Sum of all delays, minutes. */
  delay: number;
  worstDelay: number;
  /** Hash over every flight in the order of its arrival here: two orders, two hashes. */
  order: number;
}

/** Mean delay in minutes. */
export function meanDelay(row: AirportRow): number {
  return row.delay / row.flights;
}

/** A row before its first flight. */
export function emptyRow(airport: string): AirportRow {
  return { airport, flights: 0, delay: 0, worstDelay: -Infinity, order: 0 };
}

/** Counts one flight in the row of its airport. */
export function count(row: AirportRow, flight: Flight, time: number): void {
  row.flights++;
  row.delay += flight.delay;
  if (flight.delay > row.worstDelay) row.worstDelay = flight.delay;
  row.order = mix(row.order, flight, time);
}

/** Delay statistics per origin airport. */
export class DelayTable {
  readonly #rows = new Map<string, AirportRow>();

  /** Counts one flight. */
  add(flight: Flight, time: number): void {
    let row = this.#rows.get(flight.origin);
    if (row === undefined) this.#rows.set(flight.origin, row = emptyRow(flight.origin));
    count(row, flight, time);
  }

  /** Puts a row in that was counted before. */
  put(row: AirportRow): void {
    this.#rows.set(row.airport, row);
  }

  /** Rows by airport code. */
  rows(): AirportRow[] {
    return [...this.#rows.values()].sort((a, b) => a.airport < b.airport ? -1 : 1);
  }

  /** Flights at all airports. */
  get flights(): number {
    let sum = 0;
    for (const row of this.#rows.values()) sum += row.flights;
    return sum;
  }

  /** The `count` airports with the highest mean delay among those with `atLeast` flights. */
  worst(count: number, atLeast: number): AirportRow[] {
    return this.rows()
      .filter((row) => row.flights >= atLeast)
      .sort((a, b) => meanDelay(b) - meanDelay(a))
      .slice(0, count);
  }

  /** What differs from `expected`, one line per airport; empty when the tables are the same. */
  differences(expected: DelayTable): string[] {
    const lines: string[] = [];
    for (const want of expected.rows()) {
      const got = this.#rows.get(want.airport);
      if (got === undefined) lines.push(`${want.airport}: missing`);
      else {
        for (const field of COMPARED) {
          if (got[field] !== want[field]) {
            lines.push(`${want.airport}: ${field} is ${got[field]}, expected ${want[field]}`);
          }
        }
      }
    }
    for (const got of this.rows()) {
      if (!expected.#rows.has(got.airport)) lines.push(`${got.airport}: not expected`);
    }
    return lines;
  }
}

const COMPARED = ["flights", "delay", "worstDelay", "order"] as const;

/** Each step is a bijection of the hash so far, so an exchange of two different flights shows. */
function mix(hash: number, flight: Flight, time: number): number {
  hash = step(hash, flight.delay);
  hash = step(hash, flight.distance);
  hash = step(hash, time / 60_000);
  const code = flight.destination;
  for (let i = 0; i < code.length; i++) hash = step(hash, code.charCodeAt(i));
  return hash;
}

function step(hash: number, value: number): number {
  hash = Math.imul(hash ^ value, 0x01000193);
  return hash ^ (hash >>> 15);
}
