/** Everything `deno task bench:pool` adds to the pools' own cases. */

import type { Case } from "../case.ts";
import { poolGrid } from "./pools.ts";

export { probes } from "./pool_probes.ts";

export const cases: readonly Case[] = poolGrid;
