import { VersionConflictError } from "@nova/events";
import { type Expect, MemoryStore, type ReadOptions, type Recorded } from "@nova/events/store";
import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { describe, it } from "node:test";
import { forSeeds, type World } from "../sim/world.ts";
import { n, type Numbers } from "./kit.ts";

/** What the store must be: plain arrays. */
class Model {
  readonly log: { stream: string; version: number; data: number }[] = [];

  stream(name: string): number[] {
    return this.log.filter(({ stream }) => stream === name).map(({ data }) => data);
  }

  append(stream: string, data: readonly number[]): void {
    let version = this.stream(stream).length;
    for (const item of data) this.log.push({ stream, version: ++version, data: item });
  }

  allows(stream: string, expect: Expect): boolean {
    const { length } = this.stream(stream);
    if (expect === "any") return true;
    if (expect === "absent") return length === 0;
    return expect === "present" ? length > 0 : expect === length;
  }
}

/** The page that a plain array would answer. */
function pageOf(all: readonly number[], { after, limit = 1000, reverse }: ReadOptions): number[] {
  const page = reverse === true
    ? all.slice(0, Math.max(0, (after ?? Infinity) - 1)).toReversed()
    : all.slice(after ?? 0);
  return page.slice(0, limit);
}

function randomRead(world: World, size: number): ReadOptions {
  return {
    ...(world.happens(0.6) ? { after: world.below(size + 3) } : {}),
    ...(world.happens(0.6) ? { limit: 1 + world.below(size + 2) } : {}),
    ...(world.happens(0.5) ? { reverse: world.happens(0.5) } : {}),
  };
}

describe("MemoryStore", () => {
  it("is plain arrays with versions 1…n, rising positions and times (I1, I2)", () =>
    forSeeds(30, async (world) => {
      const store = new MemoryStore<Numbers>({ env: world });
      const model = new Model();
      const streams = ["a", "b", "c", "d"].slice(0, 1 + world.below(4));
      const followers: Recorded[][] = [];
      const controller = new AbortController();
      const ended: Promise<unknown>[] = [];
      const follow = (): void => {
        const after = world.below(model.log.length + 1);
        const seen: Recorded[] = [];
        followers.push(seen);
        ended.push(
          (async () => {
            for await (const event of store.follow({ after, signal: controller.signal })) {
              assertEquals(
                event.position,
                after + seen.length + 1,
                "a follower loses and doubles nothing",
              );
              seen.push(event);
              if (world.happens(0.2)) await world.sleep(world.below(5));
            }
          })().catch((error) => error),
        );
      };

      for (let i = 0; i < 120; i++) {
        world.skew = world.happens(0.1) ? -world.below(1_000_000) : world.below(100);
        const stream = world.pick(streams);
        const dice = world.below(10);
        if (dice < 5) {
          const data = Array.from({ length: world.below(5) }, () => world.below(1000));
          const expect = world.pick<Expect>([
            "any",
            "absent",
            "present",
            model.stream(stream).length,
            world.below(9),
          ]);
          const allowed = model.allows(stream, expect);
          try {
            const { version, events } = await store.append(stream, data.map(n), { expect });
            assert(allowed, `${expect} must not be allowed`);
            model.append(stream, data);
            assertEquals(version, model.stream(stream).length);
            assertEquals(events.map((event) => event.data), data);
          } catch (error) {
            assert(error instanceof VersionConflictError && !allowed, `${error}`);
            assertEquals(error.actual, model.stream(stream).length);
            const known = typeof expect === "number" ? expect : 0;
            assertEquals(
              (error.events as Recorded[]).map(({ data }) => data),
              model.stream(stream).slice(known),
            );
          }
        } else if (dice < 8) {
          const options = randomRead(world, model.stream(stream).length);
          const page = await store.read(stream, options);
          assertEquals(page.map(({ data }) => data), pageOf(model.stream(stream), options));
        } else if (dice < 9) {
          const options = randomRead(world, model.log.length);
          const page = await store.readAll(options);
          assertEquals(
            page.map(({ data }) => data),
            pageOf(model.log.map(({ data }) => data), options),
          );
        } else if (followers.length < 5) follow();
        else await world.run(1);
      }

      await world.run();
      const all = await store.readAll({ limit: 10_000 });
      assertEquals(all.map(({ stream, version, data }) => ({ stream, version, data })), model.log);
      all.forEach((event, i) => {
        assertEquals(event.position, i + 1);
        assertGreaterOrEqual(event.recordedAt, all[i - 1]?.recordedAt ?? 0);
      });
      for (const seen of followers) assertEquals(seen.at(-1)?.position ?? all.length, all.length);
      assertEquals(store.stats().followers, followers.length);
      controller.abort("done");
      assertEquals(await Promise.all(ended), followers.map(() => "done"));
      assertEquals([store.stats().followers, world.pending.abortListeners], [0, 0]);
    }));
});
