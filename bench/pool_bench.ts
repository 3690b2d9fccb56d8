/** `deno bench` of the pools. */

import { registerDenoBenches } from "./adapters/deno_bench.ts";
import { cases } from "./cases/pool.ts";

registerDenoBenches(cases);
