import { assertGreater } from "@std/assert";
import { describe, it } from "node:test";
import { dieInEach } from "./crash.ts";

describe("a durable bus", () => {
  it("loses nothing when its process dies before a call of the store takes effect", async () => {
    assertGreater(await dieInEach(1, 4, false), 10);
  });

  it("loses nothing when its process dies after a call of the store took effect", async () => {
    assertGreater(await dieInEach(3, 4, true), 10);
  });
});
