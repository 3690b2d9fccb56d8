/** Events of every kind that a CloudEvent can carry, at random from a seed. */

import { createEvent, type NovaEvent, type ToCloudEventOptions } from "@nova/events";
import { createTestEnv } from "@nova/events/testing";

/** Numbers in [0, 1) that are the same for the same seed. */
export function randomOf(seed: number): () => number {
  const env = createTestEnv({ seed });
  return () => env.random();
}

const LETTERS = [...'abzAZ09._- %"\\,;=~ü€😀\u200b'];
const CONTROLS = [..."\n\t\u0000\u007f\u0085\ufffe"];
const KEYS = [..."abyzAZ019._-"];

/** An event and the options to write it with. Its metadata holds no key that begins with `ce-`. */
export function randomEvent(
  random: () => number,
): { readonly event: NovaEvent; readonly options: ToCloudEventOptions } {
  const below = (end: number): number => Math.floor(random() * end);
  const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)]!;
  const text = (letters: readonly string[], least = 0): string =>
    Array.from({ length: least + below(12) }, () => pick(letters)).join("");

  const metadata: Record<string, string> = {};
  for (let i = below(6); i > 0; i--) {
    const key = pick(["", "", "novak", "novav", "z", "id", "time", "data"]) + text(KEYS, 1);
    if (key.startsWith("ce-") || key.toLowerCase().startsWith("nova-")) continue;
    metadata[key] = text(random() < 0.2 ? [...LETTERS, ...CONTROLS] : LETTERS);
  }
  const data = pick<() => unknown>([
    () => undefined,
    () => null,
    () => text([...LETTERS, ...CONTROLS]),
    () => below(1e6) / 8,
    () => random() < 0.5,
    () => ({ total: below(100), items: [text(LETTERS), null, [random()]] }),
    () => Uint8Array.from({ length: below(40) }, () => below(256)),
  ])();
  const event = createEvent(text(LETTERS, 1), data, {
    id: text(LETTERS, 1),
    metadata,
    // Down to a quarter of a microsecond, over some thousand years.
    timestamp: Math.round((random() * 3 - 1) * 4e13) + pick([0, 0.5, 0.25]),
  });
  const options: Record<string, string> = {
    source: pick(["/s", "urn:a:b", "https://x.y/z?a=%20#b"]),
  };
  if (random() < 0.3) options.subject = text(LETTERS, 1);
  if (random() < 0.3) options.dataschema = "https://x.y/z";
  if (typeof data === "string" && random() < 0.5) {
    options.datacontenttype = pick(["text/plain", 'text/html; charset="utf-8"', "application/xml"]);
  }
  return { event, options };
}
