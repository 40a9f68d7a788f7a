// A job's steps, from the order to the end.
import type { ApiPromise } from '@polkadot/api';
import type { u64 } from '@polkadot/types';
import type { Event } from '@polkadot/types/interfaces';
import { ConnectionLost, OutcomeUnknown } from '../errors.js';
import { finalBlocks, type FinalBlock } from './blocks.js';
import { isEvent, optionalField } from './runtime.js';

/** One event of a job. */
export interface JobStep {
  job: number;
  /** The final block it is in. */
  number: number;
  event: Event;
}

/** A final block, and what happened in it to the jobs that are followed. */
export interface FollowedBlock {
  block: FinalBlock;
  steps: readonly JobStep[];
}

const PALLETS: readonly string[] = ['market', 'verification'];

/** The job that an event is about, if it is about one. */
function jobOf(event: Event): number | undefined {
  return PALLETS.includes(event.section) ? optionalField<u64>(event, 'job')?.toNumber() : undefined;
}

/**
 * Follows jobs through final blocks from block `from` on, until all of them are closed. Yields every block on the way.
 *
 * Throws {@link OutcomeUnknown} when the connection ends or the node stops answering. It names the jobs still open, and the
 * block to go on from.
 */
export const followJobs = (api: ApiPromise, jobs: Iterable<number>, from: number): AsyncGenerator<FollowedBlock, void> =>
  followIn(finalBlocks(api, from), jobs, from);

/** The same over blocks from wherever: the first is number `from`. */
export async function* followIn(
  blocks: AsyncIterable<FinalBlock>,
  jobs: Iterable<number>,
  from: number,
): AsyncGenerator<FollowedBlock, void> {
  const followed = new Set(jobs);
  const open = new Set(followed);
  let next = from;
  if (open.size === 0) return;
  try {
    for await (const block of blocks) {
      const steps: JobStep[] = [];
      for (const event of block.events) {
        const job = jobOf(event);
        if (job === undefined || !followed.has(job)) continue;
        steps.push({ job, number: block.number, event });
        if (isEvent(event, 'market', 'JobClosed')) open.delete(job);
      }
      next = block.number + 1;
      yield { block, steps };
      if (open.size === 0) return;
    }
  } catch (error) {
    if (error instanceof ConnectionLost) throw new OutcomeUnknown([...open], next, error);
    throw error;
  }
}
