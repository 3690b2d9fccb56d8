/**
 * Whether events are at a place already: the one rule by which every driver recognises an append that
 * is tried again.
 */

import type { Append, Draft, Outcome, Terms } from "./driver.ts";

/** Whether the id of a record is the caller's. */
export function isCallers(append: Append, index: number): boolean {
  const { ids } = append;
  return ids === "all" || (ids !== "none" && ids[index] === true);
}

/**
 * Compares the caller's ids with those of the versions after `at`. All there: `"same"`. None: `"other"`.
 * Else the id that is there without the rest.
 */
export function compareAt(
  append: Append,
  at: number,
  idOf: (version: number) => string | undefined,
): "same" | "other" | { readonly id: string } {
  let matching: string | undefined;
  let missing = false;
  for (let i = 0; i < append.records.length; i++) {
    const there = idOf(at + 1 + i);
    if (!isCallers(append, i)) missing ||= there === undefined;
    else if (there === append.records[i]!.id) matching ??= there;
    else missing = true;
  }
  if (matching === undefined) return "other";
  return missing ? { id: matching } : "same";
}

/**
 * Looks the caller's ids up in a stream. Undefined if none is there; the version before the first
 * event if all are there, side by side and in order; else an `id-conflict`.
 */
export function lookUp(
  append: Append,
  versionOf: (record: Draft) => number | undefined,
  idOf: (version: number) => string | undefined,
): number | Outcome | undefined {
  const { records, stream } = append;
  for (let i = 0; i < records.length; i++) {
    if (!isCallers(append, i)) continue;
    const { id } = records[i]!;
    const version = versionOf(records[i]!);
    if (version === undefined) continue;
    const at = version - 1 - i;
    const found = at < 0 ? { id } : compareAt(append, at, idOf);
    return found === "same"
      ? at
      : { is: "id-conflict", stream, id: found === "other" ? id : found.id };
  }
  return undefined;
}

/** An id that a batch has twice. */
export function twice(append: Append): string | undefined {
  const { records } = append;
  if (records.length < 2 || append.ids === "none") return undefined;
  const seen = new Set<string>();
  for (let i = 0; i < records.length; i++) {
    if (!isCallers(append, i)) continue;
    const { id } = records[i]!;
    if (seen.has(id)) return id;
    seen.add(id);
  }
  return undefined;
}

/** What several appends of one unit come to together, where each alone is within the limits. */
export function overLimits(
  appends: readonly Append[],
  { maxStreams, maxEventsPerStream, onLimit }: Terms,
  streams: number,
  countOf: (stream: string) => number,
): Outcome | undefined {
  if (maxStreams === Infinity && maxEventsPerStream === Infinity) return undefined;
  const added = new Map<string, number>();
  let count = streams;
  for (const { stream, records } of appends) {
    if (records.length === 0) continue;
    const had = added.get(stream);
    const there = had ?? countOf(stream);
    if (there === 0 && ++count > maxStreams) {
      return { is: "limit", option: "maxStreams", limit: maxStreams, stream };
    }
    added.set(stream, there + records.length);
    if (onLimit === "reject" && there + records.length > maxEventsPerStream) {
      return { is: "limit", option: "maxEventsPerStream", limit: maxEventsPerStream, stream };
    }
  }
  return undefined;
}
