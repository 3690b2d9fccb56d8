/**
 * Families as text, in the two formats that scrapers read.
 */

import type { Distribution, Exemplar, Family, Labels } from "./family.ts";

/** A text format, by its content type. */
export type Exposition = "text" | "openmetrics";

/** What `Content-Type` says of each. */
export const CONTENT_TYPES: Readonly<Record<Exposition, string>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** The format that an `Accept` header prefers; the older one where it does not care. */
export function negotiate(accept: string | null): Exposition {
  let [openmetrics, text] = [0, 0];
  for (const range of (accept ?? "").toLowerCase().split(",")) {
    const [media = "", ...parameters] = range.split(";").map((part) => part.trim());
    const value = (name: string): string | undefined =>
      parameters.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
    const q = Number(value("q") ?? 1);
    const quality = q >= 0 && q <= 1 ? q : 0;
    if (media === "application/openmetrics-text") {
      const version = value("version");
      const known = version === undefined || version === "1.0.0" || version === "0.0.1";
      if (known) openmetrics = Math.max(openmetrics, quality);
    } else if (media === "text/plain" || media === "text/*" || media === "*/*") {
      text = Math.max(text, quality);
    }
  }
  return openmetrics > 0 && openmetrics >= text ? "openmetrics" : "text";
}

/** Writes families in a format. */
export function expose(families: readonly Family[], format: Exposition): string {
  const open = format === "openmetrics";
  let text = "";
  for (const { name, help, type, series } of families) {
    if (series.length === 0) continue;
    const family = open && type === "counter" ? name.replace(/_total$/, "") : name;
    text += `# HELP ${family} ${escapeHelp(help, open)}\n# TYPE ${family} ${type}\n`;
    if (open && name.endsWith("_seconds")) text += `# UNIT ${family} seconds\n`;
    for (const { labels, text: written = labelText(labels), value } of series) {
      if (typeof value !== "number") text += distribution(name, written, value, open);
      else if (written === "") text += `${name} ${figure(value)}\n`;
      else text += `${name}{${written}} ${figure(value)}\n`;
    }
  }
  return open ? `${text}# EOF\n` : text;
}

function distribution(
  name: string,
  labels: string,
  { bounds, counts, count, sum, exemplar }: Distribution,
  open: boolean,
): string {
  const place = open && exemplar !== undefined
    ? [...bounds, Infinity].findIndex((bound) => exemplar.value <= bound)
    : -1;
  const start = `${name}_bucket{${labels}${labels === "" ? "" : ","}le="`;
  const ends = endsOf(bounds);
  let text = "";
  for (let i = 0; i < bounds.length; i++) {
    text += i === place
      ? `${start}${ends[i]}${counts[i]}${exemplarText(exemplar!)}\n`
      : `${start}${ends[i]}${counts[i]}\n`;
  }
  const last = place === bounds.length ? exemplarText(exemplar!) : "";
  const braces = labels === "" ? "" : `{${labels}}`;
  return `${text}${start}+Inf"} ${count}${last}\n${name}_sum${braces} ${figure(sum)}\n` +
    `${name}_count${braces} ${count}\n`;
}

/** What stands between the labels of a bucket and its count, for each set of bounds. */
const knownEnds = new WeakMap<readonly number[], readonly string[]>();

function endsOf(bounds: readonly number[]): readonly string[] {
  let ends = knownEnds.get(bounds);
  if (ends === undefined) knownEnds.set(bounds, ends = bounds.map((bound) => `${bound}"} `));
  return ends;
}

function exemplarText({ traceId, value, at }: Exemplar): string {
  return ` # {trace_id="${escapeLabel(traceId)}"} ${figure(value)} ${figure(at / 1000)}`;
}

/** Labels as they are written between braces. */
export function labelText(labels: Labels): string {
  let text = "";
  for (const name in labels) {
    text += `${text === "" ? "" : ","}${name}="${escapeLabel(labels[name]!)}"`;
  }
  return text;
}

/** Nearly no label needs it, so looking comes first. */
function escapeLabel(value: string): string {
  if (!/["\\\n]/.test(value)) return value;
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function escapeHelp(help: string, open: boolean): string {
  const escaped = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return open ? escaped.replaceAll('"', '\\"') : escaped;
}

function figure(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return `${value}`;
}
