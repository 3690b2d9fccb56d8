/**
 * The parts of a program, by kind and by name.
 */

import { show } from "../internal/check.ts";
import type {
  BusFigures,
  EmitterFigures,
  ListenerFigures,
  ManagerFigures,
  PoolFigures,
  StoreFigures,
} from "./figures.ts";

/** A part that tells figures of some kind. */
export interface Advised<Figures> {
  /** Names it in findings; without one it gets the name of its kind. */
  readonly name?: string;
  /** The figures of now. */
  stats(): Figures;
}

/** The parts of a program; the same record as `shutdown` takes. */
export interface AdvisedParts {
  /** Emitters. */
  readonly emitter?: Advised<EmitterFigures> | readonly Advised<EmitterFigures>[];
  /** Buses. */
  readonly bus?: Advised<BusFigures> | readonly Advised<BusFigures>[];
  /** Listener managers, or single supervised listeners. */
  readonly listeners?:
    | Advised<ManagerFigures | ListenerFigures>
    | readonly Advised<ManagerFigures | ListenerFigures>[];
  /** Stores. */
  readonly store?: Advised<StoreFigures> | readonly Advised<StoreFigures>[];
  /** Pools. */
  readonly pool?: Advised<PoolFigures> | readonly Advised<PoolFigures>[];
}

const KINDS = ["emitter", "bus", "listeners", "store", "pool"] as const;

/** Refuses what is no record of parts that tell figures. */
export function requireParts(parts: unknown): void {
  if (typeof parts !== "object" || parts === null) {
    throw new TypeError(`Cannot advise on ${show(parts)}: it must be a record of parts`);
  }
  for (const [kind, part] of Object.entries(parts)) {
    if (!(KINDS as readonly string[]).includes(kind)) {
      throw new TypeError(
        `Cannot advise on ${show(kind)}: the kinds of parts are ${KINDS.join(", ")}`,
      );
    }
    for (const each of listOf<unknown>(part)) {
      if (typeof (each as Partial<Advised<unknown>> | null)?.stats !== "function") {
        throw new TypeError(`Cannot advise on ${show(each)} as "${kind}": it has no stats()`);
      }
    }
  }
}

/** Parts with their names; without a name they have that of their kind, and a name that is taken gets a number. */
export function namedParts<Part extends { readonly name?: string }>(
  kind: string,
  parts: Part | readonly Part[] | undefined,
): [name: string, part: Part][] {
  const named = new Map<string, Part>();
  for (const part of listOf(parts)) {
    const name = part.name || kind;
    let free = name;
    for (let n = 2; named.has(free); n++) free = `${name}#${n}`;
    named.set(free, part);
  }
  return [...named];
}

function listOf<Part>(parts: Part | readonly Part[] | undefined): readonly Part[] {
  if (parts === undefined) return [];
  return Array.isArray(parts) ? parts : [parts as Part];
}
