/**
 * Just enough of a TypeScript scanner for the architecture test: takes comments, texts and regular
 * expressions out of the code, so that a word in them is no violation.
 *
 * @module
 */

/** What a file is made of. */
export interface SourceText {
  /** The code: comments are gone, texts and regular expressions are empty. */
  readonly code: string;
  /** What is imported or exported from where, dynamic imports and imported types included. */
  readonly imports: readonly string[];
  /** The documentation comments, without their stars. */
  readonly docs: readonly string[];
}

/** A slash behind one of these starts a regular expression; elsewhere it divides. */
const BEFORE_REGEXP =
  /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of|void|do|else))\s*$/;

/** Takes a source text apart. */
export function scan(text: string): SourceText {
  let code = "";
  const imports: string[] = [];
  const docs: string[] = [];
  /** For each template literal that is open: how many braces are open inside its expression. */
  const templates: number[] = [];
  let at = 0;

  while (at < text.length) {
    const rest = text[at] as string;
    const two = text.slice(at, at + 2);
    if (two === "//") at = lineEnd(at);
    else if (two === "/*") at = comment(at);
    else if (rest === '"' || rest === "'") at = quoted(at, rest);
    else if (rest === "`") at = template(at + 1);
    else if (rest === "/" && BEFORE_REGEXP.test(code)) at = regexp(at);
    else if (rest === "}" && templates.at(-1) === 0) {
      templates.pop();
      code += "}";
      at = template(at + 1);
    } else {
      const depth = templates.length - 1;
      if (rest === "{" && depth >= 0) templates[depth] = (templates[depth] as number) + 1;
      if (rest === "}" && depth >= 0) templates[depth] = (templates[depth] as number) - 1;
      code += rest;
      at++;
    }
  }
  return { code, imports, docs };

  function lineEnd(from: number): number {
    const end = text.indexOf("\n", from);
    return end < 0 ? text.length : end;
  }

  function comment(from: number): number {
    const end = text.indexOf("*/", from + 2);
    const stop = end < 0 ? text.length : end + 2;
    const inside = text.slice(from + 2, stop - 2);
    if (inside.startsWith("*")) docs.push(inside.replace(/^\s*\*+ ?/gm, ""));
    code += inside.includes("\n") ? "\n" : " ";
    return stop;
  }

  function quoted(from: number, quote: string): number {
    let end = from + 1;
    while (end < text.length && text[end] !== quote && text[end] !== "\n") {
      end += text[end] === "\\" ? 2 : 1;
    }
    const value = text.slice(from + 1, end);
    // Comes from the words in front of it: `from "…"`, `import "…"`, `import("…")`.
    if (/(?:\bfrom|\bimport|\bimport\s*\()\s*$/.test(code)) imports.push(value);
    // A name in brackets is as good as one behind a dot.
    code += /\[\s*$/.test(code) && /^[\w$]+$/.test(value) ? `"${value}"` : '""';
    return end + 1;
  }

  /** Skips the text of a template literal up to its end or its next expression. */
  function template(from: number): number {
    let end = from;
    while (end < text.length) {
      if (text[end] === "\\") end += 2;
      else if (text[end] === "`") {
        code += "``";
        return end + 1;
      } else if (text.startsWith("${", end)) {
        templates.push(0);
        code += "${";
        return end + 2;
      } else end++;
    }
    return end;
  }

  function regexp(from: number): number {
    let end = from + 1;
    let inClass = false;
    while (end < text.length && text[end] !== "\n" && (inClass || text[end] !== "/")) {
      if (text[end] === "[") inClass = true;
      if (text[end] === "]") inClass = false;
      end += text[end] === "\\" ? 2 : 1;
    }
    code += "/ /";
    return end + 1;
  }
}
