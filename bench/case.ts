/**
 * A benchmark as plain data. Everything that measures (`deno bench`, mitata, the runner in
 * `run.ts`) reads the same cases, so no case is written twice.
 */

/** One thing to measure. */
export interface Case<State = unknown> {
  /** What is measured, unique in its module. */
  readonly name: string;
  /** Makes the thing. It is not measured. */
  setup(): State | Promise<State>;
  /** Does `n` operations in a tight loop and, where work is queued, waits until all of it is done. */
  run(state: State, n: number): void | Promise<void>;
  /** Throws unless exactly `done` operations have left their trace in `state`. */
  check(state: State, done: number): void | Promise<void>;
  /**
   * The most operations one state may see, for a thing that only grows.
   *
   * @default {no limit}
   */
  readonly limit?: number;
  /**
   * Whether bytes per operation are worth a process of their own.
   *
   * @default {true}
   */
  readonly bytes?: boolean;
  /**
   * The runtimes it can run on.
   *
   * @default {all}
   */
  readonly runtimes?: readonly string[];
  /** Where its figure stands in a table of rivals. Cases without a cell stand in the plain list. */
  readonly cell?: Cell;
}

/** A place in a table: one table per setting, a row per rival, a column per shape. */
export interface Cell {
  readonly table: string;
  readonly row: string;
  readonly column: string;
}

/** A figure that is no time per operation, such as the lateness of a timer. */
export interface Probe {
  readonly name: string;
  readonly unit: string;
  /** Measures once, in a process of its own, and throws if the work was not done. */
  measure(): number | Promise<number>;
}

/** What a module offers to the runner. */
export interface Suite {
  readonly cases: readonly Case[];
  readonly probes?: readonly Probe[];
}

/** Keeps the type of a case's state between its functions, then forgets it. */
export function defineCase<State>(definition: Case<State>): Case {
  return definition as Case;
}

/** Throws unless the work was done. */
export function expectCount(what: string, actual: number, expected: number): void {
  if (actual !== expected) {
    throw new Error(`Not all work was done: ${what} is ${actual}, expected ${expected}`);
  }
}

/** A thing under measurement: its state, and how many operations the state has seen. */
export class Trial {
  readonly #case: Case;
  #state: unknown;
  #done = 0;

  private constructor(definition: Case, state: unknown) {
    this.#case = definition;
    this.#state = state;
  }

  /** Sets the case up and proves on a few operations that it does its work. */
  static async start(definition: Case): Promise<Trial> {
    const trial = new Trial(definition, await definition.setup());
    await trial.run(Math.min(100, definition.limit ?? 100));
    await trial.check();
    return trial;
  }

  /** How many operations fit before the state must be made anew. */
  get room(): number {
    return (this.#case.limit ?? Infinity) - this.#done;
  }

  /** Does `n` operations; a promise only if the case needs one. */
  run(n: number): void | Promise<void> {
    this.#done += n;
    return this.#case.run(this.#state, n);
  }

  /** Throws unless all operations so far left their trace. */
  check(): void | Promise<void> {
    return this.#case.check(this.#state, this.#done);
  }

  /** Checks the old state and makes a new one. */
  async renew(): Promise<void> {
    await this.check();
    this.#state = undefined;
    this.#state = await this.#case.setup();
    this.#done = 0;
  }
}
