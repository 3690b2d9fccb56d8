/**
 * What `node:test` is on workerd: collects suites, cases and hooks, and runs them one after the
 * other. It has what the suite uses, and refuses the rest with a clear message.
 *
 * @module
 */

import { type Body, type Context, guarded } from "./guard.ts";

/** Options of a case, a suite or a hook. */
export interface Options {
  /** Does not run it; the text says why. */
  readonly skip?: boolean | string;
  /** Does not run it: it is still to be written. */
  readonly todo?: boolean | string;
  /** Fails the case after so many milliseconds. @default {30_000} */
  readonly timeout?: number;
}

/** How one case ended. */
export interface Result {
  /** The names of its suites and its own. */
  readonly path: readonly string[];
  readonly outcome: "passed" | "failed" | "skipped";
  /** Why it was skipped or how it failed. */
  readonly detail?: string;
}

/** `before` and its kin. */
export type Hook = (body: Body, options?: Options) => void;

type HookName = "before" | "beforeEach" | "afterEach" | "after";

interface Case {
  readonly kind: "case";
  readonly name: string;
  readonly options: Options;
  readonly body: Body;
}

interface Suite {
  readonly kind: "suite";
  readonly name: string;
  readonly options: Options;
  readonly hooks: Record<HookName, { body: Body; options: Options }[]>;
  readonly children: (Case | Suite)[];
}

let current: Suite = newSuite("", {});

/** Forgets what was registered and collects anew: each test file starts from an empty list. */
export function reset(): void {
  current = newSuite("", {});
}

/** Runs what was registered since the last reset. */
export async function run(): Promise<Result[]> {
  const results: Result[] = [];
  await runSuite(current, [], results);
  return results;
}

/** Registers a suite; its body runs at once and registers what is inside. */
export const describe: Registrar = withVariants((name, options, body): void => {
  const suite = newSuite(name, options);
  current.children.push(suite);
  const outer = current;
  current = suite;
  try {
    const returned = body({} as Context);
    if (returned instanceof Promise) throw new TypeError(`suite "${name}": async is not supported`);
  } finally {
    current = outer;
  }
});

/** Registers a case. */
export const it: Registrar = withVariants((name, options, body): void => {
  if (body.length > 1) throw new TypeError(`case "${name}": callback style is not supported`);
  current.children.push({ kind: "case", name, options, body });
});

/** The same as {@linkcode describe}. */
export const suite: Registrar = describe;

/** The same as {@linkcode it}. */
export const test: Registrar = it;

export default it;

/** Runs once before the first case of the suite. */
export const before: Hook = hook("before");
/** Runs before every case of the suite and of those inside it. */
export const beforeEach: Hook = hook("beforeEach");
/** Runs after every case of the suite and of those inside it, failed ones too. */
export const afterEach: Hook = hook("afterEach");
/** Runs once after the last case of the suite. */
export const after: Hook = hook("after");

type Registering = (name: string, options: Options, body: Body) => void;

/** `it` and `describe`. */
export interface Registrar {
  (...args: readonly (string | Options | Body)[]): void;
  skip(...args: readonly (string | Options | Body)[]): void;
  todo(...args: readonly (string | Options | Body)[]): void;
}

/** `it(name, options, body)`, each of them optional, with `it.skip` and `it.todo`. */
function withVariants(register: Registering): Registrar {
  const variant = (extra: Options) => (...args: readonly (string | Options | Body)[]): void => {
    const body = args.find((arg) => typeof arg === "function");
    const name = args.find((arg) => typeof arg === "string") ?? (body?.name || "<anonymous>");
    const options = args.find((arg) => typeof arg === "object");
    register(name, { ...options, ...extra }, body ?? ((): void => {}));
  };
  return Object.assign(variant({}), {
    skip: variant({ skip: true }),
    todo: variant({ todo: true }),
  });
}

function hook(name: HookName): Hook {
  return (body, options = {}): void => {
    current.hooks[name].push({ body, options });
  };
}

function newSuite(name: string, options: Options): Suite {
  const hooks = { before: [], beforeEach: [], afterEach: [], after: [] };
  return { kind: "suite", name, options, hooks, children: [] };
}

/** `outer` are the suites around this one, outermost first. */
async function runSuite(suite: Suite, outer: readonly Suite[], results: Result[]): Promise<void> {
  const chain = [...outer, suite];
  const path = pathOf(chain);
  const reason = reasonToSkip(suite.options);
  if (reason !== undefined) return settleAll(suite, path, "skipped", reason, results);

  const failure = await runHooks(suite, "before");
  if (failure !== undefined) settleAll(suite, path, "failed", failure, results);
  else {
    for (const child of suite.children) {
      if (child.kind === "suite") await runSuite(child, chain, results);
      else results.push(await runCase(child, chain, path));
    }
  }
  const late = await runHooks(suite, "after");
  if (late !== undefined) {
    results.push({ path: [...path, "(after hook)"], outcome: "failed", detail: late });
  }
}

async function runCase(
  { name, options, body }: Case,
  chain: readonly Suite[],
  path: readonly string[],
): Promise<Result> {
  const own = [...path, name];
  const reason = reasonToSkip(options);
  if (reason !== undefined) return { path: own, outcome: "skipped", detail: reason };

  let skipped: string | undefined;
  const errors: string[] = [];
  const attempt = async (work: Body, timeout: number | undefined): Promise<boolean> => {
    const error = await guarded(work, { name, timeout, skip: (why) => skipped = why });
    if (error !== undefined) errors.push(error);
    return error === undefined;
  };
  let ready = true;
  for (const { hooks } of chain) {
    for (const { body, options } of hooks.beforeEach) {
      ready = ready && await attempt(body, options.timeout);
    }
  }
  if (ready) await attempt(body, options.timeout);
  for (const { hooks } of chain.toReversed()) {
    for (const { body, options } of hooks.afterEach) await attempt(body, options.timeout);
  }
  if (errors.length > 0) return { path: own, outcome: "failed", detail: errors.join("\n") };
  return skipped === undefined
    ? { path: own, outcome: "passed" }
    : { path: own, outcome: "skipped", detail: skipped };
}

async function runHooks(suite: Suite, name: "before" | "after"): Promise<string | undefined> {
  for (const { body, options } of suite.hooks[name]) {
    const { timeout } = options;
    const error = await guarded(body, { name: suite.name, timeout, skip: () => {} });
    if (error !== undefined) return error;
  }
  return undefined;
}

/** One result for every case inside, none of which runs. */
function settleAll(
  suite: Suite,
  path: readonly string[],
  outcome: "failed" | "skipped",
  detail: string,
  results: Result[],
): void {
  for (const child of suite.children) {
    const own = [...path, child.name];
    if (child.kind === "suite") settleAll(child, own, outcome, detail, results);
    else results.push({ path: own, outcome, detail });
  }
}

function reasonToSkip({ skip, todo }: Options): string | undefined {
  for (const [word, value] of [["skipped", skip], ["to do", todo]] as const) {
    if (value !== undefined && value !== false) return typeof value === "string" ? value : word;
  }
  return undefined;
}

function pathOf(chain: readonly Suite[]): string[] {
  return chain.slice(1).map(({ name }) => name);
}
