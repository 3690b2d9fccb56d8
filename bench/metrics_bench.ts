/** `deno bench` of metrics. */

import { registerDenoBenches } from "./adapters/deno_bench.ts";
import { cases } from "./cases/metrics.ts";

registerDenoBenches(cases);
