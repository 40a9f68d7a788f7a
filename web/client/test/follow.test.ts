// Reading blocks in order, and following jobs through them.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Event } from '@polkadot/types/interfaces';
import { ConnectionLost, OutcomeUnknown, type FinalBlock } from '@strike/client';
import { readInOrder, type BlockSource } from '#client/chain/blocks.js';
import { followIn } from '#client/chain/follow.js';

/** A source whose head is moved, and which is ended, by hand. */
class Source implements BlockSource<number> {
  head_ = 0;
  asked = 0;
  watched = 0;
  onNews = () => {};
  onEnd: (error: unknown) => void = () => {};

  async head(): Promise<number> {
    this.asked += 1;
    return this.head_;
  }

  async read(number: number): Promise<number> {
    return number;
  }

  watch(onNews: () => void, onEnd: (error: unknown) => void): () => void {
    this.watched += 1;
    Object.assign(this, { onNews, onEnd });
    return () => (this.watched -= 1);
  }

  grow(head: number): void {
    this.head_ = head;
    this.onNews();
  }
}

test('blocks are read in order, without a gap and each once, however the head moves', async () => {
  const source = new Source();
  source.head_ = 2;
  const seen: number[] = [];
  for await (const number of readInOrder(source, 1, 60_000)) {
    seen.push(number);
    // News that comes while a block is dealt with, twice, and a head that jumps.
    if (number === 2) setTimeout(() => source.grow(3), 5);
    if (number === 3) source.grow(7), source.grow(7);
    if (number === 7) break;
  }
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7]);
  assert.equal(source.watched, 0, 'it watches no longer');
});

test('a source without news is asked again', async () => {
  const source = new Source();
  const blocks = readInOrder(source, 1, 10);
  const first = blocks.next();
  while (source.asked < 4) await new Promise((resolve) => setTimeout(resolve, 5));
  // No news of it.
  source.head_ = 1;
  assert.equal((await first).value, 1);
  await blocks.return(undefined as never);
});

test('the end of a source ends the reading, whatever is waited for', async () => {
  const lost = new ConnectionLost('it was closed');
  for (const stuck of ['head', 'read', 'news'] as const) {
    const source = new Source();
    source.head_ = stuck === 'news' ? 0 : 1;
    if (stuck !== 'news') source[stuck] = () => new Promise<number>(() => {});
    const next = readInOrder(source, 1, 60_000).next();
    setTimeout(() => source.onEnd(lost), 5);
    await assert.rejects(next, (error) => error === lost, stuck);
    assert.equal(source.watched, 0, stuck);
  }
});

test('an end that comes while the caller is busy is told at the next block', async () => {
  const source = new Source();
  source.head_ = 1;
  const blocks = readInOrder(source, 1, 60_000);
  await blocks.next();
  source.onEnd(new ConnectionLost('it was closed'));
  await new Promise((resolve) => setTimeout(resolve, 20));
  await assert.rejects(blocks.next(), ConnectionLost);
});

/** An event as polkadot.js gives it, as far as following looks. */
const event = (section: string, method: string, job?: number): Event =>
  ({ section, method, data: job === undefined ? {} : { job: { toNumber: () => job } } }) as unknown as Event;

const block = (number: number, ...events: Event[]): FinalBlock => ({ number, hash: `0x${number}`, events }) as unknown as FinalBlock;

async function* stream(blocks: readonly FinalBlock[], end?: Error): AsyncGenerator<FinalBlock> {
  yield* blocks;
  if (end) throw end;
}

const chain = [
  block(5, event('market', 'JobSubmitted', 1), event('market', 'JobSubmitted', 2), event('market', 'JobSubmitted', 3)),
  block(6),
  block(7, event('verification', 'VerdictRevealed', 2), event('market', 'JobClosed', 1), event('market', 'JobClosed', 3)),
  block(8, event('market', 'AskPlaced'), event('balances', 'Endowed', 2), event('market', 'JobClosed', 2)),
  block(9, event('market', 'JobPruned', 1)),
];

test('jobs are followed until all of them are closed, through every block', async () => {
  const seen: string[] = [];
  const numbers: number[] = [];
  for await (const followed of followIn(stream(chain), [1, 2], 5)) {
    numbers.push(followed.block.number);
    for (const step of followed.steps) seen.push(`${step.number} ${step.job} ${step.event.method}`);
  }
  assert.deepEqual(numbers, [5, 6, 7, 8], 'not the block after the last end');
  assert.deepEqual(seen, ['5 1 JobSubmitted', '5 2 JobSubmitted', '7 2 VerdictRevealed', '7 1 JobClosed', '8 2 JobClosed']);
});

test('no jobs are followed through no blocks', async () => {
  for await (const followed of followIn(stream(chain), [], 5)) assert.fail(`block ${followed.block.number}`);
});

test('a lost connection names the jobs still open and the block to go on from', async () => {
  const lost = new ConnectionLost('it was closed');
  const numbers: number[] = [];
  const following = async () => {
    for await (const followed of followIn(stream(chain.slice(0, 3), lost), new Set([1, 2, 3]), 5)) numbers.push(followed.block.number);
  };
  await assert.rejects(following, (error) => {
    assert.ok(error instanceof OutcomeUnknown);
    assert.deepEqual([error.jobs, error.from, error.cause], [[2], 8, lost]);
    return true;
  });
  assert.deepEqual(numbers, [5, 6, 7]);
});

test('an error that is none of the connection is thrown on as it is', async () => {
  const odd = new RangeError('an event does not decode');
  await assert.rejects(
    async () => {
      for await (const _ of followIn(stream([], odd), [1], 5));
    },
    (error) => error === odd,
  );
});
