/** The thread of a store in a file. */

import { DatabaseSync } from "node:sqlite";
import { exposeSqlite } from "../../src/adapters/sqlite/mod.ts";

const path = new URL(import.meta.url).searchParams.get("path") ?? ":memory:";
exposeSqlite(() => new DatabaseSync(path));
