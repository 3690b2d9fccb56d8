/**
 * Patterns over dotted names: `*` stands for one token, `**` for one or more at the end.
 */

import { show } from "../internal/check.ts";

/**
 * The test of a pattern. It runs once per type, never per event, and in time linear in the type.
 *
 * @throws {SyntaxError} If a `*` shares its token, or a `**` is not at the end.
 */
export function compilePattern(pattern: string): (type: string) => boolean {
  const tokens = pattern.split(".");
  const open = tokens[tokens.length - 1] === "**";
  if (open) tokens.pop();
  for (const token of tokens) {
    if (token === "" || (token !== "*" && token.includes("*"))) {
      throw new SyntaxError(
        `Cannot use ${
          show(pattern)
        } as a pattern: "*" is a whole token between dots, and "**" the last`,
      );
    }
  }
  return (type) => {
    const given = type.split(".");
    if (open ? given.length <= tokens.length : given.length !== tokens.length) return false;
    return tokens.every((token, place) => token === "*" || token === given[place]);
  };
}
