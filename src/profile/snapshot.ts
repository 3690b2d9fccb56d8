/**
 * A heap profile by class, from a snapshot: for engines that cannot sample allocations.
 */

import { newHeapProfile } from "./heap.ts";
import type { Profile, ProfileOptions } from "./profile.ts";

/** As much of V8's format of snapshots as is read here. */
interface Snapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly [readonly string[], ...unknown[]];
    };
  };
  readonly nodes: readonly number[];
  readonly strings: readonly string[];
}

/** The names of other kinds are contents, or any number. */
const NAMED: ReadonlySet<string> = new Set(["object", "native", "object shape"]);

/** How many objects of each class there are, and what they take. */
export function snapshotProfile(text: string, options: Partial<ProfileOptions>): Profile {
  const { snapshot: { meta }, nodes, strings } = JSON.parse(text) as Snapshot;
  const fields = meta.node_fields;
  const [type, name, size] = ["type", "name", "self_size"].map((field) => fields.indexOf(field));
  const kinds = meta.node_types[0];
  const profile = newHeapProfile(1, {
    ...options,
    defaultType: "inuse_space",
    comments: ["by class, from a snapshot of the heap; alloc is what is in use"],
  });
  const classes = new Map<string, { kind: string; name: string; count: number; bytes: number }>();
  for (let at = 0; at < nodes.length; at += fields.length) {
    const kind = kinds[nodes[at + type!]!] ?? "";
    const own = NAMED.has(kind) ? strings[nodes[at + name!]!] ?? "" : "";
    const key = `${kind} ${own}`;
    const bytes = nodes[at + size!] ?? 0;
    const known = classes.get(key);
    if (known === undefined) classes.set(key, { kind, name: own, count: 1, bytes });
    else {
      known.count += 1;
      known.bytes += bytes;
    }
  }
  for (const { kind, name, count, bytes } of classes.values()) {
    profile.add([{ name: name || `(${kind})` }], [count, bytes, count, bytes], { kind });
  }
  return profile;
}
