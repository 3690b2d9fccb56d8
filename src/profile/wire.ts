/**
 * Writing protocol buffers: as much of them as a profile needs.
 */

const encoder = new TextEncoder();

/** The two ways in which a field is written here. */
const VARINT = 0;
const BYTES = 2;

/** A message under construction. Fields that are zero or empty are left out, as they are the default. */
export class Message {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(64);
  #length = 0;

  /** What was written. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** An integer; a negative one is written in two's complement of 64 bits. */
  integer(field: number, value: number | bigint): void {
    if (Number(value) === 0) return;
    this.#varint(field * 8 + VARINT);
    this.#varint(value);
  }

  /** Integers of one field, in one piece. */
  integers(field: number, values: readonly number[]): void {
    const packed = new Message();
    for (const value of values) packed.#varint(value);
    this.message(field, packed);
  }

  /** A message within this one. */
  message(field: number, inner: Message): void {
    this.#block(field, inner.bytes);
  }

  /** A text; an empty one is written, too, as it may be a place in a table. */
  text(field: number, value: string): void {
    this.#block(field, encoder.encode(value));
  }

  #block(field: number, bytes: Uint8Array): void {
    this.#varint(field * 8 + BYTES);
    this.#varint(bytes.length);
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #varint(value: number | bigint): void {
    if (typeof value === "bigint" || value < 0 || value > Number.MAX_SAFE_INTEGER) {
      return this.#long(BigInt.asUintN(64, BigInt(value)));
    }
    this.#room(8);
    while (value > 0x7f) {
      this.#bytes[this.#length++] = value % 0x80 + 0x80;
      value = Math.floor(value / 0x80);
    }
    this.#bytes[this.#length++] = value;
  }

  #long(value: bigint): void {
    this.#room(10);
    while (value > 0x7fn) {
      this.#bytes[this.#length++] = Number(value & 0x7fn) + 0x80;
      value >>= 7n;
    }
    this.#bytes[this.#length++] = Number(value);
  }

  #room(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    bytes.set(this.bytes);
    this.#bytes = bytes;
  }
}
