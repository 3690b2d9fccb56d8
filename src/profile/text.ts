/**
 * Profiles as text, in the form of `debug=1` of Go.
 */

import type { Profile } from "./profile.ts";

/** One line of values for each stack, the largest first, and a line for each frame. */
export function profileText(name: string, profile: Profile): string {
  const { sampleTypes, defaultType, comments = [] } = profile.options;
  const wanted = sampleTypes.findIndex(({ type }) => type === defaultType);
  const main = wanted < 0 ? sampleTypes.length - 1 : wanted;
  const samples = profile.samples.sort((a, b) => b.values[main]! - a.values[main]!);
  const units = sampleTypes.map(({ type, unit }) => `${type}/${unit}`).join(" ");
  const lines = [`${name} profile: total ${profile.totals[main] ?? 0}`, `# ${units}`];
  for (const comment of comments) lines.push(`# ${comment}`);
  for (const { stack, values, labels } of samples) {
    lines.push(`${values.join(" ")} @`);
    if (Object.keys(labels).length > 0) lines.push(`# labels: ${JSON.stringify(labels)}`);
    for (const { name, file, line } of stack) {
      lines.push(`#\t${oneLine(name)}${file === undefined ? "" : `\t${file}:${line ?? 0}`}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** A name may be anything; a line stays one. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s/g, " ");
}
