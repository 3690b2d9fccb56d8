/** What a bar is, and the two ways most of them look at the figures. */

/** A runtime that is measured. */
export type RuntimeName = "deno" | "bun" | "node";

/** What a bar finds in the figures of one runtime. */
export interface Finding {
  readonly figure: number;
  readonly unit: string;
  /** The rival or the shape that decides. */
  readonly by?: string;
}

/** What must hold. */
export interface Bar {
  readonly text: string;
  readonly runtimes: readonly RuntimeName[];
  readonly atLeast?: number;
  readonly atMost?: number;
  /** Undefined when the figures are not there. */
  find(look: Look): Finding | undefined;
}

/** The median of a case or probe on the runtime in question. */
export type Look = (name: string, what?: "bytes") => number | undefined;

/** Undefined unless all of them were measured: a bar is not met because its best rival is absent. */
export function leastRatio(
  pairs: readonly { mine: string; theirs: string; by: string }[],
): Bar["find"] {
  return (look) => {
    let least: Finding | undefined;
    for (const { mine, theirs, by } of pairs) {
      const figure = (look(theirs) ?? NaN) / (look(mine) ?? NaN);
      if (Number.isNaN(figure)) return undefined;
      if (least === undefined || figure < least.figure) least = { figure, unit: "×", by };
    }
    return least;
  };
}

/** A figure itself. */
export function plain(name: string, unit: string, scale = 1): Bar["find"] {
  return (look) => {
    const figure = look(name);
    return figure === undefined ? undefined : { figure: figure / scale, unit };
  };
}
