// docs/protocol.md, "Embeddings": vectors as the bytes that a provider commits to.
import { bytesRoot } from './merkle.js';
import type { Hash } from './hash.js';

const FLOAT = 4;

/** The bytes of vectors: each number as little-endian binary32. */
export function vectorBytes(vectors: readonly (readonly number[])[]): Uint8Array {
  const numbers = vectors.flat();
  const view = new DataView(new ArrayBuffer(numbers.length * FLOAT));
  numbers.forEach((number, index) => view.setFloat32(index * FLOAT, number, true));
  return new Uint8Array(view.buffer);
}

/** The vectors of an output for `texts` texts. Throws a `RangeError` if the bytes are no as many vectors of one width. */
export function decodeVectors(output: Uint8Array, texts: number): number[][] {
  const view = new DataView(output.buffer, output.byteOffset, output.byteLength);
  const width = output.byteLength / FLOAT / texts;
  if (!Number.isInteger(width) || width === 0) {
    throw new RangeError(`${output.byteLength} bytes are no vectors of ${texts} texts`);
  }
  return Array.from({ length: texts }, (_, row) =>
    Array.from({ length: width }, (__, column) => view.getFloat32((row * width + column) * FLOAT, true)),
  );
}

/** The root of an embedding's output. */
export const vectorsRoot = (vectors: readonly (readonly number[])[]): Hash => bytesRoot(vectorBytes(vectors));
