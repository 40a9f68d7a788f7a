// docs/protocol.md, "Jobs" and "Commitments": what an attempt is bound to, and what its provider commits to.
import { concat, option, u16, u32, u64, u8 } from './scale.js';
import { hash, tagged, type Hash } from './hash.js';

/** The seed of an attempt, from the beacon of the block behind its assignment. */
export const seed = (genesis: Hash, job: number, attempt: number, beacon: Hash): Hash =>
  hash('strike/1/seed', genesis, u64(job), u16(attempt), beacon);

/** The beacon of the next block. */
export const nextBeacon = (previous: Hash, randomness: Hash): Hash => hash('strike/1/beacon', previous, randomness);

/** What a provider claims of its result. */
export interface Claim {
  outRoot: Hash;
  /** Where the class has a trace. */
  traceRoot: Hash | null;
  /** Tokens read. */
  nIn: number;
  /** Tokens written. */
  nOut: number;
  /** Index of the stop reason. */
  stop: number;
}

/** What a claim is bound to. */
export interface Binding {
  genesis: Hash;
  job: number;
  attempt: number;
  /** The provider's account, 32 bytes. */
  provider: Uint8Array;
  specHash: Hash;
  seed: Hash;
}

const claimed = ({ outRoot, traceRoot, nIn, nOut, stop }: Claim): Uint8Array =>
  concat(outRoot, option(traceRoot), u32(nIn), u32(nOut), u8(stop));

/** Binds a claim to job, attempt, provider and seed. */
export const jobRoot = ({ genesis, job, attempt, provider, specHash, seed, ...claim }: Binding & Claim): Hash =>
  hash('strike/1/job', genesis, u64(job), u16(attempt), provider, specHash, seed, claimed(claim));

/** SCALE of `Commitment::V1`. */
export const commitment = ({ jobRoot, ...claim }: { jobRoot: Hash } & Claim): Uint8Array =>
  concat(u8(0), jobRoot, claimed(claim));

/** The hash by which verdicts name a commitment in SCALE. */
export const commitmentHash = (encoded: Uint8Array): Hash => hash('strike/1/commitment', encoded);

/** What a provider signs to commit. */
export const commitPayload = (genesis: Hash, job: number, attempt: number, encoded: Uint8Array): Uint8Array =>
  tagged('strike/1/sign/commit', genesis, u64(job), u16(attempt), encoded);
