// deno-lint-ignore-file no-console -- says how much it saw
/**
 * Writers that are killed at a random moment: whatever they acknowledged is there, no unit is torn,
 * effects are exact. `NOVA_KILLS=50` for more rounds than ten.
 *
 * @module
 */

import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { SqliteStore } from "@nova/events/sqlite";
import { bun } from "../../runtimes/tools.ts";

const ROUNDS = Number(Deno.env.get("NOVA_KILLS") ?? 10);
const WRITER = new URL("./writer.ts", import.meta.url).pathname;
const ROOT = new URL("../../../", import.meta.url).pathname;
const MAP = "--import-map=tests/std/offline.json";

const RUNTIMES: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  deno: () => Promise.resolve([Deno.execPath(), "run", "-A", "--no-check", MAP]),
  bun,
};

interface Acked {
  readonly [stream: string]: number;
}

/** Runs a writer until it has acknowledged something and some time has passed, then kills it. */
async function runAndKill(command: readonly string[], args: readonly string[]): Promise<Acked> {
  const [program, ...rest] = [...command, WRITER, ...args];
  const child = new Deno.Command(program!, {
    args: rest,
    cwd: ROOT,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(child.stderr).text();
  let text = "";
  let killing = false;
  for await (const chunk of child.stdout) {
    text += new TextDecoder().decode(chunk);
    if (killing) continue;
    killing = true;
    setTimeout(() => child.kill("SIGKILL"), Math.random() * 150);
  }
  const { signal } = await child.status;
  assert(signal === "SIGKILL", `the writer ended by itself: ${await stderr}`);
  await stderr;
  const acked: Record<string, number> = {};
  // What has no newline was cut by the end.
  for (const line of text.split("\n").slice(0, -1)) {
    const [stream = "", version = "0"] = line.split(" ");
    acked[stream] = Number(version);
  }
  return acked;
}

async function check(path: string, acked: Acked): Promise<number> {
  const db = new DatabaseSync(path);
  const store = new SqliteStore<Record<string, number>>(db);
  try {
    assertEquals(await store.checkIntegrity(), []);
    const infos = await store.streams();
    let events = 0;
    for (const { name, version } of infos) {
      const stream = await store.read(name, { limit: 1_000_000 });
      assertEquals(
        stream.map(({ data }) => data),
        Array.from({ length: version }, (_, i) => i + 1),
      );
      assertEquals(stream.map((event) => event.version), stream.map(({ data }) => data), "I1");
      assertEquals(version % 3, 0, `a torn unit in ${name}`);
      const row = db.prepare("SELECT total FROM totals WHERE name = ?").get(name);
      assertEquals(row?.total, version, `effects of ${name}`);
      events += version;
    }
    for (const [name, version] of Object.entries(acked)) {
      const there = infos.find((info) => info.name === name)?.version ?? 0;
      assertGreaterOrEqual(there, version, `acknowledged in ${name} and lost`);
    }
    const { head, events: counted } = store.stats();
    assertEquals([head, counted], [events, events]);
    return events;
  } finally {
    await store.close();
    db.close();
  }
}

describe("SqliteStore, killed", () => {
  for (const [runtime, command] of Object.entries(RUNTIMES)) {
    for (const mode of ["full", "normal"]) {
      it(`${ROUNDS} times on ${runtime} with synchronous=${mode} loses nothing it acknowledged`, async () => {
        const folder = await Deno.makeTempDir({ prefix: "nova-kill-" });
        try {
          let before = 0;
          for (let round = 0; round < ROUNDS; round++) {
            const path = `${folder}/store.db`;
            const acked = await runAndKill(await command(), [path, mode]);
            const events = await check(path, acked);
            assert(events > before, "the writer went on");
            before = events;
          }
          console.log(`${runtime} ${mode}: ${ROUNDS} kills, ${before} events, none lost or torn`);
        } finally {
          await Deno.remove(folder, { recursive: true });
        }
      });
    }
  }
});

describe("two processes on one file", () => {
  it("contend for three seconds without an error, and a follower sees all in order", async () => {
    const folder = await Deno.makeTempDir({ prefix: "nova-two-" });
    const path = `${folder}/store.db`;
    const db = new DatabaseSync(path);
    const store = new SqliteStore<Record<string, number>>(db);
    try {
      await store.open();
      const seen: { position: number; stream: string; version: number }[] = [];
      const controller = new AbortController();
      const following = (async () => {
        for await (
          const { position, stream, version } of store.follow({ signal: controller.signal })
        ) {
          seen.push({ position, stream, version });
        }
      })().catch((reason) => reason);
      const deno = await RUNTIMES.deno!();
      const writers = [
        ...await Promise.all(["a", "b"].map(async (name) => {
          const runtime = name === "a" ? deno : await bun();
          const [program, ...args] = [...runtime, WRITER, path, "full", name];
          return new Deno.Command(program!, {
            args,
            cwd: ROOT,
            stdout: "piped",
            stderr: "piped",
          }).spawn();
        })),
      ];
      const outputs = writers.map((child) => new Response(child.stdout).text());
      const errors = writers.map((child) => new Response(child.stderr).text());
      await new Promise((resolve) => setTimeout(resolve, 3000));
      for (const child of writers) child.kill("SIGKILL");
      for (const [i, child] of writers.entries()) {
        assertEquals((await child.status).signal, "SIGKILL", await errors[i]);
      }
      const head = (await store.readAll({ reverse: true, limit: 1 }))[0]!.position;
      for (let waited = 0; (seen.at(-1)?.position ?? 0) < head && waited < 1000; waited++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      controller.abort("enough");
      assertEquals(await following, "enough");
      assertEquals(
        seen.map(({ position }) => position),
        Array.from({ length: head }, (_, i) => i + 1),
      );
      const versions = new Map<string, number>();
      for (const { stream, version } of seen) {
        assertEquals(version, (versions.get(stream) ?? 0) + 1);
        versions.set(stream, version);
      }
      for (const [i, text] of (await Promise.all(outputs)).entries()) {
        const acked = text.split("\n").slice(0, -1);
        assert(acked.length > 10, `writer ${i} acknowledged ${acked.length}`);
        for (const line of acked) {
          const [stream = "", version] = line.split(" ");
          assert(versions.get(stream)! >= Number(version), line);
        }
      }
      console.log(`two processes: ${head} events in 3 s, each seen once and in order`);
      await check(path, {});
    } finally {
      await store.close();
      db.close();
      await Deno.remove(folder, { recursive: true });
    }
  });
});
