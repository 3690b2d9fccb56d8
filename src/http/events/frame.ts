/**
 * One event as a viewer sees it, and which of them a viewer wants to see.
 */

import type { Emitted, NovaEvent } from "../../event/event.ts";
import { compilePattern } from "../../event/pattern.ts";

/** Longer data is cut: a stream is for looking, not for copying. */
const LONGEST_DATA = 16_384;

/** An event that came by, as it is written to viewers. */
export interface Frame {
  /** Its place in the feed, from 1. */
  readonly number: number;
  /** Where it was seen: `emitter/shop`, `bus/shop/orders`. */
  readonly component: string;
  readonly type: string;
  readonly text: string;
}

/** What is shown of an event: who and when; what it says only where `showData` allows it. */
export function describeEvent(
  component: string,
  event: Emitted & Partial<NovaEvent>,
  showData: boolean,
): string {
  const { type, id, timestamp } = event;
  const head = { component, type, id, timestamp };
  if (!showData) return JSON.stringify(head);
  return JSON.stringify({ ...head, metadata: event.metadata, data: presentable(event.data) });
}

/** Data in JSON; what cannot be written, or is too long, is said to be so. */
function presentable(data: unknown): unknown {
  try {
    const text = JSON.stringify(data) as string | undefined;
    if (text === undefined) return undefined;
    return text.length <= LONGEST_DATA
      ? JSON.parse(text)
      : `${text.slice(0, LONGEST_DATA).toWellFormed()}… (${text.length} characters)`;
  } catch {
    return "(cannot be shown as JSON)";
  }
}

/** Whether a viewer wants a frame. */
export type Filter = (frame: Frame) => boolean;

/**
 * The filter of a query: `?type=order.*` and `?component=bus/shop`, each any number of times. A
 * component also means all that is in it. Undefined when everything is wanted.
 *
 * @throws {SyntaxError} If a type is no pattern.
 */
export function filterOf(query: URLSearchParams): Filter | undefined {
  const types = query.getAll("type").map((type) => compileType(type));
  const components = query.getAll("component");
  if (types.length === 0 && components.length === 0) return undefined;
  return ({ type, component }) =>
    (types.length === 0 || types.some((matches) => matches(type))) &&
    (components.length === 0 ||
      components.some((each) => component === each || component.startsWith(`${each}/`)));
}

function compileType(type: string): (type: string) => boolean {
  return type.includes("*") ? compilePattern(type) : (other) => other === type;
}
