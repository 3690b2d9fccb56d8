/** Everything `deno task bench:bus` adds to the bus's own cases. */

import type { Case } from "../case.ts";
import { busGrid } from "./buses.ts";

export { probes } from "./bus_probes.ts";

export const cases: readonly Case[] = busGrid;
