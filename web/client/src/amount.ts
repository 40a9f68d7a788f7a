// Amounts of money. They exceed 2^53, so a JavaScript number cannot hold them.
import { InvalidAmount } from './errors.js';

/** An amount in the smallest unit, 10^-12 of a token. It is a `u128` on the chain. */
export type Amount = bigint;

/** An amount in the node's JSON: a decimal string, or an integer. */
export type AmountJson = string | number;

/** Digits of a token behind the point. */
export const TOKEN_DECIMALS = 12;
/** The smallest units of one token. */
export const TOKEN: Amount = 10n ** BigInt(TOKEN_DECIMALS);
/** The largest amount, 2^128 - 1. */
export const MAX_AMOUNT: Amount = 2n ** 128n - 1n;

/** Digits of the largest amount. Longer texts are refused before they are read. */
const MAX_DIGITS = 39;

/** Checks that an amount is one the chain can hold. Throws {@link InvalidAmount} otherwise. */
export function checkAmount(amount: Amount): Amount {
  if (typeof amount !== 'bigint') throw new InvalidAmount(amount, 'expected a bigint');
  if (amount < 0n || amount > MAX_AMOUNT) throw new InvalidAmount(amount, 'outside of 0 to 2^128 - 1');
  return amount;
}

/**
 * Reads an amount of the node's JSON, to the last unit.
 *
 * Throws {@link InvalidAmount} for anything else than a decimal string or a safe integer. A number above 2^53 is refused:
 * `JSON.parse` has rounded it, and no reader can tell by how much.
 */
export function readAmount(json: unknown): Amount {
  if (typeof json === 'string') {
    if (json.length > MAX_DIGITS || !/^(0|[1-9][0-9]*)$/.test(json)) throw new InvalidAmount(json, 'expected decimal digits');
    return checkAmount(BigInt(json));
  }
  if (typeof json !== 'number') throw new InvalidAmount(json, 'expected a decimal string or an integer');
  if (!Number.isSafeInteger(json)) throw new InvalidAmount(json, 'not an integer that a JavaScript number holds exactly');
  return checkAmount(BigInt(json));
}

/** Writes an amount for the node's JSON: a decimal string. Throws {@link InvalidAmount} outside of 0 to 2^128 - 1. */
export const writeAmount = (amount: Amount): string => checkAmount(amount).toString();

/**
 * Reads an amount in tokens as people write it, such as `1.5`.
 *
 * Throws {@link InvalidAmount} for more than 12 digits behind the point, signs, exponents and separators.
 */
export function parseTokens(text: string): Amount {
  const found = /^([0-9]+)(?:\.([0-9]+))?$/.exec(text);
  if (!found || text.length > MAX_DIGITS + 1) throw new InvalidAmount(text, 'expected tokens, such as 1.5');
  const [, whole = '', fraction = ''] = found;
  if (fraction.length > TOKEN_DECIMALS) throw new InvalidAmount(text, `more than ${TOKEN_DECIMALS} digits behind the point`);
  return checkAmount(BigInt(whole + fraction.padEnd(TOKEN_DECIMALS, '0')));
}

/** Writes an amount in tokens, without trailing zeros: `1.5`. {@link parseTokens} reads the same amount back. */
export function formatTokens(amount: Amount): string {
  const whole = checkAmount(amount) / TOKEN;
  const fraction = (amount % TOKEN).toString().padStart(TOKEN_DECIMALS, '0').replace(/0+$/, '');
  return fraction ? `${whole}.${fraction}` : whole.toString();
}
