// deno-lint-ignore-file no-console -- says how much it saw
import { assertGreater } from "@std/assert";
import { describe, it } from "node:test";
import { dieInEach } from "../../bus/durable/crash.ts";

describe("a durable bus whose process dies in every call of the store", () => {
  for (const half of [false, true]) {
    it(`loses nothing, ${half ? "after" : "before"} the call took effect`, async () => {
      const deaths = await dieInEach(1, 1, half);
      assertGreater(deaths, 50);
      console.log(`${deaths} deaths, nothing lost or overtaken`);
    });
  }
});
