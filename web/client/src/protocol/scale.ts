// SCALE, as far as the protocol needs it: https://docs.polkadot.com/reference/parachains/data-encoding/

/** Bytes one after the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** An unsigned integer of fixed width, little-endian. Throws a `RangeError` if it does not fit. */
function unsigned(width: number) {
  return (value: number | bigint): Uint8Array => {
    let rest = BigInt(value);
    const encoded = new Uint8Array(width);
    for (let at = 0; at < width; at += 1) {
      encoded[at] = Number(rest & 0xffn);
      rest >>= 8n;
    }
    if (rest !== 0n) throw new RangeError(`${value} is no unsigned integer of ${width * 8} bits`);
    return encoded;
  };
}

/** One byte. */
export const u8 = unsigned(1);
/** Two bytes, little-endian. */
export const u16 = unsigned(2);
/** Four bytes, little-endian. */
export const u32 = unsigned(4);
/** Eight bytes, little-endian. */
export const u64 = unsigned(8);
/** Sixteen bytes, little-endian. */
export const u128 = unsigned(16);

/** A length in compact form. Lengths of 2^30 and more are refused: nothing of the protocol is as long. */
export function compact(length: number): Uint8Array {
  if (!Number.isInteger(length) || length < 0 || length >= 2 ** 30) throw new RangeError(`${length} is no length below 2^30`);
  if (length < 2 ** 6) return u8(length * 4);
  if (length < 2 ** 14) return u16(length * 4 + 1);
  return u32(length * 4 + 2);
}

/** A byte vector: compact length, then the bytes. */
export const bytes = (value: Uint8Array): Uint8Array => concat(compact(value.length), value);

/** A text as the vector of its UTF-8 bytes. */
export const text = (value: string): Uint8Array => bytes(utf8(value));

/** A vector of encoded items. */
export const vec = (items: readonly Uint8Array[]): Uint8Array => concat(compact(items.length), ...items);

/** An optional encoded value; `null` is none. */
export const option = (value: Uint8Array | null): Uint8Array => (value ? concat(u8(1), value) : u8(0));

/** The UTF-8 bytes of a text. */
export const utf8 = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Bytes as hex digits with `0x` before. */
export const toHex = (value: Uint8Array): `0x${string}` =>
  `0x${Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;

/** The bytes of `0x` and an even number of hex digits. Throws a `RangeError` for anything else. */
export function fromHex(hex: string): Uint8Array {
  if (!/^0x([0-9a-fA-F]{2})*$/.test(hex)) throw new RangeError(`${JSON.stringify(hex.slice(0, 80))} is no hex with 0x`);
  return Uint8Array.from({ length: hex.length / 2 - 1 }, (_, at) => Number.parseInt(hex.slice(2 + 2 * at, 4 + 2 * at), 16));
}
