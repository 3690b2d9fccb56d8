/**
 * Who may look.
 */

import { show } from "../internal/check.ts";
import { text } from "./respond.ts";

/** Says whether a request may see more than a bare "ok". */
export interface Authorize {
  (request: Request): boolean | Promise<boolean>;
  /** What `WWW-Authenticate` says to who may not. Without it the answer is 403, else 401. */
  readonly challenge?: string;
}

/**
 * Lets everyone look. Only for what nobody else can reach: a loopback address, or an app whose own
 * middleware has asked already.
 */
export function anyone(): Authorize {
  return () => true;
}

/**
 * Lets those look who send `Authorization: Bearer <token>` with one of these tokens; several, so that
 * one can be changed without a gap. How long a comparison takes does not tell how much was right.
 *
 * A browser sends no such header by itself, but it asks for a name and a password: the token as the
 * password, under any name, is as good.
 *
 * @throws {TypeError} If there is no token, or one is empty or not visible ASCII.
 *
 * @example Usage
 * ```ts
 * import { bearer, inspector } from "@nova/events/http";
 * import { Emitter } from "@nova/events/emitter";
 *
 * const inspect = inspector({ emitter: new Emitter() }, { authorize: bearer("a-long-secret") });
 * const refused = await inspect(new Request("http://localhost/metrics"));
 * console.log(refused.status); // 401
 * ```
 */
export function bearer(...tokens: readonly string[]): Authorize {
  if (tokens.length === 0) throw new TypeError("Cannot authorize without a token");
  for (const token of tokens) {
    if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) {
      throw new TypeError(
        `Cannot use ${typeof token === "string" ? "this string" : show(token)} as a token: ` +
          "it must be of visible ASCII characters",
      );
    }
  }
  const check = (request: Request): boolean => {
    const given = tokenIn(request.headers.get("authorization") ?? "");
    let found = false;
    for (const token of tokens) if (isSame(given, token)) found = true;
    return found;
  };
  return Object.assign(check, {
    challenge: 'Bearer realm="nova", Basic realm="nova", charset="UTF-8"',
  });
}

/** The token of a header: of the scheme Bearer, or the password of the scheme Basic; else "". */
function tokenIn(header: string): string {
  const [, scheme, value = ""] = /^(Bearer|Basic) +([^ ]+) *$/i.exec(header) ?? [];
  if (scheme?.toLowerCase() !== "basic") return value;
  try {
    return atob(value).replace(/^[^:]*:/, "");
  } catch {
    return "";
  }
}

/** Compares in a time that depends on the length of the token alone. */
function isSame(given: string, token: string): boolean {
  let difference = given.length ^ token.length;
  for (let i = 0; i < token.length; i++) {
    difference |= token.charCodeAt(i) ^ (i < given.length ? given.charCodeAt(i) : 0);
  }
  return difference === 0;
}

/** Whether it says yes. Whatever it throws means no. */
export async function allows(authorize: Authorize | undefined, request: Request): Promise<boolean> {
  try {
    return await authorize?.(request) === true;
  } catch {
    return false;
  }
}

/** What who may not gets: 401 where credentials would help, else 403. */
export function refusal(authorize: Authorize | undefined): Response {
  if (authorize === undefined) {
    return text(403, "Forbidden: this inspector was made without the authorize option");
  }
  const { challenge } = authorize;
  if (challenge === undefined) return text(403, "Forbidden");
  return text(401, "Unauthorized", { "www-authenticate": challenge });
}
