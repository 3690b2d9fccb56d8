/**
 * Work that was handed to a pool, and a line of it.
 */

type Resolve = (value: unknown) => void;
type Reject = (reason: unknown) => void;

let newResolve!: Resolve;
let newReject!: Reject;

/** One function for all promises: a closure per job would be a third of what a job costs. */
function capture(resolve: Resolve, reject: Reject): void {
  newResolve = resolve;
  newReject = reject;
}

/** One piece of work: who waits for it, and its place in a {@linkcode JobLine}. */
export class Job {
  /** Ends the caller's waiting. */
  readonly signal: AbortSignal | undefined;
  resolve!: Resolve;
  reject!: Reject;
  /** Whether the caller has its answer; what the work still says is dropped. */
  settled = false;
  line: JobLine<Job> | undefined = undefined;
  before: Job | undefined = undefined;
  after: Job | undefined = undefined;

  constructor(signal: AbortSignal | undefined) {
    this.signal = signal;
  }

  /** The promise that this job settles. To be called once. */
  promise(): Promise<unknown> {
    const promise = new Promise(capture);
    this.resolve = newResolve;
    this.reject = newReject;
    return promise;
  }
}

/**
 * Jobs in order. A linked list and no ring: a job that is cancelled leaves at once from wherever it
 * stands, so that the length is always the number of jobs that will run.
 */
export class JobLine<Each extends Job> {
  #first: Job | undefined;
  #last: Job | undefined;
  #length = 0;

  /** How many jobs stand in line. */
  get length(): number {
    return this.#length;
  }

  /** The next one. */
  get first(): Each | undefined {
    return this.#first as Each | undefined;
  }

  /** Adds a job at the end. */
  push(job: Each): void {
    job.line = this as unknown as JobLine<Job>;
    job.before = this.#last;
    if (this.#last === undefined) this.#first = job;
    else this.#last.after = job;
    this.#last = job;
    this.#length += 1;
  }

  /** Adds a job in front of all. */
  unshift(job: Each): void {
    job.line = this as unknown as JobLine<Job>;
    job.after = this.#first;
    if (this.#first === undefined) this.#last = job;
    else this.#first.before = job;
    this.#first = job;
    this.#length += 1;
  }

  /** Takes the next job out. */
  shift(): Each | undefined {
    const job = this.#first;
    if (job === undefined) return undefined;
    const { after } = job;
    this.#first = after;
    if (after === undefined) this.#last = undefined;
    else after.before = undefined;
    job.line = job.after = undefined;
    this.#length -= 1;
    return job as Each;
  }

  /** Takes a job out of its place; false if it stands elsewhere. */
  delete(job: Each): boolean {
    if (job.line !== this as unknown) return false;
    const { before, after } = job;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    job.line = job.before = job.after = undefined;
    this.#length -= 1;
    return true;
  }

  /** Takes all out, in order. */
  clear(): Each[] {
    const jobs: Each[] = [];
    for (let job = this.shift(); job !== undefined; job = this.shift()) jobs.push(job);
    return jobs;
  }
}
