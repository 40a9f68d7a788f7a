// `strike_output`: what a job gave.
import type { ApiPromise } from '@polkadot/api';
import { answer } from '../chain/connection.js';
import { Json } from './json.js';

/** Why an output ended, or why there is none. */
export const STOP_REASONS = [
  'end_of_text',
  'stop_sequence',
  'max_tokens',
  'context_full',
  'input_too_long',
  'invalid_input',
  'not_finite',
  'complete',
  'wrong_model',
  'input_unavailable',
] as const;
/** One of {@link STOP_REASONS}. */
export type StopReason = (typeof STOP_REASONS)[number];

/** A job's output. Counts and `stop` are the provider's claim until the job is settled as valid. */
export interface Output {
  job: number;
  /** Root of the output, as committed, in hex. */
  outRoot: string;
  /** Token ids of a generation; `null` for other work. */
  tokens: number[] | null;
  /** Their text; `null` for other work, and where the node lacks the model's tokenizer. */
  text: string | null;
  /** A vector for each text; `null` for other work. Rounded to binary32 the numbers are the committed ones. */
  vectors: number[][] | null;
  /** Tokens read. */
  nIn: number;
  /** Tokens written. */
  nOut: number;
  stop: StopReason;
}

/** Reads the node's answer. Throws {@link UnexpectedAnswer} if it has another form. */
export function parseOutput(answered: unknown): Output {
  const output = new Json(answered, 'output');
  return {
    job: output.field('job').count(),
    outRoot: output.field('out_root').text(),
    tokens: output.field('tokens').orNull((tokens) => tokens.list((token) => token.count())),
    text: output.field('text').orNull((text) => text.text()),
    vectors: output.field('vectors').orNull((vectors) => vectors.list((vector) => vector.list((it) => it.number()))),
    nIn: output.field('n_in').count(),
    nOut: output.field('n_out').count(),
    stop: output.field('stop').word(STOP_REASONS),
  };
}

/**
 * The output of a job's last commitment: the node's copy, or another node's, for which it takes up to 30 seconds.
 *
 * Throws {@link ConnectionLost}, and the node's refusal with its code: 7003 where no node that it reaches has the output,
 * 7010 where asking again helps. All codes: `client/rpc/README.md`.
 */
export const readOutput = async (api: ApiPromise, job: number): Promise<Output> =>
  parseOutput(await answer(api, api.rpc('strike_output', job)));
