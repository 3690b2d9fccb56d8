// Long loops pause here now and then: to draw a progress bar on a terminal, and to hear Ctrl-C.

const WIDTH = 30;
const PAUSE_EVERY_MS = 100;
const CLEAR_LINE = "\r\u001b[K";

/** Where the bar is drawn; where there is no terminal, nothing is. */
export interface Terminal {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

/** One line that is drawn again and again. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #signal: AbortSignal;
  readonly #now: () => number;
  #label = "";
  #startedAt = 0;
  #pausedAt = -Infinity;
  #drawn = false;

  /** `signal` ends the loops that report here. */
  constructor(
    terminal: Terminal,
    signal: AbortSignal,
    now: () => number = () => performance.now(),
  ) {
    this.#terminal = terminal;
    this.#signal = signal;
    this.#now = now;
  }

  /** Says how far a loop is. Rejects when the signal has aborted. */
  async report(label: string, done: number, total: number): Promise<void> {
    const now = this.#now();
    if (label !== this.#label) {
      this.#label = label;
      this.#startedAt = now;
    } else if (now - this.#pausedAt < PAUSE_EVERY_MS) return;
    this.#pausedAt = now;
    if (this.#terminal.isTTY === true) {
      const seconds = (now - this.#startedAt) / 1000;
      this.#terminal.write(CLEAR_LINE + bar(label, done, total, seconds));
      this.#drawn = true;
    }
    // A timer, as signals reach a busy process only when it waits for something.
    await new Promise((resolve) => setTimeout(resolve, 1));
    this.#signal.throwIfAborted();
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.#drawn) this.#terminal.write(CLEAR_LINE);
    this.#drawn = false;
  }
}

/** The text of the bar. */
export function bar(label: string, done: number, total: number, seconds: number): string {
  const share = total > 0 ? Math.min(done / total, 1) : 1;
  const filled = Math.round(share * WIDTH);
  const percent = String(Math.floor(share * 100)).padStart(3);
  const rate = seconds > 0 ? `${Math.round(done / seconds / 1000).toLocaleString("en-US")}k/s` : "";
  const blocks = "█".repeat(filled) + "·".repeat(WIDTH - filled);
  return `${label.padEnd(7)} [${blocks}] ${percent} % ${rate}`.trimEnd();
}
