/**
 * Answers, and the headers that all of them carry.
 */

/** Nothing is cached, sniffed, framed or linked; a page that needs more says so itself. */
const ALWAYS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
};

/** Plain text. */
export function text(status: number, body: string, headers: HeadersInit = {}): Response {
  return new Response(`${body}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", ...headers },
  });
}

/** JSON, for people, too. */
export function json(status: number, value: unknown): Response {
  return new Response(`${JSON.stringify(value, null, 2)}\n`, {
    status,
    headers: { "content-type": "application/json; charset=utf-8" },
  });
}

/** The same answer with the headers it lacks, and without a body for `HEAD`. */
export function dressed(response: Response, method: string): Response {
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(ALWAYS)) {
    if (!headers.has(name)) headers.set(name, value);
  }
  const { status, statusText } = response;
  if (method === "HEAD") void response.body?.cancel();
  return new Response(method === "HEAD" ? null : response.body, { status, statusText, headers });
}
