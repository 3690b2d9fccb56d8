/**
 * Reads as much of a pprof profile as a flame graph needs.
 */

/** A profile: stacks from the root to the leaf, each with what was spent there. */
export interface Profile {
  readonly unit: string;
  readonly stacks: readonly { readonly frames: readonly Frame[]; readonly value: number }[];
}

/** A function, and where it is. */
export interface Frame {
  readonly name: string;
  readonly at: string;
}

/** A field of a protocol buffer: a number, or bytes. */
type Field = readonly [tag: number, value: number | Uint8Array];

function* fields(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1;; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const size = key & 7 ? varint() : 0;
    yield [key >> 3, key & 7 ? bytes.subarray(at, at += size) : varint()];
  }
}

/** Repeated numbers come packed, or one by one. */
function numbers(value: number | Uint8Array): number[] {
  if (typeof value === "number") return [value];
  const found: number[] = [];
  let number = 0;
  let scale = 1;
  for (const byte of value) {
    number += (byte & 127) * scale;
    scale *= 128;
    if (byte < 128) {
      found.push(number);
      number = 0;
      scale = 1;
    }
  }
  return found;
}

/** Decodes a profile that is no longer compressed. The last of its values is shown. */
export function decode(bytes: Uint8Array): Profile {
  const text = new TextDecoder();
  const strings: string[] = [];
  const units: number[] = [];
  const samples: { places: number[]; value: number }[] = [];
  const places = new Map<number, { fn: number; line: number }[]>();
  const functions = new Map<number, { name: number; file: number }>();
  for (const [tag, value] of fields(bytes)) {
    if (typeof value === "number") continue;
    if (tag === 1) units.push(single(value)[2] ?? 0);
    else if (tag === 2) {
      const sample: { places: number[]; value: number } = { places: [], value: 0 };
      for (const [inner, list] of fields(value)) {
        if (inner === 1) sample.places.push(...numbers(list));
        if (inner === 2) sample.value = numbers(list).at(-1)!;
      }
      samples.push(sample);
    } else if (tag === 4) {
      const lines: { fn: number; line: number }[] = [];
      for (const [inner, line] of fields(value)) {
        if (inner !== 4 || typeof line === "number") continue;
        const { 1: fn = 0, 2: number = 0 } = single(line);
        lines.push({ fn, line: number });
      }
      places.set(single(value)[1] ?? 0, lines);
    } else if (tag === 5) {
      const { 1: id = 0, 2: name = 0, 4: file = 0 } = single(value);
      functions.set(id, { name, file });
    } else if (tag === 6) strings.push(text.decode(value));
  }
  const frame = ({ fn, line }: { fn: number; line: number }): Frame => {
    const { name = 0, file = 0 } = functions.get(fn) ?? {};
    return { name: strings[name] || "(anonymous)", at: `${strings[file] ?? ""}:${line}` };
  };
  return {
    unit: strings[units.at(-1) ?? 0] ?? "",
    // A stack is written from the leaf, and so are the functions that were inlined at one place.
    stacks: samples.map(({ places: ids, value }) => ({
      frames: ids.flatMap((id) => places.get(id) ?? []).map(frame).reverse(),
      value,
    })),
  };
}

/** The numbers of a message by tag. */
function single(bytes: Uint8Array): Record<number, number> {
  const found: Record<number, number> = {};
  for (const [tag, value] of fields(bytes)) if (typeof value === "number") found[tag] = value;
  return found;
}
