/**
 * The ways to read a store: one page, page by page, in time, and beyond the end.
 */

import type { Recorded } from "../event/event.ts";
import {
  integerOption,
  requireOptions,
  requireSignal,
  show,
  wordOption,
} from "../internal/check.ts";
import { sleep } from "../internal/sleep.ts";
import type { FeedItem, FollowOptions, PagesOptions, ReadOptions, ReplayOptions } from "./api.ts";
import { andThen } from "./awaitable.ts";
import type { Awaitable, Query } from "./driver.ts";
import type { Engine, RecordedPage } from "./engine.ts";
import { Following, type FollowPlan, type Form } from "./follow.ts";
import { checkStreamName, DEFAULT_LIMIT, limitOption, readFilter } from "./settings.ts";

/** One page of a stream, or of the whole log. */
export function readPage<Tx>(
  engine: Engine<Tx>,
  stream: string | undefined,
  options: ReadOptions,
): Awaitable<Recorded[]> {
  engine.requireOpen();
  const query = queryOf(stream, options);
  return andThen(engine.open(), () => {
    engine.requireOpen();
    const aged = engine.retention?.apply();
    if (aged instanceof Promise) aged.catch((error) => engine.env.report(error));
    return gather(engine, query, []);
  });
}

/** A driver may answer less than was asked for: the page is full, or the log is at its end. */
function gather<Tx>(
  engine: Engine<Tx>,
  query: Query,
  found: Recorded[],
): Awaitable<Recorded[]> {
  return andThen(engine.read(query), (page: RecordedPage) => {
    const all = found.length === 0 ? page.records as Recorded[] : [...found, ...page.records];
    if (!page.more || page.records.length === query.limit) return all;
    const rest = { ...query, after: page.next, limit: query.limit - page.records.length };
    return gather(engine, rest, all);
  });
}

function queryOf(stream: string | undefined, options: ReadOptions): Query {
  requireOptions("a read", options);
  const reverse = options.reverse === true;
  return {
    stream,
    reverse,
    limit: integerOption("limit", options.limit, DEFAULT_LIMIT),
    after: integerOption("after", options.after, reverse ? Infinity : 0, 0),
    ...readFilter(options),
  };
}

/** Page by page, up to where the log ends when the last page is read. */
export async function* pages<Tx>(
  engine: Engine<Tx>,
  options: PagesOptions,
): AsyncGenerator<Recorded[], void, void> {
  requireOptions("reading pages", options);
  requireSignal(options.signal);
  const { stream, signal } = options;
  if (stream !== undefined) checkStreamName(stream);
  let { after } = options;
  for (;;) {
    signal?.throwIfAborted();
    const page = await readPage(engine, stream, {
      ...options,
      ...(after === undefined ? {} : { after }),
    });
    const last = page[page.length - 1];
    if (last === undefined) return;
    yield page;
    after = stream === undefined ? last.position : last.version;
  }
}

/** One by one, with the pauses in which the events were recorded. */
export async function* replay<Tx>(
  engine: Engine<Tx>,
  options: ReplayOptions,
): AsyncGenerator<Recorded, void, void> {
  requireOptions("a replay", options);
  const { speed = Infinity, ...rest } = options;
  if (typeof speed !== "number" || !(speed > 0)) {
    throw new RangeError(`Cannot use ${show(speed)} as "speed": it must be a number above 0`);
  }
  const { env } = engine;
  let origin: number | undefined;
  let startedAt = 0;
  for await (const page of pages(engine, rest)) {
    for (const event of page) {
      if (origin === undefined) {
        origin = event.recordedAt;
        startedAt = env.monotonic();
      }
      // Against the start, so that late timers do not add up.
      const pause = startedAt + (event.recordedAt - origin) / speed - env.monotonic();
      if (speed < Infinity && pause > 0) await sleep(env, pause, options.signal);
      options.signal?.throwIfAborted();
      engine.requireOpen();
      yield event;
    }
  }
}

/** The events of following, one by one. */
export function follow<Tx>(engine: Engine<Tx>, options: FollowOptions): Following<Recorded, Tx> {
  return following(engine, options, {
    markers: false,
    single: true,
    item: (event) => event as Recorded,
  });
}

/** The events of following, by the page. A page is a copy, as others may follow with the same. */
export function followPages<Tx>(
  engine: Engine<Tx>,
  options: FollowOptions,
): Following<Recorded[], Tx> {
  return following(engine, options, {
    markers: false,
    single: false,
    item: (page) => (page as readonly Recorded[]).slice(),
  });
}

/** The events of following, and what there is to know beside them. */
export function feed<Tx>(engine: Engine<Tx>, options: FollowOptions): Following<FeedItem, Tx> {
  return following(engine, options, {
    markers: true,
    single: true,
    item: (found) => ("is" in found ? found : { is: "event", event: found }) as FeedItem,
  });
}

function following<Item, Tx>(
  engine: Engine<Tx>,
  options: FollowOptions,
  form: Form<Item>,
): Following<Item, Tx> {
  return new Following(engine, form, () => {
    requireOptions("following", options);
    requireSignal(options.signal);
    engine.requireOpen();
    return planOf(options);
  });
}

function planOf(options: FollowOptions): FollowPlan {
  const { after, streams, maxLag, onLag, signal } = options;
  const names = streams === undefined ? undefined : new Set([streams].flat());
  names?.forEach(checkStreamName);
  return {
    after: after === undefined ? undefined : integerOption("after", after, 0, 0),
    streams: names,
    maxLag: limitOption("maxLag", maxLag),
    onLag: wordOption("onLag", onLag, ["wait", "error", "skip"], "wait"),
    signal,
  };
}
