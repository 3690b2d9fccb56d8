import { Bus } from "@nova/events/bus";
import { Emitter } from "@nova/events/emitter";
import { anyone, bearer, inspector, type InspectorOptions, type Parts } from "@nova/events/http";
import { ListenerManager } from "@nova/events/listener";
import { MemoryStore } from "@nova/events/store";
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotMatch,
  assertStringIncludes,
} from "@std/assert";
import { describe, it } from "node:test";
import { PAGE } from "../../src/http/dashboard/page.ts";
import { useTestEnv } from "../support/env.ts";

const HOSTILE = `</script><img src=x onerror=alert(1)>"\n\u2028`;

describe("the dashboard", () => {
  const env = useTestEnv();
  const open: InspectorOptions = { authorize: anyone() };

  /** Asks for a path below /debug/nova. */
  async function ask(
    path: string,
    options: InspectorOptions = open,
    init: RequestInit = {},
    parts: Parts = {},
  ): Promise<Response> {
    const inspect = inspector(parts, { env, ...options });
    return await inspect(new Request(`http://localhost/debug/nova${path}`, init));
  }

  it("is one page, small, that loads nothing else", async () => {
    const response = await ask("/");
    const page = await response.text();

    assertEquals(response.status, 200);
    assertEquals(response.headers.get("content-type"), "text/html; charset=utf-8");
    assert(new TextEncoder().encode(page).length <= 64_000, String(page.length));
    assertNotMatch(page, /<(?:script|img|iframe|link)[^>]*\ssrc=/i);
    assertEquals([...page.matchAll(/<link[^>]*>/g)].map(String), [
      '<link rel="icon" href="data:,">',
    ]);
    assertStringIncludes(page, "uPlot, MIT, (c) Leon Sorokin");
  });

  it("allows its own script and style, by their hashes, and nothing more", async () => {
    const policy = (await ask("/")).headers.get("content-security-policy") ?? "";
    const hash = async (text: string): Promise<string> => {
      const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
      return btoa(String.fromCharCode(...new Uint8Array(digest)));
    };
    const script = /<script>([^]*?)<\/script>/.exec(PAGE)![1]!;
    const style = /<style>([^]*?)<\/style>/.exec(PAGE)![1]!;

    assertEquals(PAGE.match(/<script/g)?.length, 1);
    assertEquals(policy.split("; "), [
      "default-src 'none'",
      `script-src 'sha256-${await hash(script)}'`,
      `style-src 'sha256-${await hash(style)}'`,
      "connect-src 'self'",
      "img-src data:",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
  });

  it("is neither cached nor sniffed, and is found without its slash", async () => {
    const { headers } = await ask("/");
    assertEquals(headers.get("cache-control"), "no-store");
    assertEquals(headers.get("x-content-type-options"), "nosniff");
    assertEquals(headers.get("cross-origin-opener-policy"), "same-origin");
    const moved = await ask("");
    assertEquals([moved.status, moved.headers.get("location")], [308, "nova/"]);
  });

  it("is shown to nobody without authorize, and to whom it says", async () => {
    for (const path of ["", "/", "/events", "/advice"]) {
      assertEquals((await ask(path, {})).status, 403, path);
      assertEquals((await ask(path, { authorize: bearer("secret") })).status, 401, path);
    }
    const headers = { authorization: `Basic ${btoa("me:secret")}` };
    assertEquals((await ask("/", { authorize: bearer("secret") }, { headers })).status, 200);
  });

  it("answers HEAD, and refuses other methods", async () => {
    for (const path of ["/", "/events", "/advice"]) {
      const head = await ask(path, open, { method: "HEAD" });
      assertEquals([head.status, await head.text()], [200, ""], path);
      assertEquals((await ask(path, open, { method: "POST" })).status, 405, path);
    }
    assertEquals((await ask("/redrive")).status, 405);
    assertEquals((await ask("/nowhere")).status, 404);
    assertEquals(env.pending.timers, 0);
  });

  describe("advice", () => {
    const parts: Parts = { emitter: { stats: () => ({ ...new Emitter().stats(), queued: 900 }) } };

    it("is text for people, with the checklist", async () => {
      const response = await ask("/advice", open, {}, parts);
      const text = await response.text();

      assertEquals(response.headers.get("content-type"), "text/plain; charset=utf-8");
      assertStringIncludes(text, '1 finding\n\nWARNING High latency: emitter "emitter"\n');
      assertStringIncludes(text, "[!] Size buffers for expected burst capacity\n");
    });

    it("is JSON for who accepts that", async () => {
      const headers = { accept: "application/json" };
      const advice = await (await ask("/advice", open, { headers }, parts)).json();

      assertEquals(advice.findings[0].rule, "queue-backup");
      assertEquals(advice.checklist.length, 9);
    });
  });

  describe("redriving", () => {
    /** A bus with three letters of two causes. */
    async function failed() {
      const bus = new Bus({ env });
      const topic = bus.topic<{ x: number }>("orders", { retry: { attempts: 1 } });
      let well = false;
      topic.subscribe(({ data }) => {
        if (!well) throw data < 2 ? new TypeError("bad") : new RangeError("far");
      }, { id: "mail" });
      for (let i = 0; i < 3; i++) topic.tryPublish({ type: "x", data: i });
      await env.settle();
      well = true;
      return bus;
    }

    const GROUP = {
      bus: "bus",
      topic: "orders",
      subscription: "mail",
      error: "TypeError",
      message: "bad",
    };
    const able: InspectorOptions = { ...open, redrive: anyone() };

    function post(body: unknown, headers: Record<string, string> = {}): RequestInit {
      return {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      };
    }

    it("delivers the letters of one cause again", async () => {
      const bus = await failed();
      const response = await ask("/redrive", able, post(GROUP), { bus });

      assertEquals([response.status, await response.json()], [200, { redriven: 2, left: 1 }]);
      assertEquals(bus.deadLetters("orders").map(({ error }) => error.name), ["RangeError"]);
    });

    it("needs a permission of its own", async () => {
      const bus = await failed();
      assertEquals((await ask("/redrive", open, post(GROUP), { bus })).status, 403);
      const two = { authorize: bearer("look", "admin"), redrive: bearer("admin") };
      const as = (token: string) => post(GROUP, { authorization: `Bearer ${token}` });
      assertEquals((await ask("/redrive", two, as("look"), { bus })).status, 401);
      assertEquals((await ask("/redrive", two, as("none"), { bus })).status, 401);
      const never = { ...open, redrive: () => Promise.reject(new Error("no")) };
      assertEquals((await ask("/redrive", never, post(GROUP), { bus })).status, 403);
      assertEquals(bus.deadLetters("orders").length, 3);
      assertEquals((await ask("/redrive", two, as("admin"), { bus })).status, 200);
    });

    it("is not for other sites, and not for forms", async () => {
      const bus = await failed();
      for (const site of ["cross-site", "same-site", "none"]) {
        const from = post(GROUP, { "sec-fetch-site": site });
        assertEquals((await ask("/redrive", able, from, { bus })).status, 403, site);
      }
      for (const type of ["text/plain", "application/x-www-form-urlencoded", ""]) {
        const from = post(GROUP, { "content-type": type });
        assertEquals((await ask("/redrive", able, from, { bus })).status, 403, type);
      }
      assertEquals(bus.deadLetters("orders").length, 3);
      const own = post(GROUP, { "sec-fetch-site": "same-origin" });
      assertEquals((await ask("/redrive", able, own, { bus })).status, 200);
    });

    it("refuses nonsense", async () => {
      const bus = await failed();
      for (const body of ["", "{", "null", "5", "[]", { ...GROUP, topic: 5 }, { bus: "bus" }]) {
        assertEquals((await ask("/redrive", able, post(body), { bus })).status, 400);
      }
      for (const wrong of [{ bus: "other" }, { topic: "nothing" }, { topic: "no name" }]) {
        const response = await ask("/redrive", able, post({ ...GROUP, ...wrong }), { bus });
        assertEquals(response.status, 404, JSON.stringify(wrong));
      }
      const none = await ask("/redrive", able, post({ ...GROUP, message: "other" }), { bus });
      assertEquals(await none.json(), { redriven: 0, left: 3 });
      assertEquals((await ask("/redrive", able, post(GROUP))).status, 404);
    });
  });

  describe("its stream", () => {
    /** The views of a stream, one by one. */
    function reader(response: Response) {
      const chunks = response.body!.getReader();
      return {
        async next() {
          const { done, value } = await chunks.read();
          if (done) return undefined;
          const text = new TextDecoder().decode(value);
          assertMatch(text, /^(?:retry: \d+\n\n)?data: [^\n]+\n\n$/);
          return JSON.parse(text.slice(text.indexOf("{")));
        },
        leave: () => chunks.cancel(),
      };
    }

    it("tells everything, at once and then each second", async () => {
      const bus = new Bus({ name: "shop", env });
      const orders = bus.topic<{ x: number }>("orders", { retry: { attempts: 1 } });
      orders.subscribe(() => {
        throw new TypeError("bad");
      }, { id: "mail" });
      const manager = new ListenerManager({ name: "mails", env });
      manager.register("send", () => {});
      const store = new MemoryStore({ env });
      const inspect = inspector({ bus, listeners: manager, store }, { env, ...open });
      const response = await inspect(new Request("http://localhost/debug/nova/events"));
      assertEquals(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
      const views = reader(response);
      const first = await views.next();
      assertEquals(first.topics.map(({ name }: { name: string }) => name), ["orders"]);
      assertEquals(first.managers[0].status, "unhealthy");
      assertEquals(first.managers[0].listeners[0].name, "send");
      assertEquals([first.stores[0].name, first.letters, first.omitted], ["store", [], 0]);
      assertEquals(first.may, { redrive: false });

      orders.tryPublish({ type: "x", data: 1 });
      await env.advance(1000);
      const second = await views.next();
      assertEquals(second.at - first.at, 1000);
      assertEquals(second.topics[0].accepted, 1);
      assertEquals(second.letters, [{
        bus: "shop",
        topic: "orders",
        subscription: "mail",
        error: "TypeError",
        message: "bad",
        count: 1,
        attempts: 1,
        returned: 0,
        last: first.at,
      }]);
      assertEquals(second.dead, 1);
      await env.advance(1000);
      assertEquals((await views.next()).findings[0].rule, "dead-letters");
      await views.leave();
      assertEquals(env.pending.timers, 0);
    });

    it("makes each view once, however many watch, and none when nobody does", async () => {
      let looks = 0;
      const stats = () => {
        looks += 1;
        return new Emitter().stats();
      };
      const inspect = inspector({ emitter: { stats } }, { env, ...open });
      const watch = async () =>
        reader(await inspect(new Request("http://localhost/debug/nova/events")));
      const one = await watch();
      await one.next();
      looks = 0;
      await env.advance(2000);
      const alone = looks;
      const rest = await Promise.all(Array.from({ length: 20 }, watch));
      looks = 0;
      await env.advance(2000);
      assertEquals([looks, env.pending.timers], [alone, 1]);
      for (const views of [one, ...rest]) await views.leave();
      looks = 0;
      await env.advance(10_000);
      assertEquals([looks, env.pending.timers], [0, 0]);
    });

    it("lets go of who does not read", async () => {
      const inspect = inspector({}, { env, ...open });
      const slow = reader(await inspect(new Request("http://localhost/debug/nova/events")));
      await env.advance(60_000);
      assertEquals(env.pending.timers, 0);
      let seen = 0;
      while (await slow.next() !== undefined) seen += 1;
      assert(seen >= 2 && seen <= 10, String(seen));
    });

    it("ends with its inspector", async () => {
      const inspect = inspector({}, { env, ...open });
      const views = reader(await inspect(new Request("http://localhost/debug/nova/events")));
      await views.next();
      inspect[Symbol.dispose]();
      assertEquals([await views.next(), env.pending.timers], [undefined, 0]);
      // A page that comes back by itself must not keep the server open.
      const again = await inspect(new Request("http://localhost/debug/nova/events"));
      assertEquals([again.status, env.pending.timers], [503, 0]);
    });

    it("survives parts that cannot tell their figures", async () => {
      let broken = false;
      const told: unknown[] = [];
      const stats = () => {
        if (broken) throw new Error("broken");
        return new Emitter().stats();
      };
      const emitter = [{ name: "first", stats }, new Emitter({ name: "second", env })];
      const onError = (error: unknown) => told.push(error);
      const inspect = inspector({ emitter }, { env, ...open, onError });
      const views = reader(await inspect(new Request("http://localhost/debug/nova/events")));
      const namesNext = async () =>
        (await views.next()).emitters.map(({ name }: { name: string }) => name);
      assertEquals(await namesNext(), ["first", "second"]);
      broken = true;
      await env.advance(1000);
      assertEquals(await namesNext(), ["second"]);
      assertEquals([told.map(String), env.reported], [["Error: broken"], []]);
      broken = false;
      await env.advance(1000);
      assertEquals(await namesNext(), ["first", "second"]);
      await views.leave();
    });

    it("says so when it cannot tell anything", async () => {
      const told: unknown[] = [];
      const bus = new Bus({ env });
      const topic = bus.topic<{ x: number }>("a", { retry: { attempts: 1 } });
      topic.subscribe(() => {
        throw new Error("bad");
      });
      topic.tryPublish({ type: "x", data: 1 });
      await env.settle();
      const broken = {
        stats: () => bus.stats(),
        deadLetters: () => {
          throw new Error("broken");
        },
      };
      const onError = (error: unknown) => told.push(error);
      const response = await ask("/events", { ...open, onError }, {}, { bus: broken });
      const chunks = response.body!.getReader();
      const text = new TextDecoder().decode((await chunks.read()).value);
      assertEquals(text, "retry: 2000\n\n: no figures\n\n");
      assertEquals([told.map(String), env.reported], [["Error: broken"], []]);
      await chunks.cancel();
    });

    it("makes no view for each of those who come at once, and has room for so many", async () => {
      let looks = 0;
      const stats = () => {
        looks += 1;
        return new Emitter().stats();
      };
      const inspect = inspector({ emitter: { stats } }, {
        env,
        ...open,
        events: { maxViewers: 50 },
      });
      const watch = () => inspect(new Request("http://localhost/debug/nova/events"));
      const first = await watch();
      const alone = looks;
      const rest = await Promise.all(Array.from({ length: 49 }, watch));
      assertEquals(looks, alone);
      assertEquals((await watch()).status, 503);
      await first.body!.cancel();
      assertEquals((await watch()).status, 200);
      assertEquals(rest.map(({ status }) => status), Array(49).fill(200));
      inspect[Symbol.dispose]();
    });

    it("keeps hostile names within their strings", async () => {
      const bus = new Bus({ name: HOSTILE, env });
      const topic = bus.topic<{ x: number }>("a", { retry: { attempts: 1 } });
      topic.subscribe(() => {
        throw new Error(HOSTILE);
      }, { id: HOSTILE });
      topic.tryPublish({ type: "x", data: 1 });
      await env.settle();
      const views = reader(await ask("/events", open, {}, { bus }));
      const { topics, letters } = await views.next();

      assertEquals([topics[0].bus, topics[0].subscriptions[0].id], [HOSTILE, HOSTILE]);
      assertEquals([letters[0].subscription, letters[0].message], [HOSTILE, HOSTILE]);
      await views.leave();
    });

    it("shortens what is long, and says what it leaves out", async () => {
      const bus = new Bus({ env });
      for (let i = 0; i < 210; i++) bus.topic(`t${i}`);
      const topic = bus.topic<{ x: number }>("a", { retry: { attempts: 1 } });
      topic.subscribe(() => {
        throw new Error("é".repeat(5000));
      });
      topic.tryPublish({ type: "x", data: 1 });
      await env.settle();
      const views = reader(await ask("/events", open, {}, { bus }));
      const { topics, letters, omitted } = await views.next();

      assertEquals([topics.length, omitted, letters[0].message.length], [200, 11, 201]);
      await views.leave();
    });

    it("looks at the newest dead letters, and counts all", async () => {
      const bus = new Bus({ env });
      let at = 0;
      for (const name of ["a", "b", "c", "d", "e", "f", "g"]) {
        const topic = bus.topic<{ x: number }>(name, { bufferSize: 2000, retry: { attempts: 1 } });
        topic.subscribe(() => {
          throw new Error(at++ % 1200 < 200 ? "old" : "new");
        });
        for (let i = 0; i < 1200; i++) topic.tryPublish({ type: "x", data: i });
        await env.settle();
      }
      const views = reader(await ask("/events", open, {}, { bus }));
      const { dead, letters } = await views.next();

      assertEquals(dead, 8400);
      assertEquals(
        letters.map(({ message, count }: { message: string; count: number }) => [message, count]),
        Array.from({ length: 5 }, () => ["new", 1000]),
      );
      await views.leave();
    });

    it("shows the first of many partitions, subscriptions and listeners", async () => {
      const bus = new Bus({ env });
      const topic = bus.topic("a", { partitions: 300 });
      for (let i = 0; i < 210; i++) topic.subscribe(() => {});
      const manager = new ListenerManager({ env });
      for (let i = 0; i < 203; i++) manager.register(`listener-${i}`, () => {});
      const views = reader(await ask("/events", open, {}, { bus, listeners: manager }));
      const { topics, managers, omitted } = await views.next();

      assertEquals(topics[0].partitions.length, 200);
      assertEquals(topics[0].subscriptions.length, 200);
      assertEquals(managers[0].listeners.length, 200);
      assertEquals(omitted, 100 + 10 + 3);
      await views.leave();
    });

    it("tells how long timed listeners took of late", async () => {
      const emitter = new Emitter({ timing: "all", env });
      emitter.on("slow", () => new Promise((done) => void env.setTimer(done, 80)), { id: "slow" });
      emitter.on("x", () => {}, { id: "quick" });
      const views = reader(await ask("/events", open, {}, { emitter }));
      assertEquals((await views.next()).latencies, []);
      void emitter.emit("slow", 1);
      void emitter.emit("x", 1);
      await env.advance(1000);
      const { latencies } = await views.next();
      assertEquals(latencies.map(({ name }: { name: string }) => name), ["slow", "quick"]);
      assert(Math.abs(latencies[0].p99 - 80) < 6, JSON.stringify(latencies));
      for (let i = 0; i < 25; i++) {
        await env.advance(1000);
        const later = await views.next();
        if (i === 24) assertEquals(later.latencies, []);
      }
      await views.leave();
    });
  });
});
