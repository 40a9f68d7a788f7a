#!/usr/bin/env node
// Orders jobs, follows them to their receipts, and checks on the way what an application relies on: that every block
// decodes, attestations included, and that the money moved exactly as the receipts say.
//
//   node src/job.js [--url ws://127.0.0.1:9944] [--model NAME] [--prompt TEXT] [--count N] [--suri //Ferdie] [--json]
//   node src/job.js … --model NAME --embed TEXT [--embed TEXT …]
//
// The first generates with the model of that name (builtin), the second embeds the texts.
//
// Progress goes to stderr; with --json the last line of stdout is one JSON object. Exit code 0 only if all is well.
import { parseArgs } from 'node:util';
import { Keyring } from '@polkadot/keyring';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { Books } from './books.js';
import { connect, embedding, followJobs, generation, models, readOutput, readReceipt, submitJob } from './client.js';

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
const progress = (line) => console.error(line);

/** Decodes every extrinsic of a block again from its call, and counts the attestations. */
function inspect(api, { number, block }, attestations) {
  for (const extrinsic of block.extrinsics) {
    const { section, method } = extrinsic.method;
    // General transactions have no signer, and their `.signer` throws: look at `isSigned` first.
    if (extrinsic.isSigned) extrinsic.signer.toString();
    const again = api.createType('Call', extrinsic.method.toU8a());
    if (again.toHex() !== extrinsic.method.toHex()) throw new Error(`block ${number}: ${section}.${method} decodes to another call`);
    extrinsic.method.toHuman();
    if (section === 'verification') attestations[method] = (attestations[method] ?? 0) + 1;
  }
}

function describe({ event, job, number }) {
  const { data, method } = event;
  const detail = {
    JobAssigned: () => `to ${data.provider} at ${data.price} per 1,000 units`,
    VerdictRevealed: () => `${data.validator}: ${data.verdict.type}`,
    PaymentMade: () => `${data.role.type} ${data.account}: ${data.amount}`,
    JobClosed: () => data.reason.type,
  }[method];
  return `block ${number}: job ${job}: ${method}${detail ? ` ${detail()}` : ''}`;
}

async function summary(api, job, receipt) {
  const paid = {};
  const output = receipt.reason.isSettled ? await readOutput(api, job) : {};
  for (const { account, amount } of receipt.payments) {
    paid[account.toString()] = Number(BigInt(paid[account.toString()] ?? 0) + amount.toBigInt());
  }
  return {
    job,
    reason: receipt.reason.type,
    verdict: receipt.verdict.isSome ? receipt.verdict.unwrap().type.toLowerCase() : null,
    output: output.text ?? null,
    vectors: output.vectors ?? null,
    paid,
    refunded: Number(receipt.refunded.toBigInt()),
    blocks: receipt.closedAt.toNumber() - receipt.submittedAt.toNumber(),
  };
}

async function main() {
  const count = Number(options.count);
  if (!Number.isInteger(count) || count < 1) throw new Error(`--count ${options.count} is no positive number`);
  await cryptoWaitReady();
  const api = await connect(options.url);
  const account = new Keyring({ type: 'sr25519', ss58Format: api.registry.chainSS58 }).addFromUri(options.suri);
  const known = (await models(api)).find(({ name }) => name === options.model);
  if (!known) throw new Error(`no model is registered as ${options.model} on this chain`);
  progress(`${account.address} orders ${count} of model ${known.name}`);

  const books = await Books.open(api, account.address);
  const orders = [];
  // Counted here: while forks compete, a node may give out a nonce that it has seen used.
  const nonce = (await api.query.system.account(account.address)).nonce.toNumber();
  for (let index = 0; index < count; index += 1) {
    const common = { model: known.model, maxPrice: 10n ** 12n };
    const order = options.embed.length
      ? embedding({ texts: options.embed, ...common })
      : generation({ prompt: options.prompt, ...common });
    const submitted = await submitJob(api, account, order, { nonce: nonce + index });
    progress(`block ${submitted.number}: job ${submitted.job}: submitted`);
    orders.push(submitted);
  }

  const attestations = { commit: 0, seal: 0, reveal: 0 };
  const jobs = orders.map(({ job }) => job);
  await followJobs(
    api,
    jobs,
    books.start + 1,
    (seen) => progress(describe(seen)),
    async (finalized) => {
      inspect(api, finalized, attestations);
      books.enter(finalized);
    },
  );

  const receipts = await Promise.all(jobs.map((job) => readReceipt(api, job)));
  const listed = await Promise.all(jobs.map((job, index) => summary(api, job, receipts[index])));
  const differences = await books.close(receipts);
  differences.forEach((difference) => progress(`books: ${difference}`));
  const conserved = differences.length === 0;
  await api.disconnect();

  if (options.json) console.log(JSON.stringify({ jobs: listed, attestations, conserved }));
  else listed.forEach(({ job, reason, output, vectors }) => console.log(`job ${job}: ${reason}\n${output ?? (vectors ?? []).map((vector) => vector.join(' ')).join('\n')}`));
  const valid = listed.every(({ reason, verdict }) => reason === 'Settled' && verdict === 'valid');
  const attested = Object.values(attestations).every((seen) => seen >= count);
  return valid && attested && conserved;
}

main().then(
  (well) => process.exit(well ? 0 : 1),
  (error) => {
    console.error(`error: ${error.message}`);
    process.exit(1);
  },
);
