// The splits of docs/protocol-vectors.json, computed a second time.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { splitFee, type SplitPool } from '@strike/client/protocol';

const vectors = JSON.parse(readFileSync(new URL('../../../../docs/protocol-vectors.json', import.meta.url), 'utf8'));
const amount = (text: string | null) => (text === null ? null : BigInt(text));
const pool = (it: { own: string; delegated: string; commission: number } | null): SplitPool | null =>
  it && { ...it, own: BigInt(it.own), delegated: BigInt(it.delegated) };
/** As the vectors have them: decimal strings. */
const texts = (parts: unknown) =>
  JSON.parse(JSON.stringify(parts, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)));

test('there are splits to compare', () => assert.ok(vectors.split.length >= 20));

for (const { about, shares, sale, result } of vectors.split) {
  test(`split: ${about}`, () => {
    const sold = {
      ...sale,
      units: BigInt(sale.units),
      price: BigInt(sale.price),
      license: amount(sale.license),
      app: amount(sale.app),
      pool: pool(sale.pool),
      validators: sale.validators.map(pool),
    };
    if (result.error) {
      assert.throws(() => splitFee(shares, sold), { message: result.error });
      return;
    }
    const parts = splitFee(shares, sold);
    assert.deepEqual(texts(parts), result);
    const { fee, provider, validators, royalties, ...single } = parts;
    const all = [...provider, ...validators.flat(), ...royalties, ...Object.values(single)];
    assert.equal(all.reduce((a, b) => a + b, 0n), fee, 'the parts are the fee');
  });
}
