// Signing an order and sending it.
import type {} from '@polkadot/api-augment';
import type { ApiPromise } from '@polkadot/api';
import type { AddressOrPair, SignerOptions, SubmittableExtrinsic } from '@polkadot/api/types';
import type { u64 } from '@polkadot/types';
import type { ISubmittableResult } from '@polkadot/types/types';
import { ConnectionLost, OutcomeUnknown, TransactionFailed, UnexpectedAnswer } from '../errors.js';
import { finalNumber } from './blocks.js';
import { answer } from './connection.js';
import type { JobOrder } from './order.js';
import { call, dispatchFailure, field, isEvent } from './runtime.js';
import { QUIET_MS, soonest } from './wait.js';

/** An order that is in a block. */
export interface Submitted {
  /** The job's id in this block. If the block is reverted, the order may come into another one with another id. */
  job: number;
  /** The block's number and hash. */
  number: number;
  hash: string;
  /** The transaction's hash. */
  transaction: string;
}

/**
 * Signs an order and sends it. Resolves once it is in a block, which may still be reverted.
 *
 * `account` is a key pair, or an address whose wallet is `options.signer`. Throws {@link TransactionFailed} if the chain
 * refuses, {@link ConnectionLost} if the connection ends before the order is sent, {@link OutcomeUnknown} if it ends after.
 */
export async function submitJob(
  api: ApiPromise,
  account: AddressOrPair,
  order: JobOrder,
  options: Partial<SignerOptions> = {},
): Promise<Submitted> {
  const signed = await answer(api, call(api, 'market', 'submit')(order).signAsync(account, options));
  try {
    const { status, events, txHash } = await inBlock(api, signed);
    const submitted = events.find(({ event }) => isEvent(event, 'market', 'JobSubmitted'));
    if (!submitted) throw new UnexpectedAnswer('an order is in a block without its event', txHash.toHex());
    const hash = status.asInBlock;
    const header = await answer(api, api.rpc.chain.getHeader(hash));
    return {
      job: field<u64>(submitted.event, 'job').toNumber(),
      number: header.number.toNumber(),
      hash: hash.toHex(),
      transaction: txHash.toHex(),
    };
  } catch (error) {
    if (error instanceof ConnectionLost) throw new OutcomeUnknown([], undefined, error);
    throw error;
  }
}

/** What of a signed transaction is needed to send it. */
export type Sendable = Pick<SubmittableExtrinsic<'promise'>, 'send'>;

/**
 * Sends a signed transaction and waits until it is in a block, however long that takes.
 *
 * Without news for `quiet` milliseconds it asks whether the node still answers.
 */
export async function inBlock(api: ApiPromise, signed: Sendable, quiet = QUIET_MS): Promise<ISubmittableResult> {
  let decide: (result: ISubmittableResult) => void = () => {};
  const decided = new Promise<ISubmittableResult>((resolve) => (decide = resolve));
  // It stands only once the first status has come, so it is not waited for: a node may fall silent before.
  const subscription = signed.send((result) => {
    if (result.isError || result.status.isInBlock) decide(result);
  });
  const refused = subscription.then(() => decided);
  try {
    for (;;) {
      const result = await answer(api, soonest([decided, refused], quiet));
      if (!result) {
        await finalNumber(api);
        continue;
      }
      if (result.dispatchError) throw dispatchFailure(api, result.dispatchError);
      if (result.isError) throw new TransactionFailed(`the order was not taken: ${result.status.type}`);
      return result;
    }
  } finally {
    subscription.then((unsubscribe) => unsubscribe()).catch(() => {});
  }
}
