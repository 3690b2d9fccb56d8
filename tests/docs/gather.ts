/** Reads the pages of the project: their code blocks, and every rule of theirs that is broken. */
import { type Block, extractComments, extractMarkdown, type Problem } from "./extract.ts";
import { checkPages } from "./links.ts";
import { ROOT } from "./place.ts";

/** What the pages hold. */
export interface Gathered {
  readonly blocks: readonly Block[];
  /** How many links and task names were checked. */
  readonly links: number;
  /** Links and task names that are wrong. */
  readonly badLinks: readonly Problem[];
  /** Fences that are wrong, pages that are missing, copies that differ. */
  readonly badPages: readonly Problem[];
}

/** A file may silence the linter at its top; its copy in a page does not repeat that. */
const LINT_COMMENTS = /^\/\/ deno-lint-ignore-file.*\n/;

async function filesUnder(folder: string, ending: string): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const entry of Deno.readDir(new URL(`${folder}/`, ROOT))) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) found.push(...await filesUnder(path, ending));
      else if (path.endsWith(ending)) found.push(path);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found.sort();
}

const read = (path: string): Promise<string> => Deno.readTextFile(new URL(path, ROOT));

function exists(path: string): boolean {
  try {
    return Deno.statSync(new URL(path, ROOT)) !== undefined;
  } catch {
    return false;
  }
}

/** Every error class has a section of its own, and its code stands in the page. */
async function undocumentedErrors(page: string, text: string): Promise<Problem[]> {
  const source = await read("src/errors.ts");
  const names = [...source.matchAll(/^export class (\w+)/gm)].map((match) => match[1] ?? "");
  const codes = [...source.matchAll(/^ {2}\| "([a-z-]+)"/gm)].map((match) => match[1] ?? "");
  const missing = [
    ...names.filter((name) => name !== "NovaError" && !text.includes(`\n## ${name}\n`)),
    ...codes.filter((code) => !text.includes(`\`${code}\``)),
  ];
  return missing.map((name) => ({ page, line: 1, message: `says nothing about ${name}` }));
}

/** Reads every page of the documentation, and the doc comments of the library. */
export async function gather(): Promise<Gathered> {
  const blocks: Block[] = [];
  const badPages: Problem[] = [];
  const pages = new Map<string, string>();
  const withBlocks = new Set(["README.md", ...await filesUnder("docs", ".md")]);
  const linksOnly = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "bench/README.md",
    "tests/docs/README.md",
    ...await filesUnder(".github", ".md"),
  ];
  for (const page of [...withBlocks, ...linksOnly]) {
    if (!exists(page)) {
      badPages.push({ page, line: 1, message: "the page is missing" });
      continue;
    }
    const text = await read(page);
    pages.set(page, text);
    if (!withBlocks.has(page)) continue;
    const found = extractMarkdown(page, text);
    blocks.push(...found.blocks);
    badPages.push(...found.problems);
  }
  for (const path of ["mod.ts", ...await filesUnder("src", ".ts")]) {
    const found = extractComments(path, await read(path));
    blocks.push(...found.blocks);
    badPages.push(...found.problems);
  }
  for (const { copyOf, lines, page, line } of blocks) {
    if (copyOf === undefined) continue;
    const file = exists(copyOf) ? (await read(copyOf)).replace(LINT_COMMENTS, "") : "";
    const same = file.trim() === lines.join("\n").trim();
    if (!same) badPages.push({ page, line, message: `is not the same as ${copyOf}` });
  }
  const errors = pages.get("docs/errors.md") ?? "";
  badPages.push(...await undocumentedErrors("docs/errors.md", errors));
  const { tasks } = JSON.parse(await read("deno.json")) as { tasks: Record<string, unknown> };
  const { checked, problems } = checkPages({ exists, pages, tasks: new Set(Object.keys(tasks)) });
  return { blocks, links: checked, badLinks: problems, badPages };
}
