/// <reference lib="dom" />
/**
 * The page: figures of now, lines over time, and two buttons.
 */

import type { View } from "../src/http/dashboard/view.ts";
import { Chart, type Values } from "./charts.ts";
import { byId, h, show } from "./dom.ts";
import { Feed } from "./feed.ts";
import { profile } from "./flame.ts";
import { Rates } from "./rates.ts";
import { sections } from "./sections.ts";
import { count, few, ms } from "./words.ts";

/** Views come once a second; so many without one are a gap. */
const GAP = 3;

const rates = new Rates();
const choice = h("select", { "aria-label": "Which queues" }) as HTMLSelectElement;
const throughput = new Chart("Events per second");
const depth = new Chart("Queue depth", few, choice);
const trouble = new Chart("Failures, retries and refusals per second");
const untimed = h("small", {}, 'none is timed: timing: "sampled"');
const latency = new Chart("Latency of listeners, last seconds", ms, untimed);
let last: View | undefined;
let paused = false;

byId("charts").append(
  throughput.element,
  depth.element,
  trouble.element,
  latency.element,
);
choice.onchange = () => depth.clear();

/** What waits in each queue; or in each partition of the chosen topic. */
function depths(view: View): Values {
  const chosen = view.topics.find((topic) => `${topic.bus}/${topic.name}` === choice.value);
  if (chosen !== undefined) {
    return Object.fromEntries(chosen.partitions.map(({ queued }, index) => [`#${index}`, queued]));
  }
  return Object.fromEntries([
    ...view.topics.map(({ name, queued }) => [name, queued]),
    ...view.emitters.map(({ name, queued }) => [name, queued]),
    ...view.pools.map(({ name, queued }) => [name, queued]),
  ]);
}

function rateOf(name: string, values: readonly number[]): number | null {
  return rates.of(name, values.reduce((sum, value) => sum + value, 0));
}

function draw(view: View): void {
  const { at, topics, emitters, managers, pools, dead, latencies, findings } = view;
  const seconds = last === undefined ? 0 : (at - last.at) / 1000;
  rates.next(seconds);
  // No line over the time of which nothing is known.
  if (seconds > GAP) {
    for (const chart of [throughput, depth, trouble, latency]) chart.gap(at / 1000);
  }
  last = view;
  const subscriptions = topics.flatMap((topic) => topic.subscriptions);
  const listeners = managers.flatMap((manager) => manager.listeners);
  const all = [...topics, ...emitters, ...pools];
  const flow: Values = Object.fromEntries([
    ...topics.map(({ name, bus, accepted }) => [name, rates.of(`t ${bus}/${name}`, accepted)]),
    ...emitters.map(({ name, emitted }) => [name, rates.of(`e ${name}`, emitted)]),
  ]);
  const failed = rateOf("failed", [
    ...subscriptions.map(({ deadLettered }) => deadLettered),
    ...emitters.map((own) => own.failed),
    ...listeners.map((own) => own.failed + own.deadLettered),
    ...pools.map((own) => own.failed),
  ]);
  const retried = rateOf("retried", [...subscriptions, ...listeners].map((own) => own.retries));
  const refused = rateOf("refused", [
    ...topics.map((own) => own.rejected + own.dropped),
    ...emitters.map((own) => own.dropped),
    ...pools.map((own) => own.refused),
  ]);
  throughput.add(at / 1000, flow);
  depth.add(at / 1000, depths(view));
  trouble.add(at / 1000, { failed, retried, refused });
  untimed.hidden = latencies.length > 0;
  latency.add(
    at / 1000,
    Object.fromEntries(
      latencies.slice(0, 3).flatMap((
        { name, p50, p99 },
      ) => [[`${name} p50`, p50], [`${name} p99`, p99]]),
    ),
  );
  const running = [...subscriptions, ...emitters, ...listeners]
    .reduce((sum, { inFlight }) => sum + inFlight, 0);
  const queued = all.reduce((sum, own) => sum + own.queued, 0);
  const perSecond = (rate: number | null): string => rate === null ? "–" : few(rate);
  const total = Object.values(flow).reduce<number | null>(
    (sum, rate) => rate === null ? sum : (sum ?? 0) + rate,
    null,
  );
  const worst = findings[0]?.severity;
  show(
    byId("tiles"),
    ...([
      ["Events/s", perSecond(total)],
      ["Queued", few(queued)],
      ["In flight", few(running)],
      ["Slowest p99", latencies[0] === undefined ? "–" : ms(latencies[0].p99)],
      ["Failed/s", perSecond(failed), failed ? "critical" : undefined],
      ["Retries/s", perSecond(retried), retried ? "warning" : undefined],
      ["Dead letters", few(dead), dead > 0 ? "critical" : undefined],
      ["Findings", few(findings.length), worst ?? "good"],
    ] as const).map(([label, value, className]) =>
      h("div", {}, h("dl", {}, h("dt", {}, label), h("dd", { class: className }, value)))
    ),
  );
  show(
    choice,
    h("option", { value: "" }, "all parts"),
    ...topics.map(({ bus, name }) =>
      h("option", { value: `${bus}/${name}` }, `${name} by partition`)
    ),
  );
  byId("about").textContent = [
    count(topics.length, "topic"),
    count(emitters.length, "emitter"),
    count(listeners.length, "listener"),
    count(pools.length, "pool"),
    count(view.stores.length, "store"),
  ].filter((text) => !text.startsWith("0 ")).join(" · ");
  sections(view, rates);
}

new Feed({
  view(view) {
    if (!paused) draw(view);
  },
  state(live, text) {
    const state = byId("state");
    const said = paused && live ? "paused" : text;
    if (state.textContent !== said) state.textContent = said;
    state.className = live && !paused ? "good" : "warning";
    document.querySelector("main")!.className = live ? "" : "stale";
  },
});

byId("pause").onclick = ({ currentTarget }) => {
  paused = !paused;
  const button = currentTarget as HTMLButtonElement;
  button.textContent = paused ? "Go on" : "Pause";
  button.setAttribute("aria-pressed", String(paused));
};

/** Says something for a while. */
function say(text: string): void {
  byId("said").textContent = text;
  setTimeout(() => {
    if (byId("said").textContent === text) byId("said").textContent = "";
  }, 6000);
}

async function redrive(body: string): Promise<void> {
  const headers = { "content-type": "application/json" };
  const response = await fetch("redrive", { method: "POST", headers, body });
  const text = await response.text();
  if (!response.ok) return say(`Not redriven: ${text}`);
  const { redriven, left } = JSON.parse(text);
  say(`${count(redriven, "letter")} redriven, ${few(left)} left.`);
}

byId("letters").onclick = ({ target }) => {
  const group = (target as HTMLElement).dataset["redrive"];
  if (group !== undefined) redrive(group).catch((error) => say(`Not redriven: ${error.message}`));
};

const form = document.querySelector<HTMLFormElement>("#profile form")!;
form.onsubmit = async (event) => {
  event.preventDefault();
  const [select, button, output] = form.elements as unknown as [
    HTMLSelectElement,
    HTMLButtonElement,
    HTMLOutputElement,
  ];
  button.disabled = true;
  output.value = `Taking a profile for ${select.value} s…`;
  try {
    output.value = await profile(byId("flame"), select.value);
  } catch (error) {
    output.value = (error as Error).message;
  }
  button.disabled = false;
};
