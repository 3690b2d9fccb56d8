/**
 * The three shapes of an event. Each adds only what its part can truthfully know: what is emitted
 * becomes an event with an id and a time, and once a store wrote it down it has a place.
 */

/** Names the events of an emitter, topic or store: `{ "order.placed": Order }`. */
// deno-lint-ignore ban-types
export type EventMap = {};

/** The event types of a map. */
export type TypeOf<Events extends EventMap> = Extract<keyof Events, string>;

/** What `emit` carries. */
export interface Emitted<Type extends string = string, Data = unknown> {
  /** What happened, as a name: `"order.placed"`. */
  readonly type: Type;
  /** The facts. */
  readonly data: Data;
  /** Strings about the event rather than of it: trace, tenant, schema version. */
  readonly metadata?: Metadata;
}

/** What {@linkcode createEvent} makes, and what a bus or a store carries. */
export interface NovaEvent<Type extends string = string, Data = unknown>
  extends Emitted<Type, Data> {
  /** Unique among all events; it rises with time when Nova made it. */
  readonly id: string;
  /** When it happened, in epoch milliseconds, as its maker says. */
  readonly timestamp: number;
  /** Strings about the event; empty and shared when there are none. */
  readonly metadata: Metadata;
}

/** What a store hands back: an event and its place in the log. */
export interface Recorded<Type extends string = string, Data = unknown>
  extends NovaEvent<Type, Data> {
  /** The stream it belongs to. */
  readonly stream: string;
  /** Its place in the stream: 1, 2, 3 … without a gap. */
  readonly version: number;
  /** Its place in the whole log. */
  readonly position: number;
  /** When the store wrote it, in epoch milliseconds; it never goes back. */
  readonly recordedAt: number;
}

/** Keys `[A-Za-z0-9._-]{1,64}`, values strings, 8 KiB in all; `nova-` is reserved. */
export type Metadata = Readonly<Record<string, string>>;

/** What a caller may publish or append: id, time and metadata are stamped when they are missing. */
export interface Draft<Type extends string = string, Data = unknown> extends Emitted<Type, Data> {
  /** Unique among all events; stamped when missing. */
  readonly id?: string;
  /** When it happened, in epoch milliseconds; stamped when missing. */
  readonly timestamp?: number;
}

/** The union of what an emitter with this map carries. */
export type EmittedOf<Events extends EventMap, Type extends TypeOf<Events> = TypeOf<Events>> = {
  [Name in Type]: Emitted<Name, Events[Name]>;
}[Type];

/** The union of what may be published or appended under this map. */
export type DraftOf<Events extends EventMap, Type extends TypeOf<Events> = TypeOf<Events>> = {
  [Name in Type]: Draft<Name, Events[Name]>;
}[Type];

/** The union of the events of a bus topic with this map. */
export type EventOf<Events extends EventMap, Type extends TypeOf<Events> = TypeOf<Events>> = {
  [Name in Type]: NovaEvent<Name, Events[Name]>;
}[Type];

/** The union of what a store with this map hands back. */
export type RecordedOf<Events extends EventMap, Type extends TypeOf<Events> = TypeOf<Events>> = {
  [Name in Type]: Recorded<Name, Events[Name]>;
}[Type];
