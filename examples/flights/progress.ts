// A progress bar on a terminal, and silence where there is none.

const WIDTH = 30;
const REDRAW_MS = 100;
const TO_LINE_START = "\r";
const CLEAR_LINE = "\r\u001b[K";

/** Where the bar is drawn. */
export interface Terminal {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

/** One line that is drawn again and again. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  #drawnAt = -Infinity;
  #startedAt = 0;

  constructor(terminal: Terminal, now: () => number = () => performance.now()) {
    this.#terminal = terminal;
    this.#now = now;
    this.#startedAt = now();
  }

  /** Draws the bar, at most ten times a second. */
  update(label: string, done: number, total: number): void {
    if (this.#terminal.isTTY !== true) return;
    const now = this.#now();
    if (done === 0) this.#startedAt = now;
    if (now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    const seconds = (now - this.#startedAt) / 1000;
    this.#terminal.write(CLEAR_LINE + bar(label, done, total, seconds) + TO_LINE_START);
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.#terminal.isTTY === true) this.#terminal.write(CLEAR_LINE);
    this.#drawnAt = -Infinity;
  }
}

/** The text of the bar. */
export function bar(label: string, done: number, total: number, seconds: number): string {
  const share = total > 0 ? Math.min(done / total, 1) : 1;
  const filled = Math.round(share * WIDTH);
  const percent = String(Math.floor(share * 100)).padStart(3);
  const rate = seconds > 0 ? `${Math.round(done / seconds / 1000).toLocaleString("en-US")}k/s` : "";
  return `${label} [${"█".repeat(filled)}${"·".repeat(WIDTH - filled)}] ${percent} % ${rate}`;
}
