// One profile right behind the other: what the first one leaves must not spoil the second.
import { anyone, inspector } from "@nova/events/http";
import { engineProfiler } from "@nova/events/profiler";
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";

describe("CPU profiles", () => {
  it("can be taken one behind the other", async () => {
    const inspect = inspector({}, { authorize: anyone(), profiler: engineProfiler() });
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) {
      const url = "http://localhost/debug/pprof/profile?seconds=1";
      const response = await inspect(new Request(url));
      await response.arrayBuffer();
      statuses.push(response.status);
    }

    assertEquals(statuses, [200, 200, 200]);
  });
});
