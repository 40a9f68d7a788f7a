// Signing an order and sending it.
import type {} from '@polkadot/api-augment';
import type { ApiPromise } from '@polkadot/api';
import type { AddressOrPair, SignerOptions, SubmittableExtrinsic } from '@polkadot/api/types';
import type { u64 } from '@polkadot/types';
import type { Event } from '@polkadot/types/interfaces';
import type { ISubmittableResult } from '@polkadot/types/types';
import { ConnectionLost, OutcomeUnknown, TransactionFailed, UnexpectedAnswer, type SentTransaction } from '../errors.js';
import { finalNumber } from './blocks.js';
import { answer } from './connection.js';
import type { JobOrder } from './order.js';
import { call, dispatchFailure, field, isEvent } from './runtime.js';
import { QUIET_MS, soonest } from './wait.js';

/** An order in a final block. */
export interface Submitted {
  /** The job's id. */
  job: number;
  /** The block's number and hash. */
  number: number;
  hash: string;
  /** The transaction's hash. */
  transaction: string;
}

/** An order in a block that may still be reverted: the order may then come into another one, with another id. */
export interface Seen {
  /** The job's id in this block. */
  job: number;
  /** The block's hash. */
  hash: string;
  /** The transaction, by which it is found again. */
  sent: SentTransaction;
}

/**
 * Signs an order and sends it. Resolves once it is in a final block. `onSeen` hears of every block that it is in before that.
 *
 * `account` is a key pair, or an address whose wallet is `options.signer`. Throws {@link TransactionFailed} if the chain refuses in a final
 * block, {@link ConnectionLost} if the connection ends before the order is sent, and {@link OutcomeUnknown} with the transaction if
 * anything happens after that. What the node refuses at once is thrown as polkadot.js throws it: nothing was ordered then.
 */
export async function submitJob(
  api: ApiPromise,
  account: AddressOrPair,
  order: JobOrder,
  options: Partial<SignerOptions> = {},
  onSeen: (seen: Seen) => void = () => {},
): Promise<Submitted> {
  // Before it is signed: it is in no block up to this one.
  const head = (await answer(api, api.rpc.chain.getHeader())).number.toNumber();
  const signed = await answer(api, call(api, 'market', 'submit')(order).signAsync(account, options));
  const sent = {
    transaction: signed.hash.toHex(),
    account: signed.signer.toString(),
    nonce: signed.nonce.toNumber(),
    from: head + 1,
  };
  try {
    const final = await untilFinal(api, signed, (result) => {
      const job = ordered(result.events);
      if (job !== undefined) onSeen({ job, hash: result.status.asInBlock.toHex(), sent });
    });
    const job = ordered(final.events);
    if (job === undefined) throw new UnexpectedAnswer('an order is in a block without its event', sent.transaction);
    const hash = final.status.asFinalized;
    const header = await answer(api, api.rpc.chain.getHeader(hash));
    return { job, number: header.number.toNumber(), hash: hash.toHex(), transaction: sent.transaction };
  } catch (error) {
    if (error instanceof TransactionFailed || error instanceof Refused) throw error instanceof Refused ? error.cause : error;
    throw new OutcomeUnknown([], undefined, error, sent);
  }
}

/** The job that a transaction ordered, by its events. */
export function ordered(events: readonly { event: Event }[]): number | undefined {
  const submitted = events.find(({ event }) => isEvent(event, 'market', 'JobSubmitted'));
  return submitted && field<u64>(submitted.event, 'job').toNumber();
}

/** What of a signed transaction is needed to send it. */
export type Sendable = Pick<SubmittableExtrinsic<'promise'>, 'send'>;

/** The node took no transaction: its answer is the cause. */
export class Refused extends Error {}

/** The node took a transaction and then lost sight of it: another node may have it. */
export class LostSight extends Error {}

/**
 * Sends a signed transaction and waits until it is in a final block, however long that takes. `onSeen` hears of every block that it is in
 * before, and in which its call succeeded.
 *
 * Without news for `quiet` milliseconds it asks whether the node still answers. Throws {@link Refused} where the node takes no
 * transaction, {@link TransactionFailed} where its call failed in a final block, {@link LostSight} where the node dropped it, and
 * {@link ConnectionLost}.
 */
export async function untilFinal(
  api: ApiPromise,
  signed: Sendable,
  onSeen: (result: ISubmittableResult) => void = () => {},
  quiet = QUIET_MS,
): Promise<ISubmittableResult> {
  let decide: (result: ISubmittableResult) => void = () => {};
  let isTaken = false;
  const decided = new Promise<ISubmittableResult>((resolve) => (decide = resolve));
  // It stands only once the first status has come, so it is not waited for: a node may fall silent before.
  const subscription = signed.send((result) => {
    isTaken = true;
    // A call that failed may do better in another block after a fork.
    if (result.status.isInBlock && !result.dispatchError) onSeen(result);
    if (result.isError || result.status.isFinalized) decide(result);
  });
  const refused = subscription.then(() => decided);
  try {
    for (;;) {
      let result: ISubmittableResult | undefined;
      try {
        result = await answer(api, soonest([decided, refused], quiet));
      } catch (error) {
        if (error instanceof ConnectionLost || isTaken) throw error;
        throw new Refused('the node takes no such transaction', { cause: error });
      }
      if (!result) {
        await finalNumber(api);
        continue;
      }
      if (result.isError) throw new LostSight(`the node no longer has the transaction: ${result.status.type}`);
      if (result.dispatchError) throw dispatchFailure(api, result.dispatchError);
      return result;
    }
  } finally {
    subscription.then((unsubscribe) => unsubscribe()).catch(() => {});
  }
}
