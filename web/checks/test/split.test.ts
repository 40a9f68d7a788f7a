// The splits of docs/protocol-vectors.json, computed a second time.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
<<<<<<< HEAD
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
=======
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
>>>>>>> main
  });
}
