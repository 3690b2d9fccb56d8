/**
 * Figures with names and labels, as Prometheus and OpenMetrics know them.
 */

/** Labels of a series, in the order in which they are written. */
export type Labels = Readonly<Record<string, string>>;

/** A value that a trace can be looked up for. */
export interface Exemplar {
  /** The W3C trace id, 32 hexadecimal digits. */
  readonly traceId: string;
  /** The value, in the unit of its family. */
  readonly value: number;
  /** When, in epoch milliseconds. */
  readonly at: number;
}

/** The distribution of a series. */
export interface Distribution {
  /** Upper bounds of the buckets, rising, without the infinite one. */
  readonly bounds: readonly number[];
  /** How many values were at most as large as each of them. */
  readonly counts: readonly number[];
  /** How many values there were. */
  readonly count: number;
  /** Their sum. */
  readonly sum: number;
  /** One of them, if there is a trace of it. */
  readonly exemplar: Exemplar | undefined;
}

/** One line, or of a histogram several. */
export interface Series {
  /** Its labels. */
  readonly labels: Labels;
  /** The same as they are written, if somebody has done so. */
  readonly text?: string;
  /** Its value; a distribution in a histogram. */
  readonly value: number | Distribution;
}

/** Series of one name. */
export interface Family {
  /** Snake case, with the unit; of a counter it ends in `_total`. */
  readonly name: string;
  /** One sentence. */
  readonly help: string;
  /** What the values are. */
  readonly type: "counter" | "gauge" | "histogram";
  /** All series, no two with the same labels. */
  readonly series: readonly Series[];
}
