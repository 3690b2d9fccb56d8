/**
 * What advice is made from: the `stats()` of the parts, or any objects that look like them. Figures
 * that not every version of a part tells are optional; the rules that need them stay silent without.
 */

/** Figures of an emitter. */
export interface EmitterFigures {
  /** Events that came. */
  readonly emitted: number;
  /** Events that were handled. */
  readonly succeeded: number;
  /** Events that failed for good. */
  readonly failed: number;
  /** Events that wait. */
  readonly queued: number;
  /** How many may wait. */
  readonly bufferSize: number;
  /** Events in a handler. */
  readonly inFlight: number;
  /** How many may be. */
  readonly maxConcurrency: number;
  /** Events that were dropped. */
  readonly dropped: number;
  /** Events that nobody listened to. */
  readonly unheard: number;
  /** Producers that wait for room. */
  readonly waiting: number;
}

/** Figures of a bus. */
export interface BusFigures {
  /** Its topics. */
  readonly topics: readonly TopicFigures[];
}

/** Figures of a topic. */
export interface TopicFigures {
  /** Its name. */
  readonly name: string;
  /** Events that entered. */
  readonly accepted: number;
  /** Events that were refused. */
  readonly rejected: number;
  /** Events that were dropped. */
  readonly dropped: number;
  /** Producers that wait for room. */
  readonly waiting: number;
  /** Events that wait. */
  readonly queued: number;
  /** How many may wait. */
  readonly bufferSize: number;
  /** Whether events have keys. */
  readonly keyed: boolean;
  /** Its memory of ids, if it has one. */
  readonly dedupe?: { readonly remembered: number; readonly maxIds: number };
  /** Its partitions, in order. */
  readonly partitions: readonly PartitionFigures[];
  /** Its subscriptions. */
  readonly subscriptions: readonly SubscriptionFigures[];
}

/** Figures of a partition. */
export interface PartitionFigures {
  /** Events that entered. */
  readonly accepted: number;
  /** Events that wait. */
  readonly queued: number;
  /** The most that one of its subscriptions is not done with. */
  readonly lag?: number;
  /** How old the oldest event is that waits, in milliseconds. */
  readonly oldestAgeMs?: number;
}

/** Figures of a subscription. */
export interface SubscriptionFigures {
  /** Its label. */
  readonly id: string;
  /** Events it was given. */
  readonly offered: number;
  /** Events that were handled. */
  readonly succeeded: number;
  /** Events that became dead letters. */
  readonly deadLettered: number;
  /** Events that wait. */
  readonly queued: number;
  /** Events set aside: for another attempt, or behind their key. */
  readonly held: number;
  /** Events in a handler. */
  readonly inFlight: number;
  /** How many handlers may run at once. */
  readonly slots: number;
  /** Attempts beyond the first. */
  readonly retries: number;
  /** Events that failed, where nothing is tried again. */
  readonly failed?: number;
  /** Events it missed. */
  readonly dropped?: number;
  /** Keys and events that stand still until somebody acts. */
  readonly stops?: number;
  /** Events it is not done with. */
  readonly lag?: number;
  /** How old the oldest event is that waits, in milliseconds. */
  readonly oldestAgeMs?: number;
  /** Attempts that took too long. */
  readonly timedOut?: number;
  /** Handlers that were given up and still run. */
  readonly zombies?: number;
}

/** Figures of a listener manager. */
export interface ManagerFigures {
  /** Each listener, by name. */
  readonly listeners: Readonly<Record<string, ListenerFigures>>;
}

/** Figures of a supervised listener. */
export interface ListenerFigures {
  /** Events it was given. */
  readonly offered: number;
  /** Events that were handled. */
  readonly succeeded: number;
  /** Events that failed for good. */
  readonly failed: number;
  /** Events that became dead letters. */
  readonly deadLettered: number;
  /** Events that were refused. */
  readonly rejected: number;
  /** Events that wait. */
  readonly queued: number;
  /** How many may wait. */
  readonly bufferSize: number;
  /** Events in a handler. */
  readonly inFlight: number;
  /** How many may be. */
  readonly concurrency: number;
  /** Attempts beyond the first. */
  readonly retries: number;
  /** Attempts that took too long. */
  readonly timeouts: number;
  /** Calls that outlived their timeout and still run. */
  readonly zombies: number;
  /** The state of its circuit; undefined without one. */
  readonly circuit: "closed" | "open" | "half-open" | "isolated" | undefined;
}

/** Figures of a store. */
export interface StoreFigures {
  /** Events it holds. */
  readonly events: number;
  /** Their bytes; 0 where they are not measured. */
  readonly bytes: number;
  /** Whether old events go by themselves. */
  readonly retained: boolean;
}

/** Figures of a pool. */
export interface PoolFigures {
  /** How many tasks may run at once. */
  readonly workers: number;
  /** Tasks that were taken. */
  readonly submitted: number;
  /** Tasks that returned. */
  readonly completed: number;
  /** Events that failed for good. */
  readonly failed: number;
  /** Events that wait. */
  readonly queued: number;
  /** How many may wait. */
  readonly queueSize: number;
  /** Tasks that run. */
  readonly running: number;
  /** Producers that wait for room. */
  readonly waiting: number;
  /** Tasks that found no room. */
  readonly refused: number;
  /** Of a pool of threads: those that are ready. */
  readonly threads?: number;
  /** Of a pool of threads: those that were lost. */
  readonly lost?: number;
}

/** Figures of the process, as far as someone measured them. */
export interface RuntimeFigures {
  /** Bytes of the heap that are in use. */
  readonly heapBytes?: number;
  /** How late the timer of the sampling came, in milliseconds: how busy the event loop is. */
  readonly lateMs?: number;
}

/** All figures of one moment. Parts are told apart by their names. */
export interface Sample {
  /** When, in milliseconds of a clock that does not go back. */
  readonly at: number;
  /** Emitters, by name. */
  readonly emitter?: Readonly<Record<string, EmitterFigures>>;
  /** Buses, by name. */
  readonly bus?: Readonly<Record<string, BusFigures>>;
  /** Listener managers, by name. */
  readonly listeners?: Readonly<Record<string, ManagerFigures>>;
  /** Stores, by name. */
  readonly store?: Readonly<Record<string, StoreFigures>>;
  /** Pools, by name. */
  readonly pool?: Readonly<Record<string, PoolFigures>>;
  /** The process around them. */
  readonly runtime?: RuntimeFigures;
}
