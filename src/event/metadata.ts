/**
 * Metadata is copied once, at the door, into a frozen object that all stages share.
 */

import { ValidationError } from "../errors.ts";
import { show } from "../internal/check.ts";
import { brandMetadata, isBrandedMetadata } from "./brand.ts";
import type { Metadata } from "./event.ts";
import { byteLength } from "./validate.ts";

/** What events without metadata share. */
export const NO_METADATA: Metadata = Object.freeze({});

/** The most that keys and values may hold together, in UTF-8 bytes. */
export const MAX_METADATA_BYTES: number = 8 * 1024;

const KEY = /^[a-z0-9._-]{1,64}$/i;

/** Names that mean something to objects; as metadata they are an attack or an accident. */
const FORBIDDEN: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** A checked, frozen copy; the same object when it is such a copy already. */
export function copyMetadata(metadata: Metadata | undefined): Metadata {
  if (metadata === undefined || metadata === NO_METADATA) return NO_METADATA;
  if (typeof metadata === "object" && metadata !== null && isBrandedMetadata(metadata)) {
    return metadata;
  }
  const copy: Record<string, string> = {};
  let bytes = 0;
  for (const [key, value] of entries(metadata)) {
    if (!KEY.test(key) || FORBIDDEN.has(key)) {
      refuse(
        key,
        `its key ${show(key)} must match [A-Za-z0-9._-]{1,64} and be no name of an object's own`,
      );
    }
    if (key.length >= 5 && key.slice(0, 5).toLowerCase() === "nova-") {
      refuse(key, `its key ${show(key)} is reserved: names that begin with "nova-" belong to Nova`);
    }
    if (typeof value !== "string" || !value.isWellFormed()) {
      refuse(value, `its value of ${show(key)} must be a well-formed string: it is ${show(value)}`);
    }
    bytes += key.length + byteLength(value);
    copy[key] = value;
  }
  if (bytes > MAX_METADATA_BYTES) {
    refuse(metadata, `it is ${bytes} bytes long: it may hold ${MAX_METADATA_BYTES}`);
  }
  if (bytes === 0) return NO_METADATA;
  brandMetadata(copy);
  return Object.freeze(copy);
}

/** Metadata that was checked before it was written down, frozen and marked again. */
export function trustMetadata(metadata: Record<string, string>): Metadata {
  brandMetadata(metadata);
  return Object.freeze(metadata);
}

/** The own enumerable entries of a plain object, read once. */
function entries(metadata: unknown): [string, unknown][] {
  try {
    if (typeof metadata === "object" && metadata !== null) {
      const prototype = Object.getPrototypeOf(metadata);
      // Plain here or in another realm: its prototype is the end of its chain.
      if (prototype === null || Object.getPrototypeOf(prototype) === null) {
        return Object.entries(metadata);
      }
    }
  } catch (cause) {
    throw new ValidationError(
      "metadata",
      metadata,
      "Cannot read the metadata: reading a key threw",
      { cause },
    );
  }
  return refuse(metadata, `it must be a plain object of strings: it is ${show(metadata)}`);
}

function refuse(value: unknown, why: string): never {
  throw new ValidationError("metadata", value, `Cannot use the metadata of an event: ${why}`);
}
