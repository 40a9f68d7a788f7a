// docs/protocol.md, "Jobs": work and orders in SCALE, and what identifies the work.
import { bytes, concat, text, u128, u16, u32, u64, u8, utf8, vec } from './scale.js';
import { hash, type Hash } from './hash.js';

/** How a result is verified, by its index. */
export const VerificationClass = { Exact: 0, Statistical: 1 } as const;
/** An index of {@link VerificationClass}. */
export type VerificationClass = (typeof VerificationClass)[keyof typeof VerificationClass];

/** How tokens are drawn, in thousandths where the name says so. */
export interface Sampler {
  temperatureMilli: number;
  minPMilli: number;
  repetitionPenaltyMilli: number;
  /** Tokens looked back at for the penalty. */
  repetitionWindow: number;
}

/** SCALE of `Input::Plain`: bytes that ride in the order. */
export const plainInput = (data: Uint8Array): Uint8Array => concat(u8(0), bytes(data));

/** SCALE of `Input::Blob`: bytes that travel off the chain, named by their file root. `length` is in bytes. */
export const blobInput = (root: Hash, length: number): Uint8Array => concat(u8(1), root, u64(length));

/** What to generate. The input is an encoded one: {@link plainInput} or {@link blobInput}. */
export interface GenerateSpec {
  input: Uint8Array;
  sampler: Sampler;
  maxInputTokens: number;
  maxOutputTokens: number;
  /** Token ids that end the output early. */
  stop: readonly (readonly number[])[];
}

/** SCALE of `WorkSpec::Generate`. */
export function generateWork({ input, sampler, maxInputTokens, maxOutputTokens, stop }: GenerateSpec): Uint8Array {
  return concat(
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

/** The input of a prompt that rides in the order. */
export const promptInput = (prompt: string): Uint8Array => plainInput(utf8(prompt));

/** The input bytes of an embedding job: SCALE of the texts' bytes. */
export const encodeTexts = (texts: readonly string[]): Uint8Array => vec(texts.map(text));

/** SCALE of `WorkSpec::Embed` of an encoded input. */
export const embedWork = ({ input, maxInputTokens }: { input: Uint8Array; maxInputTokens: number }): Uint8Array =>
  concat(u8(1), input, u32(maxInputTokens));

/** SCALE of `JobOrder::V1`. `work` and `model` are encoded; `deadline` is in blocks. */
export const jobOrder = (order: {
  work: Uint8Array;
  model: Uint8Array;
  verificationClass: VerificationClass;
  maxPrice: bigint;
  deadline: number;
}): Uint8Array =>
  concat(u8(0), order.work, order.model, u8(order.verificationClass), u128(order.maxPrice), u32(order.deadline));

/** Identity of the work: what every attempt at a job has in common. */
export const specHash = (work: Uint8Array, model: Uint8Array, verificationClass: VerificationClass): Hash =>
  hash('strike/1/spec', work, model, u8(verificationClass));
