// SCALE at its edges; what the protocol makes of it is held by the vectors in web/checks.
import assert from 'node:assert/strict';
import test from 'node:test';
import { bytes, compact, concat, fromHex, option, text, toHex, u128, u16, u32, u64, u8, vec } from '@strike/client/protocol';

const same = (encoded: Uint8Array, hex: string) => assert.equal(toHex(encoded), hex);

test('integers of fixed width are little-endian, and refused where they do not fit', () => {
  same(u8(255), '0xff');
  same(u16(0x1234), '0x3412');
  same(u32(1), '0x01000000');
  same(u64(2 ** 53 - 1), '0xffffffffffff1f00');
  same(u64(2n ** 64n - 1n), '0xffffffffffffffff');
  same(u128(2n ** 127n), '0x00000000000000000000000000000080');
  for (const act of [() => u8(256), () => u8(-1), () => u16(65_536), () => u64(2n ** 64n), () => u128(2n ** 128n), () => u8(0.5)]) {
    assert.throws(act, RangeError);
  }
});

test('lengths are compact', () => {
  // The examples of the SCALE specification, and the edges between the modes.
  same(compact(0), '0x00');
  same(compact(1), '0x04');
  same(compact(42), '0xa8');
  same(compact(63), '0xfc');
  same(compact(64), '0x0101');
  same(compact(69), '0x1501');
  same(compact(16_383), '0xfdff');
  same(compact(16_384), '0x02000100');
  same(compact(65_535), '0xfeff0300');
  same(compact(2 ** 30 - 1), '0xfeffffff');
  for (const length of [2 ** 30, -1, 0.5, NaN]) assert.throws(() => compact(length), RangeError);
});

test('vectors, texts and options', () => {
  same(bytes(Uint8Array.of(1, 2)), '0x080102');
  same(text('é'), '0x08c3a9');
  same(vec([u8(7), u16(1)]), '0x08070100');
  same(option(null), '0x00');
  same(option(u8(7)), '0x0107');
  same(concat(), '0x');
});

test('hex is read as it is written', () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  assert.deepEqual(fromHex(toHex(all)), all);
  assert.deepEqual(fromHex('0xAbCd'), Uint8Array.of(0xab, 0xcd));
  for (const hex of ['', 'ab', '0xa', '0xzz', '0x ab', '0xab\n']) assert.throws(() => fromHex(hex), RangeError);
});
