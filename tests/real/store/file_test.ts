/** Files that are not as they should be: read-only, damaged, none of a store. */

import { CorruptError, ReadOnlyError, ValidationError } from "@nova/events";
import { SqliteStore } from "@nova/events/sqlite";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";

type Texts = { text: string };

/** A file with a thousand events, closed. */
async function filled(): Promise<string> {
  const path = `${await Deno.makeTempDir({ prefix: "nova-file-" })}/store.db`;
  const db = new DatabaseSync(path);
  const store = new SqliteStore<Texts>(db);
  const events = Array.from({ length: 1000 }, (_, i) => ({
    type: "text" as const,
    data: `${i}`.repeat(100),
  }));
  await store.append("a", events);
  await store.close();
  db.close();
  return path;
}

function remove(path: string): Promise<void> {
  return Deno.remove(path.replace(/\/store\.db$/, ""), { recursive: true });
}

describe("a file of SQLite", () => {
  it("that is read-only is read, and refuses all else", async () => {
    const path = await filled();
    const db = new DatabaseSync(path, { readOnly: true });
    const store = new SqliteStore<Texts>(db);

    assertEquals((await store.read("a")).length, 1000);
    await assertRejects(() => store.append("a", [{ type: "text", data: "x" }]), ReadOnlyError);
    await assertRejects(() => store.saveCheckpoint("c", 1), ReadOnlyError);
    await assertRejects(() => store.lease("l"), ReadOnlyError);
    await assertRejects(() => store.deleteStream("a"), ReadOnlyError);
    assertEquals((await store.read("a")).length, 1000);
    await store.close();
    db.close();
    await remove(path);
  });

  it("that is damaged is a CorruptError, whatever is read, and answers nothing wrong", async () => {
    const path = await filled();
    const file = await Deno.open(path, { read: true, write: true });
    // Everything behind the first two pages: of tables and of indexes.
    const { size } = await file.stat();
    for (let at = 3 * 4096; at < size; at += 4096) {
      await file.seek(at, Deno.SeekMode.Start);
      await file.write(crypto.getRandomValues(new Uint8Array(200)));
    }
    file.close();
    const db = new DatabaseSync(path);
    const store = new SqliteStore<Texts>(db);
    for (
      const ask of [
        () => store.read("a"),
        () => store.readAll(),
        () => store.append("a", [{ type: "text", data: "x", id: "1" }]),
      ]
    ) {
      const outcome: unknown = await ask().then(() => undefined, (reason) => reason);
      assertInstanceOf(outcome, CorruptError);
    }
    await store.close();
    db.close();
    await remove(path);
  });

  it("that is none is a CorruptError at the first call", async () => {
    const path = await filled();
    await Deno.writeTextFile(path, "no database at all ".repeat(1000));
    const db = new DatabaseSync(path);
    await assertRejects(() => new SqliteStore(db).read("a"), CorruptError);
    await assertRejects(() => new SqliteStore(db).append("a", []), CorruptError);
    db.close();
    await remove(path);
  });

  it("takes no name that it could not give back", async () => {
    const db = new DatabaseSync(":memory:");
    const store = new SqliteStore<Texts>(db);
    const events = [{ type: "text" as const, data: "x" }];
    for (const name of ["a\0b", "\ud800", "x".repeat(10_000), "", 5 as never]) {
      await assertRejects(() => store.append(name, events), ValidationError, "stream");
      await assertRejects(() => store.read(name), ValidationError);
      await assertRejects(() => store.saveCheckpoint(name, 1), ValidationError);
    }
    for (const expect of [-1, 1.5, NaN]) {
      await assertRejects(() => store.append("a", events, { expect }), RangeError, "expect");
    }
    assert((await store.streams()).length === 0);
    await store.close();
    db.close();
  });
});
