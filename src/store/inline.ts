/**
 * Views that are written in the same unit as the events they are made of.
 *
 * The checkpoint of a view makes it exact: a unit with appends moves it from the end of the log before
 * them to the end behind them. If it is elsewhere the unit does not enter: somebody has written
 * without the view, which is brought up to date first.
 */

import { CheckpointConflictError } from "../errors/store.ts";
import type { Recorded } from "../event/event.ts";
import { allOf, andThen } from "./awaitable.ts";
import type { Append, Awaitable, MarkWrite, Outcome, Placed, Unit } from "./driver.ts";
import type { Engine } from "./engine.ts";
import { requireCommitted } from "./outcome.ts";
import { makeRecord } from "./record.ts";

/** How many events a view that is behind gets in one unit. */
const PAGE = 256;

/** A view. */
export interface InlineView<Tx> {
  /** The name of its checkpoint. */
  readonly key: string;
  /** Where it begins without one. */
  readonly from: number;
  readonly streams: ReadonlySet<string> | undefined;
  readonly protect: boolean;
  apply(event: Recorded, tx: Tx): Awaitable<void>;
}

/** The views that are written with the appends of a store. */
export class InlineViews<Tx> {
  readonly #engine: Engine<Tx>;
  readonly #views = new Map<string, InlineView<Tx>>();
  /** While a view is brought up to date, with what that came to; what is to be appended waits for it. */
  #catchingUp: Promise<{ readonly error: unknown } | undefined> | undefined;

  constructor(engine: Engine<Tx>) {
    this.#engine = engine;
  }

  /** Resolves when a view is up to date; from then on it stays so. */
  async add(view: InlineView<Tx>): Promise<void> {
    if (this.#views.has(view.key)) {
      throw new TypeError(`Cannot project inline into "${view.key}" twice`);
    }
    this.#views.set(view.key, view);
    while (this.#catchingUp !== undefined) await this.#catchingUp;
    const failure = await this.#catchUp(view, () => this.remove(view));
    if (failure !== undefined) throw failure.error;
  }

  /** What is appended from now on is without the view. */
  remove(view: InlineView<Tx>): void {
    if (this.#views.get(view.key) === view) this.#views.delete(view.key);
    if (this.#views.size === 0 && this.#engine.inline === this) this.#engine.inline = undefined;
  }

  /** Commits a unit that has appends, and what they mean for the views. */
  commit(unit: Unit<Tx>, signal: AbortSignal | undefined): Awaitable<Outcome> {
    const { appends = [] } = unit;
    const events = allOf(appends.map((append) => allOf(this.#eventsOf(append))));
    return andThen(this.#engine.inOrder(events), (all) => this.#enter(unit, all, signal));
  }

  /** The events as a reader will get them; their places are told later. */
  #eventsOf({ stream, records }: Append): Awaitable<Recorded>[] {
    const nowhere = { stream, version: 0, position: 0, recordedAt: 0 };
    return records.map(({ id, type, timestamp, metadata, data, codec }) => {
      const record = { id, type, timestamp, metadata, data, ...nowhere };
      // Where data is encoded, a reader gets metadata of its own too.
      return this.#engine.recorded(
        codec === undefined ? record : { ...record, metadata: { ...metadata }, codec },
      );
    });
  }

  #enter(
    unit: Unit<Tx>,
    events: readonly (readonly Recorded[])[],
    signal: AbortSignal | undefined,
  ): Awaitable<Outcome> {
    const again = (): Awaitable<Outcome> => {
      signal?.throwIfAborted();
      this.#engine.requireOpen();
      return this.#enter(unit, events, signal);
    };
    if (this.#catchingUp !== undefined) return this.#catchingUp.then(again);
    const views = [...this.#views.values()];
    const { marks = [], effects = [] } = unit;
    const apply = (tx: Tx, placed: readonly Placed[]): Awaitable<void> =>
      this.#apply(views, placedEvents(events, placed), tx);
    const sent = this.#engine.send({
      ...unit,
      marks: [...marks, ...views.map((view) => markOf(view, "head", "head"))],
      effects: [...effects, apply],
    }, signal);
    return andThen(sent, (outcome) => {
      if (outcome.is !== "mark-conflict") return outcome;
      const behind = views.find(({ key }) => key === outcome.name);
      // A checkpoint that the unit itself names is the caller's affair.
      if (behind === undefined || marks.some(({ name }) => name === behind.key)) return outcome;
      // What conflicted together goes on together, in order.
      if (this.#catchingUp !== undefined) return this.#catchingUp.then(again);
      return this.#catchUp(behind).then((failure) => {
        if (failure !== undefined) throw failure.error;
        return again();
      });
    });
  }

  #apply(
    views: readonly InlineView<Tx>[],
    events: readonly Recorded[],
    tx: Tx,
  ): Awaitable<void> {
    const steps = events.flatMap((event) =>
      views
        .filter(({ streams }) => streams === undefined || streams.has(event.stream))
        .map((view) => () => view.apply(event, tx))
    );
    const waits = this.#engine.driver.capabilities.effects === "interactive";
    const run = (from: number): Awaitable<void> => {
      for (let i = from; i < steps.length; i++) {
        const answer: unknown = steps[i]!();
        // Where nothing waits for it, the driver refuses it, and nothing more is applied.
        if (answer instanceof Promise) return waits ? answer.then(() => run(i + 1)) : answer;
      }
    };
    return run(0);
  }

  /** Brings a view up to date. It never rejects. */
  #catchUp(
    view: InlineView<Tx>,
    onFailure: () => void = () => {},
  ): Promise<{ readonly error: unknown } | undefined> {
    return this.#catchingUp = this.#follow(view).then(() => undefined, (error) => {
      onFailure();
      return { error };
    }).finally(() => this.#catchingUp = undefined);
  }

  async #follow(view: InlineView<Tx>): Promise<void> {
    const engine = this.#engine;
    for (;;) {
      engine.requireOpen();
      const saved = (await engine.driver.mark(view.key))?.low;
      const after = saved ?? view.from;
      const { records, next, more, head, oldest } = await engine.read({ after, limit: PAGE });
      if (after > head) {
        throw new RangeError(`Cannot begin "${view.key}" at ${after}: the log ends at ${head}`);
      }
      if (after + 1 < oldest) {
        throw new RangeError(`"${view.key}" missed ${after + 1}–${oldest - 1}`);
      }
      const low = more ? next : Math.max(next, head);
      if (low === saved) return;
      const outcome = await engine.send({
        marks: [markOf(view, low, saved ?? "absent")],
        effects: [(tx) => this.#apply([view], records, tx)],
      });
      try {
        await requireCommitted(engine, outcome);
      } catch (error) {
        // Another process brings the same view up to date.
        if (!(error instanceof CheckpointConflictError)) throw error;
      }
    }
  }
}

function markOf<Tx>(
  { key: name, protect }: InlineView<Tx>,
  low: MarkWrite["low"],
  expect: MarkWrite["expect"],
): MarkWrite {
  return { name, low, done: [], protect, expect, fence: 0 };
}

/** The events of appends that were not there before, with their places. */
function placedEvents(
  events: readonly (readonly Recorded[])[],
  placed: readonly Placed[],
): readonly Recorded[] {
  return events.flatMap((batch, i) => {
    const { version, position, recordedAt, duplicate } = placed[i]!;
    if (duplicate) return [];
    return batch.map((event, at) => {
      const behind = batch.length - 1 - at;
      const { stream } = event;
      return makeRecord(event, stream, version - behind, position - behind, recordedAt);
    });
  });
}
