// What the runtime offers, by name. Everything comes from the chain's metadata, so a name may be missing there.
import type {} from '@polkadot/api-augment';
import type { ApiPromise } from '@polkadot/api';
import type { ApiDecoration, QueryableStorageEntryAt, SubmittableExtrinsicFunction } from '@polkadot/api/types';
import type { DispatchError, Event } from '@polkadot/types/interfaces';
import type { Codec } from '@polkadot/types/types';
import { TransactionFailed, UnexpectedAnswer } from '../errors.js';

/** The chain at its best block, or at one block (`api.at`). */
export type ChainState = ApiPromise | ApiDecoration<'promise'>;

function present<T>(found: T | undefined, kind: string, pallet: string, name: string): T {
  if (found === undefined) throw new UnexpectedAnswer(`the runtime has no ${kind}`, `${pallet}.${name}`);
  return found;
}

/** A storage item. Throws {@link UnexpectedAnswer} if the runtime has none of this name. */
export function storage(state: ChainState, pallet: string, name: string): QueryableStorageEntryAt<'promise'> {
  const query: Record<string, Record<string, QueryableStorageEntryAt<'promise'>> | undefined> = state.query;
  return present(query[pallet]?.[name], 'storage', pallet, name);
}

/** A call of a pallet. Throws {@link UnexpectedAnswer} if the runtime has none of this name. */
export const call = (api: ApiPromise, pallet: string, name: string): SubmittableExtrinsicFunction<'promise'> =>
  present(api.tx[pallet]?.[name], 'call', pallet, name);

/** A constant of a pallet. Throws {@link UnexpectedAnswer} if the runtime has none of this name. */
export const constant = <T extends Codec>(state: ChainState, pallet: string, name: string): T =>
  present(state.consts[pallet]?.[name], 'constant', pallet, name) as T;

/** Whether an event is this one of this pallet. */
export const isEvent = (event: Event, pallet: string, name: string): boolean => event.section === pallet && event.method === name;

/** A field of an event, if the event has one of this name. */
export const optionalField = <T extends Codec>(event: Event, name: string): T | undefined =>
  (event.data as unknown as Record<string, T | undefined>)[name];

/** A field of an event. Throws {@link UnexpectedAnswer} if the event has none of this name. */
export const field = <T extends Codec>(event: Event, name: string): T =>
  present(optionalField<T>(event, name), 'field', `${event.section}.${event.method}`, name);

/** What the chain says of a transaction that it took into a block and refused. */
export function dispatchFailure(api: ApiPromise, error: DispatchError): TransactionFailed {
  if (!error.isModule) return new TransactionFailed(error.toString());
  const { section, name, docs } = api.registry.findMetaError(error.asModule);
  return new TransactionFailed(`${section}.${name}`, docs.join(' ').trim());
}
