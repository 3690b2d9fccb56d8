/**
 * Queries over the log in memory.
 */

import type { Page, Query, Stored } from "./driver.ts";
import { firstWhere, type Log } from "./log.ts";

/** A filtered read stops after so many events, so that it never holds the event loop for long. */
const MOST_LOOKED_AT = 65_536;

/** The page of a query. */
export function readLog(log: Log, query: Query): Page {
  const index = query.stream === undefined ? undefined : log.stream(query.stream);
  const records: Stored[] = [];
  const { after, limit, reverse = false, streams, types } = query;
  const { head, oldest } = log;
  if (query.stream !== undefined && index === undefined) {
    return { records, next: after, more: false, head, oldest };
  }
  // Places that could be in it: versions of the stream, or positions of the log.
  let low = index === undefined ? oldest : index.first;
  let high = index === undefined ? head : index.version;
  const timeAt = (place: number): number =>
    log.recordedAt(index === undefined ? place : index.positionOf(place));
  if (query.from !== undefined) {
    const { from } = query;
    low = firstWhere(low, high + 1, (place) => timeAt(place) >= from);
  }
  if (query.until !== undefined) {
    const { until } = query;
    high = firstWhere(low, high + 1, (place) => timeAt(place) >= until) - 1;
  }
  if (reverse) high = Math.min(high, after - 1);
  else low = Math.max(low, after + 1);

  const step = reverse ? -1 : 1;
  let place = reverse ? high : low;
  for (let left = MOST_LOOKED_AT; place >= low && place <= high && left > 0; left--) {
    if (records.length === limit) break;
    const position = index === undefined ? place : index.positionOf(place);
    place += step;
    if (streams !== undefined || types !== undefined) {
      const event = log.event(position);
      if (event === undefined || types?.has(event.type) === false) continue;
      if (streams?.has(log.streamAt(position)) === false) continue;
    }
    const record = log.at(position);
    if (record !== undefined) records.push(record);
  }
  const more = place >= low && place <= high;
  // Nothing can come anymore at or below what was looked at, except behind a bound in time.
  const end = reverse
    ? Math.min(after, low)
    : Math.max(after, query.until === undefined ? high : 0);
  return { records, next: more ? place - step : end, more, head, oldest };
}
