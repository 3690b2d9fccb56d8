import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { parseOptions, usage, UsageError } from "../../../examples/flights/options.ts";

function messageOf(...args: string[]): string {
  return assertThrows(() => parseOptions(args), UsageError).message;
}

describe("flights: options", () => {
  it("has a default for everything", () => {
    assertEquals(parseOptions([]), {
      limit: Infinity,
      seed: 1,
      failures: 1 / 20_000,
      help: false,
    });
  });

  it("reads every option", () => {
    const args = [
      "--limit=5",
      "--seed=0",
      "--failures=1e-3",
      "--file=a=b.parquet",
      "--store=sqlite:a:b.db",
      "--json=o.json",
    ];
    assertEquals(parseOptions(args), {
      limit: 5,
      seed: 0,
      failures: 0.001,
      file: "a=b.parquet",
      store: { is: "sqlite", path: "a:b.db" },
      json: "o.json",
      help: false,
    });
    assertEquals(parseOptions(["--store=memory"]).store, { is: "memory" });
    assertEquals(parseOptions(["-h"]).help, true);
    assertEquals(parseOptions(["--help"]).help, true);
  });

  it("takes no failures at all and failures everywhere", () => {
    assertEquals(parseOptions(["--failures=0"]).failures, 0);
    assertEquals(parseOptions(["--failures=1"]).failures, 1);
    assertEquals(parseOptions(["--failures=.5"]).failures, 0.5);
  });

  it("refuses a limit that is no positive whole number", () => {
    for (const bad of ["-5", "0", "x", "1.5", "1e3", "0x10", " 7", "9".repeat(20), "NaN"]) {
      assertStringIncludes(messageOf(`--limit=${bad}`), "--limit must be a whole number");
      assertStringIncludes(messageOf(`--limit=${bad}`), JSON.stringify(bad));
    }
  });

  it("refuses a seed beyond 32 bits and a rate beyond 1", () => {
    assertStringIncludes(messageOf("--seed=4294967296"), "--seed");
    assertEquals(parseOptions(["--seed=4294967295"]).seed, 2 ** 32 - 1);
    for (const bad of ["1.01", "-0.1", "1/20000", "Infinity", "."]) {
      assertStringIncludes(messageOf(`--failures=${bad}`), "--failures must be a number");
    }
  });

  it("refuses what it does not know, lacks a value, or comes twice", () => {
    assertStringIncludes(messageOf("--limits=5"), '"--limits=5"');
    assertStringIncludes(messageOf("5"), '"5"');
    assertStringIncludes(messageOf("--__proto__=1"), "unknown argument");
    assertStringIncludes(messageOf("--limit"), "--limit needs a value");
    for (const store of ["disk", "sqlite:", "sqlite", "memory:x"]) {
      assertStringIncludes(messageOf(`--store=${store}`), "--store must be memory or sqlite:PATH");
    }
    assertStringIncludes(messageOf("--file="), "--file needs a value");
    assertStringIncludes(messageOf("--limit", "5"), "--limit needs a value");
    assertStringIncludes(messageOf("--seed=1", "--seed=2"), "twice");
  });

  it("names every option in the usage", () => {
    for (const name of ["limit", "seed", "failures", "file", "store", "json", "help"]) {
      assertStringIncludes(usage, `--${name}`);
    }
  });
});
