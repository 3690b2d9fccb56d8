/**
 * The store in memory.
 */

import type { EventMap } from "../event/event.ts";
import type { MemoryStoreOptions } from "./api.ts";
import { MemoryDriver } from "./memory_driver.ts";
import type { MemoryTx } from "./stage.ts";
import { Store } from "./store.ts";

/**
 * An event log in memory.
 *
 * Event data is kept by reference: do not change it afterwards. Everything ends with the process,
 * unless {@linkcode Store.dump} wrote it elsewhere.
 *
 * @typeParam Events The data of each event type.
 *
 * @example Usage
 * ```ts
 * import { MemoryStore } from "@nova/events/store";
 *
 * const store = new MemoryStore<{ opened: { owner: string }; paidIn: { amount: number } }>();
 * await store.append("account-7", [{ type: "opened", data: { owner: "Ada" } }], { expect: "absent" });
 * await store.append("account-7", [{ type: "paidIn", data: { amount: 50 } }], { expect: 1 });
 *
 * const events = await store.read("account-7");
 * console.log(events.map((event) => `${event.version} ${event.type}`)); // [ "1 opened", "2 paidIn" ]
 * await store.close();
 * ```
 */
export class MemoryStore<Events extends EventMap = Record<string, unknown>>
  extends Store<Events, MemoryTx> {
  /** Makes an empty store; it holds no timer and reads no clock. */
  constructor(options: MemoryStoreOptions = {}) {
    super(new MemoryDriver(), options);
  }
}
