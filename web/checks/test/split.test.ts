// The splits of docs/protocol-vectors.json, computed a second time.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { readAmount, writeAmount } from '@strike/client/amount';
import { split, type Parts, type Pool, type Sale, type Shares } from '@strike/client/protocol';

/** A type as the vectors have it: amounts are decimal strings. */
type Json<T> = T extends bigint ? string : T extends object ? { [K in keyof T]: Json<T[K]> } : T;

interface Case {
  about: string;
  shares: Shares;
  sale: Json<Sale>;
  result: Json<Parts> | { error: string };
}

const text = readFileSync(new URL('../../../../docs/protocol-vectors.json', import.meta.url), 'utf8');
const { split: cases } = JSON.parse(text) as { split: Case[] };
const amount = (json: string | null) => (json === null ? null : readAmount(json));
const pool = (it: Json<Pool> | null) => it && { ...it, own: readAmount(it.own), delegated: readAmount(it.delegated) };
const sale = (it: Json<Sale>): Sale => ({
  ...it,
  units: BigInt(it.units),
  price: readAmount(it.price),
  license: amount(it.license),
  app: amount(it.app),
  pool: pool(it.pool),
  validators: it.validators.map(pool),
});
/** As the vectors have them. */
const texts = (parts: Parts): unknown =>
  JSON.parse(JSON.stringify(parts, (_, value: unknown) => (typeof value === 'bigint' ? writeAmount(value) : value)));

test('there are splits to compare', () => assert.ok(cases.length >= 20));

for (const { about, shares, sale: sold, result } of cases) {
  test(`split: ${about}`, () => {
    if ('error' in result) {
      assert.throws(() => split(shares, sale(sold)), { message: result.error });
      return;
    }
    const parts = split(shares, sale(sold));
    assert.deepEqual(texts(parts), result);
    const { fee, ...rest } = parts;
    const sum = Object.values(rest).flat(2).reduce((a: bigint, b: bigint) => a + b, 0n);
    assert.equal(sum, fee, 'the parts are the fee');
  });
}
