/**
 * The project's own files, for tests that read them. On workerd there is no file system: there the
 * bundle has this module replaced by the same texts, embedded (`tests/runtimes/workerd/host.ts`).
 *
 * @module
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";

const ROOT = new URL("../../", import.meta.url);

/** What is read: those of these files that exist, and all `.ts` files of these folders. */
const FILES = ["deno.json", "package.json", "mod.ts"];
const FOLDERS = ["src"];

/** The texts by path from the root of the project, sorted: `src/errors.ts`. */
export function sources(): ReadonlyMap<string, string> {
  const paths = FILES.filter((path) => existsSync(new URL(path, ROOT)));
  for (const folder of FOLDERS) {
    for (const entry of readdirSync(new URL(folder, ROOT), { recursive: true })) {
      const path = `${folder}/${String(entry).replaceAll("\\", "/")}`;
      if (path.endsWith(".ts")) paths.push(path);
    }
  }
  return new Map(paths.sort().map((path) => [path, readFileSync(new URL(path, ROOT), "utf8")]));
}
