/**
 * Several things as one, from what the caller gives to what it gets.
 */

import type { EventMap, NovaEvent } from "../event/event.ts";
import { requireFunction, requireOptions, requireSignal } from "../internal/check.ts";
import { checkExpect, type Door } from "./admission.ts";
import type { Appended, StoreUnit } from "./api.ts";
import { allOf, andThen } from "./awaitable.ts";
import { markOf } from "./checkpoints.ts";
import type { Awaitable } from "./driver.ts";
import type { Engine } from "./engine.ts";
import { requireCommitted, settle } from "./outcome.ts";
import { checkStreamName } from "./settings.ts";

/** Checks all of a unit, then commits it; answers what each append came to. */
export function commitUnit<Events extends EventMap, Tx>(
  engine: Engine<Tx>,
  door: Door,
  unit: StoreUnit<Events, Tx>,
  signal: AbortSignal | undefined,
): Awaitable<Appended<Events>[]> {
  requireOptions("a unit", unit);
  engine.requireOpen();
  requireSignal(signal);
  signal?.throwIfAborted();
  return andThen(engine.open(), () => {
    const all: NovaEvent[][] = [];
    const prepared = (unit.appends ?? []).map(({ stream, events, expect }) => {
      checkStreamName(stream);
      const admitted = door.admit(events);
      all.push(admitted);
      return engine.prepare(stream, admitted, door.ids, checkExpect(expect));
    });
    const marks = (unit.checkpoints ?? []).map(({ name, position, ...rest }) =>
      markOf(name, position, rest)
    );
    const effects = unit.effects ?? [];
    effects.forEach((effect) => requireFunction("an effect", effect));
    return andThen(allOf(prepared), (appends) => {
      engine.requireOpen();
      signal?.throwIfAborted();
      const committed = engine.commit({ appends, marks, effects }, signal);
      const placed = andThen(committed, (outcome) => requireCommitted(engine, outcome));
      return andThen(
        placed,
        (places) =>
          Promise.all(
            appends.map((append, i) => settle<Events, Tx>(engine, append, all[i]!, places[i]!)),
          ),
      );
    });
  });
}
