/**
 * What an inspector serves: one route for each path, so that a router of the user's can list them.
 */

/** One path. */
export interface Route {
  /** `GET` also answers `HEAD`. */
  readonly method: "GET" | "POST";
  /** From the mount, such as `"/metrics"`; a `*` at the end stands for all that follows. */
  readonly path: string;
  /** Whether everyone may ask; {@linkcode Visit.authorized} then says who did. */
  readonly open?: boolean;
  /** Answers. What it throws is a 500 without details. */
  handle(visit: Visit): Response | Promise<Response>;
  /** Ends its streams. */
  end?(): void;
}

/** Is told what went wrong while somebody looked. It never throws. */
export type Report = (error: unknown) => void;

/** A request that may be answered. */
export interface Visit {
  /** As it came. */
  readonly request: Request;
  /** Its address, taken apart. */
  readonly url: URL;
  /** What the `*` of the path stands for. */
  readonly rest: string;
  /** Whether `authorize` said yes; always true unless the route is open. */
  readonly authorized: boolean;
}

/** What a path means to a route: the rest behind its prefix, or undefined if it means nothing. */
export function match({ path }: Route, asked: string): string | undefined {
  if (!path.endsWith("*")) return asked === path ? "" : undefined;
  const prefix = path.slice(0, -1);
  return asked.startsWith(prefix) ? asked.slice(prefix.length) : undefined;
}
