// docs/protocol-vectors.json, computed a second time.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import * as protocol from '@strike/client/protocol';

const { fromHex, toHex } = protocol;
const vectors = JSON.parse(readFileSync(new URL('../../../../docs/protocol-vectors.json', import.meta.url), 'utf8'));
const file = (length: number) => Uint8Array.from({ length }, (_, i) => i % 251);
const same = (actual: Uint8Array, expected: string) => assert.equal(toHex(actual), expected);

const genesis = fromHex(vectors.genesis);
const provider = fromHex(vectors.provider);
const validator = fromHex(vectors.validator);
const beacon = fromHex(vectors.beacon);
const model = fromHex(vectors.bundle.id);
const settings = {
  sampler: { temperatureMilli: 800, minPMilli: 50, repetitionPenaltyMilli: 1_100, repetitionWindow: 32 },
  maxInputTokens: 40,
  maxOutputTokens: 64,
  stop: [[1, 2]],
};
const work = protocol.generateWork({ input: protocol.promptInput(vectors.order.prompt), ...settings });
const seed = protocol.seed(genesis, vectors.job, vectors.attempt, beacon);
const specHash = protocol.specHash(work, model, protocol.VerificationClass.Statistical);
const outRoot = protocol.outputRoot(vectors.output.tokens);
const result = { outRoot, traceRoot: null, nIn: 6, nOut: 4, stop: 2 };
const jobRoot = protocol.jobRoot({ genesis, job: 7, attempt: 1, provider, specHash, seed, ...result });
const commitment = protocol.commitment({ jobRoot, ...result });
const audit = protocol.auditRef({
  job: 7,
  attempt: 1,
  commitmentHash: protocol.commitmentHash(commitment),
  beaconBlock: vectors.verdict.beacon_block,
});
const salt = protocol.salt(fromHex(vectors.salt.pre_output));
const verdict = protocol.validVerdict(vectors.verdict.units);
const seal = protocol.seal(genesis, audit, validator, verdict, null, salt);

test('hashing under a domain tag', () => {
  same(protocol.hash(vectors.hash.tag, fromHex(vectors.hash.bytes)), vectors.hash.hash);
});

test('roots of files, outputs and bundles', () => {
  for (const { length, root } of vectors.files) same(protocol.fileRoot(file(length)), root);
  same(protocol.fileRoot(new Uint8Array()), vectors.typed_roots.empty_file);
  same(protocol.outputRoot([]), vectors.typed_roots.empty_output);
  same(protocol.bundleRoot([]), vectors.typed_roots.bundle_of_none);
  same(outRoot, vectors.output.root);
  const files = vectors.bundle.files.map(([name, length]: [string, number]) => ({ name, data: file(length) }));
  same(protocol.bundleRoot(files), vectors.bundle.root);
  same(protocol.artifactId(protocol.ArtifactKind.Bundle, protocol.bundleRoot(files)), vectors.bundle.id);
});

test('a tree with an odd number of leaves', () => {
  same(protocol.top(vectors.tree.leaves.map((leaf: string) => protocol.leaf(fromHex(leaf)))), vectors.tree.top);
});

test('embeddings', () => {
  const { texts, input, vectors: numbers, output, root } = vectors.embedding;
  same(protocol.encodeTexts(texts), input);
  const embed = protocol.embedWork({ input: protocol.plainInput(protocol.encodeTexts(texts)), maxInputTokens: 48 });
  same(embed, vectors.embedding.work);
  const embedSpec = protocol.specHash(embed, model, protocol.VerificationClass.Exact);
  same(embedSpec, vectors.embedding.spec_hash);
  same(protocol.vectorBytes(numbers), output);
  same(protocol.vectorsRoot(numbers), root);
  assert.deepEqual(protocol.decodeVectors(fromHex(output), texts.length), numbers);
  assert.throws(() => protocol.decodeVectors(fromHex(output), 5));
  const traceRoot = fromHex(vectors.embedding.trace_root);
  const claim = { outRoot: protocol.vectorsRoot(numbers), traceRoot, nIn: 14, nOut: 0, stop: 7 };
  const bound = { genesis, job: 7, attempt: 1, provider, specHash: embedSpec, seed, ...claim };
  same(protocol.jobRoot(bound), vectors.embedding.job_root);
  same(protocol.commitment({ jobRoot: protocol.jobRoot(bound), ...claim }), vectors.embedding.commitment.scale);
});

test('inputs that travel', () => {
  const { length, root, work: expected } = vectors.input;
  const found = protocol.fileRoot(file(length));
  same(found, root);
  const onBlob = protocol.generateWork({ input: protocol.blobInput(found, length), ...settings });
  same(onBlob, expected);
  const spec = protocol.specHash(onBlob, model, protocol.VerificationClass.Statistical);
  same(spec, vectors.input.spec_hash);
  same(protocol.inputPlace(genesis, found), vectors.input.place);
  same(protocol.providerPlace(genesis, provider), vectors.input.providers_place);
  const claim = { outRoot: protocol.outputRoot([]), traceRoot: null, nIn: 0, nOut: 0, stop: 9 };
  const bound = { genesis, job: 7, attempt: 1, provider, specHash: spec, seed, ...claim };
  same(protocol.jobRoot(bound), vectors.input.unavailable_job_root);
});

test('orders and seeds', () => {
  same(work, vectors.order.work);
  same(specHash, vectors.order.spec_hash);
  const order = { work, model, verificationClass: protocol.VerificationClass.Statistical, maxPrice: 5_000_000_000_000n, deadline: 40 };
  same(protocol.jobOrder(order), vectors.order.scale);
  same(seed, vectors.seed);
  same(protocol.nextBeacon(genesis, beacon), vectors.next_beacon);
});

test('commitments', () => {
  same(jobRoot, vectors.job_root);
  same(commitment, vectors.commitment.scale);
  same(protocol.commitmentHash(commitment), vectors.commitment.hash);
  same(protocol.commitPayload(genesis, 7, 1, commitment), vectors.commit_payload);
});

test('sealed and revealed verdicts', () => {
  same(protocol.saltInput(genesis, audit), vectors.salt.vrf_input);
  same(salt, vectors.salt.salt);
  same(seal, vectors.verdict.seal);
  same(protocol.sealPayload(genesis, audit, validator, seal), vectors.seal_payload);
  same(protocol.revealPayload(genesis, audit, validator, verdict, null, salt), vectors.reveal_payload);
});

test('the proof that a provider holds its app key', () => {
  same(protocol.appKeyPayload(genesis, provider), vectors.app_key_payload);
});
