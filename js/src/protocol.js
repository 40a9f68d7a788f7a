// The hashing of docs/protocol.md, written from that page: a second implementation beside the Rust one.
import { blake2AsU8a } from '@polkadot/util-crypto';
import { bnToU8a, compactToU8a, stringToU8a, u8aConcat } from '@polkadot/util';

export const CHUNK_SIZE = 65_536;
export const Kind = { File: 0, Bundle: 1, Weights: 2, Dataset: 3, Adapter: 4, Output: 5 };

const u = (bits) => (value) => bnToU8a(BigInt(value), { bitLength: bits, isLe: true });
export const u8 = u(8);
export const u16 = u(16);
export const u32 = u(32);
export const u64 = u(64);
export const u128 = u(128);
/** SCALE of a byte vector: compact length, then the bytes. */
export const bytes = (value) => u8aConcat(compactToU8a(value.length), value);
/** SCALE of a vector of encoded items. */
export const vec = (items) => u8aConcat(compactToU8a(items.length), ...items);
/** SCALE of an optional encoded value. */
export const option = (value) => (value ? u8aConcat(u8(1), value) : u8(0));

export function tagged(tag, ...data) {
  const name = stringToU8a(tag);
  return u8aConcat(u8(name.length), name, ...data);
}

export const hash = (tag, ...data) => blake2AsU8a(tagged(tag, ...data), 256);

export const leaf = (data) => hash('strike/1/leaf', data);

export function top(leaves) {
  if (leaves.length === 0) return hash('strike/1/empty');
  let level = leaves;
  while (level.length > 1) {
    const parents = [];
    for (let i = 0; i < level.length; i += 2) {
      parents.push(i + 1 < level.length ? hash('strike/1/node', level[i], level[i + 1]) : level[i]);
    }
    level = parents;
  }
  return level[0];
}

export const typedRoot = (kind, length, treeTop) => hash('strike/1/root', u8(kind), u64(length), treeTop);

function chunksRoot(kind, data) {
  const leaves = [];
  for (let at = 0; at < data.length; at += CHUNK_SIZE) leaves.push(leaf(data.subarray(at, at + CHUNK_SIZE)));
  return typedRoot(kind, data.length, top(leaves));
}

export const fileRoot = (data) => chunksRoot(Kind.File, data);
export const outputRoot = (tokens) => chunksRoot(Kind.Output, u8aConcat(...tokens.map(u32)));

/** The bytes of vectors: each number as little-endian binary32. */
export function vectorBytes(vectors) {
  const numbers = vectors.flat();
  const view = new DataView(new ArrayBuffer(numbers.length * 4));
  numbers.forEach((number, index) => view.setFloat32(index * 4, number, true));
  return new Uint8Array(view.buffer);
}

/** The vectors of an output for `texts` texts. */
export function decodeVectors(output, texts) {
  const view = new DataView(output.buffer, output.byteOffset, output.byteLength);
  const width = output.byteLength / 4 / texts;
  if (!Number.isInteger(width) || width === 0) throw new Error(`${output.byteLength} bytes are no vectors of ${texts} texts`);
  return Array.from({ length: texts }, (_, text) =>
    Array.from({ length: width }, (__, index) => view.getFloat32((text * width + index) * 4, true)),
  );
}

export const vectorsRoot = (vectors) => chunksRoot(Kind.Output, vectorBytes(vectors));

const compareBytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** `files`: a list of `{ name, data }`. Returns the root of the bundle. */
export function bundleRoot(files) {
  const entries = files.map(({ name, data }) => ({ name: stringToU8a(name), length: data.length, root: fileRoot(data) }));
  entries.sort((a, b) => compareBytes(a.name, b.name));
  const leaves = entries.map((entry) => leaf(u8aConcat(bytes(entry.name), u64(entry.length), entry.root)));
  return typedRoot(Kind.Bundle, leaves.length, top(leaves));
}

export const artifactId = (kind, root) => u8aConcat(u8(kind), root);

/** SCALE of `Input::Plain` and of `Input::Blob`. */
export const plainInput = (data) => u8aConcat(u8(0), bytes(data));
export const blobInput = (root, length) => u8aConcat(u8(1), root, u64(length));

/** Keys of the DHT: where the nodes of a provider are found, and those that an input was left with. */
export const providerPlace = (genesis, account) => hash('strike/1/provider-node', genesis, account);
export const inputPlace = (genesis, root) => hash('strike/1/input-node', genesis, root);

/** SCALE of `WorkSpec::Generate` with a plain prompt, or with another encoded input. */
export function generateWork({ prompt, input = plainInput(stringToU8a(prompt)), sampler, maxInputTokens, maxOutputTokens, stop }) {
  return u8aConcat(
    u8(0),
    input,
    u16(sampler.temperatureMilli),
    u16(sampler.minPMilli),
    u16(sampler.repetitionPenaltyMilli),
    u8(sampler.repetitionWindow),
    u32(maxInputTokens),
    u32(maxOutputTokens),
    vec(stop.map((sequence) => vec(sequence.map(u32)))),
  );
}

/** The input of an embedding job: SCALE of the texts' bytes. */
export const encodeTexts = (texts) => vec(texts.map((text) => bytes(stringToU8a(text))));

/** SCALE of `WorkSpec::Embed` with plain texts. */
export const embedWork = ({ texts, maxInputTokens }) =>
  u8aConcat(u8(1), u8(0), bytes(encodeTexts(texts)), u32(maxInputTokens));

export const Class = { Exact: 0, Statistical: 1 };

export const jobOrder = ({ work, model, verificationClass, maxPrice, deadline }) =>
  u8aConcat(u8(0), work, model, u8(verificationClass), u128(maxPrice), u32(deadline));

export const specHash = (work, model, verificationClass) => hash('strike/1/spec', work, model, u8(verificationClass));

export const seed = (genesis, job, attempt, beacon) => hash('strike/1/seed', genesis, u64(job), u16(attempt), beacon);

export const nextBeacon = (previous, randomness) => hash('strike/1/beacon', previous, randomness);

export const jobRoot = ({ genesis, job, attempt, provider, specHash, seed, outRoot, traceRoot, nIn, nOut, stop }) =>
  hash(
    'strike/1/job',
    genesis, u64(job), u16(attempt), provider, specHash, seed,
    outRoot, option(traceRoot), u32(nIn), u32(nOut), u8(stop),
  );

export const commitment = ({ jobRoot, outRoot, traceRoot, nIn, nOut, stop }) =>
  u8aConcat(u8(0), jobRoot, outRoot, option(traceRoot), u32(nIn), u32(nOut), u8(stop));

export const commitmentHash = (encoded) => hash('strike/1/commitment', encoded);

export const auditRef = ({ job, attempt, commitmentHash, beaconBlock }) =>
  u8aConcat(u64(job), u16(attempt), commitmentHash, u32(beaconBlock));

export const validVerdict = (units) => u8aConcat(u8(0), u64(units));

export const saltInput = (genesis, audit) => tagged('strike/1/salt', genesis, audit);
export const salt = (preOutput) => hash('strike/1/salt', preOutput);

export const seal = (genesis, audit, validator, verdict, workTag, saltValue) =>
  hash('strike/1/seal', genesis, audit, validator, verdict, option(workTag), saltValue);

export const commitPayload = (genesis, job, attempt, encoded) =>
  tagged('strike/1/sign/commit', genesis, u64(job), u16(attempt), encoded);

/** `AssignmentProof::All` is index 0. */
export const sealPayload = (genesis, audit, validator, sealed) =>
  tagged('strike/1/sign/seal', genesis, audit, validator, u8(0), sealed);

export const revealPayload = (genesis, audit, validator, verdict, workTag, saltValue) =>
  tagged('strike/1/sign/reveal', genesis, audit, validator, verdict, option(workTag), saltValue);

export const appKeyPayload = (genesis, provider) => tagged('strike/1/sign/app-key', genesis, provider);
