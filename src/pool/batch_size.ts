/**
 * How much work goes to a thread at once.
 */

/** The work in one message: enough to make the hand-over cheap, little enough to share out. */
const MESSAGE_MS = 2;
/** Tasks in one message; more of them cost as much each. */
const MOST_TASKS = 128;
/** From here on a hand-over costs next to nothing, and a task that waits in a thread waits long. */
const LONG_MS = 5;
/** How much the latest answer counts. */
const WEIGHT = 0.25;

/** Learns what a task takes. Until the first answer it sends one at a time. */
export class BatchSize {
  #msPerTask = LONG_MS;
  #known = false;

  /** How many tasks may go in one message. */
  get tasks(): number {
    if (this.#msPerTask * MOST_TASKS <= MESSAGE_MS) return MOST_TASKS;
    return Math.max(1, Math.floor(MESSAGE_MS / this.#msPerTask));
  }

  /** How many messages may be under way: a second one keeps the thread from waiting for the first. */
  get messages(): number {
    return this.#msPerTask >= LONG_MS ? 1 : 2;
  }

  /** Some tasks were answered and took so long each. */
  learn(msPerTask: number): void {
    if (this.#known) this.#msPerTask += (msPerTask - this.#msPerTask) * WEIGHT;
    else this.#msPerTask = msPerTask;
    this.#known = true;
  }
}
