// Receipts from the chain's state.
import type { ApiPromise } from '@polkadot/api';
import type { Enum, Option, Struct, u128, u16, u32, u64, Vec } from '@polkadot/types';
import type { AccountId32 } from '@polkadot/types/interfaces';
import { CLOSE_REASONS, INVALID_REASONS, PAYMENT_ROLES, type Receipt, type Verdict } from '../receipt.js';
import { oneOf, snakeCase } from '../words.js';
import { answer } from './connection.js';
import { storage } from './runtime.js';
import { UnexpectedAnswer } from '../errors.js';

/** A receipt as polkadot.js decodes it. */
interface ReceiptCodec extends Struct {
  attempt: u16;
  reason: Enum;
  provider: Option<AccountId32>;
  verdict: Option<Enum>;
  verdicts: u32;
  units: u64;
  price: u128;
  fee: u128;
  refunded: u128;
  burned: u128;
  slashed: u128;
  upkeep: u128;
  payments: Vec<Struct & { account: AccountId32; role: Enum; amount: u128 }>;
  submittedAt: u32;
  closedAt: u32;
}

function verdictOf(verdict: Enum): Verdict {
  if (verdict.type === 'Valid') return { kind: 'valid', units: (verdict.value as Struct & { units: u64 }).units.toNumber() };
  if (verdict.type === 'Withheld') return { kind: 'withheld' };
  if (verdict.type !== 'Invalid') throw new UnexpectedAnswer('unknown verdict', verdict.type);
  const { reason } = verdict.value as Struct & { reason: Enum };
  return { kind: 'invalid', reason: oneOf(INVALID_REASONS, snakeCase(reason.type), 'reason of a verdict') };
}

/** A receipt as the rest of the client has it. Throws {@link UnexpectedAnswer} for words that it does not know. */
export function receiptOf(receipt: ReceiptCodec): Receipt {
  return {
    attempt: receipt.attempt.toNumber(),
    reason: oneOf(CLOSE_REASONS, snakeCase(receipt.reason.type), 'reason of a receipt'),
    provider: receipt.provider.isSome ? receipt.provider.unwrap().toString() : null,
    verdict: receipt.verdict.isSome ? verdictOf(receipt.verdict.unwrap()) : null,
    verdicts: receipt.verdicts.toNumber(),
    units: receipt.units.toNumber(),
    price: receipt.price.toBigInt(),
    fee: receipt.fee.toBigInt(),
    refunded: receipt.refunded.toBigInt(),
    burned: receipt.burned.toBigInt(),
    slashed: receipt.slashed.toBigInt(),
    upkeep: receipt.upkeep.toBigInt(),
    payments: receipt.payments.map(({ account, role, amount }) => ({
      account: account.toString(),
      role: oneOf(PAYMENT_ROLES, snakeCase(role.type), 'role of a payment'),
      amount: amount.toBigInt(),
    })),
    submittedAt: receipt.submittedAt.toNumber(),
    closedAt: receipt.closedAt.toNumber(),
  };
}

/**
 * The receipt of a closed job at the best block; `null` for a job that is open, or that the chain has forgotten.
 *
 * Throws {@link ConnectionLost}.
 */
export async function readReceipt(api: ApiPromise, job: number): Promise<Receipt | null> {
  const found = await answer(api, storage(api, 'market', 'receipts')<Option<ReceiptCodec>>(job));
  return found.isSome ? receiptOf(found.unwrap()) : null;
}
