/**
 * The modules of the bench, by the name the command line uses. A module `<name>-vs` holds rivals: it
 * needs the packages of `bench/vs` and runs when `<name>` is asked for by name.
 */

import type { Suite } from "../case.ts";

const modules: Readonly<Record<string, () => Promise<Suite>>> = {
  "emitter": () => import("./emitter.ts"),
  "emitter-vs": () => import("../vs/emitter_suite.ts"),
  "listener": () => import("./listener.ts"),
  "listener-vs": () => import("../vs/listener_suite.ts"),
  "bus": () => import("./bus.ts"),
  "bus-vs": () => import("../vs/bus_suite.ts"),
  "metrics": () => import("./metrics.ts"),
  "metrics-vs": () => import("../vs/metrics_suite.ts"),
  "pool": () => import("./pool.ts"),
  "pool-vs": () => import("../vs/pool_suite.ts"),
  "store": () => import("./store.ts"),
  "store-vs": () => import("../vs/store_suite.ts"),
};

/** Whether a module needs the packages of `bench/vs`. */
export function isRivalry(name: string): boolean {
  return name.endsWith("-vs");
}

/** The modules to run: what was asked for, with its rivals; else all of the project's own. */
export function chosenModules(asked: readonly string[]): string[] {
  const names = Object.keys(modules);
  if (asked.length === 0) return names.filter((name) => !isRivalry(name));
  return asked.flatMap((name) => {
    if (!names.includes(name)) {
      throw new RangeError(`No bench module "${name}": there are ${names.join(", ")}`);
    }
    return [name, `${name}-vs`].filter((each) => names.includes(each));
  });
}

/** The cases and probes of a module. */
export async function suiteOf(name: string): Promise<Required<Suite>> {
  const load = modules[name];
  if (load === undefined) throw new RangeError(`No bench module "${name}"`);
  const { cases, probes = [] } = await load();
  return { cases, probes };
}
