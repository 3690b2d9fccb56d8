// deno-lint-ignore-file no-console -- an example prints
// A listener that calls a service which is down for a while: retries, a circuit, a place for the rest.
import { Bus, ListenerManager, shutdown } from "@nova/events";

type Orders = { "order.placed": { order: string; total: number } };

let calls = 0;
let down = true;
/** Stands in for a payment service. */
function charge(order: string, signal: AbortSignal): Promise<void> {
  calls += 1;
  signal.throwIfAborted();
  return down ? Promise.reject(new Error(`no answer for ${order}`)) : Promise.resolve();
}

const parked: string[] = [];
const listeners = new ListenerManager();
const charging = listeners.register<{ type: string; data: Orders["order.placed"] }>(
  "charge",
  ({ data }, { signal }) => charge(data.order, signal),
  {
    timeoutMs: 1000,
    retry: { attempts: 3, delayMs: 5 },
    breaker: { kind: "consecutive", failures: 6, cooldownMs: 50 },
    deadLetter: ({ data }) => void parked.push(data.order),
  },
);
listeners.start();

const bus = new Bus();
const orders = bus.topic<Orders>("orders");
orders.subscribe(charging);

for (const order of ["A-1", "A-2", "A-3", "A-4"]) {
  await orders.publish({ type: "order.placed", data: { order, total: 42 } });
}
while (charging.circuit?.state !== "open") await new Promise((resolve) => setTimeout(resolve, 5));

const { status, listeners: each } = listeners.health();
console.log(status, each.charge?.reasons.map(({ code }) => code)); // circuit-open [ "circuit", … ]
console.log("parked:", parked, "after", calls, "calls"); // parked: [ "A-1", "A-2" ] after 6 calls

down = false; // what waits on the bus is delivered once the circuit lets it through
while (charging.stats().succeeded < 2) await new Promise((resolve) => setTimeout(resolve, 5));
console.log("charged:", charging.stats().succeeded, "circuit", charging.circuit?.state);

await shutdown({ bus, listeners });
