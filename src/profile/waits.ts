/**
 * Time that events spend waiting. No clock is read per event: how many wait is looked at many times a
 * second, and so many times the time between two looks is what they waited together (Little's law).
 */

import type { Env } from "../internal/env.ts";
import type { NamedPart } from "../internal/parts.ts";
import { stackOf } from "./live.ts";
import { pause } from "./pause.ts";
import { Profile } from "./profile.ts";
import { tasksOf, type TaskState } from "./tasks.ts";

/** How long from look to look, in milliseconds. */
const EVERY_MS = 10;

/** For room and for their turn; or for somebody who holds a key or a slot. */
export type WaitKind = "block" | "mutex";

const STATES: Readonly<Record<WaitKind, readonly TaskState[]>> = {
  block: ["queued", "waiting for room"],
  mutex: ["waiting for a slot", "held"],
};

/** What waited for how long within so many seconds. */
export async function waitProfile(
  kind: WaitKind,
  parts: readonly NamedPart[],
  env: Env,
  seconds: number,
  signal: AbortSignal | undefined,
): Promise<Profile> {
  const profile = new Profile({
    sampleTypes: [{ type: "contentions", unit: "count" }, { type: "delay", unit: "nanoseconds" }],
    time: env.now(),
    durationMs: seconds * 1000,
    comments: [`looked at every ${EVERY_MS} ms: contentions are those that were seen to come`],
  });
  const begun = env.monotonic();
  let before = new Map<string, number>();
  let last = begun;
  while (true) {
    const now = env.monotonic();
    const here = new Map<string, number>();
    for (const { place, state, count } of tasksOf(parts, env.now())) {
      if (!STATES[kind].includes(state)) continue;
      const key = [...place, state].join("\n");
      here.set(key, count);
      // Who waits at the first look has begun earlier, and counts from here on.
      const came = Math.max(0, count - (before.get(key) ?? 0));
      profile.add(stackOf(place), [came, count * (now - last) * 1e6], { state });
    }
    before = here;
    last = now;
    const left = seconds * 1000 - (now - begun);
    if (left <= 0) return profile;
    await pause(env, Math.min(EVERY_MS, left), signal);
  }
}
