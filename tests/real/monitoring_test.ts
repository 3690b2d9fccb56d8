// The example server on Deno, Bun and Node, scraped by a real Prometheus; its rules, its dashboard.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { after, before, describe, it } from "node:test";
import { ROOT } from "../runtimes/suite.ts";
import { bun, type Command, installPackages, node, run } from "../runtimes/tools.ts";

const FOLDER = `${ROOT}examples/monitoring/`;
const TOKEN = "a-long-secret";
const MAP = "--import-map=tests/std/offline.json";

/** Whether the tool is there; the suite says why it is skipped where it is not. */
async function missing(tool: string): Promise<string | false> {
  try {
    const { code } = await run([tool, "--version"]);
    if (code === 0) return false;
  } catch {
    // Said below.
  }
  if (Deno.env.get("CI") !== undefined) throw new Error(`CI must install ${tool}`);
  return `${tool} is not on the PATH`;
}

const noPromtool = await missing("promtool");
const noPrometheus = await missing("prometheus");
for (const reason of [noPromtool, noPrometheus]) {
  // deno-lint-ignore no-console -- a skip says why
  if (reason !== false) console.log(`skipped: ${reason}`);
}

/** A port that was free a moment ago. */
function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** Asks until there is an answer that will do. */
async function eventually<Answer>(
  what: string,
  ask: () => Promise<Answer | undefined>,
): Promise<Answer> {
  for (let i = 0; i < 200; i++) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  throw new Error(`no ${what} within 30 s`);
}

/** Starts a server that ends with the suite. */
function start([program, ...args]: Command, env: Record<string, string>): Deno.ChildProcess {
  return new Deno.Command(program, {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

async function promtool(args: readonly string[], input = ""): Promise<string> {
  const child = new Deno.Command("promtool", {
    args: [...args],
    cwd: FOLDER,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  const output = decoder.decode(stdout) + decoder.decode(stderr);
  assertEquals(code, 0, output);
  return output;
}

await installPackages();
const SERVER = "examples/server.ts";
const servers: Readonly<Record<string, (port: number) => Promise<Command>>> = {
  Deno: (port) =>
    Promise.resolve([
      Deno.execPath(),
      "serve",
      "-A",
      "--quiet",
      "--no-check",
      MAP,
      `--port=${port}`,
      SERVER,
    ]),
  Bun: async () => [...await bun(), "run", `./${SERVER}`],
  Node: async () => [...await node(), "--no-warnings", SERVER],
};

describe("examples/server.ts", () => {
  const running = new Map<string, { readonly port: number; readonly child: Deno.ChildProcess }>();
  let folder = "";
  let prometheus: { readonly port: number; readonly child: Deno.ChildProcess } | undefined;

  const authorization = `Bearer ${TOKEN}`;

  function ask(name: string, path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${running.get(name)!.port}${path}`, init);
  }

  async function metricsOf(name: string): Promise<string> {
    const response = await ask(name, "/internal/metrics", { headers: { authorization } });
    assertEquals(response.status, 200);
    return await response.text();
  }

  before(async () => {
    for (const [name, commandOf] of Object.entries(servers)) {
      const port = freePort();
      const env = { NOVA_TOKEN: TOKEN, PORT: String(port) };
      running.set(name, { port, child: start(await commandOf(port), env) });
    }
    for (const name of running.keys()) {
      await eventually(`answer of ${name}`, async () => {
        const response = await ask(name, "/internal/health");
        return await response.text();
      });
    }
    if (noPrometheus !== false) return;
    folder = await Deno.makeTempDir();
    const targets = [...running.values()].map(({ port }) => `"127.0.0.1:${port}"`).join(", ");
    const config = (await Deno.readTextFile(`${FOLDER}prometheus.yml`))
      .replace("15s", "1s")
      .replace('"127.0.0.1:8000"', targets);
    await Deno.writeTextFile(`${folder}/prometheus.yml`, config);
    await Deno.writeTextFile(`${folder}/token`, TOKEN);
    await Deno.copyFile(`${FOLDER}alerts.yml`, `${folder}/alerts.yml`);
    const port = freePort();
    prometheus = {
      port,
      child: start([
        "prometheus",
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--enable-feature=exemplar-storage",
      ], {}),
    };
  });

  after(async () => {
    for (const { child } of [...running.values(), ...(prometheus ? [prometheus] : [])]) {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended already.
      }
      await child.status;
    }
    if (folder !== "") await Deno.remove(folder, { recursive: true });
  });

  async function query(expression: string): Promise<{ metric: Record<string, string> }[]> {
    const url = `http://127.0.0.1:${prometheus!.port}/api/v1/query?query=${
      encodeURIComponent(expression)
    }`;
    const { data } = await (await fetch(url)).json();
    return data.result;
  }

  for (const name of Object.keys(servers)) {
    it(`takes orders on ${name}, and shows what became of them`, async () => {
      for (let i = 0; i < 3; i++) {
        const response = await ask(name, "/orders", {
          method: "POST",
          body: JSON.stringify({ order: `A-${i}`, total: 42 }),
          headers: {
            traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
          },
        });
        assertEquals(response.status, 202, await response.text());
      }
      assertEquals((await ask(name, "/internal/metrics")).status, 401);
      const body = await metricsOf(name);
      assertMatch(
        body,
        /nova_events_processed_total\{component="emitter\/shop",listener="log",result="success"\} 3\n/,
      );
      assertMatch(
        body,
        /nova_topic_events_total\{bus="shop",topic="orders",result="accepted"\} 3\n/,
      );
    });

    it(`passes promtool check metrics on ${name}`, {
      skip: noPromtool,
    }, async () => {
      await promtool(["check", "metrics"], await metricsOf(name));
    });

    it(`is scraped by a real Prometheus on ${name}`, { skip: noPrometheus }, async () => {
      const instance = `127.0.0.1:${running.get(name)!.port}`;
      const selector = `{instance="${instance}"}`;
      const found = await eventually("scrape", async () => {
        const up = await query(`up${selector} == 1`);
        const families = await query(`nova_events_processed_total${selector}`);
        return up.length === 1 && families.length > 0 ? families : undefined;
      });
      assert(found.some(({ metric }) => metric["listener"] === "bill"), JSON.stringify(found));
      const p99 =
        `histogram_quantile(0.99, sum by (le) (nova_listener_duration_seconds_bucket${selector}))`;
      assertEquals((await query(p99)).length, 1);
    });
  }

  for (const name of Object.keys(servers)) {
    it(`gives the place of viewers who left to others on ${name}`, async () => {
      // One more than may watch at once.
      for (let i = 0; i < 101; i++) {
        const leaving = new AbortController();
        const { status, body } = await ask(name, "/internal/events", {
          headers: { authorization },
          signal: leaving.signal,
        });
        assertEquals(status, 200, `viewer ${i}`);
        await body!.getReader().read();
        leaving.abort();
        if (i % 25 === 0) await new Promise((resolve) => setTimeout(resolve, 50));
      }
    });
  }

  it("keeps silent streams open, longer than an idle timeout", async () => {
    await Promise.all([...running.keys()].map(async (name) => {
      const { body } = await ask(name, "/internal/events?type=none", {
        headers: { authorization },
      });
      const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
      const until = Date.now() + 12_000;
      let text = "";
      while (Date.now() < until) {
        const { done, value } = await reader.read();
        assert(!done, `it ended on ${name}: ${text}`);
        text += value;
      }
      assertMatch(text, /: still here\n\n[^]*: still here/, name);
      await reader.cancel();
    }));
  });

  it("hands the trace of a call to Prometheus as an exemplar", { skip: noPrometheus }, async () => {
    const now = Date.now() / 1000;
    const found = await eventually("exemplar", async () => {
      const url = `http://127.0.0.1:${prometheus!.port}/api/v1/query_exemplars?` +
        `query=nova_listener_duration_seconds_bucket&start=${now - 600}&end=${now + 60}`;
      const { data } = await (await fetch(url)).json();
      return data.length > 0 ? JSON.stringify(data) : undefined;
    });
    assertMatch(found, /"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"/);
  });

  it("shows families on every panel of the dashboard", async () => {
    const { panels } = JSON.parse(await Deno.readTextFile(`${FOLDER}grafana.json`)) as {
      panels: { title: string; targets: { expr: string }[] }[];
    };
    const shown = await metricsOf("Deno");
    const others = ["nova_circuit_state", "nova_pool_", "nova_store_"];
    for (const { title, targets } of panels) {
      for (const { expr } of targets) {
        for (const [name] of expr.matchAll(/\bnova_\w+/g)) {
          // This server has no circuit, no pool and no store.
          if (others.some((prefix) => name.startsWith(prefix))) continue;
          assert(shown.includes(name), `${title}: no ${name}`);
        }
      }
    }
  });

  it(
    "has expressions on the dashboard that Prometheus understands",
    { skip: noPromtool },
    async () => {
      const { panels } = JSON.parse(await Deno.readTextFile(`${FOLDER}grafana.json`)) as {
        panels: { targets: { expr: string }[] }[];
      };
      const rules = panels.flatMap(({ targets }) => targets).map(({ expr }, i) => ({
        record: `r${i}`,
        expr: expr.replaceAll("$__rate_interval", "1m").replaceAll("$job", ".*"),
      }));
      const file = await Deno.makeTempFile({ suffix: ".yml" });
      await Deno.writeTextFile(file, JSON.stringify({ groups: [{ name: "dashboard", rules }] }));
      await promtool(["check", "rules", file]);
      await Deno.remove(file);
    },
  );

  it(
    "has alert rules that check out, and fire when they should",
    { skip: noPromtool },
    async () => {
      await promtool(["check", "rules", "alerts.yml"]);
      await promtool(["test", "rules", "alerts_test.yml"]);
      await Deno.writeTextFile(`${FOLDER}token`, TOKEN);
      try {
        await promtool(["check", "config", "prometheus.yml"]);
      } finally {
        await Deno.remove(`${FOLDER}token`);
      }
    },
  );

  for (const name of Object.keys(servers)) {
    for (const signal of ["SIGTERM"] as const) {
      it(`ends by itself on ${signal} on ${name}, also while somebody watches`, async () => {
        const { child } = running.get(name)!;
        const watching = await ask(name, "/internal/events", { headers: { authorization } });
        assertEquals(watching.status, 200);
        child.kill(signal);
        const { code } = await child.status;
        assertEquals(code, 0);
        await watching.body?.cancel().catch(() => {});
      });
    }
  }
});
