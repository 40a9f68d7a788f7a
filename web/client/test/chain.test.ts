// What goes to the chain and comes from it, in types as polkadot.js makes them of the metadata.
import assert from 'node:assert/strict';
import test from 'node:test';
import { TypeRegistry } from '@polkadot/types';
import { blake2b } from '@noble/hashes/blake2b';
import type { ApiPromise } from '@polkadot/api';
import type { ISubmittableResult } from '@polkadot/types/types';
import {
  connect,
  ConnectionLost,
  embedding,
  findTransaction,
  generation,
  InvalidAmount,
  MAX_AMOUNT,
  OutcomeUnknown,
  protocol,
  submitJob,
  TransactionFailed,
  UnexpectedAnswer,
} from '@strike/client';
import { receiptOf } from '#client/chain/receipt.js';
import { LostSight, Refused, untilFinal, type Sendable } from '#client/chain/submit.js';
import { answers, FakeNode, hashOf } from './node.js';

console.error = () => {};

const registry = new TypeRegistry();
registry.register({
  Root: '[u8; 32]',
  Kind: { _enum: ['File', 'Bundle'] },
  Artifact: { kind: 'Kind', root: 'Root' },
  Input: { _enum: { Plain: 'Vec<u8>', Blob: '(Root, u64)' } },
  Sampler: { temperature_milli: 'u16', min_p_milli: 'u16', repetition_penalty_milli: 'u16', repetition_window: 'u8' },
  Generate: { input: 'Input', sampler: 'Sampler', max_input_tokens: 'u32', max_output_tokens: 'u32', stop: 'Vec<Vec<u32>>' },
  Embed: { input: 'Input', max_input_tokens: 'u32' },
  Work: { _enum: { Generate: 'Generate', Embed: 'Embed' } },
  Class: { _enum: ['Exact', 'Statistical'] },
  OrderV1: { work: 'Work', model: 'Artifact', class: 'Class', max_price: 'u128', deadline: 'u32' },
  Order: { _enum: { V1: 'OrderV1' } },
  CloseReason: { _enum: ['Settled', 'Cancelled', 'NoProvider', 'ProviderLate', 'Invalid', 'Withheld', 'Undecided', 'Unheard'] },
  InvalidReason: { _enum: ['OutputMismatch', 'CountMismatch', 'StopMismatch', 'TraceMismatch'] },
  ValidFields: { units: 'u64' },
  InvalidFields: { reason: 'InvalidReason' },
  Verdict: { _enum: { Valid: 'ValidFields', Invalid: 'InvalidFields', Withheld: 'Null' } },
  Role: { _enum: ['Provider', 'Royalty', 'Validator', 'Compensation'] },
  Payment: { account: 'AccountId32', role: 'Role', amount: 'u128' },
  ChainReceipt: {
    job: 'u64', attempt: 'u16', reason: 'CloseReason', requester: 'AccountId32', provider: 'Option<AccountId32>', model: 'Artifact',
    class: 'Class', commitment: 'Option<Root>', verdict: 'Option<Verdict>', verdicts: 'u32', units: 'u64', price: 'u128',
    fee: 'u128', refunded: 'u128', burned: 'u128', slashed: 'u128', upkeep: 'u128', payments: 'Vec<Payment>', submittedAt: 'u32', closedAt: 'u32',
  },
});

const root = `0x${'ab'.repeat(32)}`;
const model = { kind: 'bundle', root } as const;
const modelBytes = protocol.artifactId(protocol.ArtifactKind.Bundle, protocol.fromHex(root));

/** The bytes of the order as this client's own encoding has them. */
const encoded = (work: Uint8Array, maxPrice: bigint, deadline: number) =>
  protocol.toHex(protocol.jobOrder({ work, model: modelBytes, verificationClass: protocol.VerificationClass.Exact, maxPrice, deadline }));

test('a generation is the order that the protocol says', () => {
  const prompt = 'Grüße aus dem Hafen.';
  const work = (sampler: Partial<protocol.Sampler>, maxOutputTokens: number) =>
    protocol.generateWork({
      input: protocol.promptInput(prompt),
      sampler: { temperatureMilli: 700, minPMilli: 50, repetitionPenaltyMilli: 1_100, repetitionWindow: 32, ...sampler },
      maxInputTokens: 22 + 16,
      maxOutputTokens,
      stop: [],
    });
  const usual = generation({ prompt, model, maxPrice: MAX_AMOUNT });
  assert.equal(registry.createType('Order', usual).toHex(), encoded(work({}, 48), MAX_AMOUNT, 60));
  const chosen = generation({ prompt, model, maxPrice: 7n, maxOutputTokens: 5, temperature: 0.29, minP: 0, deadline: 9 });
  const sampler = { temperatureMilli: 290, minPMilli: 0 };
  assert.equal(registry.createType('Order', chosen).toHex(), encoded(work(sampler, 5), 7n, 9));
  assert.match(JSON.stringify(generation({ prompt, model, maxPrice: 7n, maxInputTokens: 9 }).V1.work), /"max_input_tokens":9/);
});

test('an embedding is the order that the protocol says', () => {
  const texts = ['one', 'zwölf'];
  const input = protocol.plainInput(protocol.encodeTexts(texts));
  const usual = embedding({ texts, model, maxPrice: 2n ** 53n + 1n });
  const work = protocol.embedWork({ input, maxInputTokens: 3 + 4 + 6 + 4 });
  assert.equal(registry.createType('Order', usual).toHex(), encoded(work, 2n ** 53n + 1n, 60));
  const chosen = embedding({ texts, model, maxPrice: 1n, maxInputTokens: 8, deadline: 50 });
  assert.equal(registry.createType('Order', chosen).toHex(), encoded(protocol.embedWork({ input, maxInputTokens: 8 }), 1n, 50));
});

test('an order of an impossible price is refused', () => {
  for (const maxPrice of [-1n, MAX_AMOUNT + 1n]) {
    assert.throws(() => generation({ prompt: 'a', model, maxPrice }), InvalidAmount);
    assert.throws(() => embedding({ texts: ['a'], model, maxPrice }), InvalidAmount);
  }
});

const account = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY';
const stored = (over: object) =>
  receiptOf(registry.createType('ChainReceipt', {
    job: 7, attempt: 1, reason: 'Settled', requester: account, provider: account, model: { kind: 'Bundle', root }, class: 'Exact', commitment: root,
    verdict: { Valid: { units: 50 } }, verdicts: 4, units: 50, price: MAX_AMOUNT.toString(), fee: '9007199254740993', refunded: 1, burned: 2, slashed: 3, upkeep: 4,
    payments: [{ account, role: 'Validator', amount: '9007199254740993' }], submittedAt: 10, closedAt: 16, ...over,
  }));

test('a receipt of the chain is read to the last unit', () => {
  assert.deepEqual(stored({}), {
    attempt: 1, reason: 'settled', provider: account, verdict: { kind: 'valid', units: 50 }, verdicts: 4, units: 50,
    price: MAX_AMOUNT, fee: 2n ** 53n + 1n, refunded: 1n, burned: 2n, slashed: 3n, upkeep: 4n,
    payments: [{ account, role: 'validator', amount: 2n ** 53n + 1n }], submittedAt: 10, closedAt: 16,
  });
});

test('a receipt of a job that failed is read', () => {
  const failed = stored({ reason: 'NoProvider', provider: null, verdict: null, payments: [] });
  assert.deepEqual([failed.reason, failed.provider, failed.verdict, failed.payments], ['no_provider', null, null, []]);
  assert.deepEqual(stored({ verdict: { Invalid: { reason: 'TraceMismatch' } } }).verdict, { kind: 'invalid', reason: 'trace_mismatch' });
  assert.deepEqual(stored({ verdict: 'Withheld' }).verdict, { kind: 'withheld' });
});

test('a word of a later runtime is refused by name', () => {
  assert.throws(() => stored({ reason: 'Unheard' }), (error) => error instanceof UnexpectedAnswer && /unheard/.test(error.message));
});

/** A transaction whose fate is told by hand. */
function sendable(tell: (status: (result: Partial<ISubmittableResult>) => void) => void): Sendable & { stopped: number } {
  const transaction = {
    stopped: 0,
    send: (onStatus: (result: never) => void) => {
      tell((result) => onStatus(result as never));
      return Promise.resolve(() => (transaction.stopped += 1));
    },
  };
  return transaction as never;
}

const status = (type: string) =>
  ({ type, isInBlock: type === 'InBlock', isFinalized: type === 'Finalized', asInBlock: { toHex: () => hashOf(2) } }) as ISubmittableResult['status'];

/** What the node says of a transaction whose events do not matter. */
const told = (type: string, over: Partial<ISubmittableResult> = {}) => ({ status: status(type), events: [], ...over });

const dispatchError = { isModule: false, toString: () => 'BadOrigin' } as never;

test('a transaction is waited for until it is in a final block, whatever happens before', { timeout: 20_000 }, async () => {
  const node = await FakeNode.start(answers({ head: 2 }));
  const api = await connect(node.url, { answer: 500 });
  const taken = sendable((tell) => {
    tell(told('Ready'));
    // A fork: the call fails in one block and succeeds in the other. Long enough to be asked after twice.
    setTimeout(() => tell(told('InBlock', { dispatchError })), 20);
    setTimeout(() => tell(told('InBlock')), 60);
    setTimeout(() => tell(told('Finalized')), 100);
  });
  const before = node.asked.length;
  const seen: string[] = [];
  const final = await untilFinal(api, taken, ({ status }) => seen.push(status.type), 30);
  assert.deepEqual([final.status.type, seen], ['Finalized', ['InBlock']]);
  assert.ok(node.asked.slice(before).includes('chain_getFinalizedHead'));
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(taken.stopped, 1, 'its subscription is ended');

  const refused = sendable((tell) => (tell(told('InBlock', { dispatchError })), tell(told('Finalized', { dispatchError }))));
  await assert.rejects(untilFinal(api, refused), (error) => error instanceof TransactionFailed && error.error === 'BadOrigin');
  for (const type of ['Dropped', 'Usurped', 'Invalid', 'FinalityTimeout']) {
    const lost = sendable((tell) => tell(told(type, { isError: true })));
    await assert.rejects(untilFinal(api, lost), (error) => error instanceof LostSight && error.message.includes(type));
  }
  const rejected = { send: () => Promise.reject(new Error('1010: Invalid Transaction')) } as never;
  await assert.rejects(untilFinal(api, rejected), (error) => error instanceof Refused && /1010/.test(String(error.cause)));
  await api.disconnect();
  await node.stop();
});

test('a node that falls silent or is killed ends the wait', { timeout: 20_000 }, async () => {
  const given = answers({ head: 2 });
  const node = await FakeNode.start(given);
  const api = await connect(node.url, { answer: 500 });
  given['chain_getFinalizedHead'] = () => undefined;
  await assert.rejects(untilFinal(api, sendable(() => {}), undefined, 30), ConnectionLost);
  setTimeout(() => node.cut(), 30);
  await assert.rejects(untilFinal(api, sendable(() => {}), undefined, 60_000), ConnectionLost);
  await node.stop();
});

/** Lets a connection order by a transaction whose fate is told by hand. */
function ordering(api: ApiPromise, transaction: Sendable): void {
  const signed = { hash: { toHex: () => root }, signer: { toString: () => account }, nonce: { toNumber: () => 7 }, ...transaction };
  Object.defineProperty(api, 'tx', { configurable: true, value: { market: { submit: () => ({ signAsync: async () => signed }) } } });
}

test('an order that was sent and not heard of again is unknown, and its transaction is named', { timeout: 20_000 }, async () => {
  const order = generation({ prompt: 'a', model, maxPrice: 1n });
  const fates: [(tell: (result: Partial<ISubmittableResult>) => void, node: FakeNode) => void, RegExp][] = [
    [(tell, node) => (tell(told('Ready')), setTimeout(() => node.cut(), 30)), /connection/],
    [(tell) => tell(told('Usurped', { isError: true })), /Usurped/],
    [(tell) => tell(told('Finalized')), /without its event/],
  ];
  for (const [fate, why] of fates) {
    const node = await FakeNode.start(answers({ head: 2 }));
    const api = await connect(node.url);
    ordering(api, sendable((tell) => fate(tell, node)));
    await assert.rejects(submitJob(api, account, order), (error) => {
      assert.ok(error instanceof OutcomeUnknown, String(error));
      assert.deepEqual(error.sent, { transaction: root, account, nonce: 7, from: 3 });
      assert.match(error.message, why);
      assert.match(error.message, new RegExp(root));
      assert.match(error.hint, /Do not order again.*findTransaction/);
      return true;
    });
    await api.disconnect();
    await node.stop();
  }
});

test('an order that the node or a final block refuses is no order, and is told as such', { timeout: 20_000 }, async () => {
  const order = generation({ prompt: 'a', model, maxPrice: 1n });
  const node = await FakeNode.start(answers({ head: 2 }));
  const api = await connect(node.url);
  ordering(api, { send: () => Promise.reject(new Error('1010: Invalid Transaction')) } as never);
  await assert.rejects(submitJob(api, account, order), (error) => !(error instanceof OutcomeUnknown) && /1010/.test(String(error)));
  ordering(api, sendable((tell) => tell(told('Finalized', { dispatchError }))));
  await assert.rejects(submitJob(api, account, order), TransactionFailed);
  await api.disconnect();
  await node.stop();
});

test('a transaction is looked up by its hash', { timeout: 20_000 }, async () => {
  const chain = { head: 5 };
  const given = answers(chain);
  const node = await FakeNode.start(given);
  const api = await connect(node.url);
  const extrinsic = '0x0c040102';
  const sent = { transaction: protocol.toHex(blake2b(protocol.fromHex(extrinsic), { dkLen: 32 })), account, nonce: 7, from: 2 };
  assert.deepEqual(await findTransaction(api, sent), { state: 'unknown' }, 'a node that does not tell of its pool');
  given['author_pendingExtrinsics'] = () => ['0x00', extrinsic];
  assert.deepEqual(await findTransaction(api, sent), { state: 'waiting' });

  const plain = given['chain_getBlock'];
  given['chain_getBlock'] = (params) => {
    const found = plain?.(params) as { block: { extrinsics: string[] } };
    return params[0] === hashOf(4) ? { ...found, block: { ...found.block, extrinsics: ['0x00', extrinsic] } } : found;
  };
  const place = { number: 4, hash: hashOf(4), finalized: true };
  assert.deepEqual(await findTransaction(api, sent), { state: 'succeeded', job: null, ...place });
  given['chain_getFinalizedHead'] = () => hashOf(3);
  assert.deepEqual(await findTransaction(api, sent), { state: 'succeeded', job: null, ...place, finalized: false });

  // Its time is over, and no block that it could be in has it.
  given['chain_getFinalizedHead'] = () => hashOf(chain.head);
  chain.head = 100;
  assert.deepEqual(await findTransaction(api, { ...sent, from: 5 }), { state: 'never' });
  await api.disconnect();
  await node.stop();
});
