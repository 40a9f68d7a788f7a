// What became of a transaction, by its hash: for whoever sent one and did not hear of it again.
import type {} from '@polkadot/api-augment';
import type { ApiPromise } from '@polkadot/api';
import type { Struct, u32 } from '@polkadot/types';
import type { DispatchError, EventRecord } from '@polkadot/types/interfaces';
import { blake2b } from '@noble/hashes/blake2b';
import { reason, type SentTransaction, type TransactionFailed } from '../errors.js';
import { fromHex, toHex } from '../protocol/scale.js';
import { Json } from '../rpc/json.js';
import { answer } from './connection.js';
import { dispatchFailure, isEvent, storage } from './runtime.js';
import { ordered } from './submit.js';

/** Blocks for which a transaction is valid, as polkadot.js signs it where nothing else is said. */
const MORTALITY = 64;

/** A block that has a transaction. */
interface InBlock {
  number: number;
  hash: string;
  /** Whether the block is final. If it is not, it may be reverted. */
  finalized: boolean;
}

/** Where a transaction is. */
export type Whereabouts =
  /** In a block, and it did what it was sent for. `job` is the one that it ordered. */
  | ({ state: 'succeeded'; job: number | null } & InBlock)
  /** In a block, where the chain refused it. Once that is final, it can be sent again. */
  | ({ state: 'failed'; error: TransactionFailed } & InBlock)
  /** In a block whose state the node no longer has. */
  | ({ state: 'unreadable'; why: string } & InBlock)
  /** In the node's pool. */
  | { state: 'waiting' }
  /** In no block, and it never will be: it can be sent again. */
  | { state: 'never' }
  /** Not here. It may be elsewhere, and come into a block: ask again. */
  | { state: 'unknown' };

const hashOf = (hex: string): string => toHex(blake2b(fromHex(hex), { dkLen: 32 }));

/** Whether the node's pool has the transaction. Not every node tells. */
async function isWaiting(api: ApiPromise, transaction: string): Promise<boolean> {
  const pending = await answer(api, api.rpc('author_pendingExtrinsics').catch((error: unknown) => {
    if (!api.isConnected) throw error;
    return [];
  }));
  return new Json(pending, 'pending').list((extrinsic) => extrinsic.text()).some((extrinsic) => hashOf(extrinsic) === transaction);
}

/** What the transaction did in a block: that at `index` there. */
async function read(api: ApiPromise, place: InBlock, index: number): Promise<Whereabouts> {
  let records: readonly EventRecord[];
  try {
    const state = await answer(api, api.at(place.hash));
    const all = (await answer(api, storage(state, 'system', 'events')())) as unknown as Iterable<EventRecord>;
    records = [...all].filter(({ phase }) => phase.isApplyExtrinsic && phase.asApplyExtrinsic.eq(index));
  } catch (error) {
    if (!api.isConnected) throw error;
    return { state: 'unreadable', why: reason(error), ...place };
  }
  const failed = records.find(({ event }) => isEvent(event, 'system', 'ExtrinsicFailed'));
  if (failed) return { state: 'failed', error: dispatchFailure(api, failed.event.data[0] as unknown as DispatchError), ...place };
  return { state: 'succeeded', job: ordered(records) ?? null, ...place };
}

/**
 * Looks for a transaction in the node's pool and on its best chain.
 *
 * Throws {@link ConnectionLost}.
 */
export async function findTransaction(api: ApiPromise, { transaction, account, nonce, from }: SentTransaction): Promise<Whereabouts> {
  // Before the blocks, lest it goes from one to the other unseen.
  const waits = await isWaiting(api, transaction);
  const finalHash = await answer(api, api.rpc.chain.getFinalizedHead());
  const finalized = (await answer(api, api.rpc.chain.getHeader(finalHash))).number.toNumber();
  const best = (await answer(api, api.rpc.chain.getHeader())).number.toNumber();
  for (let number = from; number <= Math.min(best, from + MORTALITY); number += 1) {
    const hash = (await answer(api, api.rpc.chain.getBlockHash(number))).toHex();
    const block = new Json(await answer(api, api.rpc('chain_getBlock', hash)), 'block');
    const extrinsics = block.field('block').field('extrinsics').list((extrinsic) => extrinsic.text());
    const index = extrinsics.findIndex((extrinsic) => hashOf(extrinsic) === transaction);
    if (index >= 0) return read(api, { number, hash, finalized: number <= finalized }, index);
  }
  const state = await answer(api, api.at(finalHash));
  const used = await answer(api, storage(state, 'system', 'account')<Struct & { nonce: u32 }>(account));
  if (finalized > from + MORTALITY || used.nonce.toNumber() > nonce) return { state: 'never' };
  return { state: waits ? 'waiting' : 'unknown' };
}
