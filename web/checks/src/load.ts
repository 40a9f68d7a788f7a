#!/usr/bin/env node
// Orders many jobs at once and follows all to their receipts; then sends as many bare transfers, and compares.
//
//   node dist/src/load.js [--url ws://127.0.0.1:9944] [--model NAME] [--count 1000] [--max-tokens 16] [--suri //Ferdie]
//                         [--pid PID …] [--json]
//
// Tells: jobs a minute from the first order to the last receipt, blocks of a job's life, bytes of extrinsics a job, how many
// orders and how many transfers a second the same node takes into blocks, and the most memory of the processes given.
// Exit code 0 only if every job was settled.
import type {} from '@polkadot/api-augment';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { ApiPromise } from '@polkadot/api';
import type { SubmittableExtrinsic } from '@polkadot/api/types';
import type { KeyringPair } from '@polkadot/keyring/types';
import type { Enum, u32, u64 } from '@polkadot/types';
import { call, connect, constant, field, finalBlocks, generation, isEvent } from '@strike/client';
import { keyPair, modelNamed, positive, progress, run } from './program.js';

const { values: options } = parseArgs({
  options: {
    url: { type: 'string', default: 'ws://127.0.0.1:9944' },
    model: { type: 'string', default: 'builtin' },
    count: { type: 'string', default: '1000' },
    'max-tokens': { type: 'string', default: '16' },
    suri: { type: 'string', default: '//Ferdie' },
    pid: { type: 'string', multiple: true, default: [] },
    json: { type: 'boolean', default: false },
  },
});

/** A block by number and hash. */
interface At {
  number: number;
  hash: string;
}

/** The value that half of the numbers lie below. There must be one. */
const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;

/** Most megabytes that a process of this machine has had resident. */
async function peakMegabytes(pid: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1_000;
}

/** Milliseconds of a block, by its timestamp. */
async function timestamp(api: ApiPromise, hash: string): Promise<number> {
  return (await (await api.at(hash)).query.timestamp.now()).toNumber();
}

/** What became of transactions that were handed over all at once. */
interface Flood {
  /** The first block that they may be in. */
  from: number;
  mostInABlock: number;
  perSecond: number;
}

/**
 * Signs the calls in advance, hands them all to the node, and waits until the last is in a finalized block. Returns how many a
 * second went into blocks: over the time from the block before the first of them to the block of the last.
 */
async function flood(
  api: ApiPromise,
  account: KeyringPair,
  calls: readonly SubmittableExtrinsic<'promise'>[],
  name: string,
): Promise<Flood> {
  const first = (await api.query.system.account(account.address)).nonce.toNumber();
  const signed: SubmittableExtrinsic<'promise'>[] = [];
  for (const [index, unsigned] of calls.entries()) signed.push(await unsigned.signAsync(account, { nonce: first + index }));
  const from = (await api.rpc.chain.getHeader()).number.toNumber() + 1;
  const began = Date.now();
  await Promise.all(signed.map((extrinsic) => api.rpc.author.submitExtrinsic(extrinsic)));
  progress(`${name}: ${calls.length} handed to the node in ${((Date.now() - began) / 1_000).toFixed(1)} s`);

  const blocks: (At & { ours: number })[] = [];
  let included = 0;
  for await (const { number, hash, block } of finalBlocks(api, from)) {
    const ours = block.extrinsics.filter((extrinsic) => extrinsic.isSigned && extrinsic.signer.eq(account.address)).length;
    if (ours > 0) {
      blocks.push({ number, hash, ours });
      included += ours;
      progress(`${name}: ${ours} in block ${number}, ${included} of ${calls.length}`);
    }
    if (included === calls.length) break;
  }
  const [earliest, latest] = [blocks[0], blocks.at(-1)];
  if (!earliest || !latest) throw new Error(`no ${name} in any block`);
  const before = await timestamp(api, (await api.rpc.chain.getBlockHash(earliest.number - 1)).toHex());
  const last = await timestamp(api, latest.hash);
  return {
    from,
    mostInABlock: Math.max(...blocks.map(({ ours }) => ours)),
    perSecond: (calls.length * 1_000) / (last - before),
  };
}

/** From the order to the end of a job. */
interface Life {
  submitted: At;
  closed?: At & { reason: string };
}

/** Follows `count` jobs from block `from` on. Returns their lives, and the bytes of the extrinsics that they took. */
async function watch(api: ApiPromise, from: number, count: number): Promise<{ lives: Map<number, Life>; bytes: number }> {
  const lives = new Map<number, Life>();
  let closed = 0;
  let bytes = 0;
  for await (const { number, hash, block, events } of finalBlocks(api, from)) {
    for (const event of events) {
      const job = () => field<u64>(event, 'job').toNumber();
      if (isEvent(event, 'market', 'JobSubmitted')) lives.set(job(), { submitted: { number, hash } });
      if (!isEvent(event, 'market', 'JobClosed')) continue;
      const life = lives.get(job());
      if (!life) throw new Error(`job ${job()} was there before: the measurement needs the chain to itself`);
      life.closed = { number, hash, reason: field<Enum>(event, 'reason').type };
      closed += 1;
    }
    for (const extrinsic of block.extrinsics) {
      const { section, method } = extrinsic.method;
      if (section === 'verification' || (section === 'market' && method === 'submit')) bytes += extrinsic.encodedLength;
    }
    if (number % 10 === 0) progress(`block ${number}: ${closed} of ${count} jobs closed`);
    if (closed >= count) break;
  }
  return { lives, bytes };
}

/** Follows `count` jobs from block `from` on; what their receipts and the blocks' bodies say. */
async function settle(api: ApiPromise, from: number, count: number) {
  const { lives, bytes } = await watch(api, from, count);
  const whole = [...lives.values()].flatMap(({ submitted, closed }) => (closed ? [{ submitted, closed }] : []));
  const ends = whole.map(({ closed }) => closed).sort((a, b) => a.number - b.number);
  const [first, last] = [lives.get(Math.min(...lives.keys())), ends.at(-1)];
  if (!first || !last) throw new Error('no job was seen');
  const took = (await timestamp(api, last.hash)) - (await timestamp(api, first.submitted.hash));
  const blocks = whole.map(({ submitted, closed }) => closed.number - submitted.number);
  const reasons: Record<string, number> = {};
  for (const { reason } of ends) reasons[reason] = (reasons[reason] ?? 0) + 1;
  return {
    jobs: lives.size,
    reasons,
    jobsAMinute: (lives.size * 60_000) / took,
    blocksOfALife: { least: Math.min(...blocks), median: median(blocks), most: Math.max(...blocks) },
    extrinsicBytesAJob: Math.round(bytes / lives.size),
  };
}

async function main(): Promise<boolean> {
  const count = positive('count', options.count);
  const maxOutputTokens = positive('max-tokens', options['max-tokens']);
  const api = await connect(options.url);
  const account = keyPair(api, options.suri);
  const { model } = await modelNamed(api, options.model);

  const deadline = constant<u32>(api, 'market', 'maxDeadline').toNumber();
  const submit = call(api, 'market', 'submit');
  const orders = Array.from({ length: count }, (_, index) =>
    submit(generation({ prompt: `Tell me about house ${index}.`, model, maxOutputTokens, maxPrice: 10n ** 10n, deadline })),
  );
  const taken = await flood(api, account, orders, 'orders');
  const settled = await settle(api, taken.from, count);
  const peaks = await Promise.all(options.pid.map(peakMegabytes));

  const other = keyPair(api, '//Bob').address;
  const transfers = orders.map(() => call(api, 'balances', 'transferKeepAlive')(other, 1));
  const transferred = await flood(api, account, transfers, 'transfers');

  const result = {
    ...settled,
    ordersASecond: taken.perSecond,
    mostOrdersInABlock: taken.mostInABlock,
    transfersASecond: transferred.perSecond,
    mostTransfersInABlock: transferred.mostInABlock,
    peakMegabytes: peaks,
  };
  await api.disconnect();
  console.log(options.json ? JSON.stringify(result) : JSON.stringify(result, null, 2));
  return Object.keys(settled.reasons).every((reason) => reason === 'Settled');
}

run(main);
