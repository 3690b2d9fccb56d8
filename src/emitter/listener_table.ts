/**
 * Who listens to what. Dispatch reads these structures on every emit, so they are flat: an event
 * type has a channel, a channel has an array of cells, a cell has the function to call.
 */

import type { Emitted } from "../event/event.ts";
import type { Listener, ListenerContext, Subscription } from "../event/listener.ts";
import { nameOf } from "../internal/check.ts";
import type { Timing } from "../metrics/timing.ts";
import { type Dispatch, dispatchMany, dispatchNobody, dispatchOne } from "./dispatch.ts";

/** Stands in for "has not ended" among counts. */
const STILL_HERE = -1;

/** Channels that nobody subscribed to by name are remembered up to about this number. */
const MAX_UNNAMED = 1024;

/** The listeners of one event type. */
export class Channel {
  /** Empty, which no type is, once events no longer go here: whoever remembers it looks again. */
  type: string;
  /** Appended to in place, replaced when a cell goes: an emit under way keeps the array it began with. */
  cells: Cell[] = [];
  /** Events that found listeners here. */
  hits = 0;
  /** Of those, the ones with a failed listener. */
  failed = 0;
  /** Of those, the ones with a listener that has not settled. */
  inFlight = 0;
  /** What calls the listeners. */
  run: Dispatch = dispatchNobody;
  /** Whether it has had enough events for a dispatcher of its own. */
  hot = false;
  /** What calls two listeners and more. */
  #many: Dispatch = dispatchMany;

  constructor(type: string) {
    this.type = type;
  }

  becomeHot(dispatcher: Dispatch): void {
    this.hot = true;
    this.#many = dispatcher;
    this.#choose();
  }

  add(cell: Cell): void {
    this.cells.push(cell);
    this.#choose();
  }

  remove(cell: Cell): void {
    const place = this.cells.indexOf(cell);
    if (this.cells.length <= 1) this.cells = [];
    else if (place >= 0) {
      // Copied whole and then closed up: engines do both at the speed of memory.
      this.cells = this.cells.slice();
      this.cells.splice(place, 1);
    }
    this.#choose();
  }

  clear(): void {
    this.cells = [];
    this.#choose();
  }

  #choose(): void {
    const { length } = this.cells;
    this.run = length === 0 ? dispatchNobody : length === 1 ? dispatchOne : this.#many;
  }
}

/** The channel of no event. */
export const NO_CHANNEL: Channel = new Channel("");

/** What subscriptions by type and by pattern share: a label, an end, and what ends with them. */
export abstract class Handle implements Subscription {
  /** Failed runs. */
  failures = 0;
  /** Runs that have not settled. */
  inFlight = 0;
  /** How long runs take, if somebody wants to know. */
  timing: Timing | undefined;
  /** Times an emit under way came by after the end; they are no runs. */
  missed = 0;
  readonly listener: Listener;
  /** The type or pattern. */
  readonly name: string;
  #id: string | undefined;
  readonly #number: number;
  #ends: Disposable[] | undefined;

  constructor(name: string, listener: Listener, id: string | undefined, number: number) {
    this.name = name;
    this.listener = listener;
    this.#id = id;
    this.#number = number;
  }

  abstract readonly active: boolean;
  abstract readonly runs: number;

  /** Takes the listener out; called once. */
  protected abstract leave(): void;

  get station(): readonly string[] {
    return [this.name, this.id];
  }

  get id(): string {
    return this.#id ??= nameOf(this.listener) || `${this.name}#${this.#number}`;
  }

  /** Disposes something together with the subscription. */
  endsWith(disposable: Disposable): void {
    if (this.active) (this.#ends ??= []).push(disposable);
    else disposable[Symbol.dispose]();
  }

  unsubscribe(): void {
    if (!this.active) return;
    this.leave();
    const ends = this.#ends;
    this.#ends = undefined;
    if (ends !== undefined) { for (const disposable of ends) disposable[Symbol.dispose](); }
  }

  [Symbol.dispose](): void {
    this.unsubscribe();
  }
}

/**
 * One listener on one channel. It is the handle of its subscription and the context its listener
 * gets: one object that lives as long as the subscription, so that nothing is made per event.
 */
export class Cell extends Handle implements ListenerContext {
  readonly channel: Channel;
  /** What dispatch calls; after the end it counts a miss. */
  fn: Listener;
  /** The pattern this cell stands for in its channel, if it was not subscribed by itself. */
  readonly group: PatternGroup | undefined;
  readonly #table: ListenerTable;
  /** The hits of the channel when this cell came and when it went. */
  readonly #from: number;
  #until = STILL_HERE;

  constructor(
    table: ListenerTable,
    channel: Channel,
    listener: Listener,
    fn: Listener,
    id: string | undefined,
    number: number,
    group: PatternGroup | undefined,
  ) {
    super(channel.type, listener, id, number);
    this.#table = table;
    this.channel = channel;
    this.fn = fn;
    this.group = group;
    this.#from = channel.hits;
  }

  get active(): boolean {
    return this.#until === STILL_HERE;
  }

  get attempt(): number {
    return 1;
  }

  get signal(): AbortSignal {
    return this.#table.stopSignal();
  }

  get subscription(): Subscription {
    return this.group ?? this;
  }

  /** How often the listener was called. The channel counts once for all of its cells. */
  get runs(): number {
    return (this.active ? this.channel.hits : this.#until) - this.#from - this.missed;
  }

  protected leave(): void {
    this.#until = this.channel.hits;
    this.fn = countMissed;
    this.#table.remove(this);
  }
}

/** A listener on every type that matches a pattern: one cell in each channel. */
export class PatternGroup extends Handle {
  readonly fn: Listener;
  readonly matches: (type: string) => boolean;
  /** Its cells, in channels that are remembered. */
  readonly cells: Set<Cell> = new Set();
  readonly #table: ListenerTable;
  #active = true;
  /** Runs in channels that were forgotten. */
  #retired = 0;

  constructor(
    table: ListenerTable,
    pattern: string,
    matches: (type: string) => boolean,
    listener: Listener,
    fn: Listener,
    id: string | undefined,
    number: number,
  ) {
    super(pattern, listener, id, number);
    this.#table = table;
    this.matches = matches;
    this.fn = fn;
  }

  get active(): boolean {
    return this.#active;
  }

  get runs(): number {
    let runs = this.#retired - this.missed;
    for (const cell of this.cells) runs += cell.runs + cell.missed;
    return runs;
  }

  /** Keeps the figures of a cell whose channel is forgotten. */
  retire(cell: Cell): void {
    this.#retired += cell.runs + cell.missed;
    this.cells.delete(cell);
    // An emit under way may still come by, after the end of this pattern, too.
    cell.fn = (event, context) => (this.#active ? this.fn : countMissed)(event, context);
  }

  protected leave(): void {
    this.#active = false;
    this.#table.removeGroup(this);
    for (const cell of this.cells) cell.unsubscribe();
  }
}

/** Stands in for a listener that ended while an emit was under way. */
function countMissed(_event: Emitted, context: ListenerContext): void {
  const cell = context as Cell;
  (cell.group ?? cell).missed += 1;
}

/** Channels by type, without a prototype: a type may have any name. */
export class ChannelIndex {
  [type: string]: Channel | undefined;
}
// Types such as "constructor" would be found there.
Object.setPrototypeOf(ChannelIndex.prototype, null);
Reflect.deleteProperty(ChannelIndex.prototype, "constructor");

/** All listeners of an emitter. */
export class ListenerTable {
  /** Active subscriptions; one by pattern counts once. */
  active = 0;
  /** Aborts when the emitter gave up waiting for its listeners. */
  readonly stopSignal: () => AbortSignal;
  /** By type. A type that is missing may still match a pattern: {@linkcode find} knows. */
  readonly channels: Map<string, Channel> = new Map();
  /** The same as a dictionary, which engines look up faster than a map; empty once it is closed. */
  readonly index: ChannelIndex = new ChannelIndex();
  #indexed = true;
  #groups: readonly PatternGroup[] = [];
  #sweepAt = MAX_UNNAMED;
  /** Hits of channels that are forgotten. */
  #retired = 0;
  #number = 0;

  constructor(stopSignal: () => AbortSignal) {
    this.stopSignal = stopSignal;
  }

  /** Events that found listeners. */
  get hits(): number {
    let hits = this.#retired;
    for (const channel of this.channels.values()) hits += channel.hits;
    return hits;
  }

  /** Every active subscription, by type first. */
  *[Symbol.iterator](): Generator<Handle> {
    for (const { cells } of this.channels.values()) {
      for (const cell of cells) if (cell.group === undefined) yield cell;
    }
    yield* this.#groups;
  }

  /** The channel of a type, or undefined when nobody can be listening. */
  find(type: string): Channel | undefined {
    const channel = this.channels.get(type);
    if (channel !== undefined || this.#groups.length === 0) return channel;
    return typeof type === "string" ? this.#open(type) : undefined;
  }

  /** Empties the index for good: from now on every event is looked at. */
  closeIndex(): void {
    this.#indexed = false;
    for (const [type, channel] of this.channels) {
      delete this.index[type];
      channel.type = "";
    }
  }

  /** How many listeners an event of a type would reach. */
  count(type: string): number {
    return this.channels.get(type)?.cells.length ??
      this.#groups.filter((group) => group.matches(type)).length;
  }

  /** Adds a listener of one type behind those that are there; `fn` is what is called, `listener` names it. */
  add(type: string, listener: Listener, fn: Listener, id: string | undefined): Cell {
    const channel = this.channels.get(type) ?? this.#open(type);
    const cell = new Cell(this, channel, listener, fn, id, ++this.#number, undefined);
    channel.add(cell);
    this.active += 1;
    return cell;
  }

  /** Adds a listener of every type that matches, behind those that are there. */
  addPattern(
    pattern: string,
    matches: (type: string) => boolean,
    listener: Listener,
    fn: Listener,
    id: string | undefined,
  ): PatternGroup {
    const group = new PatternGroup(this, pattern, matches, listener, fn, id, ++this.#number);
    this.#groups = [...this.#groups, group];
    this.active += 1;
    for (const channel of this.channels.values()) this.#join(group, channel);
    return group;
  }

  /** Takes a cell out of its channel. */
  remove(cell: Cell): void {
    const { channel, group } = cell;
    channel.remove(cell);
    if (group === undefined) this.active -= 1;
  }

  /** Takes a pattern out; its cells go by themselves. */
  removeGroup(group: PatternGroup): void {
    this.#groups = this.#groups.filter((other) => other !== group);
    this.active -= 1;
  }

  /** Takes all out at once, and answers their handles, to be told so. */
  clear(): Handle[] {
    const handles = [...this];
    for (const channel of this.channels.values()) channel.clear();
    return handles;
  }

  #open(type: string): Channel {
    if (this.channels.size >= this.#sweepAt) this.#sweep();
    const channel = new Channel(type);
    this.channels.set(type, channel);
    if (this.#indexed) this.index[type] = channel;
    for (const group of this.#groups) this.#join(group, channel);
    return channel;
  }

  #join(group: PatternGroup, channel: Channel): void {
    if (!group.matches(channel.type)) return;
    const cell = new Cell(this, channel, group.listener, group.fn, group.id, 0, group);
    channel.add(cell);
    group.cells.add(cell);
  }

  /**
   * Forgets channels that nobody subscribed to by name: a program that emits ever new types, or
   * subscribes to ever new ones, must not grow. Rare enough to cost nothing per event.
   */
  #sweep(): void {
    for (const [type, channel] of this.channels) {
      if (channel.cells.some((cell) => cell.group === undefined)) continue;
      for (const cell of channel.cells) cell.group!.retire(cell);
      this.#retired += channel.hits;
      this.channels.delete(type);
      delete this.index[type];
      channel.type = "";
    }
    this.#sweepAt = this.channels.size * 2 + MAX_UNNAMED;
  }
}
