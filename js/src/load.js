#!/usr/bin/env node
// Orders many jobs at once and follows all to their receipts; then sends as many bare transfers, and compares.
//
//   node src/load.js [--url ws://127.0.0.1:9944] [--model NAME] [--count 1000] [--max-tokens 16] [--suri //Ferdie] [--pid PID …] [--json]
//
// Tells: jobs a minute from the first order to the last receipt, blocks of a job's life, bytes of extrinsics a job, how many
// orders and how many transfers a second the same node takes into blocks, and the most memory of the processes given.
// Exit code 0 only if every job was settled.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { Keyring } from '@polkadot/keyring';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { connect, followFinalized, generation, models } from './client.js';

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
const progress = (line) => console.error(line);
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Most megabytes that a process of this machine has had resident. */
async function peakMegabytes(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)[1]) / 1_000;
}

/** Milliseconds of a block, by its timestamp. */
async function timestamp(api, hash) {
  return (await (await api.at(hash)).query.timestamp.now()).toNumber();
}

/**
 * Signs the calls in advance, hands them all to the node, and waits until the last is in a finalized block. Returns how many a
 * second went into blocks: over the time from the block before the first of them to the block of the last.
 */
async function flood(api, account, calls, name) {
  const first = (await api.query.system.account(account.address)).nonce.toNumber();
  const signed = [];
  for (const [index, call] of calls.entries()) signed.push(await call.signAsync(account, { nonce: first + index }));
  const from = (await api.rpc.chain.getHeader()).number.toNumber() + 1;
  const began = Date.now();
  await Promise.all(signed.map((extrinsic) => api.rpc.author.submitExtrinsic(extrinsic)));
  const submitted = (Date.now() - began) / 1_000;
  progress(`${name}: ${calls.length} handed to the node in ${submitted.toFixed(1)} s`);
  const blocks = [];
  let included = 0;
  await followFinalized(api, from, async ({ number, hash, block }) => {
    const ours = block.extrinsics.filter((extrinsic) => extrinsic.isSigned && extrinsic.signer.eq(account.address)).length;
    if (ours > 0) {
      blocks.push({ number, hash, ours });
      included += ours;
      progress(`${name}: ${ours} in block ${number}, ${included} of ${calls.length}`);
    }
    return included === calls.length;
  });
  const before = await timestamp(api, await api.rpc.chain.getBlockHash(blocks[0].number - 1));
  const last = await timestamp(api, blocks.at(-1).hash);
  return { from, submitted, blocks: blocks.length, mostInABlock: Math.max(...blocks.map(({ ours }) => ours)), perSecond: (calls.length * 1_000) / (last - before) };
}

/** Follows `count` jobs from block `from` on; what their receipts and the blocks' bodies say. */
async function settle(api, from, count) {
  const submittedAt = new Map();
  const closed = new Map();
  let bytes = 0;
  await followFinalized(api, from, async ({ number, hash, block, events }) => {
    for (const { event } of events) {
      if (api.events.market.JobSubmitted.is(event)) submittedAt.set(event.data.job.toNumber(), { number, hash });
      if (api.events.market.JobClosed.is(event)) closed.set(event.data.job.toNumber(), { number, hash, reason: event.data.reason.type });
    }
    for (const extrinsic of block.extrinsics) {
      const { section, method } = extrinsic.method;
      if (section === 'verification' || (section === 'market' && method === 'submit')) bytes += extrinsic.encodedLength;
    }
    if (number % 10 === 0) progress(`block ${number}: ${closed.size} of ${count} jobs closed`);
    return closed.size >= count;
  });
  const jobs = [...submittedAt.keys()];
  const lives = jobs.map((job) => closed.get(job).number - submittedAt.get(job).number);
  const numbers = [...closed.values()].sort((a, b) => a.number - b.number);
  const began = await timestamp(api, submittedAt.get(Math.min(...jobs)).hash);
  const ended = await timestamp(api, numbers.at(-1).hash);
  const reasons = {};
  for (const { reason } of numbers) reasons[reason] = (reasons[reason] ?? 0) + 1;
  return {
    jobs,
    reasons,
    jobsAMinute: (jobs.length * 60_000) / (ended - began),
    blocksOfALife: { least: Math.min(...lives), median: median(lives), most: Math.max(...lives) },
    extrinsicBytesAJob: Math.round(bytes / jobs.length),
  };
}

async function main() {
  const count = Number(options.count);
  if (!Number.isInteger(count) || count < 1) throw new Error(`--count ${options.count} is no positive number`);
  await cryptoWaitReady();
  const api = await connect(options.url);
  const keyring = new Keyring({ type: 'sr25519', ss58Format: api.registry.chainSS58 });
  const account = keyring.addFromUri(options.suri);
  const known = (await models(api)).find(({ name }) => name === options.model);
  if (!known) throw new Error(`no model is registered as ${options.model} on this chain`);

  const order = (index) =>
    generation({
      prompt: `Tell me about house ${index}.`,
      model: known.model,
      maxOutputTokens: Number(options['max-tokens']),
      maxPrice: 10n ** 10n,
      deadline: api.consts.market.maxDeadline.toNumber(),
    });
  const orders = Array.from({ length: count }, (_, index) => api.tx.market.submit(order(index)));
  const taken = await flood(api, account, orders, 'orders');
  const settled = await settle(api, taken.from, count);
  const peaks = await Promise.all(options.pid.map(peakMegabytes));

  const other = keyring.addFromUri('//Bob').address;
  const transfers = orders.map(() => api.tx.balances.transferKeepAlive(other, 1));
  const transferred = await flood(api, account, transfers, 'transfers');

  const { jobs, ...told } = settled;
  const result = {
    jobs: jobs.length,
    ...told,
    ordersASecond: taken.perSecond,
    mostOrdersInABlock: taken.mostInABlock,
    transfersASecond: transferred.perSecond,
    mostTransfersInABlock: transferred.mostInABlock,
    peakMegabytes: peaks,
  };
  await api.disconnect();
  console.log(options.json ? JSON.stringify(result) : JSON.stringify(result, null, 2));
  return Object.keys(told.reasons).every((reason) => reason === 'Settled');
}

main().then(
  (well) => process.exit(well ? 0 : 1),
  (error) => {
    console.error(`error: ${error.message}`);
    process.exit(1);
  },
);
