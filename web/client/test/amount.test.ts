// Amounts: exact to the last unit, or an error.
import assert from 'node:assert/strict';
import test from 'node:test';
import { checkAmount, formatTokens, MAX_AMOUNT, parseTokens, readAmount, TOKEN, writeAmount } from '@strike/client/amount';

import { InvalidAmount } from '@strike/client';

const refused = (act: () => unknown) => assert.throws(act, InvalidAmount);

test('an amount of the JSON is read to the last unit, as a number and as a decimal string', () => {
  const edges = [0n, 1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 10_000n * TOKEN + 1n, 2n ** 64n, MAX_AMOUNT - 1n, MAX_AMOUNT];
  for (const amount of edges) assert.equal(readAmount(amount.toString()), amount);
  for (const amount of [0, 1, 1_000_000, Number.MAX_SAFE_INTEGER]) assert.equal(readAmount(amount), BigInt(amount));
  assert.equal(readAmount(JSON.parse('{"bond":"10000000000000001"}').bond), 10_000_000_000_000_001n);
});

test('a number that JSON.parse has rounded is refused', () => {
  const rounded = JSON.parse('{"bond":10000000000000001}').bond;
  assert.equal(BigInt(rounded), 10_000_000_000_000_000n, 'a unit is lost before the client sees it');
  refused(() => readAmount(rounded));
  refused(() => readAmount(2 ** 53));
  refused(() => readAmount(1e30));
});

test('what is no amount is refused', () => {
  const texts = ['', ' 1', '1 ', '+1', '-1', '1.0', '1e3', '0x10', '1_000', '00', '01', 'NaN', '١', '9'.repeat(39), '1'.repeat(1_000_000)];
  for (const text of texts) refused(() => readAmount(text));
  refused(() => readAmount((MAX_AMOUNT + 1n).toString()));
  for (const value of [-1, 0.5, NaN, Infinity, -Infinity, null, undefined, true, {}, [], ['1'], 1n]) refused(() => readAmount(value));
});

test('amounts are written as decimal strings and read back', () => {
  for (const amount of [0n, 7n, 2n ** 53n + 1n, MAX_AMOUNT]) {
    const json = JSON.parse(JSON.stringify({ amount: writeAmount(amount) })).amount;
    assert.equal(json, amount.toString());
    assert.equal(readAmount(json), amount);
  }
  refused(() => writeAmount(-1n));
  refused(() => writeAmount(MAX_AMOUNT + 1n));
  // @ts-expect-error: a number is no amount
  refused(() => writeAmount(5));
  // @ts-expect-error: a text is no amount
  refused(() => checkAmount('5'));
});

test('tokens are read and written as people do', () => {
  const pairs: [string, bigint][] = [
    ['0', 0n],
    ['1', TOKEN],
    ['1.5', 1_500_000_000_000n],
    ['0.000000000001', 1n],
    ['1000000.000000000001', 1_000_000n * TOKEN + 1n],
    ['340282366920938463463374607.431768211455', MAX_AMOUNT],
  ];
  for (const [text, amount] of pairs) {
    assert.equal(parseTokens(text), amount);
    assert.equal(formatTokens(amount), text);
  }
  assert.equal(parseTokens('007.500'), parseTokens('7.5'));
});

test('tokens that are none, or too many, are refused', () => {
  const texts = ['', '.', '.5', '1.', '1,5', '-1', '+1', '1e3', ' 1', '1.0000000000001', '1.2.3', '1'.repeat(1_000_000)];
  for (const text of texts) refused(() => parseTokens(text));
  refused(() => parseTokens('340282366920938463463374607.431768211456'));
  refused(() => formatTokens(-1n));
});

test('any amount survives both ways of writing it', () => {
  // Every bit length, with a fixed generator: the same amounts in every run.
  let state = 1n;
  for (let bits = 1n; bits <= 128n; bits += 1n) {
    for (let round = 0; round < 20; round += 1) {
      state = (state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n) % 2n ** 128n;
      const amount = state % 2n ** bits;
      assert.equal(readAmount(writeAmount(amount)), amount);
      assert.equal(parseTokens(formatTokens(amount)), amount);
    }
  }
});
