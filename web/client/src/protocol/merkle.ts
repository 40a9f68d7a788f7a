// docs/protocol.md, "Merkle trees" and "Artifacts".
import { concat, bytes, u32, u64, u8, utf8 } from './scale.js';
import { hash, type Hash } from './hash.js';

/** Bytes of a chunk of a file; the last one may be shorter. */
export const CHUNK_SIZE = 65_536;

/** What an artifact is, by its index. */
export const ArtifactKind = { File: 0, Bundle: 1, Weights: 2, Dataset: 3, Adapter: 4, Output: 5 } as const;
/** An index of {@link ArtifactKind}. */
export type ArtifactKind = (typeof ArtifactKind)[keyof typeof ArtifactKind];

/** The hash of a leaf's bytes. */
export const leaf = (data: Uint8Array): Hash => hash('strike/1/leaf', data);

/** The top of a tree. A level is paired from the left; an odd last node moves up unchanged. */
export function top(leaves: readonly Hash[]): Hash {
  let level = leaves;
  while (level.length > 1) {
    const parents: Hash[] = [];
    for (let at = 0; at < level.length; at += 2) {
      const [left, right] = level.slice(at, at + 2);
      if (left) parents.push(right ? hash('strike/1/node', left, right) : left);
    }
    level = parents;
  }
  return level[0] ?? hash('strike/1/empty');
}

/** Binds kind and length to a tree's top. `length` counts bytes, or entries of a bundle. */
export const typedRoot = (kind: ArtifactKind, length: number, treeTop: Hash): Hash =>
  hash('strike/1/root', u8(kind), u64(length), treeTop);

function chunksRoot(kind: ArtifactKind, data: Uint8Array): Hash {
  const leaves: Hash[] = [];
  for (let at = 0; at < data.length; at += CHUNK_SIZE) leaves.push(leaf(data.subarray(at, at + CHUNK_SIZE)));
  return typedRoot(kind, data.length, top(leaves));
}

/** The root of a file's bytes. */
export const fileRoot = (data: Uint8Array): Hash => chunksRoot(ArtifactKind.File, data);

/** The root of an output's bytes: token ids, or vectors. */
export const bytesRoot = (data: Uint8Array): Hash => chunksRoot(ArtifactKind.Output, data);

/** The root of a generation's token ids. */
export const outputRoot = (tokens: readonly number[]): Hash => bytesRoot(concat(...tokens.map(u32)));

/** Bytewise; of two of which one begins with the other, the shorter first. */
function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const differs = a.findIndex((byte, at) => byte !== b[at]);
  const [left, right] = differs < 0 ? [a.length, b.length] : [a[differs] ?? -1, b[differs] ?? -1];
  return left - right;
}

/** The root of a bundle of files, in whichever order they are given. */
export function bundleRoot(files: readonly { name: string; data: Uint8Array }[]): Hash {
  const entries = files.map(({ name, data }) => ({ name: utf8(name), length: data.length, root: fileRoot(data) }));
  entries.sort((a, b) => compareBytes(a.name, b.name));
  const leaves = entries.map((entry) => leaf(concat(bytes(entry.name), u64(entry.length), entry.root)));
  return typedRoot(ArtifactKind.Bundle, leaves.length, top(leaves));
}

/** SCALE of `ArtifactId`: by what an artifact is named on the chain. */
export const artifactId = (kind: ArtifactKind, root: Hash): Uint8Array => concat(u8(kind), root);
