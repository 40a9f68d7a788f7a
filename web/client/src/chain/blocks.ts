// Final blocks in order and without a gap.
import type {} from '@polkadot/api-augment';
import type { ApiPromise } from '@polkadot/api';
import type { Block, Event } from '@polkadot/types/interfaces';
import { ConnectionLost } from '../errors.js';
import { answer, lost } from './connection.js';
import { storage } from './runtime.js';
import { QUIET_MS, soonest } from './wait.js';

/** A final block. */
export interface FinalBlock {
  number: number;
  /** Its hash in hex. */
  hash: string;
  /** Header and extrinsics. Look at `isSigned` of an extrinsic before its `signer`: attestations have none. */
  block: Block;
  /** Events of the whole block, in order. */
  events: readonly Event[];
}

/** Where numbered blocks come from. A failure of any method ends the reading. */
export interface BlockSource<B> {
  /** The number of the last block there is. */
  head(): Promise<number>;
  /** A block by its number. */
  read(number: number): Promise<B>;
  /** Says when to look for new blocks, and why no more can come, until the function it returns is called. */
  watch(onNews: () => void, onEnd: (error: unknown) => void): () => void;
}

/**
 * Reads blocks from `from` on, each once. Ends with the first failure of the source.
 *
 * Without news it looks for blocks every `quiet` milliseconds, so a source that has fallen silent is asked, and fails.
 */
export async function* readInOrder<B>(source: BlockSource<B>, from: number, quiet = QUIET_MS): AsyncGenerator<B, never> {
  let wake = () => {};
  let fail: (error: unknown) => void = () => {};
  const ended = new Promise<never>((_, reject) => (fail = reject));
  // It may end while the caller is busy: the next read learns of it.
  ended.catch(() => {});
  const stop = source.watch(
    () => wake(),
    (error) => fail(error),
  );
  try {
    for (let next = from; ; ) {
      // Set up before the head is read: what comes behind it is news.
      const news = new Promise<void>((resolve) => (wake = resolve));
      const head = await Promise.race([source.head(), ended]);
      for (; next <= head; next += 1) yield await Promise.race([source.read(next), ended]);
      await soonest([news, ended], quiet);
    }
  } finally {
    stop();
  }
}

/** The number of the last final block. Throws {@link ConnectionLost}. */
export const finalNumber = (api: ApiPromise): Promise<number> =>
  answer(
    api,
    (async () => {
      const header = await api.rpc.chain.getHeader(await api.rpc.chain.getFinalizedHead());
      return header.number.toNumber();
    })(),
  );

/** A block by its number. It must be final: of others there may be several. */
async function readBlock(api: ApiPromise, number: number): Promise<FinalBlock> {
  const hash = await api.rpc.chain.getBlockHash(number);
  const [{ block }, records] = await Promise.all([
    api.rpc.chain.getBlock(hash),
    // The block's own runtime decodes its events: an upgrade may lie between it and the best block.
    api.at(hash).then((state) => storage(state, 'system', 'events')()),
  ]);
  const events = [...(records as unknown as Iterable<{ event: Event }>)].map(({ event }) => event);
  return { number, hash: hash.toHex(), block, events };
}

/** Watches the final heads of a node, and its connection. */
function watchHeads(api: ApiPromise, onNews: () => void, onEnd: (error: unknown) => void): () => void {
  const end = lost(api);
  end.promise.catch(onEnd);
  // Not waited for: the subscription stands only once a head has come, and a node may fall silent before.
  const subscription = api.rpc.chain.subscribeFinalizedHeads(onNews);
  subscription.catch(onEnd);
  return () => {
    end.stop();
    subscription.then((unsubscribe) => unsubscribe()).catch(() => {});
  };
}

/**
 * Final blocks from `from` on, in order and without a gap, for as long as the caller takes them.
 *
 * Throws {@link ConnectionLost} when the connection ends or the node stops answering. Waits while finality stands still.
 */
export async function* finalBlocks(api: ApiPromise, from: number): AsyncGenerator<FinalBlock, never> {
  if (!api.isConnected) throw new ConnectionLost('it was closed');
  return yield* readInOrder(
    {
      head: () => finalNumber(api),
      read: (number) => answer(api, readBlock(api, number)),
      watch: (onNews, onEnd) => watchHeads(api, onNews, onEnd),
    },
    from,
  );
}
