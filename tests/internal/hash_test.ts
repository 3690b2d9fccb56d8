import { createTestEnv } from "@nova/events/testing";
import { assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import { describe, it } from "node:test";
import { hashInteger, hashString, KeyHasher } from "../../src/internal/hash.ts";

/** FNV-1a as its authors write it down, over the bytes of an encoder. */
function reference(key: string): number {
  let hash = 0x811c9dc5n;
  for (const byte of new TextEncoder().encode(key)) {
    hash = ((hash ^ BigInt(byte)) * 0x01000193n) & 0xffffffffn;
  }
  return Number(hash);
}

describe("hashString()", () => {
  const OFFICIAL: readonly (readonly [string, number])[] = [
    ["", 0x811c9dc5],
    ["a", 0xe40c292c],
    ["b", 0xe70c2de5],
    ["c", 0xe60c2c52],
    ["d", 0xe10c2473],
    ["e", 0xe00c22e0],
    ["f", 0xe30c2799],
    ["fo", 0x6222e842],
    ["foo", 0xa9f37ed7],
    ["foob", 0x3f5076ef],
    ["fooba", 0x39aaa18a],
    ["foobar", 0xbf9cf968],
    ["chongo was here!\n", 0xd49930d5],
  ];
  for (const [key, hash] of OFFICIAL) {
    it(`is the published FNV-1a of ${JSON.stringify(key)}`, () => {
      assertEquals(hashString(key), hash);
    });
  }

  // A wire contract: these never change.
  const FROZEN: readonly (readonly [string, string, number])[] = [
    ["one-byte characters", "order-4711", 0x9b6b901d],
    ["two-byte characters", "Ångström é ñ", 0x52d9ceff],
    ["the first two-byte character", "\u0080", 0x5ba0875f],
    ["the last two-byte character", "\u07ff", 0x10cddc83],
    ["the first three-byte character", "\u0800", 0xbb6f99b7],
    ["three-byte characters", "東京 €", 0xe6a0e183],
    ["the last character before the surrogates", "\ud7ff", 0xa4ce656e],
    ["the first character behind them", "\ue000", 0xf2acb199],
    ["the last three-byte character", "\uffff", 0x01479924],
    ["the first four-byte character", "\u{10000}", 0x15b553b5],
    ["four-byte characters", "🛫🛬", 0xdb3b4be0],
    ["the last character of all", "\u{10ffff}", 0x41c1bc3a],
    ["a lone high surrogate", "a\ud83db", 0x763177ed],
    ["a lone low surrogate", "a\ude00b", 0x763177ed],
    ["a high surrogate at the end", "a\ud83d", 0xd93a901d],
    ["the first surrogate of all, alone", "\ud800", 0x03479c4a],
    ["the last surrogate of all, alone", "\udfff", 0x03479c4a],
    ["surrogates the wrong way round", "\ude00\ud83d", 0x1be81887],
    ["a NUL", "\0", 0x050c5d1f],
  ];
  for (const [what, key, hash] of FROZEN) {
    it(`never changes for ${what}`, () => {
      assertEquals(hashString(key), hash);
      assertEquals(hash, reference(key));
    });
  }

  it("counts a lone surrogate as U+FFFD", () => {
    assertEquals(hashString("a\ud83db"), hashString("a\ufffdb"));
    assertEquals(hashString("\ude00"), hashString("\ufffd"));
  });

  it("agrees with the reference for any string", () => {
    const { random } = createTestEnv({ seed: 11 });
    const ranges = [0x80, 0x800, 0xe000, 0x10000];
    for (let round = 0; round < 3000; round++) {
      let key = "";
      for (let length = Math.floor(random() * 12); length > 0; length--) {
        key += random() < 0.2
          ? String.fromCodePoint(0x10000 + Math.floor(random() * 0x100000))
          : String.fromCharCode(Math.floor(random() * ranges[Math.floor(random() * 4)]!));
      }
      assertEquals(hashString(key), reference(key), JSON.stringify(key));
    }
  });
});

describe("hashInteger()", () => {
  // A wire contract: these never change.
  const FROZEN: readonly (readonly [number, number])[] = [
    [0, 0x00000000],
    [-0, 0x00000000],
    [1, 0x514e28b7],
    [2, 0x30f4c306],
    [42, 0x087fcd5c],
    [-1, 0xb19fea7c],
    [-42, 0xe3ce60d1],
    [2 ** 31 - 1, 0xf9cc0ea8],
    [2 ** 31, 0x6d3c65a0],
    [-(2 ** 31), 0xf9ea61cd],
    [2 ** 32 - 1, 0x81f16f39],
    [2 ** 32, 0x11fd02eb],
    [2 ** 32 + 1, 0xb19fea7c],
    [-(2 ** 32), 0x171ee435],
    [1_700_000_000_000, 0x213f4522],
    [Number.MAX_SAFE_INTEGER, 0x2cfa8e3e],
    [Number.MIN_SAFE_INTEGER, 0x4ff093fc],
  ];
  for (const [key, hash] of FROZEN) {
    it(`never changes for ${Object.is(key, -0) ? "-0" : key}`, () => {
      assertEquals(hashInteger(key), hash);
    });
  }

  it("changes about half of its bits when one bit of the key changes", () => {
    const { random } = createTestEnv({ seed: 12 });
    const SAMPLES = 400;
    const flips = new Float64Array(32);
    for (let bit = 0; bit < 53; bit++) {
      let changed = 0;
      for (let sample = 0; sample < SAMPLES; sample++) {
        const key = Math.floor(random() * 2 ** 53);
        const other = Math.floor(key / 2 ** bit) % 2 === 0 ? key + 2 ** bit : key - 2 ** bit;
        const difference = hashInteger(key) ^ hashInteger(other);
        for (let out = 0; out < 32; out++) {
          const one = (difference >>> out) & 1;
          flips[out]! += one;
          changed += one;
        }
      }
      assertAlmostEquals(changed / SAMPLES, 16, 1.5, `input bit ${bit}`);
    }
    for (let out = 0; out < 32; out++) {
      assertAlmostEquals(flips[out]! / (53 * SAMPLES), 0.5, 0.02, `output bit ${out}`);
    }
  });

  it("spreads neighbours evenly over any number of partitions", () => {
    const KEYS = 20_000;
    for (const partitions of [2, 3, 7, 8, 16, 31]) {
      const counts = new Float64Array(partitions);
      for (let key = 0; key < KEYS; key++) counts[hashInteger(key * 8) % partitions]! += 1;
      const fair = KEYS / partitions;
      for (const count of counts) assertAlmostEquals(count / fair, 1, 0.15, `${partitions}`);
    }
  });

  it("tells apart keys that differ only above 32 bits", () => {
    assertNotEquals(hashInteger(5), hashInteger(5 + 2 ** 32));
    assertNotEquals(hashInteger(5), hashInteger(5 - 2 ** 32));
  });
});

describe("KeyHasher", () => {
  it("answers what the hash functions answer, hit or miss", () => {
    const hasher = new KeyHasher();
    const { random } = createTestEnv({ seed: 13 });
    const keys = ["", "a", "ab", "abc", "🛫", "\ud83d"];
    // The same ending and length: all in one slot.
    for (let i = 0; i < 50; i++) keys.push(`${String.fromCharCode(200 + i)}-same`);
    for (let i = 0; i < 6000; i++) keys.push(`order-${i}`);
    for (let i = 0; i < 20_000; i++) {
      const key = keys[Math.floor(random() * keys.length)]!;
      assertEquals(hasher.hash(key), hashString(key), key);
    }
  });

  it("takes integers", () => {
    const hasher = new KeyHasher();

    for (const key of [0, 1, -1, 2 ** 40]) assertEquals(hasher.hash(key), hashInteger(key));
    assertNotEquals(hasher.hash(7), hasher.hash("7"));
  });
});
