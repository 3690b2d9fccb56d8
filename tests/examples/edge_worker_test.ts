import worker, { written } from "../../examples/edge_worker.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "node:test";

describe("examples/edge_worker.ts", () => {
  const env = { NOVA_TOKEN: "secret" };

  function ask(path: string, headers: Record<string, string> = {}): {
    readonly response: Response | Promise<Response>;
    readonly waiting: Promise<unknown>[];
  } {
    const waiting: Promise<unknown>[] = [];
    const context = {
      waitUntil: (promise: Promise<unknown>) => void waiting.push(promise),
      passThroughOnException() {},
    };
    const request = new Request(`https://edge.example${path}`, { headers });
    return { response: worker.fetch(request, env, context as never), waiting };
  }

  it("answers before its listeners are done, and lives until they are", async () => {
    const { response, waiting } = ask("/", { "cf-ipcountry": "DE" });
    assertEquals(await (await response).text(), "Hello");
    assertEquals([waiting.length, written.length], [1, 0]);
    await Promise.all(waiting);
    assertEquals(written, ["DE /"]);
  });

  it("shows its metrics to who has the token of its bindings", async () => {
    for (const headers of [{}, { authorization: "Bearer other" }] as Record<string, string>[]) {
      assertEquals((await ask("/internal/metrics", headers).response).status, 401);
    }
    const response = await ask("/internal/metrics", { authorization: "Bearer secret" }).response;
    assertEquals(response.status, 200);
    assertStringIncludes(
      await response.text(),
      'nova_events_processed_total{component="emitter/visits",listener="analytics",result="success"} 1\n',
    );
    assert((await ask("/internal/health", { authorization: "Bearer secret" }).response).ok);
  });
});
