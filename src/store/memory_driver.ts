/**
 * The driver in memory. It answers everything at once, and keeps data by reference.
 */

import type {
  Append,
  Capabilities,
  Driver,
  Figures,
  Lease,
  Loaded,
  Mark,
  MarkWrite,
  Outcome,
  Page,
  Placed,
  Put,
  Query,
  StreamInfo,
  Terms,
  Trim,
  Unit,
} from "./driver.ts";
import { IdWindow } from "./id_window.ts";
import { firstWhere, Log } from "./log.ts";
import { readLog } from "./log_reader.ts";
import { compareAt, isCallers, lookUp, overLimits, twice } from "./placing.ts";
import { type MemoryTx, Stage } from "./stage.ts";
import type { StreamIndex } from "./stream_index.ts";

/** How many unknown events a conflict carries. */
const MOST_SINCE = 1000;

/** The default engine: everything is in this process, and ends with it. */
export class MemoryDriver implements Driver<MemoryTx> {
  #capabilities: Capabilities = capabilitiesOf(0);
  readonly #log = new Log();
  readonly #marks = new Map<string, Mark>();
  readonly #documents = new Map<string, unknown>();
  readonly #leases = new Map<string, { fence: number; until: number }>();
  #terms!: Terms;
  #ids: IdWindow | undefined;
  #recordedAt = -Infinity;
  /** Whether effects run: what they were told must still hold behind them. */
  #staging = false;

  get capabilities(): Capabilities {
    return this.#capabilities;
  }

  open(terms: Terms): { readonly log: string } {
    this.#terms = terms;
    this.#capabilities = capabilitiesOf(terms.idWindow);
    if (terms.idWindow > 0) this.#ids = new IdWindow(terms.idWindow);
    return { log: terms.env.id() };
  }

  commitNow(append: Append): Placed | Outcome {
    if (this.#staging) return { is: "refused", error: writesInEffect() };
    const stream = this.#log.stream(append.stream);
    const found = this.#check(append, stream, stream === undefined ? 0 : stream.version);
    return found === undefined ? this.#write(append, stream) : found;
  }

  commit(units: readonly Unit<MemoryTx>[]): readonly Outcome[] {
    return units.map((unit) => {
      try {
        if (this.#staging) throw writesInEffect();
        return this.#unit(unit);
      } catch (error) {
        return { is: "refused", error };
      }
    });
  }

  #unit(
    { appends = [], marks = [], documents = [], cuts = [], effects = [] }: Unit<MemoryTx>,
  ): Outcome {
    for (const mark of marks) {
      const refused = this.#checkMark(mark);
      if (refused !== undefined) return refused;
    }
    // Several appends of one unit to the same stream see each other.
    const versions = new Map<string, number>();
    const placed: (Placed | undefined)[] = [];
    for (const append of appends) {
      const stream = this.#log.stream(append.stream);
      const version = versions.get(append.stream) ?? stream?.version ?? 0;
      const found = this.#check(append, stream, version);
      if (found !== undefined && found.is !== "committed") return found;
      placed.push(found?.placed[0]);
      if (found === undefined) versions.set(append.stream, version + append.records.length);
    }
    if (appends.length > 1) {
      const fresh = appends.filter((_, i) => placed[i] === undefined);
      const count = (name: string): number => this.#log.stream(name)?.count ?? 0;
      const over = overLimits(fresh, this.#terms, this.#log.streamCount, count);
      if (over !== undefined) return over;
    }
    const recordedAt = appends.length === 0 ? this.#recordedAt : this.#tick();
    const stage = effects.length === 0
      ? undefined
      : this.#stage(effects, this.#foretell(appends, placed, recordedAt));
    // From here on nothing fails.
    const outcome = {
      is: "committed" as const,
      placed: appends.map((a, i) => placed[i] ?? this.#write(a, undefined, recordedAt)),
    };
    for (const { name, low, done, protect } of marks) {
      const kept = protect ?? this.#marks.get(name)?.protect ?? false;
      const at = low === "head" ? this.#log.head : low;
      this.#marks.set(name, { name, low: at, done, protect: kept });
    }
    for (const append of stage?.appends ?? []) this.#write(append);
    for (const { key, body } of documents) {
      if (body === undefined) this.#documents.delete(key);
      else this.#documents.set(key, body);
    }
    for (const { stream: name, before, tombstone } of cuts) {
      const stream = this.#log.stream(name);
      if (stream === undefined) continue;
      this.#log.cut(stream, before);
      stream.deleted ||= tombstone && stream.count === 0;
    }
    stage?.enter(this.#terms.env);
    return outcome;
  }

  #stage(effects: NonNullable<Unit<MemoryTx>["effects"]>, placed: readonly Placed[]): Stage {
    this.#staging = true;
    try {
      return new Stage(effects, placed);
    } finally {
      this.#staging = false;
    }
  }

  /** Where appends will stand that were checked. */
  #foretell(
    appends: readonly Append[],
    before: readonly (Placed | undefined)[],
    recordedAt: number,
  ): readonly Placed[] {
    let position = this.#log.head;
    const versions = new Map<string, number>();
    return appends.map(({ stream, records }, i) => {
      const there = before[i];
      if (there !== undefined) return there;
      position += records.length;
      const had = versions.get(stream) ?? this.#log.stream(stream)?.version ?? 0;
      const version = had + records.length;
      versions.set(stream, version);
      return { version, position, recordedAt, duplicate: false };
    });
  }

  /** Store time never goes back, whatever the clock does. */
  #tick(): number {
    const now = this.#terms.env.coarse();
    if (now > this.#recordedAt) this.#recordedAt = now;
    return this.#recordedAt;
  }

  /** Undefined if the append may enter; else what it comes to, which is also "committed before". */
  #check(append: Append, stream: StreamIndex | undefined, version: number): Outcome | undefined {
    const { expect, records } = append;
    const repeated = records.length > 1 ? twice(append) : undefined;
    if (repeated !== undefined) return { is: "id-conflict", stream: append.stream, id: repeated };
    if (expect === "any" || expect === "present") {
      if (stream !== undefined && records.length > 0 && append.ids !== "none") {
        const found = this.#lookUp(append, stream);
        if (typeof found === "object") return found;
        if (found !== undefined) return this.#before(stream, found + records.length);
      }
      if (expect === "present" && (version === 0 || stream?.deleted === true)) {
        return { is: "conflict", append, actual: version, since: [] };
      }
    } else {
      const absent = stream?.deleted === true ? version : 0;
      const at = expect === "absent" ? absent : expect;
      if (at !== version) return this.#conflict(append, stream, at, version);
    }
    return records.length === 0 ? undefined : this.#limit(append, stream);
  }

  #lookUp(append: Append, stream: StreamIndex): number | Outcome | undefined {
    const ids = this.#ids;
    if (ids === undefined) return undefined;
    const { records } = append;
    if (records.length === 1) {
      // By far the commonest, and without a closure.
      const position = ids.find(records[0]!, stream, this.#log);
      return position === 0 ? undefined : this.#log.versionAt(position) - 1;
    }
    return lookUp(append, (record) => {
      const position = ids.find(record, stream, this.#log);
      return position === 0 ? undefined : this.#log.versionAt(position);
    }, (version) => this.#idOf(stream, version));
  }

  #idOf(stream: StreamIndex, version: number): string | undefined {
    if (version < stream.first || version > stream.version) return undefined;
    return this.#log.event(stream.positionOf(version))?.id;
  }

  #before(stream: StreamIndex, version: number): Outcome {
    const position = stream.positionOf(version);
    const recordedAt = this.#log.recordedAt(position);
    return { is: "committed", placed: [{ version, position, recordedAt, duplicate: true }] };
  }

  #conflict(append: Append, stream: StreamIndex | undefined, at: number, actual: number): Outcome {
    if (stream === undefined || at > actual) return { is: "conflict", append, actual, since: [] };
    if (append.records.length > 0 && append.ids !== "none") {
      const found = compareAt(append, at, (version) => this.#idOf(stream, version));
      if (found === "same") return this.#before(stream, at + append.records.length);
      if (found !== "other") return { is: "id-conflict", stream: append.stream, id: found.id };
    }
    const query = { stream: append.stream, after: at, limit: MOST_SINCE };
    return { is: "conflict", append, actual, since: this.read(query).records };
  }

  #limit(append: Append, stream: StreamIndex | undefined): Outcome | undefined {
    const { maxStreams, maxEventsPerStream, onLimit } = this.#terms;
    const count = stream?.count ?? 0;
    const { length } = append.records;
    if (count === 0 && this.#log.streamCount >= maxStreams) {
      return { is: "limit", option: "maxStreams", limit: maxStreams, stream: append.stream };
    }
    const after = (onLimit === "reject" ? count : 0) + length;
    if (after <= maxEventsPerStream) return undefined;
    const limit = maxEventsPerStream;
    return { is: "limit", option: "maxEventsPerStream", limit, stream: append.stream };
  }

  /** Writes what was checked. */
  #write(append: Append, known?: StreamIndex, time?: number): Placed {
    const { records, sizes } = append;
    const { length } = records;
    const log = this.#log;
    if (length === 0) {
      const version = log.stream(append.stream)?.version ?? 0;
      return { version, position: log.head, recordedAt: this.#recordedAt, duplicate: false };
    }
    const stream = known ?? log.streamFor(append.stream);
    const recordedAt = time === undefined ? this.#tick() : time;
    for (let i = 0; i < length; i++) {
      const record = records[i]!;
      const position = log.append(stream, record, recordedAt, sizes?.[i]);
      if (this.#ids !== undefined && append.ids !== "none" && isCallers(append, i)) {
        this.#ids.add(record, stream, position);
      }
    }
    const { maxEventsPerStream } = this.#terms;
    if (stream.count > maxEventsPerStream) log.cut(stream, stream.version - maxEventsPerStream + 1);
    return { version: stream.version, position: log.head, recordedAt, duplicate: false };
  }

  #checkMark({ name, fence, expect }: MarkWrite): Outcome | undefined {
    if (fence !== 0 && fence !== this.#leases.get(name)?.fence) return { is: "fenced", name };
    if (expect === "any") return undefined;
    const actual = this.#marks.get(name)?.low;
    const expected = expect === "head" ? this.#log.head : expect;
    if (actual === (expected === "absent" ? undefined : expected)) return undefined;
    return { is: "mark-conflict", name, expected, actual };
  }

  read(query: Query): Page {
    return readLog(this.#log, query);
  }

  stream(name: string): StreamInfo | undefined {
    const stream = this.#log.stream(name);
    if (stream === undefined) return undefined;
    const { version, first, deleted } = stream;
    return { name, version, first, deleted };
  }

  streams(after: string, limit: number): readonly StreamInfo[] {
    const names = this.#log.names().sort();
    const from = firstWhere(0, names.length, (at) => names[at]! > after);
    return names.slice(from, from + limit).map((name) => this.stream(name)!);
  }

  mark(name: string): Mark | undefined {
    return this.#marks.get(name);
  }

  marks(): readonly Mark[] {
    return [...this.#marks.values()];
  }

  document(key: string): unknown {
    return this.#documents.get(key);
  }

  documents(): readonly Put[] {
    return [...this.#documents].map(([key, body]) => ({ key, body }));
  }

  lease(name: string, ttlMs: number): Lease | undefined {
    const { env } = this.#terms;
    const held = this.#leases.get(name);
    if (held !== undefined && held.until > env.monotonic()) return undefined;
    const mine = { fence: (held?.fence ?? 0) + 1, until: env.monotonic() + ttlMs };
    this.#leases.set(name, mine);
    const isMine = (): boolean => this.#leases.get(name) === mine;
    return {
      fence: mine.fence,
      renew: () => {
        if (!isMine()) return false;
        mine.until = env.monotonic() + ttlMs;
        return true;
      },
      release: () => {
        if (isMine()) mine.until = -Infinity;
      },
    };
  }

  trim({ floor, recordedBefore, events, bytes }: Trim): number {
    const log = this.#log;
    const end = Math.min(floor, log.head + 1);
    let before = recordedBefore === undefined
      ? log.oldest
      : Math.min(log.since(recordedBefore), end);
    let { events: left, bytes: weight } = log;
    for (let at = log.oldest; at < end; at++) {
      const due = at < before || left > (events ?? Infinity) || weight > (bytes ?? Infinity);
      if (!due) break;
      if (log.event(at) !== undefined) {
        left -= 1;
        weight -= log.sizeAt(at);
      }
      before = at + 1;
    }
    log.trim(Math.min(before, end));
    return log.oldest;
  }

  load({ records = [], end }: Loaded): void {
    for (const stored of records) {
      this.#recordedAt = Math.max(this.#recordedAt, stored.recordedAt);
      const { stream, version, position, recordedAt, size, ...event } = stored;
      const index = this.#log.streamFor(stream);
      this.#log.place(position, version, index, event, recordedAt, size);
      this.#ids?.add(event, index, position);
    }
    if (end === undefined) return;
    this.#log.skipTo(end.head, Math.max(0, this.#recordedAt));
    for (const { name, version, deleted } of end.streams) {
      const stream = this.#log.streamFor(name);
      stream.skipTo(version + 1);
      stream.deleted = deleted;
    }
    this.#log.trim(end.oldest);
    for (const mark of end.marks) this.#marks.set(mark.name, mark);
    for (const { key, body } of end.documents) this.#documents.set(key, body);
  }

  figures(): Figures {
    const { head, oldest, events, streamCount, bytes } = this.#log;
    return { head, oldest, events, streams: streamCount, bytes };
  }

  close(): void {}
}

function writesInEffect(): TypeError {
  return new TypeError("Cannot write to a store in memory inside of its effects: use their stage");
}

function capabilitiesOf(idWindow: number): Capabilities {
  return {
    engine: "memory",
    survives: "nothing",
    because: "it is the memory of this process",
    data: "reference",
    versions: "dense",
    atomic: { records: Infinity, streams: Infinity, mixed: true },
    dedupe: { scope: idWindow > 0 ? "stream" : "none", ids: idWindow, windowMs: Infinity },
    effects: "staged",
    checkpoints: "fenced",
    leases: "in-process",
    wake: "push",
    writers: "one",
    blocks: "never",
    reads: new Set(["stream", "reverse", "type", "time"] as const),
    retention: new Set(["age", "count", "bytes", "position"] as const),
    documents: true,
    restore: true,
    maxRecordBytes: Infinity,
  };
}
