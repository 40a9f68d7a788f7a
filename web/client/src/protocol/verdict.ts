// docs/protocol.md, "Verdicts": how a validator seals what it found, and reveals it.
import { concat, option, u16, u32, u64, u8 } from './scale.js';
import { hash, tagged, type Hash } from './hash.js';

/** SCALE of the reference to an audit. */
export const auditRef = (audit: { job: number; attempt: number; commitmentHash: Hash; beaconBlock: number }): Uint8Array =>
  concat(u64(audit.job), u16(audit.attempt), audit.commitmentHash, u32(audit.beaconBlock));

/** SCALE of `Verdict::Valid`. */
export const validVerdict = (units: number): Uint8Array => concat(u8(0), u64(units));

/** What a validator's key draws the salt from. */
export const saltInput = (genesis: Hash, audit: Uint8Array): Uint8Array => tagged('strike/1/salt', genesis, audit);

/** The salt, from the VRF's pre-output of 32 bytes. */
export const salt = (preOutput: Uint8Array): Hash => hash('strike/1/salt', preOutput);

/** A verdict as far as its validator lets know until all are sealed. `workTag` is there where the class has one. */
export const seal = (
  genesis: Hash,
  audit: Uint8Array,
  validator: Uint8Array,
  verdict: Uint8Array,
  workTag: Hash | null,
  saltValue: Hash,
): Hash => hash('strike/1/seal', genesis, audit, validator, verdict, option(workTag), saltValue);

/** What a validator signs to seal. The proof of its assignment is `AssignmentProof::All`, index 0. */
export const sealPayload = (genesis: Hash, audit: Uint8Array, validator: Uint8Array, sealed: Hash): Uint8Array =>
  tagged('strike/1/sign/seal', genesis, audit, validator, u8(0), sealed);

/** What a validator signs to reveal. */
export const revealPayload = (
  genesis: Hash,
  audit: Uint8Array,
  validator: Uint8Array,
  verdict: Uint8Array,
  workTag: Hash | null,
  saltValue: Hash,
): Uint8Array => tagged('strike/1/sign/reveal', genesis, audit, validator, verdict, option(workTag), saltValue);
