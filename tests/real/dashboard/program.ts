// A program in some trouble, behind its dashboard: what the tests, and a person, look at.
import { Bus, Emitter, ListenerManager, MemoryStore, WorkerPool } from "@nova/events";
import { Dashboard, type DashboardOptions } from "../../../src/http/dashboard/dashboard.ts";

/** A running program. */
export interface Program {
  readonly bus: Bus;
  readonly dashboard: Dashboard;
  stop(): Promise<void>;
}

/** A name that would do harm wherever it is taken for more than a name. */
export const HOSTILE = `</script><img src=x onerror="document.title='owned'">`;

/** Starts it. */
export function start(options: DashboardOptions = {}): Program {
  const bus = new Bus({ name: "shop" });
  const orders = bus.topic<{ placed: number }>("orders", {
    partitions: 8,
    key: ({ data }) => data % 3 === 0 ? "big-customer" : `customer-${data % 100}`,
    bufferSize: 200,
    overflow: "reject",
    maxConcurrency: 4,
    retry: { attempts: 2, delayMs: 20 },
  });
  const audit = bus.topic<{ seen: number }>("audit", { partitions: 2 });
  const mails = new ListenerManager({ name: "mails" });
  const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
  let failing = true;
  const send = mails.register("send-mail", async () => {
    await wait(4);
    if (failing && Math.random() < 0.3) throw new RangeError("550 mailbox is full");
  }, { retry: { attempts: 2, delayMs: 10 }, breaker: false, concurrency: 50 });
  mails.register("post-webhook", () => {
    throw new Error("ECONNREFUSED 10.0.0.9:443");
  }, { retry: false, breaker: { kind: "consecutive", failures: 3 } });
  mails.register("newsletter", () => {});
  mails.start();
  orders.subscribe(async ({ data }) => {
    await wait(6);
    if (failing && data % 50 === 0) throw new TypeError("price is not a number");
  }, { id: "billing" });
  orders.subscribe(() => {}, { id: "history" });
  audit.subscribe(({ data }) => {
    if (failing && data % 40 === 0) throw new Error(HOSTILE);
  }, { id: HOSTILE, retry: { attempts: 1 } });
  const emitter = new Emitter({ bufferSize: 500, onError: () => "handled" });
  emitter.on("mail.due", send);
  emitter.on("tick", () => {});
  const store = new MemoryStore({ name: "ledger" });
  const pool = new WorkerPool({ name: "thumbnails", workers: 4, queueSize: 50 });
  let n = 0;
  const timer = setInterval(() => {
    const wave = 1 + Math.sin(Date.now() / 4000);
    for (let i = 0; i < 25 * wave; i++) orders.tryPublish({ type: "placed", data: n++ });
    for (let i = 0; i < 40; i++) audit.tryPublish({ type: "seen", data: n + i });
    for (let i = 0; i < 20 * wave; i++) emitter.tryEnqueue("mail.due", n);
    if (n % 7 === 0) emitter.tryEnqueue("misspelt", n);
    void store.append("ledger", [{ type: "placed", data: n }]);
    pool.trySubmit(() => wait(80));
    mails.dispatch("post-webhook", { type: "placed", data: n }).catch(() => {});
  }, 20);
  const parts = { emitter, bus, listeners: mails, store, pool };
  return {
    bus,
    dashboard: new Dashboard(parts, options),
    async stop() {
      failing = false;
      clearInterval(timer);
      await Promise.all([bus.close(), emitter.close(), mails.stop(), pool.close(), store.close()]);
    },
  };
}
