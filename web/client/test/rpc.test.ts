// The node's JSON, as client/rpc writes it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { InvalidAmount, MAX_AMOUNT, orderJson, parseCosts, parseJob, parseOutput, parseQuote, UnexpectedAnswer } from '@strike/client';

const root = `0x${'ab'.repeat(32)}`;
const model = { kind: 'bundle', root } as const;

const receipt = {
  hash: root, attempt: 0, reason: 'settled', provider: 'eve', verdict: { valid: { units: 50 } }, verdicts: 4, units: 50, price: '1000',
  fee: '9007199254740993', refunded: 1, burned: '2', slashed: 0, upkeep: '23', payments: [{ account: 'eve', role: 'validator', amount: '9007199254740993' }],
  submitted_at: 10, closed_at: 16,
};
const job = {
  job: 7, attempt: 0, requester: 'ferdie', model, class: 'exact', work: { kind: 'generate' }, max_price: MAX_AMOUNT.toString(), deadline: 60,
  submitted_at: 10, escrow: '9007199254740993', upkeep: '23', reserve: 0, deposit: '2', kept_until: 28_816, status: { state: 'closed', reason: 'settled' }, commitment: null, receipt,
};

test('a job is read, with amounts to the last unit, written as strings or as numbers', () => {
  const read = parseJob(job);
  assert.deepEqual([read.upkeep, read.reserve, read.deposit, read.keptUntil], [23n, 0n, 2n, 28_816]);
  assert.deepEqual([read.maxPrice, read.escrow, read.status], [MAX_AMOUNT, 2n ** 53n + 1n, { state: 'closed', reason: 'settled' }]);
  assert.deepEqual(read.receipt, {
    attempt: 0, reason: 'settled', provider: 'eve', verdict: { kind: 'valid', units: 50 }, verdicts: 4, units: 50, price: 1_000n,
    fee: 2n ** 53n + 1n, refunded: 1n, burned: 2n, slashed: 0n, upkeep: 23n, payments: [{ account: 'eve', role: 'validator', amount: 2n ** 53n + 1n }],
    submittedAt: 10, closedAt: 16,
  });
  const open = parseJob({ ...job, max_price: 5, escrow: 5, status: { state: 'pending', deadline: 70 }, receipt: null });
  assert.equal(parseJob({ ...job, kept_until: null }).keptUntil, null);
  assert.deepEqual([open.maxPrice, open.status, open.receipt], [5n, { state: 'pending', deadline: 70 }, null]);
});

test('every state of a job is read', () => {
  const status = (status: object) => parseJob({ ...job, status }).status;
  assert.deepEqual(status({ state: 'assigned', provider: 'eve', assigned_at: 11, deadline: 70 }), { state: 'assigned', provider: 'eve', assignedAt: 11, deadline: 70 });
  assert.deepEqual(status({ state: 'committed', provider: 'eve', committed_at: 12, eligible: 4, sealed: 3, revealed: 2 }),
    { state: 'committed', provider: 'eve', committedAt: 12, eligible: 4, sealed: 3, revealed: 2 });
  assert.deepEqual(status({ state: 'judged', provider: 'eve' }), { state: 'judged', provider: 'eve' });
});

test('every verdict is read', () => {
  const verdict = (verdict: unknown) => parseJob({ ...job, receipt: { ...receipt, verdict } }).receipt?.verdict;
  assert.deepEqual(verdict({ invalid: { reason: 'output_mismatch' } }), { kind: 'invalid', reason: 'output_mismatch' });
  assert.deepEqual(verdict('withheld'), { kind: 'withheld' });
  assert.equal(verdict(null), null);
  for (const odd of ['valid', 'other', {}, { valid: {}, withheld: null }, 5]) assert.throws(() => verdict(odd), UnexpectedAnswer);
});

test('an answer of another form is refused, and the error names the place', () => {
  const refused = (answer: unknown, place: RegExp) =>
    assert.throws(() => parseJob(answer), (error) => error instanceof UnexpectedAnswer && place.test(error.message));
  refused(null, /job is not an object/);
  refused([], /job is not an object/);
  refused({ ...job, job: '7' }, /job\.job is not a count/);
  refused({ ...job, job: 2 ** 53 }, /job\.job is not a count/);
  refused({ ...job, deadline: -1 }, /job\.deadline is not a count/);
  refused({ ...job, requester: undefined }, /job\.requester is not a text/);
  refused({ ...job, class: 'other' }, /unknown job\.class: found "other"/);
  refused({ ...job, status: { state: 'lost' } }, /unknown job\.status\.state/);
  refused({ ...job, receipt: { ...receipt, payments: {} } }, /job\.receipt\.payments is not a list/);
  refused({ ...job, receipt: { ...receipt, payments: [{ account: 'eve', role: 'verifier', amount: '1' }] } }, /payments\[0\]\.role: found "verifier"/);
  assert.throws(() => parseJob({ ...job, escrow: 2 ** 53 }), InvalidAmount);
  assert.throws(() => parseJob({ ...job, escrow: null }), InvalidAmount);
});

test('outputs of both kinds are read', () => {
  const common = { job: 7, out_root: root, n_in: 4, n_out: 3, stop: 'end_of_text' };
  const text = parseOutput({ ...common, tokens: [1, 2, 3], text: 'once', vectors: null });
  assert.deepEqual(text, { job: 7, outRoot: root, tokens: [1, 2, 3], text: 'once', vectors: null, nIn: 4, nOut: 3, stop: 'end_of_text' });
  const json = '{"tokens":null,"text":null,"vectors":[[0.1,-2.5,3e-12],[1.1754944e-38,0.333,16777216.0]]}';
  const vectors = parseOutput({ ...common, stop: 'complete', ...JSON.parse(json) });
  assert.deepEqual(vectors.vectors, [[0.1, -2.5, 3e-12], [1.1754944e-38, 0.333, 16_777_216]]);
  assert.throws(() => parseOutput({ ...common, tokens: ['1'], text: null, vectors: null }), UnexpectedAnswer);
});

test('a quote is read, and none', () => {
  assert.equal(parseQuote(null), null);
  const costs = {
    transaction_fee: '9007199254740993', attestation_fee: '2', reserve: '3', waiting_fee: 4, deposit: '5', retention: 28_800,
  };
  const read = { transactionFee: 2n ** 53n + 1n, attestationFee: 2n, reserve: 3n, waitingFee: 4n, deposit: 5n, retention: 28_800 };
  assert.deepEqual(parseQuote({ provider: 'eve', price: '1000', max_units: 64, max_fee: '9007199254740993', costs }), {
    provider: 'eve', price: 1_000n, maxUnits: 64, maxFee: 2n ** 53n + 1n, costs: read,
  });
  assert.deepEqual([parseCosts(costs), parseCosts(null)], [read, null]);
});

test('an order goes to the node with decimal strings for amounts', () => {
  const sampler = { temperature_milli: 700, min_p_milli: 50, repetition_penalty_milli: 1_100, repetition_window: 32 };
  assert.deepEqual(JSON.parse(JSON.stringify(orderJson({ prompt: 'Once', model, maxPrice: MAX_AMOUNT }))), {
    prompt: 'Once', model: root, class: 'exact', max_input_tokens: 20, max_output_tokens: 48, sampler, stop: [], max_price: MAX_AMOUNT.toString(), deadline: 60,
  });
  assert.deepEqual(JSON.parse(JSON.stringify(orderJson({ texts: ['a', 'b'], model, maxPrice: 5n, deadline: 50 }))), {
    texts: ['a', 'b'], model: root, max_input_tokens: 10, max_price: '5', deadline: 50,
  });
  assert.throws(() => orderJson({ prompt: 'a', model, maxPrice: -1n }), InvalidAmount);
});
