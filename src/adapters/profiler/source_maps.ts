/**
 * From the lines that an engine runs to the lines that a person wrote.
 */

import * as module from "node:module";
import { fileURLToPath } from "node:url";
import type { SourcePlace } from "../../profile/port.ts";

/** As much of a source map as is asked here; entries count from 0. */
interface SourceMap {
  findEntry(line: number, column: number): {
    readonly generatedLine?: number;
    readonly originalSource?: string;
    readonly originalLine?: number;
  };
}

/** Where the first token of a line may be. */
const WIDEST_INDENT = 80;

/** Node has it under `--enable-source-maps`; Bun has none, as it reports original lines. */
const { findSourceMap } = module as { findSourceMap?: (path: string) => SourceMap | undefined };

/** The place in the source; line and column count from 0. */
export function locate(url: string, line: number, column?: number): SourcePlace {
  const path = pathOf(url);
  const found = entryOf(path, line, column);
  if (found?.originalLine === undefined) return { file: path, line: line + 1 };
  const { originalSource = url, originalLine } = found;
  return { file: pathOf(originalSource), line: originalLine + 1 };
}

/** Of a line without a column it is the first token that is known. */
function entryOf(
  path: string,
  line: number,
  column: number | undefined,
): ReturnType<SourceMap["findEntry"]> | undefined {
  const map = findSourceMap?.(path);
  if (map === undefined) return undefined;
  if (column !== undefined) return map.findEntry(line, column);
  for (let at = 0; at <= WIDEST_INDENT; at++) {
    const entry = map.findEntry(line, at);
    if (entry.generatedLine === line) return entry;
  }
  return undefined;
}

/** A path where there is one, so that tools find the file. */
function pathOf(url: string): string {
  if (!url.startsWith("file:")) return url;
  try {
    return fileURLToPath(url);
  } catch {
    return url;
  }
}
