// docs/protocol.md, "Hashing": blake2b of 32 bytes, always under a domain tag.
import { blake2b } from '@noble/hashes/blake2b';
import { concat, u8, utf8 } from './scale.js';

/** A hash of 32 bytes. */
export type Hash = Uint8Array;

/** Length of the tag, the tag, then the data: what a key signs. */
export function tagged(tag: string, ...data: readonly Uint8Array[]): Uint8Array {
  const name = utf8(tag);
  return concat(u8(name.length), name, ...data);
}

/** The hash of data under a domain tag. */
export const hash = (tag: string, ...data: readonly Uint8Array[]): Hash => blake2b(tagged(tag, ...data), { dkLen: 32 });
