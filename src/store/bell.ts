/** Wakes those who wait for the log to grow. A ring is a hint: the log itself is the truth. */
export class Bell {
  #wake: (() => void) | undefined;
  #rung: Promise<void> | undefined;

  /** Resolves at the next ring. */
  next(): Promise<void> {
    return this.#rung ??= new Promise((resolve) => (this.#wake = resolve));
  }

  /** Wakes everyone who waits; costs nothing when nobody does. */
  ring(): void {
    if (this.#wake === undefined) return;
    this.#wake();
    this.#wake = this.#rung = undefined;
  }
}
