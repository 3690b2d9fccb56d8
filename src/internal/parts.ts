/**
 * The parts of a program, as everything that looks at them takes them: the record that `shutdown`
 * takes, too.
 */

import { show } from "./check.ts";

/** A kind of part. */
export type PartKind = "emitter" | "bus" | "listeners" | "store" | "pool";

/** All of them, in the order in which events flow through them. */
const KINDS: readonly PartKind[] = ["emitter", "bus", "listeners", "store", "pool"];

/** A part that tells its figures. */
export interface Part {
  /** Names it; without one it gets the name of its kind. */
  readonly name?: string;
  /** The figures of now. */
  stats(): object;
}

/** The parts of a program. Each value may be an array. */
export type Parts = { readonly [Kind in PartKind]?: Part | readonly Part[] };

/** A part under a name that no other of its kind has. */
export interface NamedPart {
  readonly kind: PartKind;
  readonly name: string;
  readonly part: Part;
}

/**
 * All parts of the record, in the order of their kinds; a name that is taken gets a number.
 *
 * @throws {TypeError} If a key is no kind, or a part has no `stats`.
 */
export function namedParts(verb: string, parts: unknown): NamedPart[] {
  if (typeof parts !== "object" || parts === null) {
    throw new TypeError(`Cannot ${verb} ${show(parts)}: it must be a record of parts`);
  }
  const unknown = Object.keys(parts).find((key) => !(KINDS as readonly string[]).includes(key));
  if (unknown !== undefined) {
    throw new TypeError(
      `Cannot ${verb} ${show(unknown)}: the kinds of parts are ${KINDS.join(", ")}`,
    );
  }
  return KINDS.flatMap((kind) => {
    const given: unknown = (parts as Record<string, unknown>)[kind];
    const all: readonly unknown[] = given === undefined
      ? []
      : Array.isArray(given)
      ? given
      : [given];
    const taken = new Set<string>();
    return all.map((part) => {
      if (typeof (part as Partial<Part> | null)?.stats !== "function") {
        throw new TypeError(`Cannot ${verb} ${show(part)} as "${kind}": it has no stats()`);
      }
      const wanted = (part as Part).name || kind;
      let name = wanted;
      for (let n = 2; taken.has(name); n++) name = `${wanted}#${n}`;
      taken.add(name);
      return { kind, name, part: part as Part };
    });
  });
}

/**
 * What the parts answer. One that throws is told to `report` and left out: it must not hide the
 * others (I10).
 */
export function hear<Some extends NamedPart, Answer>(
  parts: readonly Some[],
  report: (error: unknown) => void,
  ask: (part: Some) => Answer,
): Answer[] {
  return parts.flatMap((part) => {
    try {
      return [ask(part)];
    } catch (error) {
      report(error);
      return [];
    }
  });
}
