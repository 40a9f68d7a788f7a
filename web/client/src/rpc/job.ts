// `strike_job`: where a job stands.
import type { ApiPromise } from '@polkadot/api';
import type { Amount } from '../amount.js';
import { answer } from '../chain/connection.js';
import { CLOSE_REASONS, type CloseReason, type ModelId, type Receipt } from '../receipt.js';
import { Json } from './json.js';
import { parseModel, parseReceipt } from './receipt.js';

/** Where a job stands. Providers are accounts in SS58; deadlines and the like are blocks. */
export type JobStatus =
  | { state: 'pending'; deadline: number }
  | { state: 'assigned'; provider: string; assignedAt: number; deadline: number }
  /** The result is checked: by how many may, and how many verdicts are sealed and revealed. */
  | { state: 'committed'; provider: string; committedAt: number; eligible: number; sealed: number; revealed: number }
  /** The verdict is in and waits for its settlement. */
  | { state: 'judged'; provider: string }
  | { state: 'closed'; reason: CloseReason };

/** What the chain knows of a job, at the best block: it may still be reverted. */
export interface Job {
  job: number;
  /** The running or last attempt: 0 for the first provider. */
  attempt: number;
  /** The account in SS58. */
  requester: string;
  model: ModelId;
  class: 'exact' | 'statistical';
  /** The most the requester pays. */
  maxPrice: Amount;
  /** Blocks each provider has to its result. */
  deadline: number;
  /** Block of the order. */
  submittedAt: number;
  /** What is held of the requester for it. */
  escrow: Amount;
  /** What the requester burned for attestations, and for visits while the job waited. */
  upkeep: Amount;
  /** What is held for the attestations of further attempts, until the job closes. */
  reserve: Amount;
  /** What is held for storage, until the job is forgotten. */
  deposit: Amount;
  /** The block in which a closed job is forgotten at the latest; `null` while it is open. */
  keptUntil: number | null;
  status: JobStatus;
  /** There once the job is closed. */
  receipt: Receipt | null;
}

const STATES = ['pending', 'assigned', 'committed', 'judged', 'closed'] as const;

function parseStatus(status: Json): JobStatus {
  const state = status.field('state').word(STATES);
  const provider = () => status.field('provider').text();
  const count = (name: string) => status.field(name).count();
  switch (state) {
    case 'pending':
      return { state, deadline: count('deadline') };
    case 'assigned':
      return { state, provider: provider(), assignedAt: count('assigned_at'), deadline: count('deadline') };
    case 'committed': {
      const counts = { eligible: count('eligible'), sealed: count('sealed'), revealed: count('revealed') };
      return { state, provider: provider(), committedAt: count('committed_at'), ...counts };
    }
    case 'judged':
      return { state, provider: provider() };
    case 'closed':
      return { state, reason: status.field('reason').word(CLOSE_REASONS) };
  }
}

/** Reads the node's answer. Throws {@link UnexpectedAnswer} or {@link InvalidAmount} if it has another form. */
export function parseJob(answered: unknown): Job {
  const job = new Json(answered, 'job');
  return {
    job: job.field('job').count(),
    attempt: job.field('attempt').count(),
    requester: job.field('requester').text(),
    model: parseModel(job.field('model')),
    class: job.field('class').word(['exact', 'statistical']),
    maxPrice: job.field('max_price').amount(),
    deadline: job.field('deadline').count(),
    submittedAt: job.field('submitted_at').count(),
    escrow: job.field('escrow').amount(),
    upkeep: job.field('upkeep').amount(),
    reserve: job.field('reserve').amount(),
    deposit: job.field('deposit').amount(),
    keptUntil: job.field('kept_until').orNull((block) => block.count()),
    status: parseStatus(job.field('status')),
    receipt: job.field('receipt').orNull(parseReceipt),
  };
}

/**
 * A job, at the best block or at the block of a hash. The work and the commitment are left out.
 *
 * Throws {@link ConnectionLost}, and the node's refusal with its code: 7001 where the chain has forgotten the job, 7008 where
 * the node does not know the block.
 */
export const readJob = async (api: ApiPromise, job: number, at?: string): Promise<Job> =>
  parseJob(await answer(api, api.rpc('strike_job', job, ...(at === undefined ? [] : [at]))));
