/**
 * A whole store as lines of JSON, and back.
 *
 * The first line names the format, the last one counts: a dump that was cut short is recognised.
 */

import { ValidationError } from "../errors.ts";
import { CorruptError, UnsupportedError } from "../errors/store.ts";
import type { NovaEvent } from "../event/event.ts";
import { admitEvent } from "../event/make.ts";
import { requireOptions, requireSignal } from "../internal/check.ts";
import type { Mark, Put, Stored, StreamInfo } from "./driver.ts";
import { type Engine, sizeOf } from "./engine.ts";

const FORMAT = 1;
const PAGE = 500;
/** No event is longer; more is no dump. */
const LONGEST_LINE = 512 * 1024 * 1024;

interface End {
  readonly end: true;
  readonly events: number;
  readonly head: number;
  readonly oldest: number;
  readonly streams: readonly StreamInfo[];
  readonly marks: readonly Mark[];
  readonly documents: readonly Put[];
}

/** The lines of a store, up to its end when the last page is read. */
export function dump<Tx>(
  engine: Engine<Tx>,
  options: { readonly signal?: AbortSignal },
): ReadableStream<Uint8Array> {
  requireOptions("a dump", options);
  requireSignal(options.signal);
  const lines = linesOf(engine, options.signal);
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await lines.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      } catch (error) {
        controller.error(error);
      }
    },
    async cancel() {
      await lines.return();
    },
  }, { highWaterMark: 0 });
}

async function* linesOf<Tx>(
  engine: Engine<Tx>,
  signal: AbortSignal | undefined,
): AsyncGenerator<string, void, void> {
  engine.requireOpen();
  await engine.open();
  const { codec } = engine.settings;
  const encoded = engine.driver.capabilities.data === "encoded";
  const text = async (data: unknown): Promise<unknown> => {
    const body = encoded ? data : await codec.encode(data);
    return typeof body === "string" ? body : { base64: base64(body as Uint8Array) };
  };
  yield `${JSON.stringify({ nova: "dump", format: FORMAT, codec: codec.name })}\n`;
  let events = 0;
  for (let after = 0;;) {
    signal?.throwIfAborted();
    engine.requireOpen();
    const page = await engine.driver.read({ after, limit: PAGE });
    let lines = "";
    for (const record of page.records) {
      lines += `${
        JSON.stringify({ ...record, codec: undefined, data: await text(record.data) })
      }\n`;
      events += 1;
    }
    if (lines !== "") yield lines;
    after = page.next;
    if (page.more) continue;
    // In one turn with the last page, so that it is the end of what was dumped.
    const streams: StreamInfo[] = [];
    for (let last = "";;) {
      const some = await engine.driver.streams(last, 1000);
      streams.push(...some);
      if (some.length < 1000) break;
      last = some[some.length - 1]!.name;
    }
    const marks = await engine.driver.marks();
    const documents = await Promise.all(
      (await engine.driver.documents())
        .map(async ({ key, body }) => ({ key, body: await text(body) })),
    );
    const { head, oldest } = page;
    // What came meanwhile is not in the dump: versions are those of its events.
    const end: End = {
      end: true,
      events,
      head: Math.max(head, after),
      oldest,
      streams,
      marks,
      documents,
    };
    yield `${JSON.stringify(end)}\n`;
    return;
  }
}

/** Loads a dump into an empty store. */
export async function restore<Tx>(
  engine: Engine<Tx>,
  stream: ReadableStream<Uint8Array>,
): Promise<{ readonly events: number }> {
  const { driver } = engine;
  if (!driver.capabilities.restore || driver.load === undefined) {
    throw new UnsupportedError(
      `Cannot restore: ${driver.capabilities.engine} keeps no foreign positions`,
    );
  }
  if (driver.figures().head > 0) {
    throw new UnsupportedError("Cannot restore into a store that has events");
  }
  if (engine.inline !== undefined) {
    throw new UnsupportedError(
      "Cannot restore into a store with an inline view, which would not see it: make it afterwards",
    );
  }
  // Checked and collected first: what turns out to be wrong has changed nothing.
  const loaded = await parse(engine, stream);
  engine.requireOpen();
  if (driver.figures().head > 0) {
    throw new UnsupportedError("Cannot restore into a store that has events");
  }
  await driver.load(loaded);
  engine.written();
  return { events: loaded.records.length };
}

async function parse<Tx>(
  engine: Engine<Tx>,
  stream: ReadableStream<Uint8Array>,
): Promise<{ records: (Stored & { size?: number })[]; end: Omit<End, "end" | "events"> }> {
  const { codec } = engine.settings;
  const encoded = engine.driver.capabilities.data === "encoded";
  const body = (text: unknown): unknown => encoded ? rawOf(text) : codec.decode(rawOf(text));
  const records: (Stored & { size?: number })[] = [];
  let header = false;
  let end: End | undefined;
  for await (const line of linesFrom(stream)) {
    const item = parseLine(line);
    if (!header) {
      if (item.nova !== "dump" || item.format !== FORMAT) {
        throw new CorruptError("Cannot restore: this is no dump");
      }
      if (item.codec !== codec.name) {
        throw new CorruptError(
          `Cannot restore: the dump is in "${item.codec}", the store in "${codec.name}"`,
        );
      }
      header = true;
    } else if (end !== undefined) {
      throw new CorruptError("Cannot restore: there is more behind the end of the dump");
    } else if (item.end === true) end = item as unknown as End;
    else records.push(await recordOf(engine, item, body, records[records.length - 1]));
  }
  if (end === undefined || end.events !== records.length) {
    throw new CorruptError("Cannot restore: the dump is cut short");
  }
  const documents = await Promise.all(
    end.documents.map(async ({ key, body: text }) => ({ key, body: await body(text) })),
  );
  return { records, end: { ...end, documents } };
}

async function recordOf<Tx>(
  engine: Engine<Tx>,
  item: Record<string, unknown>,
  body: (text: unknown) => unknown,
  last: Stored | undefined,
): Promise<Stored & { size?: number }> {
  const { stream, version, position, recordedAt } = item as unknown as Stored;
  const { codec } = engine.settings;
  const numbers = [version, position, recordedAt].every((n) => Number.isSafeInteger(n) && n >= 0);
  if (typeof stream !== "string" || !numbers || position <= (last?.position ?? 0)) {
    throw new CorruptError("Cannot restore: an event of the dump has no right place");
  }
  let event: NovaEvent;
  try {
    event = admitEvent({ ...item, data: undefined }, engine.env);
  } catch (cause) {
    if (!(cause instanceof ValidationError)) throw cause;
    throw new CorruptError(`Cannot restore the event at position ${position}`, { cause });
  }
  const data = await body(item.data);
  const place = { stream, version, position, recordedAt };
  const { id, type, timestamp, metadata } = event;
  const record = { id, type, timestamp, metadata, data, ...place };
  const size = engine.measures ? { size: sizeOf(event, rawOf(item.data)) } : {};
  return engine.driver.capabilities.data === "encoded"
    ? { ...record, ...size, codec: codec.name }
    : { ...record, ...size };
}

/** What the codec wrote. */
function rawOf(text: unknown): string | Uint8Array {
  return typeof text === "string" ? text : bytes((text as { base64: string }).base64);
}

function parseLine(line: string): Record<string, unknown> {
  try {
    const item: unknown = JSON.parse(line);
    if (typeof item === "object" && item !== null) return item as Record<string, unknown>;
  } catch (cause) {
    throw new CorruptError("Cannot restore: a line of the dump is no JSON", { cause });
  }
  throw new CorruptError("Cannot restore: a line of the dump is no object");
}

async function* linesFrom(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const reader = stream.getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const lines = rest.split("\n");
      rest = lines.pop()!;
      if (rest.length > LONGEST_LINE) throw new CorruptError("Cannot restore: a line is too long");
      yield* lines;
      if (done) break;
    }
    if (rest !== "") yield rest;
  } catch (error) {
    await reader.cancel(error).catch(() => {});
    if (error instanceof TypeError) {
      throw new CorruptError("Cannot restore: the dump is no UTF-8", { cause: error });
    }
    throw error;
  } finally {
    reader.releaseLock();
  }
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function bytes(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}
