// Receipts in the node's JSON.
import {
  CLOSE_REASONS,
  INVALID_REASONS,
  PAYMENT_ROLES,
  type ModelId,
  type Receipt,
  type Verdict,
} from '../receipt.js';
import type { Json } from './json.js';

/** `{"kind": "bundle", "root": "0x…"}`. */
export const parseModel = (model: Json): ModelId => ({
  kind: model.field('kind').word(['bundle']),
  root: model.field('root').text(),
});

function parseVerdict(verdict: Json): Verdict {
  const { name, value } = verdict.variant(['valid', 'invalid', 'withheld']);
  switch (name) {
    case 'valid':
      return { kind: name, units: value.field('units').count() };
    case 'invalid':
      return { kind: name, reason: value.field('reason').word(INVALID_REASONS) };
    case 'withheld':
      return { kind: name };
  }
}

/** A receipt. Throws {@link UnexpectedAnswer} or {@link InvalidAmount} if it has another form. */
export const parseReceipt = (receipt: Json): Receipt => ({
  attempt: receipt.field('attempt').count(),
  reason: receipt.field('reason').word(CLOSE_REASONS),
  provider: receipt.field('provider').orNull((provider) => provider.text()),
  verdict: receipt.field('verdict').orNull(parseVerdict),
  verdicts: receipt.field('verdicts').count(),
  units: receipt.field('units').count(),
  price: receipt.field('price').amount(),
  fee: receipt.field('fee').amount(),
  refunded: receipt.field('refunded').amount(),
  burned: receipt.field('burned').amount(),
  slashed: receipt.field('slashed').amount(),
  upkeep: receipt.field('upkeep').amount(),
  payments: receipt.field('payments').list((payment) => ({
    account: payment.field('account').text(),
    role: payment.field('role').word(PAYMENT_ROLES),
    amount: payment.field('amount').amount(),
  })),
  submittedAt: receipt.field('submitted_at').count(),
  closedAt: receipt.field('closed_at').count(),
});
