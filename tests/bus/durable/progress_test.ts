import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { type Mark, Progress } from "../../../src/bus/durable/progress.ts";

const NONE: ReadonlySet<number> = new Set();

/** Events of a log, with the partition of each, handed over. */
function handOver(progress: Progress, events: readonly (readonly [number, number])[]): void {
  for (const [partition, position] of events) {
    if (!progress.isDone(partition, position)) progress.handed(partition, position);
    progress.reached(position);
  }
}

describe("Progress", () => {
  it("has its low mark before the oldest event that is not done", () => {
    const progress = new Progress(1, { low: 10, done: [] });
    handOver(progress, [[0, 11], [0, 13], [0, 15], [0, 18]]);

    assertEquals(progress.mark(() => 0, NONE, NONE), { low: 10, done: [10] });
    assertEquals(progress.mark(() => 3, new Set([13]), NONE), { low: 12, done: [15, 13] });
    assertEquals(progress.mark(() => 4, new Set([13, 18]), NONE), { low: 12, done: [18, 13, 18] });
    assertEquals(progress.mark(() => 4, new Set([18]), NONE), { low: 17, done: [18, 18] });
    assertEquals(progress.mark(() => 4, NONE, NONE), { low: 18, done: [18] });
    progress.reached(30);
    assertEquals(progress.mark(() => 4, NONE, NONE), { low: 30, done: [18] });
  });

  it("does not pass what another partition has not taken", () => {
    const progress = new Progress(2, { low: 0, done: [] });
    handOver(progress, [[0, 1], [1, 2], [0, 3], [1, 4]]);

    assertEquals(progress.mark((p) => p === 1 ? 2 : 0, NONE, NONE), { low: 0, done: [0, 4] });
    assertEquals(progress.mark((p) => p === 1 ? 2 : 1, NONE, NONE), { low: 2, done: [1, 4] });
    assertEquals(progress.mark(() => 2, NONE, NONE), { low: 4, done: [3, 4] });
  });

  it("counts what is finishing as done once, and not for ever", () => {
    const progress = new Progress(1, { low: 0, done: [] });
    handOver(progress, [[0, 1]]);

    assertEquals(progress.mark(() => 1, new Set([1]), new Set([1])), { low: 1, done: [1] });
    assertEquals(progress.mark(() => 1, new Set([1]), NONE), { low: 0, done: [1, 1] });
  });

  it("keeps what an earlier life has done, and has left", () => {
    const progress = new Progress(2, { low: 4, done: [9, 4, 5, 7] });

    assertEquals([5, 6, 7, 9, 10].map((p) => progress.isDone(0, p)), [
      false,
      true,
      false,
      true,
      false,
    ]);
    assertEquals(progress.isDone(1, 5), false);
    assertEquals(progress.mark(() => 0, NONE, NONE), { low: 4, done: [9, 4, 5, 7] });
    handOver(progress, [[0, 5], [0, 6], [0, 7], [1, 8], [0, 9]]);
    assertEquals(progress.mark((p) => p === 0 ? 1 : 0, NONE, NONE), { low: 6, done: [9, 4, 7] });
    assertEquals(progress.mark((p) => p === 0 ? 2 : 0, NONE, NONE), { low: 7, done: [9, 4] });
    assertEquals(progress.mark((p) => p === 0 ? 2 : 1, NONE, NONE), { low: 9, done: [9, 8] });
  });

  it("knows in the next life exactly what was not done, whatever the order", () => {
    let state = 7;
    const below = (most: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor(state / 2 ** 32 * most);
    };
    for (let round = 0; round < 200; round++) {
      const partitions = 1 + below(3);
      const events = Array.from({ length: 40 }, (_, i) => [below(partitions), 2 * i + 1] as const);
      const undone = new Set(events.map(([, position]) => position));
      let mark: Mark = { low: 0, done: [] };
      for (let life = 0; life < 4; life++) {
        const progress = new Progress(partitions, mark);
        const queues: number[][] = Array.from({ length: partitions }, () => []);
        const read = below(41);
        for (const [partition, position] of events.slice(0, read)) {
          if (position <= mark.low) continue;
          assertEquals(progress.isDone(partition, position), !undone.has(position));
          if (undone.has(position)) {
            progress.handed(partition, position);
            queues[partition]!.push(position);
          }
          progress.reached(position);
        }
        const inHand = new Set<number>();
        const taken = queues.map(() => 0);
        for (let step = 0; step < 10; step++) {
          for (const [partition, queue] of queues.entries()) {
            const more = Math.min(below(3), queue.length - taken[partition]!);
            for (let i = 0; i < more; i++) {
              const position = queue[taken[partition]!]!;
              taken[partition]! += 1;
              if (below(3) === 0) inHand.add(position);
              else undone.delete(position);
            }
          }
          for (const position of inHand) {
            if (below(4) !== 0) continue;
            inHand.delete(position);
            undone.delete(position);
          }
          mark = progress.mark((partition) => taken[partition]!, inHand, NONE);
        }
        for (const position of undone) assert(position > mark.low);
      }
    }
  });
});
