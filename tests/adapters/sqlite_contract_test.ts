import { inline } from "@nova/events/pool";
import { SqliteStore } from "@nova/events/sqlite";
import { Store, type StoreOptions } from "@nova/events/store";
import { storeContract } from "@nova/events/testing";
import { describe, it } from "node:test";
import { SqliteThreadDriver } from "../../src/adapters/sqlite/thread_driver.ts";
import { sqliteTasks } from "../../src/adapters/sqlite/thread_tasks.ts";
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

describe("SqliteThreadStore keeps the contract of stores", () => {
  if (sqliteMissing !== false) {
    it.skip(`all of it: ${sqliteMissing}`, () => {});
    return;
  }
  const settings = { name: "store", synchronous: "full", busyMs: 5000 } as const;
  const make = (options: StoreOptions) =>
    new Store(
      new SqliteThreadDriver(inline(sqliteTasks(openDatabase, options.env)), settings),
      options,
    );
  const { capabilities } = make({});
  // What an open database says of itself, here known before.
  const opened = { ...capabilities, writers: "one", survives: "nothing" } as const;
  for (const { name, run } of storeContract(make, opened)) it(name, run);
});
