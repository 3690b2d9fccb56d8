/**
 * The worker that runs the suite: one request per test file, since on workerd a promise made in
 * one request never settles in another.
 *
 * @module
 */

import { describeError } from "./guard.ts";
import { reset, type Result, run } from "./registrar.ts";

/** The test files by path; calling one loads it. */
export type Files = Readonly<Record<string, () => Promise<unknown>>>;

/** What a request is answered with. */
export interface Report {
  readonly results: readonly Result[];
  /** Why the file could not be loaded. */
  readonly failed?: string;
}

/** The handler of the bundle: `GET /?file=tests/a_test.ts` runs that file. */
export function serve(files: Files): { fetch(request: Request): Promise<Response> } {
  return {
    async fetch(request: Request): Promise<Response> {
      const path = new URL(request.url).searchParams.get("file") ?? "";
      const load = files[path];
      if (load === undefined) return new Response(`no such file: ${path}`, { status: 404 });
      reset();
      try {
        await load();
      } catch (error) {
        const report: Report = { results: [], failed: describeError(error) };
        return Response.json(report);
      }
      const report: Report = { results: await run() };
      return Response.json(report);
    },
  };
}
