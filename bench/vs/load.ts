/**
 * Loads a rival from `bench/vs/node_modules` or the root's. `require` finds both in the same way on
 * Deno, Bun and Node, and the type check needs none of them installed.
 */

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** The exports of a package, in the shape the caller says. */
export function load<Exports>(name: string): Exports {
  return require(name) as Exports;
}

/** The default export of a package, whichever way it is built. */
export function loadDefault<Export>(name: string): Export {
  const exports = load<Export & { default?: Export }>(name);
  return exports.default ?? exports;
}
