/**
 * The page that lists the profiles.
 */

import type { Profiles } from "../profile/profiles.ts";

const ABOUT: Readonly<Record<string, string>> = {
  allocs: "What was allocated. With seconds=N everything within that time, also what is collected.",
  block: "Time that events wait in queues and producers for room, measured over seconds=N.",
  cmdline: "The command line.",
  goroutine: "Handlers that run and events that wait; debug=2 shows each, since when.",
  heap: "What is in use. gc=1 runs the collector before.",
  heapsnapshot: "The whole heap, for the developer tools of a browser. It stops the program.",
  listener: "Runs, failures and time of each listener.",
  mutex: "Time that events wait for a key or a slot, measured over seconds=N.",
  profile: "CPU profile of seconds=30. interval=10000 are microseconds between two samples.",
  symbol: "Nothing: all profiles bring their names.",
  threadcreate: "Threads of pools.",
  trace: "What happens within seconds=1, for chrome://tracing, Perfetto or speedscope.",
};

const ENGINE = ["profile", "heap", "allocs", "heapsnapshot"] as const;

/** A list with links; what this runtime cannot do stands there with its reason. */
export function pprofIndex(profiles: Profiles, names: readonly string[]): Response {
  const rows = [...names].sort().map((name) => {
    const engine = ENGINE.find((each) => each === name);
    const reason = engine === undefined ? undefined : profiles.why(engine);
    const shown = reason === undefined ? `<a href="${name}${linkOf(name)}">${name}</a>` : name;
    return `<tr><td>${shown}</td><td>${escaped(reason ?? ABOUT[name] ?? "")}</td></tr>`;
  });
  const runtime = profiles.profiler?.runtime ?? "no engine profiler";
  const body = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>/debug/pprof/</title>
<h1>/debug/pprof/</h1>
<p>${escaped(runtime)}</p>
<table>
<tr><th>Profile</th><th>Description</th></tr>
${rows.join("\n")}
</table>
<p><a href="goroutine?debug=2">all handlers that run, one by one</a></p>
<p>Open one with <code>go tool pprof URL</code>. What runs is measured as elapsed time.</p>
</html>
`;
  return new Response(body, { headers: { "content-type": "text/html; charset=utf-8" } });
}

/** What is text is shown, what is binary is saved. */
function linkOf(name: string): string {
  return ["goroutine", "heap", "listener", "threadcreate", "block", "mutex"].includes(name)
    ? "?debug=1"
    : "";
}

function escaped(text: string): string {
  const names: Record<string, string> = { "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;" };
  return text.replaceAll(/[<>&"]/g, (sign) => names[sign]!);
}
