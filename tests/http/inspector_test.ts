import { Bus } from "@nova/events/bus";
import { Emitter } from "@nova/events/emitter";
import { anyone, bearer, inspector, type InspectorOptions, type Parts } from "@nova/events/http";
import { ListenerManager } from "@nova/events/listener";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";

const TOKEN = "a-long-secret";

describe("inspector()", () => {
  const env = useTestEnv();

  /** Asks a new inspector once. */
  async function ask(
    path: string,
    options: InspectorOptions = {},
    init: RequestInit = {},
    parts: Parts = { emitter: new Emitter({ name: "shop", env }) },
  ): Promise<{ status: number; body: string; headers: Headers }> {
    const inspect = inspector(parts, { env, ...options });
    const response = await inspect(new Request(`http://localhost${path}`, init));
    return { status: response.status, body: await response.text(), headers: response.headers };
  }

  const open: InspectorOptions = { authorize: anyone() };
  const closed: InspectorOptions = { authorize: bearer(TOKEN, "the-next-one") };

  function withToken(token: string): RequestInit {
    return { headers: { authorization: `Bearer ${token}` } };
  }

  it("shows nothing but a bare health to anyone without authorize", async () => {
    assertEquals((await ask("/health")).body, '{\n  "status": "healthy"\n}\n');
    assertEquals((await ask("/ready")).body, '{\n  "ready": true\n}\n');
    for (const path of ["/stats", "/metrics", "/debug/pprof/", "/nowhere", "/"]) {
      const { status, body } = await ask(path);
      assertEquals(status, 403, path);
      assertMatch(body, /authorize/);
    }
  });

  it("asks for a token, and takes any of those it was given", async () => {
    const refused = await ask("/stats", closed);
    assertEquals([refused.status, refused.headers.get("www-authenticate")], [
      401,
      'Bearer realm="nova", Basic realm="nova", charset="UTF-8"',
    ]);
    for (const token of [TOKEN, "the-next-one"]) {
      assertEquals((await ask("/stats", closed, withToken(token))).status, 200);
    }
    const scheme = { headers: { authorization: `bearer ${TOKEN}` } };
    assertEquals((await ask("/stats", closed, scheme)).status, 200);
    for (const wrong of ["", "x", TOKEN + "x", TOKEN.slice(1), TOKEN.toUpperCase(), " "]) {
      assertEquals((await ask("/stats", closed, withToken(wrong))).status, 401, wrong);
    }
    const basic = { headers: { authorization: `Basic ${TOKEN}` } };
    assertEquals((await ask("/stats", closed, basic)).status, 401);
  });

  it("takes the token as a password, as browsers send it", async () => {
    const status = async (credentials: string) => {
      const headers = { authorization: `Basic ${btoa(credentials)}` };
      return (await ask("/stats", closed, { headers })).status;
    };

    assertEquals(await status(`anyone:${TOKEN}`), 200);
    assertEquals(await status(`:${TOKEN}`), 200);
    for (const wrong of [`${TOKEN}:`, "a:x", `a:b:${TOKEN}`, ":"]) {
      assertEquals(await status(wrong), 401, wrong);
    }
  });

  it("does not tell who may not look which paths there are", async () => {
    const there = await ask("/stats", closed);
    const nowhere = await ask("/nowhere", closed);
    assertEquals([nowhere.status, nowhere.body], [there.status, there.body]);
  });

  it("takes a function that throws, rejects, or answers something else for a no", async () => {
    const answers: InspectorOptions["authorize"][] = [
      () => {
        throw new Error("no");
      },
      () => Promise.reject(new Error("no")),
      () => 1 as unknown as boolean,
      () => Promise.resolve(false),
    ];
    for (const authorize of answers) {
      assertEquals((await ask("/stats", { authorize: authorize! })).status, 403);
    }
    assertEquals((await ask("/stats", { authorize: () => Promise.resolve(true) })).status, 200);
  });

  it("gives the reasons of health to who is authorized", async () => {
    const manager = new ListenerManager({ name: "mails", env });
    manager.register("mail", () => {});
    const parts = { listeners: manager };
    const bare = await ask("/health", closed, {}, parts);
    assertEquals([bare.status, JSON.parse(bare.body)], [503, { status: "unhealthy" }]);
    const { status, body } = await ask("/health", open, {}, parts);
    const health = JSON.parse(body);
    assertEquals([status, health.status], [503, "unhealthy"]);
    assertEquals(health.parts["listeners/mails"].reasons[0].code, "stopped");

    manager.start();
    assertEquals((await ask("/health", open, {}, parts)).status, 200);
    await manager.stop();
  });

  it("is ready as long as the program says so", async () => {
    for (const [ready, status] of [[true, 200], [false, 503], [1 as never, 503]] as const) {
      assertEquals((await ask("/ready", { ...open, ready: () => ready })).status, status);
    }
    assertEquals(
      (await ask("/ready", { ...open, ready: () => Promise.resolve(false) })).status,
      503,
    );
  });

  it("shows the figures of every part by kind and name", async () => {
    const emitters = ["shop", "shop", ""].map((name) => new Emitter({ name, env }));
    const bus = new Bus({ name: "constructor", env });
    bus.topic("orders");
    await emitters[0]!.emit("a", 1);
    const { body } = await ask("/stats", open, {}, { emitter: emitters, bus });
    const stats = JSON.parse(body);

    assertEquals(stats.at, env.now());
    assertEquals(Object.keys(stats.emitter), ["shop", "shop#2", "emitter"]);
    assertEquals(stats.emitter.shop.emitted, 1);
    assertEquals(stats.bus.constructor.topics[0].name, "orders");
  });

  it("answers 404, 405 and HEAD as they should be", async () => {
    assertEquals((await ask("/nowhere", open)).status, 404);
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const { status, headers } = await ask("/stats", open, { method });
      assertEquals([status, headers.get("allow")], [405, "GET, HEAD"], method);
    }
    const head = await ask("/stats", open, { method: "HEAD" });
    assertEquals([head.status, head.body], [200, ""]);
    assertMatch(head.headers.get("content-type") ?? "", /json/);
  });

  it("forbids caching, sniffing, framing and scripts on every answer", async () => {
    for (const [path, options] of [["/stats", open], ["/stats", {}], ["/nowhere", open]] as const) {
      const { headers } = await ask(path, options);
      assertEquals(headers.get("cache-control"), "no-store");
      assertEquals(headers.get("x-content-type-options"), "nosniff");
      assertMatch(headers.get("content-security-policy") ?? "", /default-src 'none'.*frame-anc/);
    }
  });

  it("serves only the hosts it is given", async () => {
    const inspect = inspector({}, { ...open, env, hosts: ["127.0.0.1", "[::1]"] });
    for (
      const [host, status] of [
        ["127.0.0.1:6060", 200],
        ["[::1]:6060", 200],
        ["evil.example", 421],
        ["localhost", 421],
      ] as const
    ) {
      assertEquals((await inspect(new Request(`http://${host}/health`))).status, status, host);
    }
  });

  it("with hosts, does no work for pages of other sites", async () => {
    const status = async (hosts: string[] | undefined, site: string, mode: string) => {
      const headers = { "sec-fetch-site": site, "sec-fetch-mode": mode };
      const options = { ...open, env, ...hosts === undefined ? {} : { hosts } };
      const request = new Request("http://127.0.0.1/stats");
      // A browser alone may set these.
      Object.defineProperty(request, "headers", { value: new Headers(headers) });
      return (await inspector({}, options)(request)).status;
    };
    const hosts = ["127.0.0.1"];

    assertEquals(await status(hosts, "cross-site", "no-cors"), 403);
    assertEquals(await status(hosts, "cross-site", "cors"), 403);
    // A link that somebody follows, and the dashboard itself.
    assertEquals(await status(hosts, "cross-site", "navigate"), 200);
    assertEquals(await status(hosts, "same-origin", "cors"), 200);
    assertEquals(await status(undefined, "cross-site", "cors"), 200);
  });

  it("lives below a base, and there alone", async () => {
    const options = { ...open, base: "/internal/nova" };
    assertEquals((await ask("/internal/nova/health", options)).status, 200);
    for (const path of ["/health", "/internal/novahealth", "/internal/nova", "/internal"]) {
      assertEquals((await ask(path, options)).status, 404, path);
    }
  });

  it("answers 500 without details when a hook throws, and tells onError", async () => {
    const told: unknown[] = [];
    const { status, body } = await ask("/metrics", {
      ...open,
      metrics: { text: () => Promise.reject(new Error("secret")) },
      onError: (error) => told.push(error),
    });
    assertEquals([status, told.map(String)], [500, ["Error: secret"]]);
    assert(!body.includes("secret"));
  });

  it("shows all other parts when one throws, and ends no program", async () => {
    const told: unknown[] = [];
    const broken = {
      name: "broken",
      stats: (): object => {
        throw new Error("secret");
      },
      health: (): object => {
        throw new Error("secret");
      },
    };
    const options = { ...open, onError: (error: unknown) => told.push(error) };
    const parts: Parts = { emitter: [broken, new Emitter({ name: "shop", env })] };
    const stats = await ask("/stats", options, {}, parts);
    const { emitter } = JSON.parse(stats.body);
    assertEquals([emitter.broken, emitter.shop.emitted], [null, 0]);
    const health = await ask("/health", options, {}, parts);
    assertEquals(health.status, 503);
    assertEquals(JSON.parse(health.body).parts["emitter/broken"].reasons[0].code, "failed");
    const metrics = await ask("/metrics", options, {}, parts);
    assertMatch(metrics.body, /^nova_metrics_failed_parts 1$/m);
    assertMatch(metrics.body, /^nova_active_listeners\{emitter="shop"\} 0$/m);
    assertEquals((await ask("/debug/nova/advice", options, {}, parts)).status, 200);
    for (const path of ["goroutine?debug=1", "listener?debug=1", "threadcreate?debug=1"]) {
      assertEquals((await ask(`/debug/pprof/${path}`, options, {}, parts)).status, 200, path);
    }
    assertEquals(told.map(String), ["Error: secret", "Error: secret"]);
    assertEquals(env.reported, []);
  });

  it("is not ready when ready throws, and outlives an onError that throws", async () => {
    const options = {
      ready: () => Promise.reject(new Error("no database")),
      onError: () => {
        throw new Error("nor a log");
      },
    };
    const { status, body } = await ask("/ready", options);
    assertEquals([status, JSON.parse(body)], [503, { ready: false }]);
    assertEquals(env.reported, []);
  });

  it("refuses what is no part and what is no option", () => {
    for (const parts of [null, 1, { emitters: [] }, { bus: {} }, { bus: [null] }]) {
      assertThrows(() => inspector(parts as never), TypeError, "Cannot inspect");
    }
    for (
      const options of [
        { authorize: "token" },
        { ready: true },
        { onError: "log" },
        { commandLine: "no" },
        { heapSnapshots: "no" },
        { heapSampling: 1 },
        { hosts: "localhost" },
        { base: "internal" },
        { base: "/" },
        null,
      ]
    ) {
      assertThrows(() => inspector({}, options as never), TypeError);
    }
    for (const tokens of [[], [""], ["a b"], ["ä"], [1]]) {
      assertThrows(() => bearer(...tokens as string[]), TypeError, "token");
    }
  });

  it("does not say a bad token in its error", () => {
    const error = assertThrows(() => bearer("my secret"), TypeError);
    assert(!error.message.includes("my secret"));
  });
});
