// Flights as columns: 16 bytes each, where an object per row would take a hundred.

import type { Flight } from "./table.ts";

/** Flights, column by column; index i is one flight. */
export interface FlightColumns {
  /** How many flights. */
  readonly length: number;
  /** Arrival, minutes since 1970. */
  readonly minute: Int32Array;
  /** Minutes; negative is early. */
  readonly delay: Int16Array;
  /** Miles. */
  readonly distance: Int16Array;
  /** Index into {@link airports}. */
  readonly origin: Uint16Array;
  /** Index into {@link airports}. */
  readonly destination: Uint16Array;
  /** One string per airport, shared by all flights. */
  readonly airports: readonly string[];
}

/** The columns a flights file must have. */
export const COLUMN_NAMES = ["date", "delay", "distance", "origin", "destination"] as const;

/** Name of a column in the file. */
export type ColumnName = typeof COLUMN_NAMES[number];

/** What the parquet reader decodes: per column a few chunks of bigints, numbers and strings. */
export type Decoded = Readonly<Record<ColumnName, readonly ArrayLike<unknown>[]>>;

const MS_PER_MINUTE = 60_000;

/** Flight `i` as an object. */
export function flightAt(columns: FlightColumns, i: number): Flight {
  return {
    origin: columns.airports[columns.origin[i]!]!,
    destination: columns.airports[columns.destination[i]!]!,
    delay: columns.delay[i]!,
    distance: columns.distance[i]!,
  };
}

/** When flight `i` arrived, epoch ms. */
export function timeAt(columns: FlightColumns, i: number): number {
  return columns.minute[i]! * MS_PER_MINUTE;
}

/** Fills {@link FlightColumns} with one decoded row group after the other. */
export class ColumnsBuilder {
  #length = 0;
  readonly #minute: Int32Array;
  readonly #delay: Int16Array;
  readonly #distance: Int16Array;
  readonly #origin: Uint16Array;
  readonly #destination: Uint16Array;
  readonly #airports: string[] = [];
  readonly #codes = new Map<string, number>();

  /** Takes `capacity` flights at most. */
  constructor(capacity: number) {
    this.#minute = new Int32Array(capacity);
    this.#delay = new Int16Array(capacity);
    this.#distance = new Int16Array(capacity);
    this.#origin = new Uint16Array(capacity);
    this.#destination = new Uint16Array(capacity);
  }

  /** Flights so far. */
  get length(): number {
    return this.#length;
  }

  /** Whether there is no room left. */
  get full(): boolean {
    return this.#length === this.#delay.length;
  }

  /**
   * Adds a row group of `rows` flights, as far as there is room. The file stores 64-bit integers,
   * which decode as BigInt: they become numbers here and nowhere else. Throws a `TypeError` that
   * names the column and the row where a value is missing or of another kind.
   */
  add(decoded: Decoded, rows: number): void {
    const start = this.#length;
    const end = Math.min(start + rows, this.#delay.length);
    fill("date", decoded, this.#minute, start, end, minuteOf);
    fill("delay", decoded, this.#delay, start, end, numberOf);
    fill("distance", decoded, this.#distance, start, end, numberOf);
    fill("origin", decoded, this.#origin, start, end, this.#codeOf);
    fill("destination", decoded, this.#destination, start, end, this.#codeOf);
    this.#length = end;
  }

  /** What was added. */
  finish(): FlightColumns {
    return {
      length: this.#length,
      minute: this.#minute,
      delay: this.#delay,
      distance: this.#distance,
      origin: this.#origin,
      destination: this.#destination,
      airports: this.#airports,
    };
  }

  readonly #codeOf = (raw: unknown): number => {
    if (typeof raw !== "string" || raw === "") return NaN;
    let code = this.#codes.get(raw);
    if (code === undefined) {
      code = this.#airports.push(raw) - 1;
      this.#codes.set(raw, code);
    }
    return code;
  };
}

function numberOf(raw: unknown): number {
  return typeof raw === "bigint" || typeof raw === "number" ? Number(raw) : NaN;
}

function minuteOf(raw: unknown): number {
  return numberOf(raw) / MS_PER_MINUTE;
}

function fill(
  name: ColumnName,
  decoded: Decoded,
  into: Int32Array | Int16Array | Uint16Array,
  start: number,
  end: number,
  convert: (raw: unknown) => number,
): void {
  let at = start;
  for (const chunk of decoded[name]) {
    for (let i = 0; i < chunk.length && at < end; i++, at++) {
      const value = convert(chunk[i]);
      into[at] = value;
      // Also catches NaN, fractions, and what the column's width cannot hold.
      if (into[at] !== value) {
        throw new TypeError(`column ${name}, row ${at}: unexpected value ${chunk[i]}`);
      }
    }
  }
  if (at < end) throw new TypeError(`column ${name} ends at row ${at}, expected ${end}`);
}
