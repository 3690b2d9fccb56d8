/**
 * Which files are the suite.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** The root of the project, with a slash at its end. */
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

/** These have runners of their own. */
const APART = ["tests/real/", "tests/docs/"];

/** The test files of the suite, sorted, by path from the root. */
export async function suiteFiles(filters: readonly string[]): Promise<string[]> {
  const files = await testFiles("tests");
  return matching(
    files.filter((path) => !APART.some((prefix) => path.startsWith(prefix))),
    filters,
  );
}

/** The files of `test:real`: what needs a server, a browser, root, or more than two seconds. */
export async function realFiles(filters: readonly string[]): Promise<string[]> {
  return matching(await testFiles("tests/real"), filters);
}

function matching(files: readonly string[], filters: readonly string[]): string[] {
  if (filters.length === 0) return [...files];
  return files.filter((path) => filters.some((filter) => path.includes(filter)));
}

async function testFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(ROOT + folder)) {
      const path = `${folder}/${name}`;
      if (isDirectory) found.push(...await testFiles(path));
      else if (name.endsWith("_test.ts")) found.push(path);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found.sort();
}
