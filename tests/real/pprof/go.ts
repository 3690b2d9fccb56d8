/** The real `go tool pprof`, where there is one. */

import { type Command, run } from "../../runtimes/tools.ts";

/** Where Go is installed by hand, beside the PATH. */
const PLACES = ["go", "/usr/local/go/bin/go", "/usr/lib/go/bin/go"];

/** The command, or undefined where there is none. */
export async function findPprof(): Promise<Command | undefined> {
  for (const go of PLACES) {
    const { code } = await run([go, "tool", "pprof", "-help"]).catch(() => ({ code: -1 }));
    // It prints its help and ends with 2.
    if (code === 0 || code === 2) return [go, "tool", "pprof"];
  }
  return undefined;
}

/** Whether graphviz is there, which `-svg` needs. */
export async function hasGraphviz(): Promise<boolean> {
  return (await run(["dot", "-V"]).catch(() => ({ code: -1 }))).code === 0;
}

/** A server on a port of its own, until it is disposed of. */
export class Server implements AsyncDisposable {
  readonly url: string;
  readonly #process: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess, port: number) {
    this.#process = child;
    this.url = `http://127.0.0.1:${port}/debug/pprof/`;
  }

  /** Starts one and waits until it answers. */
  static async start(command: (port: number) => Command): Promise<Server> {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    const [program, ...args] = command(port);
    const child = new Deno.Command(program, {
      args,
      env: { PORT: `${port}`, NO_COLOR: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const server = new Server(child, port);
    for (let i = 0; i < 300; i++) {
      const answer = await fetch(server.url).catch(() => undefined);
      await answer?.body?.cancel();
      if (answer?.ok === true) return server;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await server[Symbol.asyncDispose]();
    throw new Error(`${program} ${args.join(" ")} does not answer`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
  }
}
