/** `deno bench` of the emitter. */

import { registerDenoBenches } from "./adapters/deno_bench.ts";
import { cases } from "./cases/emitter.ts";

registerDenoBenches(cases);
