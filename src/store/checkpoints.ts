/**
 * Checkpoints and cursors: how far somebody got, kept in the store or outside of it.
 */

import { CursorExpiredError, CursorForeignError } from "../errors/store.ts";
import { integerOption } from "../internal/check.ts";
import type { CheckpointOptions } from "./api.ts";
import { andThen } from "./awaitable.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import type { Awaitable, MarkWrite } from "./driver.ts";
import type { Engine } from "./engine.ts";
import { checkKey } from "./settings.ts";

/** A checkpoint as the driver writes it. */
export function markOf(name: string, position: number, options: CheckpointOptions): MarkWrite {
  checkKey("checkpoint", name);
  const { expect = "any", protect, fence } = options;
  const at = expect === "any" || expect === "absent"
    ? expect
    : integerOption("expect", expect, 0, 0);
  return {
    name,
    low: integerOption("position", position ?? NaN, 0, 0),
    done: [],
    protect,
    expect: at,
    fence: integerOption("fence", fence, 0, 0),
  };
}

/** A position as a cursor. */
export function nameCursor<Tx>(engine: Engine<Tx>, position: number): Awaitable<string> {
  const place = integerOption("position", position ?? NaN, 0, 0);
  return andThen(engine.open(), (log) => writeCursor(log, place));
}

/** The position of a cursor, if it is one of this log and nothing behind it is gone. */
export function placeOf<Tx>(engine: Engine<Tx>, cursor: unknown): Awaitable<number> {
  const { log: named, position } = readCursor(cursor);
  return andThen(engine.open(), (log) => {
    if (named !== log) throw new CursorForeignError(engine.settings.name, named);
    const { oldest } = engine.driver.figures();
    if (position + 1 < oldest) throw new CursorExpiredError(position, oldest);
    return position;
  });
}
