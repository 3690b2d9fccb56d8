import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { Progress } from "../../../src/bus/durable/progress.ts";

const NONE: ReadonlySet<number> = new Set();

describe("Progress", () => {
  it("has its low mark before the oldest event that is not done, and ranges above it", () => {
    const progress = new Progress(1, { low: 10, done: [] });
    for (const position of [11, 13, 15, 18]) progress.handed(0, position);

    assertEquals(progress.mark(() => 0, NONE, NONE), { low: 10, done: [] });
    assertEquals(progress.mark(() => 3, new Set([13]), NONE), { low: 12, done: [14, 15] });
    assertEquals(progress.mark(() => 4, new Set([13, 18]), NONE), { low: 12, done: [14, 17] });
    assertEquals(progress.mark(() => 4, new Set([18]), NONE), { low: 17, done: [] });
    assertEquals(progress.mark(() => 4, NONE, NONE), { low: 18, done: [] });
  });

  it("does not pass what another partition has not taken", () => {
    const progress = new Progress(2, { low: 0, done: [] });
    progress.handed(0, 1);
    progress.handed(1, 2);
    progress.handed(0, 3);
    progress.handed(1, 4);

    assertEquals(progress.mark((p) => p === 1 ? 2 : 0, NONE, NONE), { low: 0, done: [2, 2, 4, 4] });
    assertEquals(progress.mark((p) => p === 1 ? 2 : 1, NONE, NONE), { low: 2, done: [4, 4] });
    assertEquals(progress.mark(() => 2, NONE, NONE), { low: 4, done: [] });
  });

  it("counts what is finishing as done once, and not for ever", () => {
    const progress = new Progress(1, { low: 0, done: [] });
    progress.handed(0, 1);

    assertEquals(progress.mark(() => 1, new Set([1]), new Set([1])), { low: 1, done: [] });
    assertEquals(progress.mark(() => 1, new Set([1]), NONE), { low: 0, done: [] });
  });

  it("keeps what an earlier life has done", () => {
    const progress = new Progress(1, { low: 4, done: [6, 9, 12, 12] });

    assertEquals([5, 6, 9, 10, 12, 13].map((p) => progress.isDone(p)), [
      false,
      true,
      true,
      false,
      true,
      false,
    ]);
    assertEquals(progress.mark(() => 0, NONE, NONE), { low: 4, done: [6, 9, 12, 12] });
    progress.handed(0, 5);
    progress.handed(0, 10);
    assertEquals(progress.mark(() => 1, NONE, NONE), { low: 5, done: [6, 9, 12, 12] });
    assertEquals(progress.mark(() => 2, new Set([5]), NONE), { low: 10, done: [12, 12] });
  });
});
