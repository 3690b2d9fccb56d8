/**
 * One event in the hands of a consumer, on a lease.
 */

import { TerminalError } from "../errors.ts";
import { StaleAckError } from "../errors/bus.ts";
import type { NovaEvent } from "../event/event.ts";
import { durationOption, requireOptions, stringOption } from "../internal/check.ts";
import type { TimeLimit } from "../queue/time_limits.ts";
import { type Job, RELEASED } from "./job.ts";
import type { Delivery, NackOptions } from "./subscription_api.ts";

/** The delivery behind the handle. */
export class LeasedDelivery implements Delivery {
  readonly event: NovaEvent;
  readonly attempt: number;
  /** Settles as the consumer says. */
  readonly outcome: Promise<void>;
  readonly #consumer: string;
  readonly #limit: TimeLimit<Job> | undefined;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  #job: Job | undefined;
  #isOver = false;

  constructor(
    consumer: string,
    limit: TimeLimit<Job> | undefined,
    event: NovaEvent,
    attempt: number,
  ) {
    this.event = event;
    this.attempt = attempt;
    this.#consumer = consumer;
    this.#limit = limit;
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** The job that stands for it on the side of the bus. */
  set job(job: Job) {
    this.#job = job;
  }

  /** It is handed out: its lease begins. */
  begin(): void {
    this.#limit?.add(this.#job!);
  }

  // Verbs are functions of their own, as they are often taken out of the delivery.

  readonly ack = async (): Promise<void> => {
    let committed: Promise<void> | undefined;
    await this.#end("ack", (job) => {
      committed = new Promise((resolve, reject) => {
        job.acknowledged = (error, failed) => failed ? reject(error) : resolve();
      });
      // It may fail before anybody waits for it.
      committed.catch(() => {});
      this.#resolve();
    });
    await committed;
  };

  readonly nack = (options: NackOptions = {}): Promise<void> =>
    this.#end("nack", (job) => {
      requireOptions("a nack", options);
      if (options.delayMs !== undefined) {
        job.retryInMs = durationOption("delayMs", options.delayMs, 0, false);
      }
      const error = "error" in options ? options.error : new Error("The consumer said nack");
      this.#reject(error);
    });

  readonly release = (): Promise<void> => this.#end("release", () => this.#reject(RELEASED));

  readonly progress = (): Promise<void> =>
    this.#act("progress", (job) => {
      // A closed bus counts no leases.
      if (job.order >= 0) this.begin();
    });

  readonly term = (reason?: string): Promise<void> =>
    this.#end("term", () => {
      const message = stringOption("reason", reason, "The consumer said term");
      this.#reject(new TerminalError(message));
    });

  /** Does what a verb means, and resolves when the bus has taken note of it. */
  #end(verb: string, settle: (job: Job) => void): Promise<void> {
    return this.#act(verb, (job) => {
      settle(job);
      this.#isOver = true;
      this.#limit?.delete(job);
      // The bus has listened to the outcome since before anybody else.
      return this.outcome.then(() => {}, () => {});
    });
  }

  async #act(verb: string, act: (job: Job) => Promise<void> | void): Promise<void> {
    const job = this.#job!;
    if (this.#isOver || job.fenced) {
      throw new StaleAckError(verb, this.event.id, this.#consumer);
    }
    await act(job);
  }
}
