/**
 * Reads the JUnit files that the test runners of Deno, Bun and Node write.
 *
 * @module
 */

import type { Case } from "./outcome.ts";

interface Attributes {
  readonly name: string;
  readonly file: string;
}

const TAG =
  /<(\/?)(testsuites?|testcase|failure|error|skipped)\b((?:\s+[\w:.-]+="[^"]*")*)\s*(\/?)>/g;

/** Every `testcase` of the file, under the names of the suites around it. */
export function parseJunit(xml: string): Case[] {
  const cases: Case[] = [];
  const suites: string[] = [];
  let open: { name: string; file: string; ending: Case["ending"] } | undefined;
  for (const [, closing, tag, rawAttributes, selfClosing] of xml.matchAll(TAG)) {
    if (tag === "testsuites") continue;
    const { name, file } = attributes(rawAttributes ?? "");
    if (tag === "testsuite") {
      if (closing) suites.pop();
      else if (!selfClosing) suites.push(name);
    } else if (tag === "testcase") {
      if (!closing) open = { name: [...suites, name].join(" > "), file, ending: "passed" };
      if ((closing || selfClosing) && open !== undefined) {
        cases.push(open);
        open = undefined;
      }
    } else if (open !== undefined && !closing) {
      open.ending = tag === "skipped" ? "skipped" : "failed";
    }
  }
  return cases;
}

/**
 * The cases of `deno test --junit-path`: it writes suites as cases, too, and puts what is inside
 * under the path of names, joined by ` > `.
 */
export function parseDenoJunit(xml: string): Case[] {
  // The outermost suite is the file, which is no part of the name.
  const all = parseJunit(xml).map((item) => ({ ...item, name: withoutFile(item.name) }));
  const parents = new Set(all.flatMap(({ name }) => prefixes(name)));
  return all.filter(({ name }) => !parents.has(name));
}

/** The cases of `bun test --reporter=junit`: the outermost suite is the file. */
export function parseBunJunit(xml: string): Case[] {
  return parseJunit(xml).map((item) => ({ ...item, name: withoutFile(item.name) }));
}

/**
 * The cases of `node --test --test-reporter=junit`: it writes a file as a case if it has none, or
 * if something failed outside of them.
 */
export function parseNodeJunit(xml: string): { cases: Case[]; files: Case[] } {
  // Node escapes a quotation mark in a name twice.
  const all = parseJunit(xml.replaceAll("&amp;quot;", "&quot;"));
  const isFile = ({ name, file }: Case): boolean =>
    name.endsWith("_test.ts") && file?.endsWith(name) === true;
  return { cases: all.filter((item) => !isFile(item)), files: all.filter(isFile) };
}

function withoutFile(name: string): string {
  return name.slice(name.indexOf(" > ") + 3);
}

function prefixes(name: string): string[] {
  const parts = name.split(" > ");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join(" > "));
}

function attributes(text: string): Attributes {
  const values = new Map<string, string>();
  for (const [, key, value] of text.matchAll(/([\w:.-]+)="([^"]*)"/g)) {
    values.set(key ?? "", unescape(value ?? ""));
  }
  return { name: values.get("name") ?? "", file: values.get("file") ?? "" };
}

function unescape(text: string): string {
  const named: Readonly<Record<string, string>> = {
    amp: "&",
    lt: "<",
    gt: ">",
    quot: '"',
    apos: "'",
  };
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (decimal) return String.fromCodePoint(Number(decimal));
    if (hex) return String.fromCodePoint(parseInt(hex, 16));
    return named[name] ?? whole;
  });
}
