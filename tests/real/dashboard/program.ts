// A program in some trouble, behind its dashboard: what the tests, and a person, look at.
import { Bus, Emitter, ListenerManager, MemoryStore, WorkerPool } from "@nova/events";
import { anyone, inspector, type InspectorOptions } from "@nova/events/http";

/** A running program. */
export interface Program extends AsyncDisposable {
  readonly bus: Bus;
  /** The address of its dashboard. */
  readonly url: string;
  /** From now on its handlers do what they should, and nothing more comes. */
  recover(): void;
  /** Cuts every connection, and takes no more. */
  pause(): Promise<void>;
  /** Takes connections again. */
  resume(): void;
}

/** Options of a program. */
export interface ProgramOptions extends InspectorOptions {
  /** Where it listens. By default where there is room. */
  readonly port?: number;
  /** Stands in for the profiler. */
  readonly profile?: () => Response;
}

/** A name that would do harm wherever it is taken for more than a name. */
export const HOSTILE = `</script><img src=x onerror="document.title='owned'">`;

/** Starts it. */
export function start({ port = 0, profile, ...options }: ProgramOptions = {}): Program {
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
  const emitter = new Emitter({ bufferSize: 500, timing: "all", onError: () => "handled" });
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
  const inspect = inspector(parts, { authorize: anyone(), ...options });
  let aborted = new AbortController();
  const serve = (port: number) =>
    Deno.serve(
      { port, hostname: "127.0.0.1", signal: aborted.signal, onListen: () => {} },
      (request) =>
        profile !== undefined && new URL(request.url).pathname === "/debug/pprof/profile"
          ? profile()
          : inspect(request),
    );
  let server = serve(port);
  const { port: bound } = server.addr;
  const pause = async (): Promise<void> => {
    aborted.abort();
    await server.finished;
  };
  return {
    bus,
    url: `http://127.0.0.1:${bound}/debug/nova/`,
    recover() {
      failing = false;
      clearInterval(timer);
    },
    pause,
    resume() {
      aborted = new AbortController();
      server = serve(bound);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      failing = false;
      await pause();
      await Promise.all([bus.close(), emitter.close(), mails.stop(), pool.close(), store.close()]);
    },
  };
}
