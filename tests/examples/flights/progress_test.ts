import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { describe, it } from "node:test";
import { bar, Progress } from "../../../examples/flights/progress.ts";

function terminal(isTTY: boolean): { isTTY: boolean; texts: string[]; write(text: string): void } {
  const texts: string[] = [];
  return { isTTY, texts, write: (text) => void texts.push(text) };
}

const { signal } = new AbortController();

describe("flights: progress", () => {
  it("draws nothing where there is no terminal", async () => {
    const pipe = terminal(false);
    const progress = new Progress(pipe, signal, () => 0);
    await progress.report("publish", 1, 2);
    progress.clear();
    assertEquals(pipe.texts, []);
  });

  it("draws on one line, ten times a second at most", async () => {
    const screen = terminal(true);
    let now = 1_000;
    const progress = new Progress(screen, signal, () => now);
    await progress.report("publish", 0, 100);
    now += 99;
    await progress.report("publish", 10, 100);
    now += 1;
    await progress.report("publish", 50, 100);
    assertEquals(screen.texts.length, 2);
    assertStringIncludes(screen.texts[1]!, " 50 %");
    assertEquals(screen.texts.join("").includes("\n"), false);
  });

  it("draws another loop at once, with a rate of its own", async () => {
    const screen = terminal(true);
    let now = 0;
    const progress = new Progress(screen, signal, () => now);
    await progress.report("publish", 0, 100);
    now += 50;
    await progress.report("replay", 0, 8_000_000);
    now += 2_000;
    await progress.report("replay", 4_000_000, 8_000_000);
    assertEquals(screen.texts.length, 3);
    assertStringIncludes(screen.texts[2]!, " 50 % 2,000k/s");
  });

  it("takes the line away, once", async () => {
    const screen = terminal(true);
    const progress = new Progress(screen, signal, () => 0);
    await progress.report("publish", 1, 2);
    progress.clear();
    progress.clear();
    assertEquals(screen.texts.slice(1), ["\r\u001b[K"]);
  });

  it("ends the loop that reports after an abort, during a pause or before", async () => {
    const controller = new AbortController();
    let now = 0;
    const progress = new Progress(terminal(false), controller.signal, () => now);
    await progress.report("publish", 0, 2);
    now += 100;
    const pausing = progress.report("publish", 1, 2);
    controller.abort(new Error("stop"));
    await assertRejects(() => pausing, Error, "stop");
    now += 100;
    await assertRejects(() => progress.report("publish", 2, 2), Error, "stop");
  });

  it("shows share and rate", () => {
    assertEquals(bar("read", 0, 10, 0), `read    [${"·".repeat(30)}]   0 %`);
    assertEquals(
      bar("publish", 1_500_000, 3_000_000, 1.5),
      `publish [${"█".repeat(15)}${"·".repeat(15)}]  50 % 1,000k/s`,
    );
    assertEquals(bar("publish", 7_000, 7_000, 1), `publish [${"█".repeat(30)}] 100 % 7k/s`);
  });
});
