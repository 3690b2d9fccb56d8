/** `deno bench` of the bus. */

import { registerDenoBenches } from "./adapters/deno_bench.ts";
import { cases } from "./cases/bus.ts";

registerDenoBenches(cases);
