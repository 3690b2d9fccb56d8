// deno-lint-ignore-file no-console -- says how much it saw
/**
 * Writers that are killed at a random moment: whatever they acknowledged is there, no unit is torn,
 * effects are exact. `NOVA_KILLS=50` for more rounds than ten.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { SqliteStore } from "@nova/events/sqlite";
import { bun } from "../../runtimes/tools.ts";
import { type Acked, ackedIn, check, ROOT, RUNTIMES, within, WRITER } from "./kit.ts";

const ROUNDS = Number(Deno.env.get("NOVA_KILLS") ?? 10);
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
  return ackedIn(text);
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
            const acked = await within(60_000, runAndKill(await command(), [path, mode]));
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
  // A follower that misses something waits for ever: that is a failure, too.
  it("contend for three seconds without an error, and a follower sees all in order", () =>
    within(60_000, contend()));
});

async function contend(): Promise<void> {
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
}
