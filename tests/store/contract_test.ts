import { MemoryStore } from "@nova/events/store";
import { storeContract } from "@nova/events/testing";
import { describe, it } from "node:test";

describe("MemoryStore keeps the contract of stores", () => {
  const store = new MemoryStore();
  store.open();
  for (
    const { name, run } of storeContract((options) => new MemoryStore(options), store.capabilities)
  ) {
    it(name, run);
  }
});
