/**
 * The hash that assigns keys to partitions. It is a wire contract: processes that share a log must
 * agree on it, so it has golden vectors in the tests and never changes.
 */

/**
 * FNV-1a, 32 bits, over the UTF-8 bytes of `key`.
 *
 * A lone surrogate counts as U+FFFD, as an encoder would write it.
 */
export function hashString(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) {
    let code = key.charCodeAt(i);
    if (code < 0x80) {
      hash = Math.imul(hash ^ code, 0x01000193);
      continue;
    }
    if (code >= 0xd800 && code <= 0xdfff) {
      code = key.codePointAt(i)!;
      if (code > 0xffff) i += 1;
      else code = 0xfffd;
    }
    hash = hashMultibyte(hash, code);
  }
  return hash >>> 0;
}

function hashMultibyte(hash: number, code: number): number {
  if (code < 0x800) hash = Math.imul(hash ^ (0xc0 | (code >> 6)), 0x01000193);
  else {
    if (code < 0x10000) hash = Math.imul(hash ^ (0xe0 | (code >> 12)), 0x01000193);
    else {
      hash = Math.imul(hash ^ (0xf0 | (code >> 18)), 0x01000193);
      hash = Math.imul(hash ^ (0x80 | ((code >> 12) & 0x3f)), 0x01000193);
    }
    hash = Math.imul(hash ^ (0x80 | ((code >> 6) & 0x3f)), 0x01000193);
  }
  return Math.imul(hash ^ (0x80 | (code & 0x3f)), 0x01000193);
}

/** A full-avalanche mix of a safe integer: its low and high 32 bits, then the murmur3 finaliser. */
export function hashInteger(key: number): number {
  // Most keys have 32 bits: then the high half is the sign, and nothing need be divided.
  const high = (key | 0) === key ? key >> 31 : Math.floor(key / 0x1_0000_0000) | 0;
  let hash = (key | 0) ^ Math.imul(high, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * The place of a hash among `count`: the hash as 32 bits, modulo. Said so, engines divide integers,
 * although half of all hashes are too large for their small ones.
 */
export function placeOf(hash: number, count: number): number {
  return (hash >>> 0) % count;
}

const CACHE_SLOTS = 4096;

/**
 * A direct-mapped cache in front of {@linkcode hashString}: fixed memory, nothing to evict, and hot
 * keys cost the same whatever their length.
 */
export class KeyHasher {
  readonly #keys: string[] = new Array<string>(CACHE_SLOTS).fill("");
  readonly #hashes: Uint32Array = new Uint32Array(CACHE_SLOTS).fill(hashString(""));

  /** The hash of a key: a string or a safe integer. */
  hash(key: string | number): number {
    if (typeof key === "number") return hashInteger(key);
    const end = key.length;
    // Keys that differ at all mostly differ in length or in their last characters.
    const slot = (Math.imul(key.charCodeAt(end - 1) | 0, 31) ^
      Math.imul(key.charCodeAt(end - 2) | 0, 961) ^ Math.imul(key.charCodeAt(end - 3) | 0, 29791) ^
      end) & (CACHE_SLOTS - 1);
    if (this.#keys[slot] === key) return this.#hashes[slot]!;
    const hash = hashString(key);
    this.#keys[slot] = key;
    this.#hashes[slot] = hash;
    return hash;
  }
}
