/**
 * Live events for those who watch. It listens to parts only while somebody does, and for a while
 * after, so that a viewer who comes back misses nothing.
 */

import type { Emitted } from "../../event/event.ts";
import type { Listener, Subscription } from "../../event/listener.ts";
import { type Env, NOTHING } from "../../internal/env.ts";
import type { NamedPart } from "../../internal/parts.ts";
import { describeEvent, type Filter, type Frame } from "./frame.ts";

/** How many frames are kept for those who come back. */
const KEPT = 512;

/** Frames are written together: a hundred viewers then cost as much as a hundred writes, not more. */
const FLUSH_MS = 100;

/** How many writes a viewer may be behind; then it misses some frames, and is told how many. */
const MOST_UNREAD = 32;

/** Events beyond so many a second are counted, not shown: looking must not cost what working does. */
const MOST_PER_SECOND = 500;

const TICK_MS = 1000;

/** A silent stream says something so often: Bun cuts off after 10 s, proxies after a minute. */
const SILENT_TICKS = 5;

/** How long it listens on when the last viewer has gone. */
const LINGER_TICKS = 30;

/** The label of its subscriptions. */
export const FEED_ID = "nova-inspector";

/** A part that can be listened to; which of these it has depends on its kind. */
interface Source {
  on?(pattern: "**", listener: Listener, options: { readonly id: string }): Subscription;
  subscribe?(topic: string, listener: Listener, options: { readonly id: string }): Subscription;
  stats(): { readonly topics?: readonly { readonly name: string }[] };
}

interface Viewer {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  readonly filter: Filter | undefined;
  /** Frames it was too slow for. */
  missed: number;
  silent: number;
}

/** What somebody watches. */
export class Feed implements Disposable {
  readonly #sources: readonly NamedPart[];
  readonly #showData: boolean;
  readonly #env: Env;
  readonly #encoder = new TextEncoder();
  readonly #viewers = new Set<Viewer>();
  readonly #subscriptions = new Map<string, Subscription>();
  #kept: Frame[] = [];
  /** Those of them that no viewer has got yet. */
  #fresh: Frame[] = [];
  /** Tells the numbers of one time of listening from those of the next. */
  #name = "";
  #number = 0;
  #left = MOST_PER_SECOND;
  #skipped = 0;
  #idle = 0;
  #timer: Disposable = NOTHING;
  #flushing: Disposable = NOTHING;
  #ended = false;

  constructor(parts: readonly NamedPart[], showData: boolean, env: Env) {
    this.#sources = parts.filter(({ kind }) => kind === "emitter" || kind === "bus");
    this.#showData = showData;
    this.#env = env;
  }

  /** Whether every stream was ended. */
  get ended(): boolean {
    return this.#ended;
  }

  /** How many watch. */
  get viewers(): number {
    return this.#viewers.size;
  }

  /**
   * A stream that begins behind the event of that id, or with the next one. It ends when its reader
   * cancels it.
   */
  watch(filter: Filter | undefined, lastId: string | null): ReadableStream<Uint8Array> {
    this.#start();
    let viewer: Viewer;
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        viewer = { controller, filter, missed: 0, silent: 0 };
        this.#write(viewer, "retry: 2000\n\n");
        if (lastId !== null) this.#catchUp(viewer, lastId);
        this.#viewers.add(viewer);
      },
      cancel: () => void this.#viewers.delete(viewer),
    }, { highWaterMark: MOST_UNREAD });
  }

  /** Ends every stream, and listens no more: who comes back must not keep a server open. */
  [Symbol.dispose](): void {
    this.#ended = true;
    this.#flush();
    for (const { controller } of this.#viewers) controller.close();
    this.#viewers.clear();
    this.#stop();
  }

  #start(): void {
    this.#idle = 0;
    if (this.#name !== "") return;
    this.#name = this.#env.id();
    this.#listen();
    this.#wait();
  }

  #stop(): void {
    this.#timer[Symbol.dispose]();
    this.#flushing[Symbol.dispose]();
    for (const subscription of this.#subscriptions.values()) subscription.unsubscribe();
    this.#subscriptions.clear();
    this.#kept = [];
    this.#fresh = [];
    this.#name = "";
    this.#number = 0;
    this.#skipped = 0;
  }

  #wait(): void {
    this.#timer = this.#env.setTimer(() => this.#tick(), TICK_MS, { ref: false });
  }

  #tick(): void {
    this.#idle = this.#viewers.size > 0 ? 0 : this.#idle + 1;
    if (this.#idle >= LINGER_TICKS) return this.#stop();
    this.#listen();
    for (const viewer of this.#viewers) {
      viewer.missed += this.#skipped;
      viewer.silent += 1;
      this.#tellMissed(viewer);
      if (viewer.silent >= SILENT_TICKS) this.#write(viewer, ": still here\n\n");
    }
    this.#skipped = 0;
    this.#left = MOST_PER_SECOND;
    this.#wait();
  }

  /** Subscribes to what it does not listen to yet; topics may have come since. */
  #listen(): void {
    for (const { kind, name, part } of this.#sources) {
      const source = part as Source;
      try {
        if (kind === "emitter") {
          this.#subscribe(
            `emitter/${name}`,
            (listener) => source.on?.("**", listener, { id: FEED_ID }),
          );
        } else {
          for (const topic of source.stats().topics ?? []) {
            this.#subscribe(
              `bus/${name}/${topic.name}`,
              (listener) => source.subscribe?.(topic.name, listener, { id: FEED_ID }),
            );
          }
        }
      } catch {
        // A part that is closed has nothing to show.
      }
    }
  }

  #subscribe(
    component: string,
    subscribe: (listener: Listener) => Subscription | undefined,
  ): void {
    if (this.#subscriptions.has(component)) return;
    const subscription = subscribe((event) => this.#see(component, event));
    if (subscription !== undefined) this.#subscriptions.set(component, subscription);
  }

  /** An event came by. It never throws: to its source that would be a failed listener. */
  #see(component: string, event: Emitted): void {
    if (this.#left <= 0) {
      this.#skipped += 1;
      return;
    }
    this.#left -= 1;
    const number = this.#number += 1;
    const text = describeEvent(component, event, this.#showData);
    const frame = {
      number,
      component,
      type: event.type,
      text: `id: ${this.#name}.${number}\ndata: ${text}\n\n`,
    };
    if (this.#kept.length >= KEPT * 2) this.#kept = this.#kept.slice(-KEPT);
    this.#kept.push(frame);
    this.#fresh.push(frame);
    if (this.#fresh.length > 1) return;
    this.#flushing = this.#env.setTimer(() => this.#flush(), FLUSH_MS, { ref: false });
  }

  #flush(): void {
    const frames = this.#fresh;
    this.#fresh = [];
    // Made once for all who want everything.
    let whole: Uint8Array | undefined;
    for (const viewer of this.#viewers) {
      if (viewer.filter !== undefined) this.#show(viewer, frames.filter(viewer.filter));
      else this.#show(viewer, frames, whole ??= this.#bytesOf(frames));
    }
  }

  #show(viewer: Viewer, frames: readonly Frame[], bytes?: Uint8Array): void {
    if (frames.length === 0) return;
    if (viewer.controller.desiredSize! <= 0) {
      viewer.missed += frames.length;
      return;
    }
    this.#tellMissed(viewer);
    viewer.silent = 0;
    viewer.controller.enqueue(bytes ?? this.#bytesOf(frames));
  }

  #bytesOf(frames: readonly Frame[]): Uint8Array {
    return this.#encoder.encode(frames.map(({ text }) => text).join(""));
  }

  /** Shows what is kept of what came behind an event, and says if that is not all. */
  #catchUp(viewer: Viewer, lastId: string): void {
    const [, name, digits] = /^([^.]+)\.(\d{1,15})$/.exec(lastId) ?? [];
    const last = name === this.#name ? Number(digits) : NaN;
    const first = this.#kept[0]?.number ?? this.#number + 1;
    // Of another time of listening: nobody knows how many came since.
    if (Number.isNaN(last)) this.#write(viewer, gap(null));
    else if (last + 1 < first) this.#write(viewer, gap(first - last - 1));
    // What is fresh comes with the next write.
    const end = this.#fresh[0]?.number ?? Infinity;
    this.#show(
      viewer,
      this.#kept.filter((frame) =>
        frame.number > last && frame.number < end && viewer.filter?.(frame) !== false
      ),
    );
  }

  #tellMissed(viewer: Viewer): void {
    if (viewer.missed === 0 || viewer.controller.desiredSize! <= 0) return;
    const { missed } = viewer;
    viewer.missed = 0;
    this.#write(viewer, gap(missed));
  }

  #write(viewer: Viewer, text: string): void {
    viewer.silent = 0;
    if (viewer.controller.desiredSize! > 0) viewer.controller.enqueue(this.#encoder.encode(text));
  }
}

/** Says that events are missing here; null when nobody knows how many. */
function gap(missed: number | null): string {
  return `event: gap\ndata: {"missed":${missed}}\n\n`;
}
