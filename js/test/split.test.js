// The splits of docs/protocol-vectors.json, computed a second time.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { split } from '../src/split.js';

const { split: cases } = JSON.parse(readFileSync(new URL('../../docs/protocol-vectors.json', import.meta.url)));
const amount = (text) => (text === null ? null : BigInt(text));
const pool = (it) => it && { ...it, own: amount(it.own), delegated: amount(it.delegated) };
const sale = (it) => ({
  ...it,
  units: amount(it.units),
  price: amount(it.price),
  license: amount(it.license),
  app: amount(it.app),
  pool: pool(it.pool),
  validators: it.validators.map(pool),
});
/** As the vectors have them: decimal strings. */
const texts = (parts) => JSON.parse(JSON.stringify(parts, (_, value) => (typeof value === 'bigint' ? `${value}` : value)));

test('there are splits to compare', () => assert.ok(cases.length >= 20));

for (const { about, shares, sale: sold, result } of cases) {
  test(`split: ${about}`, () => {
    if (result.error) {
      assert.throws(() => split(shares, sale(sold)), { message: result.error });
      return;
    }
    const parts = split(shares, sale(sold));
    assert.deepEqual(texts(parts), result);
    const { fee, ...rest } = parts;
    const sum = Object.values(rest).flat(2).reduce((a, b) => a + b, 0n);
    assert.equal(sum, fee, 'the parts are the fee');
  });
}
