/**
 * Checks what a page says besides code: relative links lead to a file (and to a heading in it), and
 * every `deno task` that it names exists. Pure text work over a table of pages.
 */
import type { Problem } from "./extract.ts";

/** What the checks need to know about the project. */
export interface Project {
  /** Whether a path, relative to the project, exists. */
  readonly exists: (path: string) => boolean;
  /** The text of a page, if it is one. */
  readonly pages: ReadonlyMap<string, string>;
  /** The names of the tasks of deno.json. */
  readonly tasks: ReadonlySet<string>;
}

/** Checks every link and every task name of every page. */
export function checkPages(project: Project): { checked: number; problems: Problem[] } {
  const problems: Problem[] = [];
  let checked = 0;
  for (const [page, text] of project.pages) {
    let fence = "";
    text.split(/\r?\n/).forEach((row, index) => {
      const mark = /^\s*(`{3,}|~{3,})/.exec(row)?.[1] ?? "";
      if (mark !== "" && (fence === "" || mark.startsWith(fence))) fence = fence === "" ? mark : "";
      const found: (string | undefined)[] = tasksOf(row).map((name) =>
        project.tasks.has(name) ? undefined : `deno.json has no task "${name}"`
      );
      if (fence === "") found.push(...linksOf(row).map((link) => checkLink(project, page, link)));
      checked += found.length;
      for (const message of found) {
        if (message !== undefined) problems.push({ page, line: index + 1, message });
      }
    });
  }
  return { checked, problems };
}

/** The task names of a line: `deno task test:bun` or `deno task bench -- --filter=…`. */
function tasksOf(row: string): string[] {
  return [...row.matchAll(/deno task ([a-z][a-z0-9:-]*[a-z0-9])/g)].map((match) => match[1] ?? "");
}

/** The targets of the links of a line that stay inside the project. */
function linksOf(row: string): string[] {
  const plain = row.replace(/`[^`]*`/g, "");
  return [...plain.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? "")
    .filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target));
}

function checkLink(project: Project, page: string, link: string): string | undefined {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : resolve(page, path);
  if (target === undefined || !project.exists(target)) return `"${link}" leads nowhere`;
  const text = project.pages.get(target);
  if (anchor === undefined || text === undefined) return undefined;
  return anchorsOf(text).has(anchor) ? undefined : `"${link}": no such heading`;
}

function resolve(page: string, path: string): string | undefined {
  const parts = path.startsWith("/") ? [] : page.split("/").slice(0, -1);
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/") || ".";
}

/** The anchors that a page's headings get: lower case, no punctuation, hyphens for spaces. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const match of text.matchAll(/^#{1,6} (.+)$/gm)) {
    const words = (match[1] ?? "").replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = words.replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replace(/\s/g, "-");
    let anchor = slug;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${slug}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}
