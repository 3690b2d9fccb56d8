// One row group as columns: typed arrays and shared strings take a tenth of the memory of row objects.

/** A run of flights, column by column; index i is one flight. */
export interface FlightColumns {
  readonly length: number;
  /** Arrival, epoch ms. */
  readonly time: Float64Array;
  /** Minutes; negative is early. */
  readonly delay: Int32Array;
  /** Miles. */
  readonly distance: Int32Array;
  readonly origin: readonly string[];
  readonly destination: readonly string[];
}

/** The columns a flights file must have. */
export const COLUMN_NAMES = ["date", "delay", "distance", "origin", "destination"] as const;

/** Name of a column in the file. */
export type ColumnName = typeof COLUMN_NAMES[number];

/** What the parquet reader decodes: per column a few chunks of bigints, numbers and strings. */
export type Decoded = Readonly<Record<ColumnName, readonly ArrayLike<unknown>[]>>;

/** Makes one string object per airport, however many row groups name it. */
export type Intern = (text: string) => string;

/** An {@link Intern} with its own memory. */
export function interning(): Intern {
  const known = new Map<string, string>();
  return (text) => {
    const same = known.get(text);
    if (same !== undefined) return same;
    known.set(text, text);
    return text;
  };
}

/**
 * Turns decoded chunks into columns of `length` flights. The file stores 64-bit integers, which
 * decode as BigInt: they become numbers here and nowhere else. Throws a `TypeError` that names the
 * column and the row where a value is missing or of another kind.
 */
export function toColumns(decoded: Decoded, length: number, intern: Intern): FlightColumns {
  return {
    length,
    time: numbers(decoded, "date", new Float64Array(length)),
    delay: numbers(decoded, "delay", new Int32Array(length)),
    distance: numbers(decoded, "distance", new Int32Array(length)),
    origin: strings(decoded, "origin", length, intern),
    destination: strings(decoded, "destination", length, intern),
  };
}

function numbers<Numbers extends Float64Array | Int32Array>(
  decoded: Decoded,
  name: ColumnName,
  into: Numbers,
): Numbers {
  let row = 0;
  for (const chunk of decoded[name]) {
    const end = Math.min(chunk.length, into.length - row);
    for (let i = 0; i < end; i++, row++) {
      const raw = chunk[i];
      const value = typeof raw === "bigint" ? Number(raw) : raw;
      // The comparison after the store catches NaN, fractions and what 32 bits cannot hold.
      if (typeof value === "number") into[row] = value;
      if (into[row] !== value) throw unexpected(name, row, "an integer", raw);
    }
  }
  if (row < into.length) throw tooShort(name, row, into.length);
  return into;
}

function strings(decoded: Decoded, name: ColumnName, length: number, intern: Intern): string[] {
  const into = new Array<string>(length);
  let row = 0;
  for (const chunk of decoded[name]) {
    const end = Math.min(chunk.length, length - row);
    for (let i = 0; i < end; i++, row++) {
      const raw = chunk[i];
      if (typeof raw !== "string" || raw === "") {
        throw unexpected(name, row, "an airport code", raw);
      }
      into[row] = intern(raw);
    }
  }
  if (row < length) throw tooShort(name, row, length);
  return into;
}

function unexpected(name: ColumnName, row: number, wanted: string, raw: unknown): TypeError {
  return new TypeError(`column ${name}, row ${row} of its group: expected ${wanted}, got ${raw}`);
}

function tooShort(name: ColumnName, rows: number, wanted: number): TypeError {
  return new TypeError(`column ${name} has ${rows} values where its row group has ${wanted}`);
}
