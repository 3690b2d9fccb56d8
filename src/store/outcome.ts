/**
 * What became of an append or a unit, as what its caller gets or catches.
 */

import { LimitExceededError, VersionConflictError } from "../errors.ts";
import { CheckpointConflictError, FencedError, IdConflictError } from "../errors/store.ts";
import { brand, isBranded } from "../event/brand.ts";
import type { EventMap, NovaEvent, RecordedOf } from "../event/event.ts";
import type { Appended } from "./api.ts";
import { allOf, andThen } from "./awaitable.ts";
import type { Append, Awaitable, Outcome, Placed } from "./driver.ts";
import type { Engine } from "./engine.ts";
import { makeRecord } from "./record.ts";
import { sameData } from "./same_data.ts";

/** Where the appends of a unit stand. Throws what an outcome other than "committed" means. */
export function requireCommitted<Tx>(
  engine: Engine<Tx>,
  outcome: Outcome,
): Awaitable<readonly Placed[]> {
  switch (outcome.is) {
    case "committed":
      return outcome.placed;
    case "conflict": {
      const { append: { stream, expect }, actual, since } = outcome;
      const reference = engine.driver.capabilities.data === "reference";
      const events = allOf(since.map((stored) => {
        if (!reference || engine.settings.upcasters !== undefined) return engine.recorded(stored);
        if (!isBranded(stored)) brand(stored);
        return stored;
      }));
      return andThen(events, (unknown) => {
        const expected = expect as number | "absent" | "present";
        throw new VersionConflictError(stream, expected, actual, unknown);
      });
    }
    case "id-conflict":
      throw new IdConflictError(outcome.stream, outcome.id);
    case "mark-conflict":
      throw new CheckpointConflictError(outcome.name, outcome.expected, outcome.actual);
    case "fenced":
      throw new FencedError(outcome.name);
    case "limit": {
      const { option, limit, stream } = outcome;
      const what = option === "maxStreams"
        ? "it would be one stream more"
        : "it would hold more events";
      const message = `Cannot append to "${stream}" as ${what} than "${option}" allows: ${limit}`;
      throw new LimitExceededError(option, limit, message);
    }
    case "refused":
      throw outcome.error;
    case "unknown":
      throw engine.unknown(outcome.error);
  }
}

/** What an append resolves to. One that was there before is compared with what is there. */
export function settle<Events extends EventMap, Tx>(
  engine: Engine<Tx>,
  append: Append,
  events: readonly NovaEvent[],
  placed: Placed,
): Awaitable<Appended<Events>> {
  if (!placed.duplicate) return new Fresh<Events>(append.stream, events, placed);
  const { stream, ids } = append;
  const { version, position } = placed;
  const query = { stream, after: version - events.length, limit: events.length };
  return andThen(engine.read(query), ({ records }) => {
    for (const [i, event] of events.entries()) {
      const there = records[i];
      const checked = ids === "all" || (ids !== "none" && ids[i] === true);
      if (!checked || there === undefined || engine.settings.upcasters?.has(event.type)) continue;
      if (there.type === event.type && sameData(there.data, event.data)) continue;
      throw new IdConflictError(stream, event.id);
    }
    return {
      version,
      position,
      events: records as unknown as RecordedOf<Events>[],
      duplicate: true,
    };
  });
}

/** The outcome of an append; records are made when they are asked for. */
class Fresh<Events extends EventMap> implements Appended<Events> {
  readonly version: number;
  readonly position: number;
  readonly #stream: string;
  readonly #events: readonly NovaEvent[];
  readonly #placed: Placed;

  constructor(stream: string, events: readonly NovaEvent[], placed: Placed) {
    this.version = placed.version;
    this.position = placed.position;
    this.#stream = stream;
    this.#events = events;
    this.#placed = placed;
  }

  get duplicate(): boolean {
    return false;
  }

  get events(): readonly RecordedOf<Events>[] {
    const stream = this.#stream;
    const { recordedAt } = this.#placed;
    const { length } = this.#events;
    const records = this.#events.map((event, i) => {
      const behind = length - 1 - i;
      return makeRecord(event, stream, this.version - behind, this.position - behind, recordedAt);
    });
    return records as RecordedOf<Events>[];
  }
}
