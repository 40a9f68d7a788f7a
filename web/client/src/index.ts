/**
 * Strike for applications, in browsers and Node.js.
 *
 * - Connect, order, follow to the end: {@link connect}, {@link generation}, {@link embedding}, {@link submitJob},
 *   {@link followJobs}, {@link findTransaction}.
 * - Read: {@link models}, {@link readQuote}, {@link readCosts}, {@link readJob}, {@link readOutput}, {@link readReceipt}, {@link finalBlocks}.
 * - Amounts are `bigint`: {@link Amount}.
 * - Hashes and encodings for checking by oneself: {@link protocol}.
 */
export * from './amount.js';
export { finalBlocks, finalNumber, type FinalBlock } from './chain/blocks.js';
export { connect, type Patience } from './chain/connection.js';
export { followJobs, type FollowedBlock, type JobStep } from './chain/follow.js';
export { models, type Model } from './chain/models.js';
export {
  embedding,
  generation,
  type Embedding,
  type EmbedWork,
  type GenerateWork,
  type Generation,
  type JobOrder,
} from './chain/order.js';
export { readReceipt } from './chain/receipt.js';
export { call, constant, field, isEvent, storage, type ChainState } from './chain/runtime.js';
export { submitJob, type Seen, type Submitted } from './chain/submit.js';
export { findTransaction, type Whereabouts } from './chain/transaction.js';
export {
  ConnectionFailed,
  ConnectionLost,
  InvalidAmount,
  OutcomeUnknown,
  StrikeError,
  TransactionFailed,
  UnexpectedAnswer,
  type SentTransaction,
} from './errors.js';
export * from './receipt.js';
export { parseJob, readJob, type Job, type JobStatus } from './rpc/job.js';
export { parseOutput, readOutput, STOP_REASONS, type Output, type StopReason } from './rpc/output.js';
export { orderJson, parseCosts, parseQuote, readCosts, readQuote, type Costs, type Quote } from './rpc/quote.js';
export * as protocol from './protocol/index.js';
