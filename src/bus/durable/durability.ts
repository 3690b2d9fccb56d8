/**
 * What a bus with a store has beside its topics: their logs, and the dead letters on disk.
 */

import type { NovaEvent, Recorded } from "../../event/event.ts";
import { brand } from "../../event/brand.ts";
import { integerOption, show } from "../../internal/check.ts";
import type { CloseResult } from "../../internal/closing.ts";
import type { Env } from "../../internal/env.ts";
import type { Placed } from "../../store/driver.ts";
import type { Engine } from "../../store/engine.ts";
import { engineOf, Store } from "../../store/store.ts";
import type { BusOptions } from "../api.ts";
import { type LogOptions, TopicLog } from "./topic_log.ts";

/** What all logs of a bus have in common. */
export type DurabilityOptions = Pick<LogOptions, "store" | "leaseMs" | "env" | "progressed">;

/** The store of a bus, and the logs in it. */
export class Durability {
  readonly engine: Engine<never>;
  readonly store: Store;
  readonly #options: DurabilityOptions;
  readonly #logs: Set<TopicLog> = new Set();

  constructor(options: DurabilityOptions) {
    this.#options = options;
    this.store = options.store;
    this.engine = engineOf(options.store);
  }

  /** The log of a topic. */
  log(
    options: Pick<LogOptions, "topic" | "partitions" | "bufferSize" | "hashOf" | "opened">,
  ): TopicLog {
    const log = new TopicLog({ ...this.#options, ...options, engine: this.engine });
    this.#logs.add(log);
    return log;
  }

  /** Ends the logs when the bus has ended; resolves when the last checkpoints are written. */
  async endAfter(closed: Promise<CloseResult>): Promise<CloseResult> {
    const result = await closed;
    await Promise.all(Array.from(this.#logs, (log) => log.end()));
    return result;
  }
}

/** The durability that options ask for. */
export function durabilityOf(
  { store, leaseMs }: BusOptions,
  env: Env,
  progressed: () => void,
): Durability | undefined {
  const lease = integerOption("leaseMs", leaseMs, 5000);
  if (store === undefined) return undefined;
  if (!(store instanceof Store)) {
    throw new TypeError(`Cannot use ${show(store)} as "store": it must be a Store`);
  }
  return new Durability({ store, leaseMs: lease, env, progressed });
}

/** An event that was appended, with the place it got. */
export function recordOf(stream: string, event: NovaEvent, placed: Placed): Recorded {
  const { version, position, recordedAt } = placed;
  const record = { ...event, stream, version, position, recordedAt };
  brand(record);
  return record;
}
