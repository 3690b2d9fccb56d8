import { assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "node:test";
import { bar, Progress } from "../../../examples/flights/progress.ts";

function terminal(isTTY: boolean): { isTTY: boolean; texts: string[]; write(text: string): void } {
  const texts: string[] = [];
  return { isTTY, texts, write: (text) => void texts.push(text) };
}

describe("flights: progress", () => {
  it("draws nothing where there is no terminal", () => {
    const pipe = terminal(false);
    const progress = new Progress(pipe, () => 0);
    progress.update("publish", 1, 2);
    progress.clear();
    assertEquals(pipe.texts, []);
  });

  it("draws on one line, ten times a second at most", () => {
    const screen = terminal(true);
    let now = 1_000;
    const progress = new Progress(screen, () => now);
    progress.update("publish", 0, 100);
    now += 99;
    progress.update("publish", 10, 100);
    now += 1;
    progress.update("publish", 50, 100);
    assertEquals(screen.texts.length, 2);
    assertStringIncludes(screen.texts[1]!, " 50 %");
    assertEquals(screen.texts.join("").includes("\n"), false);
  });

  it("takes the line away and draws at once afterwards", () => {
    const screen = terminal(true);
    const progress = new Progress(screen, () => 0);
    progress.update("publish", 1, 2);
    progress.clear();
    assertEquals(screen.texts.at(-1), "\r\u001b[K");
    progress.update("replay", 1, 2);
    assertStringIncludes(screen.texts.at(-1)!, "replay");
  });

  it("shows share and rate", () => {
    assertEquals(bar("publish", 0, 10, 0), `publish [${"·".repeat(30)}]   0 % `);
    assertEquals(
      bar("publish", 1_500_000, 3_000_000, 1.5),
      `publish [${"█".repeat(15)}${"·".repeat(15)}]  50 % 1,000k/s`,
    );
    assertEquals(bar("publish", 7, 7, 0.001), `publish [${"█".repeat(30)}] 100 % 7k/s`);
  });
});
