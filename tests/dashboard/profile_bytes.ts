// A CPU profile in the format of pprof, written by hand: the least of an encoder.

/** A stack: functions from the root to the leaf, each as [name, file, line], and nanoseconds. */
export interface Stack {
  readonly frames: readonly (readonly [name: string, file: string, line: number])[];
  readonly count: number;
  readonly nanos: number;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return [...bytes, value];
}

function number(tag: number, value: number): number[] {
  return [...varint(tag * 8), ...varint(value)];
}

function bytes(tag: number, content: Iterable<number>): number[] {
  const list = [...content];
  return [...varint(tag * 8 + 2), ...varint(list.length), ...list];
}

/** The bytes of a profile; numbers of a sample are packed, or written one by one. */
export function profileOf(stacks: readonly Stack[], packed = true): Uint8Array<ArrayBuffer> {
  const strings = ["", "samples", "count", "cpu", "nanoseconds"];
  const string = (text: string): number => {
    const at = strings.indexOf(text);
    return at < 0 ? strings.push(text) - 1 : at;
  };
  const list = (tag: number, values: readonly number[]): number[] =>
    packed ? bytes(tag, values.flatMap(varint)) : values.flatMap((value) => number(tag, value));
  const out = [
    ...bytes(1, [...number(1, string("samples")), ...number(2, string("count"))]),
    ...bytes(1, [...number(1, string("cpu")), ...number(2, string("nanoseconds"))]),
  ];
  let id = 0;
  for (const { frames, count, nanos } of stacks) {
    const ids: number[] = [];
    for (const [name, file, line] of frames) {
      id += 1;
      ids.unshift(id);
      out.push(
        ...bytes(5, [...number(1, id), ...number(2, string(name)), ...number(4, string(file))]),
      );
      out.push(
        ...bytes(4, [...number(1, id), ...bytes(4, [...number(1, id), ...number(2, line)])]),
      );
    }
    out.push(...bytes(2, [...list(1, ids), ...list(2, [count, nanos])]));
  }
  for (const text of strings) out.push(...bytes(6, new TextEncoder().encode(text)));
  // A time that is longer than 32 bits, and a field that the page does not know.
  out.push(...number(9, 1_763_900_000_000_000_000), ...bytes(13, [1, 2, 3]));
  return Uint8Array.from(out);
}
