// How a job ended and who was paid: docs/protocol.md, "Receipts". Words are those of the node's JSON.
import type { Amount } from './amount.js';

/** A model as the chain names it: a bundle, by its root in hex. */
export interface ModelId {
  kind: 'bundle';
  root: string;
}

/** Why a job closed. */
export const CLOSE_REASONS = [
  'settled',
  'cancelled',
  'no_provider',
  'provider_late',
  'invalid',
  'withheld',
  'undecided',
] as const;
/** One of {@link CLOSE_REASONS}. */
export type CloseReason = (typeof CLOSE_REASONS)[number];

/** What somebody is paid for. */
export const PAYMENT_ROLES = ['provider', 'royalty', 'validator', 'compensation'] as const;
/** One of {@link PAYMENT_ROLES}. */
export type PaymentRole = (typeof PAYMENT_ROLES)[number];

/** Why a result is invalid: the first thing a check found. */
export const INVALID_REASONS = ['output_mismatch', 'count_mismatch', 'stop_mismatch', 'trace_mismatch'] as const;
/** One of {@link INVALID_REASONS}. */
export type InvalidReason = (typeof INVALID_REASONS)[number];

/** What the validators found. */
export type Verdict =
  /** `units` are those the validators counted; these are paid. */
  { kind: 'valid'; units: number } | { kind: 'invalid'; reason: InvalidReason } | { kind: 'withheld' };

/** One payment of a settlement. */
export interface Payment {
  /** The account in SS58. */
  account: string;
  role: PaymentRole;
  amount: Amount;
}

/** The one record behind every payment of a job. `fee` is the sum of all payments but compensations, and of `burned`. */
export interface Receipt {
  /** The attempt the job ended with: 0 for the first provider. */
  attempt: number;
  reason: CloseReason;
  /** The account that did the work last, if any did. */
  provider: string | null;
  /** `null` where no result was judged. */
  verdict: Verdict | null;
  /** Validators whose verdicts agree with it. */
  verdicts: number;
  /** Units paid for. */
  units: number;
  /** Price of 1,000 units. */
  price: Amount;
  /** What the work cost. */
  fee: Amount;
  /** What went back to the requester from what was held. */
  refunded: Amount;
  /** What of the fee was burned. */
  burned: Amount;
  /** What was burned of providers' bonds, all attempts together. */
  slashed: Amount;
  /** What the requester burned beside the fee, for attestations and for visits while the job waited. */
  upkeep: Amount;
  payments: readonly Payment[];
  /** Block of the order. */
  submittedAt: number;
  /** Block of the settlement. */
  closedAt: number;
}
