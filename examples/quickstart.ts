// deno-lint-ignore-file no-console -- an example prints
import { Bus, MemoryStore } from "@nova/events";

type Orders = { "order.placed": { order: string; total: number } };

const bus = new Bus();
const store = new MemoryStore<Orders>();
const orders = bus.topic<Orders>("orders", { partitions: 8, key: (event) => event.data.order });

orders.on("order.placed", async (event) => {
  await store.append(`order-${event.data.order}`, [event]); // a throw here is tried again, in order
});

await orders.publish({ type: "order.placed", data: { order: "A-17", total: 42 } });
await bus.close(); // takes nothing more, finishes what it accepted

const [first] = await store.read("order-A-17");
console.log(first?.version, first?.data.total); // 1 42
