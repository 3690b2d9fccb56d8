/** `deno bench` of supervision. */

import { registerDenoBenches } from "./adapters/deno_bench.ts";
import { cases } from "./cases/listener.ts";

registerDenoBenches(cases);
