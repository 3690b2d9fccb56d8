/**
 * The parts of a program that can be advised on: those whose figures have the shape that rules read.
 */

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
