/**
 * A view that is never behind: it is written in the same unit as the events.
 */

import { UnsupportedError } from "../errors/store.ts";
import type { EventMap, Recorded, RecordedOf } from "../event/event.ts";
import { integerOption, requireFunction, requireOptions } from "../internal/check.ts";
import type { Awaitable } from "./driver.ts";
import { type InlineView, InlineViews } from "./inline.ts";
import { checkKey } from "./settings.ts";
import { engineOf, type Store } from "./store.ts";

/** Options of {@linkcode projectInline}. */
export interface InlineProjectionOptions<Events extends EventMap, Tx> {
  /** Names its checkpoint: `projection/<name>`. */
  readonly name: string;
  /**
   * Where to begin when there is no checkpoint, exclusive; not behind the end of the log.
   *
   * @default {0}
   */
  readonly from?: number;
  /**
   * Applies one event to the view, through `tx`: on SQLite the database, in memory a stage. It must
   * return at once, unless the engine's `effects` are `"interactive"`. If it throws, the append fails
   * with what it threw, and neither event nor view is there.
   */
  readonly apply: (event: RecordedOf<Events>, tx: Tx) => Awaitable<void>;
  /**
   * Only these streams.
   *
   * @default {all}
   */
  readonly streams?: string | readonly string[];
  /**
   * Whether retention must not remove what it has not seen.
   *
   * @default {true}
   */
  readonly protect?: boolean;
}

/** A view that is written with each append of a store. */
export interface InlineProjection extends Disposable {
  /** Its name. */
  readonly name: string;
  /** Ends it: appends are without it from now on. It goes on from its checkpoint when it is made again. */
  stop(): void;
}

/**
 * Writes a view in the same unit as the events it is made of: each event is applied exactly once, and
 * whoever sees an event sees it in the view. It resolves once the view has all that is in the log.
 *
 * Every append through this store is applied, also those of a durable bus. One that was there before
 * is not applied again. What others append to the same log without the view is applied before the
 * next append through this store; in all processes that write, make the same view.
 *
 * It rejects with `UnsupportedError` if the engine has no effects, with `RangeError` if retention has
 * removed what the view has not seen, and with what `apply` throws for an event of the log.
 *
 * @example Usage
 * ```ts
 * import { MemoryStore, projectInline } from "@nova/events/store";
 *
 * const store = new MemoryStore<{ paidIn: number }>();
 * let total = 0;
 * await projectInline(store, {
 *   name: "total",
 *   apply: ({ data }, tx) => tx.change(() => void (total += data)),
 * });
 * await store.append("account-7", [{ type: "paidIn", data: 50, id: "p1" }]);
 * await store.append("account-7", [{ type: "paidIn", data: 50, id: "p1" }]); // the same once more
 * console.log(total); // 50
 * await store.close();
 * ```
 */
export async function projectInline<Events extends EventMap, Tx>(
  store: Store<Events, Tx>,
  options: InlineProjectionOptions<Events, Tx>,
): Promise<InlineProjection> {
  requireOptions("a projection", options);
  const { name, apply, streams, protect = true } = options;
  checkKey("projection", name);
  requireFunction("apply", apply);
  const view: InlineView<Tx> = {
    key: `projection/${name}`,
    from: integerOption("from", options.from, 0, 0),
    streams: streams === undefined ? undefined : new Set([streams].flat()),
    protect,
    apply: apply as (event: Recorded, tx: Tx) => Awaitable<void>,
  };
  await store.open();
  const { engine: named, effects, atomic } = store.capabilities;
  if (effects === "none" || !atomic.mixed) {
    throw new UnsupportedError(`Cannot project inline: ${named} writes nothing beside its log`);
  }
  const engine = engineOf(store as unknown as Store<EventMap, Tx>);
  const views = engine.inline ??= new InlineViews(engine);
  const stop = (): void => views.remove(view);
  await views.add(view);
  return { name, stop, [Symbol.dispose]: stop };
}
