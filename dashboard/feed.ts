/// <reference lib="dom" />
/**
 * The stream of views, and the truth about it: when nothing comes, it says so.
 */

import type { View } from "../src/http/dashboard/view.ts";

/** After so long without a view the connection counts as lost, in milliseconds. */
const SILENT_MS = 4000;

/** Who is told. */
export interface Watcher {
  /** A view came. */
  view(view: View): void;
  /** The state of the connection, each second. */
  state(live: boolean, text: string): void;
}

/** Follows the stream, for as long as the page is open. */
export class Feed {
  readonly #watcher: Watcher;
  #source: EventSource | undefined;
  #last = 0;
  #tried = 0;

  constructor(watcher: Watcher) {
    this.#watcher = watcher;
    this.#connect();
    setInterval(() => this.#check(), 1000);
  }

  #connect(): void {
    this.#source?.close();
    this.#tried = Date.now();
    this.#source = new EventSource("events");
    this.#source.onmessage = ({ data }) => {
      this.#last = Date.now();
      this.#watcher.view(JSON.parse(data));
      this.#check();
    };
  }

  #check(): void {
    const now = Date.now();
    const silent = now - this.#last;
    if (silent < SILENT_MS) return this.#watcher.state(true, "live");
    // The browser comes back by itself, except where it was refused, or nothing ever closes.
    if (now - this.#tried > SILENT_MS) this.#connect();
    this.#watcher.state(
      false,
      this.#last === 0
        ? "not connected: trying again"
        : `connection lost, figures are ${Math.round(silent / 1000)} s old: trying again`,
    );
  }
}
