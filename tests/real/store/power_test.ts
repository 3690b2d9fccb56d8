// deno-lint-ignore-file no-console -- says how much it saw
/**
 * A disk that loses power: a file system of its own, shut down with what it had not written. The
 * writer is stopped before what it acknowledged is counted. `NOVA_CUTS=15` for more rounds than four.
 * And a disk that is full.
 *
 * Linux, as root: elsewhere nothing can be cut off.
 *
 * @module
 */

import { UnavailableError } from "@nova/events";
import { SqliteStore } from "@nova/events/sqlite";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { type Acked, ackedIn, check, lostOf, ROOT, RUNTIMES, within, WRITER } from "./kit.ts";

const ROUNDS = Number(Deno.env.get("NOVA_CUTS") ?? 4);

/** EXT4_IOC_SHUTDOWN without writing the journal. */
const CUT =
  `open(my $d, "<", $ARGV[0]) or die $!; my $how = pack("L", 2); ioctl($d, 0x8004587d, $how) or die $!`;

async function shell(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args }).output();
  if (success) return;
  throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** A file system in a file. */
class Disk implements AsyncDisposable {
  readonly folder: string;
  readonly #image: string;

  private constructor(home: string) {
    this.folder = `${home}/disk`;
    this.#image = `${home}/image`;
  }

  static async make(megabytes = 256): Promise<Disk> {
    const disk = new Disk(await Deno.makeTempDir({ prefix: "nova-power-" }));
    await Deno.mkdir(disk.folder);
    const image = await Deno.create(disk.#image);
    await image.truncate(megabytes * 1024 * 1024);
    image.close();
    await shell("mkfs.ext4", "-q", disk.#image);
    await disk.mount();
    return disk;
  }

  mount(): Promise<void> {
    return shell("mount", "-o", "loop", this.#image, this.folder);
  }

  unmount(): Promise<void> {
    return shell("umount", this.folder);
  }

  cut(): Promise<void> {
    return shell("perl", "-e", CUT, this.folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unmount().catch(() => {});
    await Deno.remove(this.folder.replace(/\/disk$/, ""), { recursive: true });
  }
}

/** Why nothing can be cut off here; false where it can. */
async function impossible(): Promise<string | false> {
  if (Deno.build.os !== "linux") return "only Linux can shut a file system down";
  if (Deno.uid() !== 0) return "only root can mount a disk";
  try {
    const disk = await Disk.make();
    await disk.cut().finally(() => disk[Symbol.asyncDispose]());
    return false;
  } catch (error) {
    return `no disk can be cut off here: ${error}`;
  }
}

/** Lets a writer work for a while, stops it, cuts the power, and starts the disk again. */
async function runAndCut(disk: Disk, mode: string): Promise<Acked> {
  const [program, ...args] = await RUNTIMES.deno!();
  const child = new Deno.Command(program!, {
    args: [...args, WRITER, `${disk.folder}/store.db`, mode],
    cwd: ROOT,
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let text = "";
  const reading = (async () => {
    for await (const chunk of child.stdout) text += new TextDecoder().decode(chunk);
  })();
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  while (text === "") await pause(5);
  await pause(50 + Math.random() * 300);
  child.kill("SIGSTOP");
  // What it said is in the pipe, and it says no more.
  for (let said = -1; said < text.length; await pause(30)) said = text.length;
  const acked = ackedIn(text);
  await disk.cut();
  child.kill("SIGKILL");
  await child.status;
  await reading;
  await disk.unmount();
  await disk.mount();
  return acked;
}

const reason = await impossible();

describe("SqliteStore, without power", () => {
  if (reason !== false) {
    it.skip(`loses nothing it acknowledged: ${reason}`, () => {});
    return;
  }

  it(`${ROUNDS} times with synchronous=full, loses nothing it acknowledged`, async () => {
    await using disk = await Disk.make();
    let events = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const acked = await within(60_000, runAndCut(disk, "full"));
      assert(Object.keys(acked).length > 0);
      assertEquals(await lostOf(`${disk.folder}/store.db`, acked), 0);
      const before = events;
      events = await check(`${disk.folder}/store.db`, acked);
      assert(events > before, "the writer went on");
    }
    console.log(`power cut ${ROUNDS} times: ${events} events, none lost or torn`);
  });

  it("loses with synchronous=normal, as it says, but tears nothing: so a loss would be seen", async () => {
    await using disk = await Disk.make();
    let lost = 0;
    for (let round = 0; round < 5 && lost === 0; round++) {
      const acked = await within(60_000, runAndCut(disk, "normal"));
      lost += await lostOf(`${disk.folder}/store.db`, acked);
      await check(`${disk.folder}/store.db`, {});
    }
    assert(lost > 0, "nothing was cut off");
    console.log(`power cut with synchronous=normal: ${lost} acknowledged events lost`);
  });
});

describe("SqliteStore, without room", () => {
  if (reason !== false) {
    it.skip(`refuses what finds none, and goes on: ${reason}`, () => {});
    return;
  }

  it("refuses what finds none, keeps what it acknowledged, and goes on when there is some", async () => {
    await using disk = await Disk.make(8);
    await Deno.writeFile(`${disk.folder}/ballast`, new Uint8Array(1024 * 1024));
    const db = new DatabaseSync(`${disk.folder}/store.db`);
    const store = new SqliteStore<{ text: string }>(db);
    const data = "x".repeat(3000);
    let acked = 0;
    const write = async (): Promise<void> => {
      for (; acked < 5000; acked++) await store.append("a", [{ type: "text", data }]);
    };
    const full = await assertRejects(write, UnavailableError, "full");
    assert(full.retryable);
    const mark = (name: string): Promise<void> =>
      store.commit({
        checkpoints: [{ name, position: 1 }],
        appends: [{ stream: "b", events: [{ type: "text", data: data.repeat(10) }] }],
      }).then(() => {});
    await assertRejects(() => mark("c"), UnavailableError, "full");
    assertEquals(await store.checkpoint("c"), undefined);
    assertEquals([store.stats().events, await store.checkIntegrity()], [acked, []]);

    await Deno.remove(`${disk.folder}/ballast`);
    await mark("d");
    const { version } = await store.append("a", [{ type: "text", data }], { expect: acked });
    assertEquals([version, await store.checkpoint("d")], [acked + 1, 1]);
    await store.close();
    db.close();
    assertEquals(await lostOf(`${disk.folder}/store.db`, { a: acked + 1, b: 1 }), 0);
  });
});
