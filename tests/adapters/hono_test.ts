import { Bus } from "@nova/events/bus";
import { type Emitted, Emitter } from "@nova/events/emitter";
import { anyone, bearer, nova, type NovaEnv, novaRoutes } from "@nova/events/hono";
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { Hono } from "hono";
import { Hono as OldHono } from "hono-4.0";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";

const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

type Events = { placed: { total: number } };

/** What both copies of Hono do; each is compiled against the adapter. */
const copies = { Hono, OldHono } as const;

for (const [name, Copy] of Object.entries(copies) as [string, typeof Hono][]) {
  describe(`novaRoutes() on ${name}`, () => {
    const env = useTestEnv();

    it("registers every page, below the base path of the app, behind its middleware", async () => {
      const emitter = new Emitter({ name: "shop", env });
      const app = new Copy();
      const inside = new Copy();
      inside.use("*", async (c, next) => {
        if (c.req.header("x-pass") !== "yes") return c.text("not you", 401);
        await next();
      });
      novaRoutes(inside, { emitter }, { authorize: anyone(), env });
      app.route("/internal/nova", inside);

      const headers = { "x-pass": "yes" };
      for (const path of ["/health", "/ready", "/stats", "/metrics", "/debug/nova/"]) {
        assertEquals((await app.request(`/internal/nova${path}`)).status, 401, path);
        const answer = await app.request(`/internal/nova${path}`, { headers });
        assertEquals(answer.status, 200, path);
        assert((await answer.text()).length > 0);
      }
      const paths = app.routes.map(({ path }) => path);
      assert(paths.includes("/internal/nova/metrics"), paths.join());
      assertEquals((await app.request("/metrics", { headers })).status, 404);
    });

    it("answers 403, 401, 405 and HEAD as the inspector does", async () => {
      const app = new Copy();
      novaRoutes(app, {}, { env });
      assertEquals((await app.request("/metrics")).status, 403);
      const closed = new Copy();
      novaRoutes(closed, {}, { env, authorize: bearer("secret") });
      assertEquals((await closed.request("/metrics")).status, 401);
      const authorization = "Bearer secret";
      assertEquals((await closed.request("/metrics", { headers: { authorization } })).status, 200);
      const post = await closed.request("/metrics", {
        method: "POST",
        headers: { authorization },
      });
      assertEquals([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
      const head = await closed.request("/metrics", { method: "HEAD", headers: { authorization } });
      assertEquals([head.status, await head.text()], [200, ""]);
    });

    it("serves profiles, also those whose name is only known to the inspector", async () => {
      const app = new Copy().basePath("/debug/pprof-of-mine");
      novaRoutes(app, {}, { authorize: anyone(), env });
      const base = "/debug/pprof-of-mine/debug/pprof";
      const moved = await app.request(base);
      assertEquals([moved.status, moved.headers.get("location")], [301, "pprof/"]);
      assertEquals((await app.request(`${base}/`)).status, 200);
      assertEquals((await app.request(`${base}/goroutine?debug=1`)).status, 200);
      for (const name of ["nosuch", "no/such", "debug/pprof/x"]) {
        const answer = await app.request(`${base}/${name}`);
        assertEquals([answer.status, await answer.text()], [404, "Unknown profile\n"], name);
      }
      const post = await app.request(`${base}/heap`, { method: "POST" });
      assertEquals([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
    });

    it("streams live events, and ends them when it is disposed", async () => {
      const emitter = new Emitter({ name: "shop", env });
      const app = new Copy();
      const routes = novaRoutes(app, { emitter }, { authorize: anyone(), env });
      const response = await app.request("/events");
      await emitter.emit("a", 1);
      routes[Symbol.dispose]();
      assertMatch(await response.text(), /"type":"a"/);
    });

    it("lifts the idle timeout of a server that has one", async () => {
      const app = new Copy();
      novaRoutes(app, {}, { env });
      const lifted: unknown[] = [];
      const request = new Request("http://localhost/health");
      await app.fetch(request, {
        timeout: (...given: unknown[]) => void lifted.push(given),
      });
      assertEquals((lifted[0] as unknown[])[0] instanceof Request, true);
      assertEquals((lifted[0] as unknown[])[1], 0);
    });

    it("refuses what is no app", () => {
      for (const app of [null, undefined, {}, 1]) {
        assertThrows(() => novaRoutes(app as never, {}), TypeError, "Hono app");
      }
      assertThrows(() => novaRoutes(new Copy(), { bus: 1 } as never), TypeError, "stats()");
    });
  });

  describe(`nova() on ${name}`, () => {
    const env = useTestEnv();

    it("puts the services on the context, with their types", async () => {
      const emitter = new Emitter<Events>({ name: "shop", env });
      const bus = new Bus({ env });
      const services = { emitter, bus };
      const app = new Copy<NovaEnv<typeof services>>();
      app.use("*", nova(services));
      const seen: number[] = [];
      emitter.on("placed", ({ data }) => void seen.push(data.total));
      app.post("/orders", async (c) => {
        const same: Emitter<Events> = c.var.emitter;
        await c.get("emitter").emit("placed", { total: 1 });
        await c.var.nova.emit("placed", { total: 2 });
        // @ts-expect-error: the event has other data
        const wrong = (): Promise<void> => c.var.nova.emit("placed", { total: "2" });
        assert(wrong instanceof Function);
        return c.json(same === emitter && c.var.bus === bus);
      });
      const response = await app.request("/orders", { method: "POST" });
      assertEquals([await response.json(), seen], [true, [1, 2]]);
      await bus.close();
    });

    it("gives events the trace of the request, and leaves their own", async () => {
      const emitter = new Emitter<Events>({ env });
      const bus = new Bus({ env });
      const orders = bus.topic("orders");
      const services = { emitter, bus };
      const app = new Copy<NovaEnv<typeof services>>();
      app.use("*", nova(services));
      const seen: Emitted["metadata"][] = [];
      emitter.on("placed", ({ metadata }) => void seen.push(metadata));
      orders.subscribe(({ metadata }) => void seen.push(metadata));
      app.get("/", async (c) => {
        const { nova } = c.var;
        await nova.emit("placed", { total: 1 });
        await nova.emit({ type: "placed", data: { total: 1 }, metadata: { tenant: "t" } });
        await nova.emit("placed", { total: 1 }, { metadata: { traceparent: "mine" } });
        await nova.publish("orders", { type: "placed", data: 1 });
        return c.json(nova.metadata);
      });
      const headers = { traceparent: TRACEPARENT, tracestate: "vendor=1" };
      const response = await app.request("/", { headers });
      const trace = { traceparent: TRACEPARENT, tracestate: "vendor=1" };
      assertEquals(await response.json(), trace);
      await env.settle();
      assertEquals(seen.map((metadata) => ({ ...metadata })), [
        trace,
        { ...trace, tenant: "t" },
        { ...trace, traceparent: "mine" },
        trace,
      ]);
      await bus.close();
    });

    it("takes no trace that is not valid, and no state without a trace", async () => {
      const app = new Copy<NovaEnv<Record<never, never>>>();
      app.use("*", nova({}));
      app.get("/", (c) => c.json(c.var.nova.metadata));
      for (
        const headers of [
          {},
          { traceparent: "00-zz-01", tracestate: "a=b" },
          { tracestate: "a=b" },
        ] as Record<string, string>[]
      ) {
        assertEquals(await (await app.request("/", { headers })).json(), {});
      }
      const long = { traceparent: TRACEPARENT, tracestate: "x".repeat(513) };
      assertEquals(await (await app.request("/", { headers: long })).json(), {
        traceparent: TRACEPARENT,
      });
    });

    it("lets an edge worker live until what was sent is done", async () => {
      const emitter = new Emitter<Events>({ env });
      emitter.on("placed", async () => {
        await null;
      });
      const services = { emitter };
      const app = new Copy<NovaEnv<typeof services>>();
      app.use("*", nova(services));
      app.get("/", (c) => {
        void c.var.nova.emit("placed", { total: 1 });
        c.var.nova.waitUntil(Promise.resolve(7));
        return c.text("ok");
      });
      const waiting: Promise<unknown>[] = [];
      await app.fetch(new Request("http://localhost/"), {}, {
        waitUntil: (promise: Promise<unknown>) => void waiting.push(promise),
        passThroughOnException() {},
      } as never);
      assertEquals(await Promise.all(waiting), [undefined, 7]);
      // Elsewhere there is nothing to keep.
      assertEquals((await app.request("/")).status, 200);
    });

    it("hands failures of listeners to the handler", async () => {
      const emitter = new Emitter<Events>({ env });
      emitter.on("placed", () => {
        throw new Error("no");
      });
      const services = { emitter };
      const app = new Copy<NovaEnv<typeof services>>();
      app.use("*", nova(services));
      app.get("/", async (c) => {
        await assertRejects(() => c.var.nova.emit("placed", { total: 1 }));
        return c.text("handled");
      });
      assertEquals(await (await app.request("/")).text(), "handled");
    });

    it("refuses what is no service", () => {
      assertThrows(() => nova(null as never), TypeError);
      assertThrows(() => nova({ emitter: {} } as never), TypeError, "emit()");
      assertThrows(() => nova({ bus: 1 } as never), TypeError, "publish()");
    });
  });
}
