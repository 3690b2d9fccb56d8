// deno-lint-ignore-file no-console -- says how often it died
import { assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { describe, it } from "node:test";

const ROOT = new URL("../../../", import.meta.url).pathname;

/** Runs the demo, killed after a while if it is told to; answers its exit code, 137 when it was. */
async function run(path: string, killAfterMs: number): Promise<{ code: number; text: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      "examples/flights/main.ts",
      `--store=sqlite:${path}`,
      "--limit=20000",
      "--failures=0.001",
    ],
    cwd: ROOT,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const killing = setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(killing);
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

describe("the flights demo on SQLite", () => {
  it("ends with exact totals however often it was killed", async () => {
    const folder = await Deno.makeTempDir({ prefix: "nova-flights-" });
    try {
      let kills = 0;
      for (;;) {
        const { code, text } = await run(
          `${folder}/flights.db`,
          kills < 6 ? 900 + Math.random() * 1500 : 60_000,
        );
        if (code === 137) {
          kills += 1;
          continue;
        }
        assertEquals(code, 0, text);
        assertStringIncludes(text, "OK: plain loop, bus and replay agree on 20,000 flights");
        break;
      }
      assertGreater(kills, 0);
      console.log(`flights: killed ${kills} times, totals exact`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
});
