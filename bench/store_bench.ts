/** `deno bench` of the store. */

import { registerDenoBenches } from "./adapters/deno_bench.ts";
import { cases } from "./cases/store.ts";

registerDenoBenches(cases);
