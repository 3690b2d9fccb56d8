/**
 * Finds the fenced code blocks of a Markdown page, and those inside the doc comments of a source
 * file. Pure text work, no runtime names: the rules of README.md in this folder are all here.
 *
 * Every block keeps the line numbers and columns of its page, so that a type error or a stack trace
 * of the generated module already names the place in the page.
 */

/** One fenced `ts` block. */
export interface Block {
  /** Path of the page, relative to the project. */
  readonly page: string;
  /** Line of the first line of code, 1-based. */
  readonly line: number;
  /** The code, each line padded to its column in the page. */
  readonly lines: readonly string[];
  /** Builds on the block before it. */
  readonly continues: boolean;
  /** Why the block is only type-checked, if it must not run. */
  readonly noRun: string | undefined;
  /** The file that must hold the same code, if the block is a copy of one. */
  readonly copyOf: string | undefined;
  /** What the block prints, in order, as its comments say. */
  readonly prints: readonly string[];
  /** Whether that is all it prints: it uses `// →`. */
  readonly printsAll: boolean;
}

/** A broken rule, with its place. */
export interface Problem {
  readonly page: string;
  readonly line: number;
  readonly message: string;
}

/** What one page holds. */
export interface Extracted {
  readonly blocks: readonly Block[];
  readonly problems: readonly Problem[];
}

/** One line of a page: the text that counts, and how many columns stand before it. */
interface Line {
  readonly text: string;
  readonly column: number;
}

const FENCE = /^(\s*)(`{3,}|~{3,})\s*([^\s`]*)\s*(.*)$/;
/** `// → text` anywhere, or `// text` behind a `console.log(…);` on the same line. */
const PRINTS = /(\/\/ → |console\.log\(.*\); \/\/ )(.*)$/;
const OTHER_NAMES = new Set(["js", "javascript", "typescript", "tsx", "jsx", "mts", "cts"]);

/** Finds the blocks of a Markdown page. */
export function extractMarkdown(page: string, text: string): Extracted {
  const lines = text.split(/\r?\n/).map((line) => ({ text: line, column: 0 }));
  return extract(page, lines);
}

/** Finds the blocks inside the doc comments of a source file. */
export function extractComments(page: string, text: string): Extracted {
  const lines: (Line | undefined)[] = [];
  let inside = false;
  for (const raw of text.split(/\r?\n/)) {
    if (!inside && /^\s*\/\*\*/.test(raw)) {
      inside = !raw.includes("*/");
      lines.push(undefined);
    } else if (inside && raw.includes("*/")) {
      inside = false;
      lines.push(undefined);
    } else if (inside) {
      const prefix = /^\s*\*? ?/.exec(raw)?.[0] ?? "";
      lines.push({ text: raw.slice(prefix.length), column: prefix.length });
    } else {
      lines.push(undefined);
    }
  }
  return extract(page, lines);
}

function extract(page: string, lines: readonly (Line | undefined)[]): Extracted {
  const blocks: Block[] = [];
  const problems: Problem[] = [];
  let open: { mark: string; indent: number; name: string; info: string; line: number } | undefined;
  let code: string[] = [];
  const close = (): void => {
    if (open === undefined) return;
    if (OTHER_NAMES.has(open.name)) {
      problems.push({ page, line: open.line, message: `use "ts", not "${open.name}": it is run` });
    } else if (open.name === "ts") {
      const block = toBlock(page, open.line + 1, code, open.info, problems);
      const before = blocks.at(-1);
      if (block.continues && before === undefined) {
        problems.push({ page, line: open.line, message: `"continue" without a block before it` });
      } else if (block.continues && (block.noRun ?? before?.noRun) !== undefined) {
        problems.push({ page, line: open.line, message: `a "no-run" block stands alone` });
      } else {
        blocks.push(block);
      }
    }
    open = undefined;
    code = [];
  };
  lines.forEach((line, index) => {
    const fence = line === undefined ? null : FENCE.exec(line.text);
    if (open === undefined) {
      if (fence === null) return;
      const [, indent = "", mark = "", name = "", info = ""] = fence;
      open = { mark, indent: indent.length, name, info: info.trim(), line: index + 1 };
    } else if (line === undefined) {
      problems.push({ page, line: open.line, message: "the block is never closed" });
      open = undefined;
      code = [];
    } else if (fence !== null && fence[3] === "" && (fence[2] ?? "").startsWith(open.mark)) {
      close();
    } else {
      code.push(line.text === "" ? "" : " ".repeat(line.column) + line.text);
    }
  });
  if (open !== undefined) {
    const { line } = open as { line: number };
    problems.push({ page, line, message: "the block is never closed" });
  }
  return { blocks, problems };
}

function toBlock(
  page: string,
  line: number,
  lines: readonly string[],
  info: string,
  problems: Problem[],
): Block {
  const [word = "", ...rest] = info.split(/\s+/);
  const reason = rest.join(" ");
  const copyOf = word.startsWith("file=") ? word.slice("file=".length) : undefined;
  if (!["", "continue", "no-run"].includes(word) && copyOf === undefined) {
    problems.push({ page, line: line - 1, message: `unknown marker "${word}"` });
  }
  if (word === "no-run" && reason === "") {
    problems.push({ page, line: line - 1, message: `"no-run" needs a reason behind it` });
  }
  const said = lines.map((text) => PRINTS.exec(text)).filter((match) => match !== null);
  return {
    page,
    line,
    lines,
    continues: word === "continue",
    noRun: word === "no-run" ? reason : undefined,
    copyOf,
    prints: said.map((match) => match[2] ?? ""),
    printsAll: said.some((match) => match[1]?.startsWith("// →")),
  };
}

/** Blocks that run as one module: a block and those that continue it. */
export type Chain = readonly Block[];

/** Groups the blocks of a page into chains. */
export function chainsOf(blocks: readonly Block[]): Chain[] {
  const chains: Block[][] = [];
  for (const block of blocks) {
    const last = chains.at(-1);
    if (block.continues && last !== undefined) last.push(block);
    else chains.push([block]);
  }
  return chains;
}

/**
 * Makes the module of a chain. Line n of the module is line n of the page. The line of each closing
 * fence tells the runner that the block before it has run to its end.
 */
export function moduleOf(chain: Chain): string {
  const out: string[] = [];
  for (const block of chain) {
    while (out.length < block.line - 1) out.push("");
    out.push(...block.lines);
    out.push("(globalThis as never as { docsBlockDone(): void }).docsBlockDone();");
  }
  return out.join("\n") + "\nexport {};\n";
}
