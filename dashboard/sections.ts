/// <reference lib="dom" />
/**
 * What stands below the charts: advice, topics, dead letters, listeners, and the other parts.
 */

import type { ManagerView, TopicView, View } from "../src/http/dashboard/view.ts";
import type { Finding } from "../src/tuning/finding.ts";
import { byId, type Child, h, show } from "./dom.ts";
import type { Rates } from "./rates.ts";
import { ago, count, few, ms } from "./words.ts";

/** Shows everything below the charts. */
export function sections(view: View, rates: Rates): void {
  section("advice", "Advice", adviceOf(view));
  section(
    "topics",
    "Topics",
    view.topics.map((topic) => topicOf(topic, rates)),
    view.topics.length,
  );
  section("letters", "Dead letters", lettersOf(view), view.dead);
  section("listeners", "Listeners", view.managers.flatMap(managerOf));
  section("parts", "Emitters, pools, stores", [
    ...emittersOf(view, rates),
    ...poolsOf(view, rates),
    ...storesOf(view, rates),
    ...(view.omitted > 0 ? [h("p", {}, `${view.omitted} rows are not shown.`)] : []),
  ]);
}

function section(id: string, title: string, content: readonly Child[], size?: number): void {
  if (content.length === 0) return show(byId(id));
  const many = size === undefined ? undefined : h("small", {}, ` ${size}`);
  show(byId(id), h("h2", {}, title, many), ...content);
}

/** A table; its heads are separated by bars. */
function table(titles: string, rows: readonly (readonly Child[])[]): HTMLElement {
  const heads = titles.split("|");
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", {}, head)))),
    h(
      "tbody",
      {},
      ...rows.map((row) =>
        h(
          "tr",
          {},
          ...row.map((cell, index) =>
            h("td", { "data-l": index > 0 ? heads[index] : undefined }, cell)
          ),
        )
      ),
    ),
  );
}

/** A rate, or nothing where it is not known yet. */
function perSecond(rate: number | null): string {
  return rate === null ? "–" : `${few(rate)}/s`;
}

function of(some: number, most: number): string {
  return `${few(some)} of ${few(most)}`;
}

/** More than this at once is not read. */
const SHOWN = 6;

function adviceOf({ findings }: View): Child[] {
  const link = h("p", {}, h("a", { href: "advice" }, "All of it as text, with the checklist"));
  if (findings.length === 0) return [h("p", { class: "good" }, "✓ Nothing to tune."), link];
  const rest = findings.slice(SHOWN);
  return [
    h("div", { class: "cards" }, ...findings.slice(0, SHOWN).map(cardOf)),
    rest.length === 0 ? undefined : h(
      "details",
      { class: "more" },
      h("summary", {}, h("b", {}, `${rest.length} more`)),
      h("div", { class: "cards" }, ...rest.map(cardOf)),
    ),
    link,
  ];
}

function cardOf(finding: Finding): HTMLElement {
  const { severity, symptom, part, evidence, cause, remedy, config } = finding;
  return h(
    "article",
    { class: severity },
    h("h3", {}, `${symptom} `, h("small", {}, `${part} · ${severity}`)),
    h("p", {}, `${evidence}. ${cause}.`),
    h("p", {}, `→ ${remedy}. `, config && h("code", {}, config)),
  );
}

function topicOf(topic: TopicView, rates: Rates): HTMLElement {
  const { bus, name, bufferSize, partitions, subscriptions, waiting } = topic;
  const key = `${bus}/${name}`;
  const lost = topic.rejected + topic.dropped;
  return h(
    "details",
    {},
    h(
      "summary",
      {},
      h("b", {}, name),
      h("span", {}, perSecond(rates.of(`in ${key}`, topic.accepted))),
      h("span", {}, `${few(topic.queued)} queued`),
      h(
        "span",
        { class: lost + waiting > 0 ? "warning" : undefined },
        waiting > 0 ? `${few(waiting)} waiting` : `${few(lost)} refused`,
      ),
      h(
        "span",
        { class: "strip", role: "img", "aria-label": "How full each partition is" },
        ...partitions.map(({ queued }, index) =>
          h("i", {
            class: `f${Math.min(4, Math.ceil((queued / bufferSize) * 4.9))}`,
            title: `partition ${index}: ${queued} of ${bufferSize}`,
          })
        ),
      ),
    ),
    table(
      "Subscription|Handled|Lag|Oldest|Running|Held|Retries|Dead letters",
      subscriptions.map((own) => [
        own.id,
        perSecond(rates.of(`done ${key}/${own.id}`, own.succeeded)),
        few(own.lag ?? own.queued + own.held),
        own.oldestAgeMs ? ms(own.oldestAgeMs) : "–",
        of(own.inFlight, own.slots),
        few(own.held),
        few(own.retries),
        few(own.deadLettered),
      ]),
    ),
    table(
      "Partition|In|Queued|Lag|Oldest|Waiting",
      partitions.map((own, index) => [
        `#${index}`,
        perSecond(rates.of(`in ${key}/${index}`, own.accepted)),
        of(own.queued, bufferSize),
        few(own.lag ?? own.queued),
        own.oldestAgeMs ? ms(own.oldestAgeMs) : "–",
        "waiting" in own ? few(own.waiting as number) : "–",
      ]),
    ),
  );
}

function lettersOf({ letters, dead, may, at }: View): Child[] {
  if (letters.length === 0) return [];
  const shown = letters.reduce((sum, group) => sum + group.count, 0);
  const note = shown < dead ? h("p", {}, `The newest ${few(shown)} of ${few(dead)}.`) : undefined;
  return [
    note,
    table(
      "Cause|Topic|Subscription|Letters|Last|",
      letters.map((group) => [
        h("span", {}, h("b", { class: "critical" }, group.error), ` ${group.message}`),
        group.topic,
        group.subscription,
        `${few(group.count)}${
          group.returned > 0 ? `, ${few(group.returned)} for the second time` : ""
        }`,
        ago(group.last, at),
        may.redrive
          ? h("button", {
            type: "button",
            "data-redrive": JSON.stringify(group),
            "aria-label": `Redrive ${
              count(group.count, "letter")
            } of ${group.subscription}: ${group.error}`,
          }, "Redrive")
          : undefined,
      ]),
    ),
  ];
}

const SEVERITY: Readonly<Record<string, string>> = {
  healthy: "good",
  degraded: "warning",
};

function status(word: string | undefined): Child {
  if (word === undefined) return "–";
  return h("span", { class: SEVERITY[word] ?? "critical" }, `● ${word}`);
}

function managerOf({ name, status: word, listeners }: ManagerView): Child[] {
  return [
    h("h3", {}, `${name} `, status(word)),
    table(
      "Listener|Health|Circuit|Running|Queued|Retries|Timeouts|Why",
      listeners.map((own) => [
        own.name,
        status(own.status),
        h(
          "span",
          { class: own.circuit === "open" || own.circuit === "isolated" ? "critical" : undefined },
          own.circuit ?? "–",
        ),
        of(own.inFlight, own.concurrency),
        of(own.queued, own.bufferSize),
        few(own.retries),
        few(own.timeouts),
        own.reasons.join("; "),
      ]),
    ),
  ];
}

function emittersOf({ emitters }: View, rates: Rates): Child[] {
  if (emitters.length === 0) return [];
  return [table(
    "Emitter|Emitted|Queued|In flight|Failed|Dropped|Unheard",
    emitters.map((own) => [
      own.name,
      perSecond(rates.of(`emitted ${own.name}`, own.emitted)),
      of(own.queued, own.bufferSize),
      few(own.inFlight),
      few(own.failed),
      few(own.dropped),
      few(own.unheard),
    ]),
  )];
}

function poolsOf({ pools }: View, rates: Rates): Child[] {
  if (pools.length === 0) return [];
  return [table(
    "Pool|Done|Running|Queued|Failed|Refused",
    pools.map((own) => [
      own.name,
      perSecond(rates.of(`pool ${own.name}`, own.completed)),
      of(own.running, own.workers),
      of(own.queued, own.queueSize),
      few(own.failed),
      few(own.refused),
    ]),
  )];
}

function storesOf({ stores }: View, rates: Rates): Child[] {
  if (stores.length === 0) return [];
  return [table(
    "Store|Appended|Events|Bytes|Retention",
    stores.map((own) => [
      own.name,
      perSecond(rates.of(`store ${own.name}`, own.events)),
      few(own.events),
      own.bytes > 0 ? few(own.bytes) : "–",
      own.retained ? "yes" : "no",
    ]),
  )];
}
