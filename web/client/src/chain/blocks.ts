// Final blocks in order and without a gap.
import type {} from '@polkadot/api-augment';
import type { ApiPromise } from '@polkadot/api';
import type { Block, Event } from '@polkadot/types/interfaces';
import { ConnectionLost } from '../errors.js';
import { answer, lost } from './connection.js';
import { storage } from './runtime.js';

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

/** Where numbered blocks come from. Every method may fail; a failure ends the reading. */
export interface BlockSource<B> {
  /** The number of the last block there is. */
  head(): Promise<number>;
  /** A block by its number. */
  read(number: number): Promise<B>;
  /** Says when to look for new blocks, until the function it resolves to is called. */
  watch(onNews: () => void): Promise<() => void>;
  /** Rejects when no more blocks can come. */
  ended: Promise<never>;
}

/** Milliseconds without news after which a source is asked all the same. */
const QUIET_MS = 15_000;

/**
 * Reads blocks from `from` on, each once. Ends with the first failure of the source.
 *
 * Without news it looks for blocks every `quiet` milliseconds, so a source that has fallen silent is asked, and fails.
 */
export async function* readInOrder<B>(source: BlockSource<B>, from: number, quiet = QUIET_MS): AsyncGenerator<B, never> {
  const unlessEnded = <T>(waited: Promise<T>): Promise<T> => Promise.race([waited, source.ended]);
  let wake = () => {};
  let news = new Promise<void>((resolve) => (wake = resolve));
  const stop = await unlessEnded(source.watch(() => wake()));
  try {
    for (let next = from; ; ) {
      const head = await unlessEnded(source.head());
      for (; next <= head; next += 1) yield await unlessEnded(source.read(next));
      await soonest([news, source.ended], quiet);
      news = new Promise((resolve) => (wake = resolve));
    }
  } finally {
    stop();
  }
}

/** Waits for the first of some events, but no longer than so many milliseconds. */
async function soonest(events: readonly Promise<void>[], milliseconds: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const pause = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([...events, pause]).finally(() => clearTimeout(timer));
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

/**
 * Final blocks from `from` on, in order and without a gap, for as long as the caller takes them.
 *
 * Throws {@link ConnectionLost} when the connection ends or the node stops answering. Waits while finality stands still.
 */
export async function* finalBlocks(api: ApiPromise, from: number): AsyncGenerator<FinalBlock, never> {
  if (!api.isConnected) throw new ConnectionLost('it was closed');
  const end = lost(api);
  try {
    return yield* readInOrder(
      {
        head: () => finalNumber(api),
        read: (number) => answer(api, readBlock(api, number)),
        watch: (onNews) => answer(api, api.rpc.chain.subscribeFinalizedHeads(onNews)),
        ended: end.promise,
      },
      from,
    );
  } finally {
    end.stop();
  }
}
