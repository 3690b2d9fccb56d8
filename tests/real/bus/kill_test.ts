// deno-lint-ignore-file no-console -- says how much it saw
/**
 * A durable bus on SQLite that is killed at a random moment: what it acknowledged is handled, in order
 * per key, by a later life. `NOVA_KILLS=50` for more rounds than ten.
 *
 * @module
 */

import { assert, assertEquals, assertGreater } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { bun } from "../../runtimes/tools.ts";

const ROUNDS = Number(Deno.env.get("NOVA_KILLS") ?? 10);
const WORKER = new URL("./worker.ts", import.meta.url).pathname;
const ROOT = new URL("../../../", import.meta.url).pathname;
const MAP = "--import-map=tests/std/offline.json";

const RUNTIMES: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  deno: () => Promise.resolve([Deno.execPath(), "run", "-A", "--no-check", MAP]),
  bun,
};

function spawn(command: readonly string[], args: readonly string[]): Deno.ChildProcess {
  const [program, ...rest] = [...command, WORKER, ...args];
  return new Deno.Command(program!, { args: rest, cwd: ROOT, stdout: "piped", stderr: "piped" })
    .spawn();
}

/** Lets a process publish and handle for a while, kills it, and notes what it acknowledged. */
async function runAndKill(
  command: readonly string[],
  path: string,
  acked: Map<string, number>,
): Promise<void> {
  const child = spawn(command, [path]);
  const stderr = new Response(child.stderr).text();
  let text = "";
  let killing = false;
  for await (const chunk of child.stdout) {
    text += new TextDecoder().decode(chunk);
    if (killing) continue;
    killing = true;
    // At times before it has its place, at times after.
    setTimeout(() => child.kill("SIGKILL"), Math.random() * 900);
  }
  const { signal } = await child.status;
  assert(signal === "SIGKILL", `it ended by itself: ${await stderr}`);
  await stderr;
  for (const line of text.split("\n").slice(0, -1)) {
    const [client = "", n] = line.split(" ");
    acked.set(client, Number(n));
  }
}

describe("a durable bus, killed", () => {
  for (const [runtime, command] of Object.entries(RUNTIMES)) {
    it(`${ROUNDS} times on ${runtime} handles whatever it acknowledged, in order`, async () => {
      const folder = await Deno.makeTempDir({ prefix: "nova-bus-kill-" });
      const path = `${folder}/store.db`;
      const acked = new Map<string, number>();
      try {
        for (let round = 0; round < ROUNDS; round++) {
          await runAndKill(await command(), path, acked);
        }
        const drained = await spawn(await command(), [path, "drain"]).output();
        assertEquals(drained.code, 0, new TextDecoder().decode(drained.stderr));

        const db = new DatabaseSync(path);
        const rows = db.prepare("SELECT * FROM seen").all() as {
          client: string;
          last: number;
          repeats: number;
          wrong: number;
        }[];
        const letters = db.prepare(
          "SELECT data FROM nova_events e JOIN nova_streams s ON s.id = e.stream " +
            "WHERE s.name = 'topic/steps.dlq'",
        ).all().map(({ data }) => JSON.parse(data as string).event.data as { n: number });
        db.close();
        let total = 0;
        let due = 0;
        for (const { client, last, wrong } of rows) {
          assert(
            last >= acked.get(client)!,
            `${client}: ${acked.get(client)} acknowledged, ${last}`,
          );
          assertEquals(wrong, 0, `${client} left something out, or overtook`);
          total += last;
          due += Math.floor(last / 11);
        }
        assertEquals(rows.length, acked.size);
        // Each event that failed for good has one letter, however often it was handled.
        assertEquals(letters.length, due);
        assert(letters.every(({ n }) => n % 11 === 0));
        assertGreater(total, ROUNDS * 10);
        const repeats = rows.reduce((sum, row) => sum + row.repeats, 0);
        console.log(
          `${runtime}: ${ROUNDS} kills, ${total} events, none lost, ${repeats} handled again`,
        );
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    });
  }
});
