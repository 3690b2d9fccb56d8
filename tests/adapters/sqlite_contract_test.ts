import { SqliteStore } from "@nova/events/sqlite";
import { storeContract } from "@nova/events/testing";
import { describe, it } from "node:test";
import { openDatabase, sqliteMissing } from "./sqlite_kit.ts";

describe("SqliteStore keeps the contract of stores", () => {
  if (sqliteMissing !== false) {
    it.skip(`all of it: ${sqliteMissing}`, () => {});
    return;
  }
  const probe = new SqliteStore(openDatabase());
  // Opening a file is done at once; only its promise comes later.
  probe.open();
  const make = (options: object) => new SqliteStore(openDatabase(), options);
  for (const { name, run } of storeContract(make, probe.capabilities)) it(name, run);
});
