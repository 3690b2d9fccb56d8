import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { decode } from "../../dashboard/pprof.ts";
import { profileOf } from "./profile_bytes.ts";

describe("dashboard: decode()", () => {
  const stacks = [
    { frames: [["main", "/app/main.ts", 3], ["hash", "/app/hash.ts", 300]], count: 2, nanos: 2e7 },
    { frames: [["main", "/app/main.ts", 3], ["", "", 0]], count: 1, nanos: 5_000_000_000 },
  ] as const;

  for (const packed of [true, false]) {
    it(`reads stacks from the root, with the last value, ${packed ? "" : "not "}packed`, () => {
      assertEquals(decode(profileOf(stacks, packed)), {
        unit: "nanoseconds",
        stacks: [
          {
            frames: [{ name: "main", at: "/app/main.ts:3" }, {
              name: "hash",
              at: "/app/hash.ts:300",
            }],
            value: 2e7,
          },
          {
            frames: [{ name: "main", at: "/app/main.ts:3" }, { name: "(anonymous)", at: ":0" }],
            value: 5_000_000_000,
          },
        ],
      });
    });
  }

  it("has nothing to show for nothing", () => {
    assertEquals(decode(new Uint8Array()), { unit: "", stacks: [] });
    assertEquals(decode(profileOf([])).stacks, []);
  });
});
