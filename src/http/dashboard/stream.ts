/**
 * Server-sent events for all who watch: each view is made and written once, whoever many they are.
 */

import type { Env } from "../../internal/env.ts";
import type { Report } from "../route.ts";

/** Proxies and runtimes cut off who is silent. Not shorter than a second: that is the clock of the page. */
const EVERY_MS = 1000;

/** A viewer that reads slower than this many views falls out, and comes back by itself. */
const MOST_UNREAD = 8;

type Viewer = ReadableStreamDefaultController<Uint8Array>;

/** Sends what `make` answers to every viewer, once a second, while there are any. */
export class Broadcast {
  readonly #env: Env;
  readonly #report: Report;
  readonly #make: () => string;
  readonly #encoder = new TextEncoder();
  readonly #viewers = new Set<Viewer>();
  #timer: Disposable | undefined;
  /** The last view; whoever comes before the next one gets it, too. */
  #last: string | undefined;
  #ended = false;

  constructor(env: Env, report: Report, make: () => string) {
    this.#env = env;
    this.#report = report;
    this.#make = make;
  }

  /** How many watch. */
  get viewers(): number {
    return this.#viewers.size;
  }

  /** Whether every stream was ended. */
  get ended(): boolean {
    return this.#ended;
  }

  /** A stream that begins with the last view. It ends when its reader cancels it. */
  watch(): ReadableStream<Uint8Array> {
    let viewer: Viewer;
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        viewer = controller;
        this.#last ??= this.#message();
        viewer.enqueue(this.#encoder.encode(`retry: 2000\n\n${this.#last}`));
        this.#viewers.add(viewer);
        this.#wait();
      },
      cancel: () => this.#forget(viewer),
    }, { highWaterMark: MOST_UNREAD });
  }

  /** Ends every stream, for good. */
  end(): void {
    this.#ended = true;
    for (const viewer of this.#viewers) this.#drop(viewer);
  }

  #wait(): void {
    this.#timer ??= this.#env.setTimer(() => this.#send(), EVERY_MS, { ref: false });
  }

  #send(): void {
    this.#timer = undefined;
    this.#last = this.#message();
    const bytes = this.#encoder.encode(this.#last);
    for (const viewer of this.#viewers) {
      if (viewer.desiredSize! > 0) viewer.enqueue(bytes);
      else this.#drop(viewer);
    }
    if (this.#viewers.size > 0) this.#wait();
  }

  #message(): string {
    try {
      // JSON has no line breaks outside of strings, and escapes those within.
      return `data: ${this.#make()}\n\n`;
    } catch (error) {
      this.#report(error);
      return ": no figures\n\n";
    }
  }

  #drop(viewer: Viewer): void {
    this.#forget(viewer);
    viewer.close();
  }

  #forget(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    if (this.#viewers.size > 0) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#last = undefined;
  }
}
