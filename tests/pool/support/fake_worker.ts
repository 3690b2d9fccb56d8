/** A worker whose other side is played by the test. */

import type { WorkerLike } from "@nova/events/pool";

/** What a pool has sent in one `run` message: names of tasks and inputs. */
export type Sent = readonly (readonly [name: string, input: unknown])[];

/** Records what the pool says, and says what the test wants. */
export class FakeWorker implements WorkerLike {
  /** Every message, in order. */
  readonly messages: (readonly unknown[])[] = [];
  terminated = false;
  /** Where the pool looks which task runs. */
  marker: Int32Array | undefined;
  readonly #listeners = new Map<string, Set<(event: Event) => void>>();
  readonly #sharesMemory: boolean;
  #names: readonly string[] = [];
  #answered = 0;

  constructor(options: { readonly sharesMemory?: boolean } = {}) {
    this.#sharesMemory = options.sharesMemory ?? true;
  }

  postMessage(message: unknown): void {
    const items = message as readonly unknown[];
    if (items[0] === "start" && items[1] !== undefined) {
      if (!this.#sharesMemory) throw new DOMException("no sharing here", "DataCloneError");
      this.marker = items[1] as Int32Array;
    }
    this.messages.push(items);
  }

  terminate(): void {
    this.terminated = true;
  }

  addEventListener(type: string, listener: (event: Event) => void): void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
  }

  removeEventListener(type: string, listener: (event: Event) => void): void {
    this.#listeners.get(type)?.delete(listener);
  }

  /** How many listeners are attached. */
  get listeners(): number {
    return [...this.#listeners.values()].reduce((sum, each) => sum + each.size, 0);
  }

  /** The run messages. */
  get runs(): Sent[] {
    return this.messages.filter(([kind]) => kind === "run").map((message) => {
      const sent: [string, unknown][] = [];
      for (let i = 2; i < message.length; i += 2) {
        sent.push([this.#names[message[i] as number] ?? "?", message[i + 1]]);
      }
      return sent;
    });
  }

  /** The numbers of the tasks it was told to cancel. */
  get cancels(): unknown[] {
    return this.messages.filter(([kind]) => kind === "cancel").map(([, number]) => number);
  }

  /** How many tasks it has that it has not answered. */
  get unanswered(): number {
    return this.runs.flat().length - this.#answered;
  }

  ready(...names: string[]): void {
    this.#names = names;
    this.say(["ready", names]);
  }

  /** Writes down that it runs a task, by its number from 1. */
  begins(number: number): void {
    if (this.marker !== undefined) Atomics.store(this.marker, 0, number);
  }

  /** Answers the oldest tasks. */
  answer(values: readonly unknown[], msPerTask = 0): void {
    if (values.length === 0) return;
    this.begins(this.#answered + values.length);
    this.say(["done", this.#answered, msPerTask * values.length, [], ...values]);
    this.#answered += values.length;
  }

  /** Sends any message. */
  say(data: unknown): void {
    this.fire("message", { data });
  }

  /** Fires an event, and answers whether its default was prevented. */
  fire(type: string, fields: object = {}): boolean {
    const event = Object.assign(new Event(type, { cancelable: true }), fields);
    for (const listener of [...this.#listeners.get(type) ?? []]) listener(event);
    return event.defaultPrevented;
  }
}
