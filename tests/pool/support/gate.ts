/** A promise that the test resolves. */
export class Gate {
  readonly promise: Promise<void>;
  open!: () => void;

  constructor() {
    this.promise = new Promise((resolve) => (this.open = resolve));
  }
}
