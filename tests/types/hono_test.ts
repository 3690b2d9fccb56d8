/** The adapter compiled against two copies of Hono, each by its own types. */

import { Emitter } from "@nova/events/emitter";
import { nova, type NovaEnv, novaRoutes } from "@nova/events/hono";
import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import { Hono as OldHono } from "hono-4.0";
import { describe, it } from "node:test";

describe("the types of the adapter", () => {
  it("fit both copies", async () => {
    const services = { emitter: new Emitter<{ placed: number }>() };
    const app = new Hono<NovaEnv<typeof services>>();
    app.use(nova(services));
    app.get("/", async (c) => {
      await c.var.nova.emit("placed", 1);
      await c.var.emitter.emit("placed", 1);
      return c.text("new");
    });
    novaRoutes(app, services);

    const old = new OldHono<NovaEnv<typeof services>>();
    old.use("*", nova(services));
    old.get("/", async (c) => {
      await c.var.nova.emit("placed", 1);
      // @ts-expect-error: no such event
      const wrong = (): Promise<void> => c.var.nova.emit("paid", 1);
      return c.text(typeof wrong);
    });
    novaRoutes(old, services);

    assertEquals(await (await app.request("/")).text(), "new");
    assertEquals(await (await old.request("/")).text(), "function");
  });
});
