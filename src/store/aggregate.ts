/**
 * The state that the events of a stream come to, and snapshots of it.
 */

import type { EventMap, RecordedOf } from "../event/event.ts";
import { integerOption, requireFunction, requireOptions } from "../internal/check.ts";
import type { Aggregate, AggregateOptions } from "./api.ts";
import type { Engine } from "./engine.ts";
import { requireCommitted } from "./outcome.ts";

const PAGE = 1000;

interface Snapshot {
  readonly version: number;
  readonly schemaVersion: number;
  readonly state: unknown;
}

/** Folds what came since the last snapshot. */
export async function loadAggregate<State, Events extends EventMap, Tx>(
  engine: Engine<Tx>,
  stream: string,
  options: AggregateOptions<State, Events>,
): Promise<Aggregate<State>> {
  requireOptions("an aggregate", options);
  const { initial, fold } = options;
  requireFunction("initial", initial);
  requireFunction("fold", fold);
  const snapshotEvery = integerOption("snapshotEvery", options.snapshotEvery, 0, 0);
  const schemaVersion = integerOption("schemaVersion", options.schemaVersion, 1, 0);

  const info = await engine.driver.stream(stream);
  const snapshot = snapshotEvery === 0 ? undefined : await readSnapshot(engine, stream);
  const usable = snapshot !== undefined && snapshot.schemaVersion === schemaVersion &&
    // Of a stream that was deleted since, nothing is left.
    snapshot.version <= (info?.version ?? 0) && snapshot.version + 1 >= (info?.first ?? 1) &&
    info?.deleted === false;
  let state = usable ? snapshot.state as State : initial();
  let version = usable ? snapshot.version : 0;
  let folded = 0;
  for (;;) {
    const page = await engine.read({ stream, after: version, limit: PAGE });
    for (const event of page.records) {
      state = fold(state, event as unknown as RecordedOf<Events>);
      version = event.version;
      folded += 1;
    }
    if (!page.more) break;
    version = Math.max(version, page.next);
  }
  // Events that are gone still count.
  version = Math.max(version, info?.version ?? 0);
  if (snapshotEvery > 0 && folded >= snapshotEvery) {
    await writeSnapshot(engine, stream, { version, schemaVersion, state });
  }
  return { state, version, folded };
}

function keyOf(stream: string): string {
  return `snapshot/${stream}`;
}

async function readSnapshot<Tx>(
  engine: Engine<Tx>,
  stream: string,
): Promise<Snapshot | undefined> {
  const body = await engine.driver.document(keyOf(stream));
  if (body === undefined) return undefined;
  // A copy: who folds may change the state in place.
  return engine.driver.capabilities.data === "reference"
    ? structuredClone(body) as Snapshot
    : await engine.settings.codec.decode(body as string | Uint8Array) as Snapshot;
}

/** A snapshot saves time and no more: one that cannot be written is reported, and the state is right. */
async function writeSnapshot<Tx>(
  engine: Engine<Tx>,
  stream: string,
  snapshot: Snapshot,
): Promise<void> {
  try {
    const body = engine.driver.capabilities.data === "reference"
      ? structuredClone(snapshot)
      : await engine.settings.codec.encode(snapshot);
    await requireCommitted(
      engine,
      await engine.commit({ documents: [{ key: keyOf(stream), body }] }),
    );
  } catch (error) {
    engine.env.report(error);
  }
}
