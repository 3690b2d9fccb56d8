/** Everything `deno task bench:emitter` adds to the emitter's own cases. */

import type { Case } from "../case.ts";
import { grid } from "./emitter_grid.ts";
import { handOver } from "./queues.ts";

export { probes } from "./probes.ts";

export const cases: readonly Case[] = [...grid, ...handOver];
