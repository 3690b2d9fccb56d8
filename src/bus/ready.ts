/**
 * A promise that somebody may ask for, or nobody.
 */

/** Made when it is asked for; settles once. */
export class Ready {
  readonly promise: Promise<void>;
  #resolve!: () => void;
  #reject!: (error: Error) => void;
  #isSettled = false;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  resolve(): void {
    this.#isSettled = true;
    this.#resolve();
  }

  /** False when it had settled before. */
  reject(error: Error): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#reject(error);
    return true;
  }
}
