/**
 * Threads that are profiled together with the one that asks. They speak over a broadcast channel, as
 * nobody else knows all threads of a process.
 */

import type { EngineCpuProfile, ThreadCpuProfile } from "../../profile/port.ts";
import { ThreadProfiler } from "./thread_profiler.ts";

const CHANNEL = "@nova/events profiler";

/** A thread in the middle of a task answers when it is through; it is not waited for any longer. */
const PATIENCE_MS = 1_000;

type Order =
  | { readonly order: "start"; readonly run: string; readonly intervalUs: number }
  | { readonly order: "stop"; readonly run: string };

type Answer =
  | { readonly answer: "here" }
  | { readonly answer: "started"; readonly run: string; readonly thread: string }
  | {
    readonly answer: "stopped";
    readonly run: string;
    readonly thread: string;
    readonly profile?: EngineCpuProfile;
  };

/** What some runtimes let a channel do: not keep the program alive. */
function unref(channel: BroadcastChannel): void {
  (channel as { unref?: () => void }).unref?.();
}

/** The threads of one profile. */
export class ThreadGroup {
  readonly #run: string = crypto.randomUUID();
  readonly #intervalUs: number;
  readonly #channel = new BroadcastChannel(CHANNEL);
  readonly #started = new Set<string>();
  readonly #profiles: ThreadCpuProfile[] = [];
  #complete: (() => void) | undefined;

  /** Tells them to start. */
  constructor(intervalUs: number) {
    this.#intervalUs = intervalUs;
    this.#channel.onmessage = ({ data }: MessageEvent<Answer>) => this.#hear(data);
    unref(this.#channel);
    this.#start();
  }

  /** Tells them to stop, and answers what they have sent in time. */
  async stop(): Promise<readonly ThreadCpuProfile[]> {
    this.#send({ order: "stop", run: this.#run });
    if (this.#started.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, PATIENCE_MS);
        this.#complete = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#channel.close();
    // On Deno a channel that opens in the turn in which the last one closed is dead: the next profile.
    await new Promise<void>((resolve) => setTimeout(resolve));
    return this.#profiles;
  }

  /** Those that have started already do not mind. */
  #start(): void {
    this.#send({ order: "start", run: this.#run, intervalUs: this.#intervalUs });
  }

  #hear(answer: Answer): void {
    if (answer.answer === "here") {
      if (this.#complete === undefined) this.#start();
      return;
    }
    if (answer.run !== this.#run) return;
    const { thread } = answer;
    if (answer.answer === "started") this.#started.add(thread);
    else if (answer.answer === "stopped") {
      this.#started.delete(thread);
      if (answer.profile !== undefined) this.#profiles.push({ thread, profile: answer.profile });
      if (this.#started.size === 0) this.#complete?.();
    }
  }

  #send(order: Order): void {
    this.#channel.postMessage(order);
  }
}

let count = 0;

/**
 * Lets a thread take part in the CPU profiles of its process. To be called once, in the file of the
 * worker:
 *
 * ```ts no-run belongs into the file of a worker
 * import { expose } from "@nova/events/pool";
 * import { profileThread } from "@nova/events/profiler";
 *
 * profileThread();
 * expose({ square: (n: number) => n * n });
 * ```
 *
 * Its samples carry the label `thread`. A thread that computes answers when its task is over; a
 * profile does not wait longer than a second for it.
 *
 * @param name The label, unique among the threads.
 * @returns Ends it when it is disposed of.
 */
export function profileThread(name = `thread-${crypto.randomUUID().slice(0, 8)}`): Disposable {
  const thread = count++ === 0 ? name : `${name}#${count}`;
  const channel = new BroadcastChannel(CHANNEL);
  const own = new ThreadProfiler();
  let running: string | undefined;
  const send = (answer: Answer): void => channel.postMessage(answer);

  const obey = async (order: Order): Promise<void> => {
    if (order.order === "start" && running === undefined) {
      running = order.run;
      send({ answer: "started", run: order.run, thread });
      await own.start(order.intervalUs);
    } else if (order.order === "stop" && running === order.run) {
      running = undefined;
      const profile = await own.stop();
      send({ answer: "stopped", run: order.run, thread, profile });
    }
  };
  // One order after the other; one that fails concerns nobody but whoever waits for the answer.
  let last: Promise<void> = Promise.resolve();
  channel.onmessage = ({ data }: MessageEvent<Order>) => {
    last = last.then(() => obey(data)).catch(() => {
      running = undefined;
      send({ answer: "stopped", run: data.run, thread });
    });
  };
  unref(channel);
  // A profile may have begun before the thread did.
  send({ answer: "here" });
  return { [Symbol.dispose]: () => channel.close() };
}
