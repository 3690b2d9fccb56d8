/**
 * What profiling asks of a JavaScript engine. An adapter answers it; the shapes of the answers are
 * those of the inspector protocol.
 */

/** A function, as the engine knows it. Lines and columns count from 0. */
export interface CallFrame {
  /** Empty if it has no name. */
  readonly functionName: string;
  /** The script; empty for what the engine does itself. */
  readonly url: string;
  /** The line where it begins. */
  readonly lineNumber: number;
  /** The column where it begins. */
  readonly columnNumber: number;
}

/** A CPU profile of the inspector protocol (`Profiler.Profile`), times in microseconds. */
export interface EngineCpuProfile {
  /** One for each stack, as a tree. */
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    readonly children?: readonly number[];
    /** Lines count from 1. */
    readonly positionTicks?: readonly { readonly line: number; readonly ticks: number }[];
  }[];
  /** When it began, on a clock of the engine. */
  readonly startTime: number;
  /** When it ended. */
  readonly endTime: number;
  /** The node of each sample. */
  readonly samples?: readonly number[];
  /** How long after the one before each sample was taken. */
  readonly timeDeltas?: readonly number[];
}

/** What one thread did. */
export interface ThreadCpuProfile {
  /** Empty for the thread that asked. */
  readonly thread: string;
  /** What it did. */
  readonly profile: EngineCpuProfile;
}

/** A node of a heap profile. */
export interface HeapNode {
  /** Names it in samples. */
  readonly id: number;
  /** The function. */
  readonly callFrame: CallFrame;
  /** Bytes of its own. */
  readonly selfSize: number;
  /** Those it calls. */
  readonly children: readonly HeapNode[];
}

/** A sampled heap profile of the inspector protocol (`HeapProfiler.SamplingHeapProfile`). */
export interface EngineHeapProfile {
  /** The root of the stacks. */
  readonly head: HeapNode;
  /** One for each sampled allocation; `size` stands for all it was drawn from. */
  readonly samples: readonly {
    readonly size: number;
    readonly nodeId: number;
    /** Increases from one sample to the next. */
    readonly ordinal: number;
  }[];
}

/** A place in what a person wrote. */
export interface SourcePlace {
  /** A path where there is one, else an address. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** Samples stacks. There is one per thread, whoever asks. */
export interface CpuSampler {
  /** The longest profile that does no harm, in seconds. */
  readonly maxSeconds: number;
  /** The CPU time that the process has used, in milliseconds. */
  cpuTimeMs(): number;
  /**
   * Begins, in this thread and in those that take part.
   *
   * @throws {UnavailableError} If somebody's profile runs already.
   */
  start(intervalUs: number): Promise<void>;
  /** Ends it: the profile of this thread comes first. */
  stop(): Promise<readonly ThreadCpuProfile[]>;
}

/** Samples allocations. There is one per thread, whoever asks. */
export interface HeapSampler {
  /** The mean number of bytes between two samples. */
  readonly everyBytes: number;
  /** Begins; with `all` it also keeps what the collector takes. Does nothing if it runs. */
  start(all: boolean): Promise<void>;
  /** What was sampled so far. */
  read(): Promise<EngineHeapProfile>;
  /** Ends it, and answers what was sampled. */
  stop(): Promise<EngineHeapProfile>;
  /** Runs the collector. */
  collect(): Promise<void>;
}

/**
 * An engine, with each of its instruments, or the reason why there is none.
 */
export interface Profiler {
  /** Names the runtime: `"deno-2.9.6"`. */
  readonly runtime: string;
  /** For CPU profiles. */
  readonly cpu: CpuSampler | string;
  /** For heap profiles. */
  readonly heap: HeapSampler | string;
  /** The heap as JSON in V8's format of snapshots. It may block the thread for seconds. */
  readonly snapshot: (() => ReadableStream<Uint8Array>) | string;
  /** The program and its arguments. */
  commandLine(): readonly string[];
  /** Where in the source a place of a script is; line and column count from 0. */
  locate(url: string, line: number, column?: number): SourcePlace;
}
