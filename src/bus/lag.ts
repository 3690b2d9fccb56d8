/**
 * A cursor that is behind: it catches up without holding anybody back, or is overtaken.
 */

import { CursorExpiredError } from "../errors/store.ts";
import { createEvent } from "../event/make.ts";
import type { Aside } from "./aside.ts";
import type { Cursor } from "./cursor.ts";
import { GAP, type Gap } from "./gap.ts";
import type { CursorOwner } from "./job.ts";

/** How one cursor stands to the end of its partition. */
export class Lag {
  /** Whether the cursor holds publishers back rather than being overtaken by them. */
  gates: boolean;
  readonly #cursor: Cursor;
  readonly #aside: Aside;
  readonly #owner: CursorOwner;
  /** Where the cursor has caught up; undefined once it has. */
  #until: number | undefined;

  constructor(cursor: Cursor, aside: Aside, owner: CursorOwner) {
    const { partition, place } = cursor;
    this.#cursor = cursor;
    this.#aside = aside;
    this.#owner = owner;
    // Without retention nobody has promised to keep the events: the cursor holds them itself.
    if (partition.retains && place < partition.tail) this.#until = partition.tail;
    this.gates = this.#until === undefined && owner.onLag === "backpressure";
  }

  get isCatchingUp(): boolean {
    return this.#until !== undefined;
  }

  /** What has yet to be caught up with may have grown too old. */
  checkAge(): void {
    if (this.#until === undefined || this.#cursor.hasEnded) return;
    const { oldest } = this.#cursor.partition;
    if (this.#cursor.place < oldest) this.overtaken(oldest);
  }

  /** It is over when all is read that was there before, and what is left fits the buffer. */
  catchUp(): void {
    const { partition, place, hasEnded } = this.#cursor;
    if (this.#until === undefined || place < this.#until || hasEnded) return;
    if (partition.tail - place > partition.bufferSize) return;
    this.#until = undefined;
    this.gates = this.#owner.onLag === "backpressure";
    partition.gated(this.#cursor);
    this.#owner.caughtUp();
  }

  /** Events before `to` are gone, and the cursor has not read them all. */
  overtaken(to: number): void {
    const cursor = this.#cursor;
    const { partition } = cursor;
    const { onLag, onGap } = this.#owner;
    const missed = to - cursor.place;
    if (partition.keepsLetters) {
      // They were redriven.
      cursor.extra -= missed;
      cursor.place = to;
    } else if (onLag === "close" || (onLag === "backpressure" && onGap === "error")) {
      const next = partition.nextNumber(to);
      this.#owner.fail(new CursorExpiredError(next - 1, next));
    } else {
      cursor.counts.dropped += missed;
      cursor.place = to;
      if (this.isCatchingUp && onGap === "marker") this.showGap(missed);
    }
  }

  /** The next event that the cursor hands out tells of a gap. */
  showGap(missed: number | undefined): void {
    const { partition, place } = this.#cursor;
    const gap: Gap = { partition: partition.index, next: partition.nextNumber(place), missed };
    this.#cursor.extra += 1;
    this.#aside.pushGap(createEvent(GAP, gap, { env: this.#owner.env }));
    partition.wake();
  }
}
