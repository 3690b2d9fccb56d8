// Runs against the stand-ins and against the real @std/testing (`deno task test:jsr`).
import { assertEquals } from "@std/assert";
import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from "@std/testing/bdd";

describe("the words of @std/testing/bdd", () => {
  const log: string[] = [];

  beforeAll(() => {
    log.push("all");
  });
  beforeEach(() => {
    log.push("each");
  });
  afterEach(() => {
    log.push("/each");
  });
  afterAll(() => {
    assertEquals(log.slice(-4), ["each", "inner", "/inner", "/each"]);
  });

  it("run what comes before", () => {
    assertEquals(log, ["all", "each"]);
  });

  describe("inside each other", () => {
    beforeEach(() => {
      log.push("inner");
    });
    afterEach(() => {
      log.push("/inner");
    });

    it("run the outer hooks around the inner ones", () => {
      assertEquals(log, ["all", "each", "/each", "each", "inner"]);
    });
  });
});
