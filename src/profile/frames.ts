/**
 * From functions as the engine knows them to functions as a person wrote them.
 */

import type { CallFrame, Profiler, SourcePlace } from "./port.ts";
import type { Frame } from "./profile.ts";

/** Frames of one profile; a place is looked up once. */
export class Frames {
  readonly #profiler: Profiler;
  readonly #places: Map<string, SourcePlace> = new Map();

  constructor(profiler: Profiler) {
    this.#profiler = profiler;
  }

  /** The frame of a function; with `line` (from 1) that line of it, else the one where it begins. */
  of({ functionName, url, lineNumber, columnNumber }: CallFrame, line?: number): Frame {
    // What the engine does itself is at no place: (program), (garbage collector), native functions.
    if (url === "" || lineNumber < 0) return { name: functionName || "(native)" };
    const start = this.#place(url, lineNumber, columnNumber);
    const name = functionName ||
      (lineNumber === 0 && columnNumber === 0 ? "(module)" : `(anonymous:${start.line})`);
    const at = line === undefined ? start : this.#place(url, line - 1);
    return { name, file: start.file, line: at.line, startLine: start.line };
  }

  #place(url: string, line: number, column?: number): SourcePlace {
    const key = `${line}:${column ?? ""}:${url}`;
    let place = this.#places.get(key);
    if (place === undefined) {
      place = this.#profiler.locate(url, line, column);
      this.#places.set(key, place);
    }
    return place;
  }
}
