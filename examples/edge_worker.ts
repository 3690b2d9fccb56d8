/**
 * An edge worker: events that outlive the answer, and its own metrics.
 *
 * Listeners run in the request that emits. What they do after the answer is kept alive by
 * `waitUntil`, which `c.var.nova.emit` calls. Queues live per request there: use `emit`, not
 * `enqueue` on a shared emitter. Counters are those of one isolate: add them up over all.
 */

import { Emitter } from "@nova/events/emitter";
import { anyone, bearer, nova, type NovaEnv, novaRoutes } from "@nova/events/hono";
import { type ExecutionContext, Hono } from "hono";

type Bindings = { NOVA_TOKEN: string };
type Visits = { "page.visited": { path: string; country: string } };

const emitter = new Emitter<Visits>({ name: "visits" });
/** Where a real worker would write to its analytics. */
export const written: string[] = [];
emitter.on("page.visited", async ({ data }) => {
  await new Promise((resolve) => setTimeout(resolve, 5));
  written.push(`${data.country} ${data.path}`);
}, { id: "analytics" });

const services = { emitter };
const app = new Hono<NovaEnv<typeof services> & { Bindings: Bindings }>();
app.use(nova(services));

// Secrets come with a request, so the app's own middleware asks for the token.
const inside = new Hono<{ Bindings: Bindings }>();
inside.use(async (c, next) => {
  if (!await bearer(c.env.NOVA_TOKEN)(c.req.raw)) return c.text("Unauthorized", 401);
  await next();
});
novaRoutes(inside, services, { authorize: anyone() });
app.route("/internal", inside);

app.get("/", (c) => {
  const country = c.req.header("cf-ipcountry") ?? "??";
  void c.var.nova.emit("page.visited", { path: c.req.path, country });
  return c.text("Hello");
});

const worker: {
  fetch(request: Request, env: Bindings, context: ExecutionContext): Response | Promise<Response>;
} = app;
export default worker;
