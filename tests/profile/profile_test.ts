import { Profile } from "@nova/events/profile";
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { read, unzip } from "./kit.ts";

const TYPES = [{ type: "runs", unit: "count" }, { type: "time", unit: "nanoseconds" }] as const;

describe("Profile", () => {
  it("says the same to another decoder", () => {
    const profile = new Profile({
      sampleTypes: TYPES,
      defaultType: "runs",
      period: { type: "cpu", unit: "nanoseconds", every: 10_000_000 },
      time: 1_700_000_000_123,
      durationMs: 2_500.5,
      program: "deno-2.9.6",
      comments: ["first", "äöü 🜚"],
    });
    const inner = { name: "inner", file: "/app/main.ts", line: 22, startLine: 20 };
    profile.add([inner, { name: "outer" }], [3, 2 ** 40], { listener: "mail", attempt: 2 });

    assertEquals(read(profile.encode()), {
      types: ["runs/count", "time/nanoseconds"],
      defaultType: "runs",
      program: "deno-2.9.6",
      time: 1_700_000_000_123_000_000n,
      duration: 2_500_500_000n,
      period: "cpu 10000000",
      comments: ["first", "äöü 🜚"],
      samples: [{
        stack: ["inner /app/main.ts:22 (20)", "outer"],
        values: [3, 2 ** 40],
        labels: { listener: "mail", attempt: 2 },
      }],
    });
  });

  it("adds up what has the same stack and labels, and nothing else", () => {
    const profile = new Profile({ sampleTypes: TYPES });
    profile.add([{ name: "a" }], [1, 10], { state: "x" });
    profile.add([{ name: "a" }], [2, 20], { state: "x" });
    profile.add([{ name: "a" }], [4, 40], { state: "y" });
    profile.add([{ name: "a", line: 7 }], [8, 80], { state: "x" });
    profile.add([{ name: "a" }, { name: "a" }], [16, 160], { state: "x" });

    assertEquals(profile.samples.map(({ values }) => values[0]), [3, 4, 8, 16]);
    assertEquals(profile.totals, [31, 310]);
  });

  it("rounds to whole numbers", () => {
    const profile = new Profile({ sampleTypes: TYPES });
    profile.add([{ name: "a" }], [0.6, 1.4]);
    assertEquals(profile.samples[0]!.values, [1, 1]);
  });

  it("keeps names apart that look alike", () => {
    const profile = new Profile({ sampleTypes: TYPES });
    profile.add([{ name: "a", file: "b", line: 1 }], [1, 1]);
    profile.add([{ name: "a", file: "b", startLine: 1 }], [1, 1]);
    profile.add([{ name: "b\na", line: 1 }], [1, 1]);
    profile.add([{ name: "" }], [1, 1]);
    const { samples } = read(profile.encode());
    assertEquals(samples.map(({ stack }) => stack), [
      ["a b:1 (0)"],
      ["a b:0 (1)"],
      ["b\na"],
      [""],
    ]);
  });

  it("is empty without samples, and still a profile", () => {
    const { samples, defaultType } = read(new Profile({ sampleTypes: TYPES }).encode());
    assertEquals([samples, defaultType], [[], "time"]);
  });

  it("writes what would be exact in no double", () => {
    const profile = new Profile({ sampleTypes: TYPES });
    profile.add([{ name: "a" }], [Number.MAX_SAFE_INTEGER, 2 ** 62]);
    assertEquals(read(profile.encode()).samples[0]!.values, [Number.MAX_SAFE_INTEGER, 2 ** 62]);
  });

  it("shrinks, and comes back", async () => {
    const profile = new Profile({ sampleTypes: TYPES });
    for (let i = 0; i < 1000; i++) profile.add([{ name: `function ${i}` }], [i, i]);
    const small = await profile.gzip();
    assertEquals([small[0], small[1]], [0x1f, 0x8b]);
    assertEquals(await unzip(small), new Uint8Array(profile.encode()));
  });
});

describe("Profile.since()", () => {
  it("is what changed, also where something became less", () => {
    const before = new Profile({ sampleTypes: TYPES, time: 1_000 });
    before.add([{ name: "same" }], [1, 5]);
    before.add([{ name: "more" }], [1, 5]);
    before.add([{ name: "gone" }], [3, 7]);
    const after = new Profile({ sampleTypes: TYPES, time: 4_000 });
    after.add([{ name: "same" }], [1, 5]);
    after.add([{ name: "more" }], [4, 50]);
    after.add([{ name: "new" }], [1, 1]);

    const { samples, duration } = read(after.since(before).encode());
    assertEquals(
      Object.fromEntries(samples.map(({ stack, values }) => [stack[0], values])),
      { more: [3, 45], new: [1, 1], gone: [-3, -7] },
    );
    assertEquals(duration, 3_000_000_000n);
  });
});

describe("Profile.showing()", () => {
  it("changes what a viewer shows first", () => {
    const profile = new Profile({ sampleTypes: TYPES });
    profile.add([{ name: "a" }], [1, 2], { k: "v" });
    const shown = read(profile.showing("runs").encode());
    assertEquals([shown.defaultType, shown.samples.length], ["runs", 1]);
    assertEquals(read(profile.encode()).defaultType, "time");
  });
});
