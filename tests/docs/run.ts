// deno-lint-ignore-file no-console -- a command prints
/**
 * Type-checks and runs every code block of the documentation; see README.md in this folder.
 *
 * One `deno check` over all blocks, then one process that runs them all, started again only behind a
 * block that ended or blocked it. Prints failures with page and line, then
 * `docs: N passed, N failed`.
 */
import { type Block, type Chain, chainsOf, moduleOf, type Problem } from "./extract.ts";
import type { Outcome } from "./execute.ts";
import { gather } from "./gather.ts";
import { WORK } from "./place.ts";
import { check, execute, type Unit, writeImportMap } from "./processes.ts";

async function write(chains: readonly Chain[]): Promise<Unit[]> {
  const units: Unit[] = [];
  await Deno.mkdir(WORK, { recursive: true });
  for (const chain of chains) {
    const [first] = chain;
    if (first === undefined) continue;
    const name = `${first.page.replaceAll("/", "~")}~${first.line}.ts`;
    const url = new URL(name, WORK);
    await Deno.writeTextFile(url, moduleOf(chain));
    units.push({ chain, url });
  }
  return units;
}

/** Compares what a block printed with what its page says. */
function misprint(block: Block, printed: readonly string[]): string | undefined {
  let next = 0;
  for (const row of printed) if (row === block.prints[next]) next += 1;
  const same = block.printsAll ? printed.length === next : true;
  if (same && next === block.prints.length) return undefined;
  const [did, said] = [printed.join("\n"), block.prints.join("\n")];
  return `prints\n${indent(did)}\nbut the page says\n${indent(said)}`;
}

function indent(text: string): string {
  return text.split("\n").map((row) => `    ${row}`).join("\n");
}

/** One problem for each block of the chain that failed. */
function judge(chain: Chain, outcome: Outcome): Problem[] {
  const problems: Problem[] = [];
  chain.forEach((block, index) => {
    const { page } = block;
    const printed = outcome.printed[index] ?? [];
    if (index < outcome.done) {
      const message = misprint(block, printed);
      if (message !== undefined) problems.push({ page, line: block.line, message });
    } else if (index === outcome.done) {
      const line = outcome.error?.line ?? block.line;
      const said = printed.length === 0 ? "" : `\n  it printed\n${indent(printed.join("\n"))}`;
      problems.push({ page, line, message: `${outcome.error?.text ?? "did not finish"}${said}` });
    } else {
      const message = "was not reached: a block before it failed";
      problems.push({ page, line: block.line, message });
    }
  });
  // All blocks ended, yet something failed behind the last one: nobody handled a rejection.
  if (outcome.error !== undefined && outcome.done === chain.length) {
    const last = chain.at(-1);
    const line = outcome.error.line ?? last?.line ?? 1;
    problems.push({ page: last?.page ?? "", line, message: outcome.error.text });
  }
  return problems;
}

/** Answers the problems of the blocks, and how many blocks have one. */
async function runBlocks(units: readonly Unit[]): Promise<{ problems: Problem[]; failed: number }> {
  const map = await writeImportMap();
  const types = await check(units, map);
  const problems: Problem[] = [...types.elsewhere];
  let failed = types.elsewhere.length;
  const runnable: Unit[] = [];
  for (const unit of units) {
    const wrong = types.byUrl.get(unit.url.href);
    const [first] = unit.chain;
    if (wrong !== undefined) {
      problems.push(...wrong);
      failed += unit.chain.length;
    } else if (first?.noRun === undefined) {
      runnable.push(unit);
    } else {
      console.log(`not run: ${first.page}:${first.line} (${first.noRun})`);
    }
  }
  const outcomes = await execute(runnable, map);
  runnable.forEach((unit, index) => {
    const found = judge(unit.chain, outcomes[index] ?? { done: 0, printed: [] });
    problems.push(...found);
    failed += Math.min(found.length, unit.chain.length);
  });
  return { problems, failed };
}

async function main(): Promise<number> {
  const { blocks, links, badLinks, badPages } = await gather();
  const { problems, failed } = await runBlocks(await write(chainsOf(blocks)));
  for (const { page, line, message } of [...badPages, ...badLinks, ...problems]) {
    console.log(`FAILED ${page}:${line} ${message}`);
  }
  if (blocks.length === 0) console.log("FAILED no block was found");
  const bad = failed + badLinks.length + badPages.length + (blocks.length === 0 ? 1 : 0);
  const good = Math.max(0, blocks.length - failed) + links - badLinks.length;
  console.log(`docs: ${blocks.length} code blocks, ${links} links and task names`);
  console.log(`docs: ${good} passed, ${bad} failed`);
  return bad === 0 ? 0 : 1;
}

try {
  Deno.exitCode = await main();
} finally {
  await Deno.remove(WORK, { recursive: true }).catch(() => {});
}
