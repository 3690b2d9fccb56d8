/**
 * What every store driver must do, as a list of cases without a test framework.
 */

import type { StoreOptions } from "../../store/api.ts";
import type { Capabilities } from "../../store/driver.ts";
import { inlining } from "./inlining.ts";
import { keeping } from "./keeping.ts";
import { type AnyStore, type ContractCase, type MakeStore, MovedEnv } from "./kit.ts";
import { reading } from "./reading.ts";
import { writing } from "./writing.ts";

/**
 * The contract of stores: cases that any driver must pass. What its capabilities do not claim is not
 * asked of it.
 *
 * @param make Makes an empty store with the given options, each time another one.
 * @param capabilities What the driver says of itself, once it is open.
 *
 * @example Usage
 * ```ts
 * import { MemoryStore } from "@nova/events/store";
 * import { storeContract } from "@nova/events/testing";
 *
 * const { capabilities } = new MemoryStore();
 * const cases = storeContract((options) => new MemoryStore(options), capabilities);
 * for (const { run } of cases) await run();
 * console.log(cases.length > 20); // true
 * ```
 */
export function storeContract(
  make: MakeStore,
  capabilities: Capabilities,
): readonly ContractCase[] {
  return [...writing, ...reading, ...keeping, ...inlining].map(([name, run]) => ({
    name,
    run: async () => {
      const env = new MovedEnv();
      const stores: AnyStore[] = [];
      const unopened = async (options: StoreOptions = {}): Promise<AnyStore> => {
        const made = await make({ env, ...options });
        stores.push(made);
        return made;
      };
      const store = async (options?: StoreOptions): Promise<AnyStore> => {
        const made = await unopened(options);
        await made.open();
        return made;
      };
      try {
        await run({ capabilities, env, store, unopened });
      } finally {
        for (const made of stores) await made.close();
      }
    },
  }));
}
