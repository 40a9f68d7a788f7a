#!/usr/bin/env node
// Orders jobs, follows them to their receipts, and checks on the way what an application relies on: that every block
// decodes, attestations included, and that the money moved exactly as the receipts say.
//
//   node dist/src/job.js [--url ws://127.0.0.1:9944] [--model NAME] [--prompt TEXT] [--count N] [--suri //Ferdie] [--json]
//   node dist/src/job.js … --model NAME --embed TEXT [--embed TEXT …]
//
// The first generates with the model of that name (builtin), the second embeds the texts.
//
// Progress goes to stderr; with --json the last line of stdout is one JSON object. Exit code 0 only if all is well.
import type {} from '@polkadot/api-augment';
import { parseArgs } from 'node:util';
import type { ApiPromise } from '@polkadot/api';
import type { Enum, u128 } from '@polkadot/types';
import type { AccountId } from '@polkadot/types/interfaces';
import {
  connect,
  embedding,
  field,
  followJobs,
  formatTokens,
  generation,
  readOutput,
  readReceipt,
  submitJob,
  TOKEN,
  writeAmount,
  type Amount,
  type FinalBlock,
  type JobStep,
  type Receipt,
} from '@strike/client';
import { Ledger } from './ledger.js';
import { keyPair, modelNamed, positive, progress, run } from './program.js';

const { values: options } = parseArgs({
  options: {
    url: { type: 'string', default: 'ws://127.0.0.1:9944' },
    model: { type: 'string', default: 'builtin' },
    prompt: { type: 'string', default: 'Tell me about the harbour.' },
    embed: { type: 'string', multiple: true, default: [] },
    count: { type: 'string', default: '1' },
    suri: { type: 'string', default: '//Ferdie' },
    json: { type: 'boolean', default: false },
  },
});

/** How many transactions of verification there were, by call. */
type Attestations = Record<string, number>;

/** Decodes every extrinsic of a block again from its call, and counts the attestations. */
function inspect(api: ApiPromise, { number, block }: FinalBlock, attestations: Attestations): void {
  for (const extrinsic of block.extrinsics) {
    const { section, method } = extrinsic.method;
    // General transactions have no signer, and their `.signer` throws: look at `isSigned` first.
    if (extrinsic.isSigned) extrinsic.signer.toString();
    const again = api.createType('Call', extrinsic.method.toU8a());
    if (again.toHex() !== extrinsic.method.toHex()) {
      throw new Error(`block ${number}: ${section}.${method} decodes to another call`);
    }
    extrinsic.method.toHuman();
    if (section === 'verification') attestations[method] = (attestations[method] ?? 0) + 1;
  }
}

/** A step of a job in words. */
function describe({ job, number, event }: JobStep): string {
  const account = (name: string) => field<AccountId>(event, name).toString();
  const tokens = (name: string) => formatTokens(field<u128>(event, name).toBigInt());
  const kind = (name: string) => field<Enum>(event, name).type;
  const details: Record<string, () => string> = {
    JobAssigned: () => `to ${account('provider')} at ${tokens('price')} per 1,000 units`,
    VerdictRevealed: () => `${account('validator')}: ${kind('verdict')}`,
    PaymentMade: () => `${kind('role')} ${account('account')}: ${tokens('amount')}`,
    JobClosed: () => kind('reason'),
  };
  const detail = details[event.method];
  return `block ${number}: job ${job}: ${event.method}${detail ? ` ${detail()}` : ''}`;
}

/** What is told of a job. Amounts are decimal strings, as in the node's JSON. */
async function summary(api: ApiPromise, job: number, receipt: Receipt) {
  const output = receipt.reason === 'settled' ? await readOutput(api, job) : null;
  const paid = new Map<string, Amount>();
  for (const { account, amount } of receipt.payments) paid.set(account, (paid.get(account) ?? 0n) + amount);
  return {
    job,
    reason: receipt.reason,
    verdict: receipt.verdict?.kind ?? null,
    output: output?.text ?? null,
    vectors: output?.vectors ?? null,
    paid: Object.fromEntries([...paid].map(([account, amount]) => [account, writeAmount(amount)])),
    refunded: writeAmount(receipt.refunded),
    blocks: receipt.closedAt - receipt.submittedAt,
  };
}

/** Orders the jobs at once; returns their ids, in the order of the transactions. */
async function order(api: ApiPromise, account: ReturnType<typeof keyPair>, count: number): Promise<number[]> {
  const { model, name } = await modelNamed(api, options.model);
  progress(`${account.address} orders ${count} of model ${name}`);
  const terms = { model, maxPrice: TOKEN };
  // Counted here: while forks compete, a node may give out a nonce that it has seen used.
  const nonce = (await api.query.system.account(account.address)).nonce.toNumber();
  const one = async (index: number): Promise<number> => {
    const ordered = options.embed.length
      ? embedding({ texts: options.embed, ...terms })
      : generation({ prompt: options.prompt, ...terms });
    const { job, number } = await submitJob(api, account, ordered, { nonce: nonce + index }, ({ job, sent }) =>
      progress(`job ${job}: in a block, by transaction ${sent.transaction}`),
    );
    progress(`block ${number}: job ${job}: submitted, and final`);
    return job;
  };
  return Promise.all(Array.from({ length: count }, (_, index) => one(index)));
}

async function receiptOf(api: ApiPromise, job: number): Promise<Receipt> {
  const receipt = await readReceipt(api, job);
  if (!receipt) throw new Error(`job ${job} is closed and has no receipt`);
  return receipt;
}

async function main(): Promise<boolean> {
  const count = positive('count', options.count);
  const api = await connect(options.url);
  const account = keyPair(api, options.suri);
  const ledger = await Ledger.open(api, account.address);
  const jobs = await order(api, account, count);

  const attestations: Attestations = { commit: 0, seal: 0, reveal: 0 };
  for await (const { block, steps } of followJobs(api, jobs, ledger.start + 1)) {
    inspect(api, block, attestations);
    ledger.enter(block);
    for (const step of steps) progress(describe(step));
  }

  const receipts = await Promise.all(jobs.map((job) => receiptOf(api, job)));
  const listed = await Promise.all(receipts.map((receipt, index) => summary(api, jobs[index] ?? -1, receipt)));
  const differences = await ledger.close(receipts);
  for (const difference of differences) progress(`ledger: ${difference}`);
  const conserved = differences.length === 0;
  await api.disconnect();

  if (options.json) console.log(JSON.stringify({ jobs: listed, attestations, conserved }));
  else for (const job of listed) console.log(`job ${job.job}: ${job.reason}\n${job.output ?? lines(job.vectors ?? [])}`);
  const valid = listed.every(({ reason, verdict }) => reason === 'settled' && verdict === 'valid');
  const attested = Object.values(attestations).every((seen) => seen >= count);
  return valid && attested && conserved;
}

const lines = (vectors: readonly (readonly number[])[]): string => vectors.map((vector) => vector.join(' ')).join('\n');

run(main);
