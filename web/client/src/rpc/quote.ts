// `strike_quote`: what an order would cost now.
import type { ApiPromise } from '@polkadot/api';
import { writeAmount, type Amount } from '../amount.js';
import { answer } from '../chain/connection.js';
import { DEADLINE, embedWork, generateWork, type Embedding, type Generation } from '../chain/order.js';
import { Json } from './json.js';

/** What an order costs and holds beside its price, whoever gets it. What is burned is not given back, however the job ends. */
export interface Costs {
  /** Burned by the transaction that orders, about. */
  transactionFee: Amount;
  /** Burned with the order, for the attestations of one attempt. */
  attestationFee: Amount;
  /** Held until the job closes, and burned only if a further attempt causes attestations again. */
  reserve: Amount;
  /** Burned with the order if no provider is free: for the visits while it waits. */
  waitingFee: Amount;
  /** Held for storage until the job is forgotten. */
  deposit: Amount;
  /** Blocks for which a closed job is kept, unless its requester forgets it earlier. */
  retention: number;
}

/** What an order would cost now, and whose ask it would get. */
export interface Quote {
  /** The provider's account in SS58. */
  provider: string;
  /** Price of 1,000 units. */
  price: Amount;
  /** The most units the order can use. */
  maxUnits: number;
  /** The most it can cost. */
  maxFee: Amount;
  /** What the order costs and holds beside that. */
  costs: Costs;
}

/** An order as the node's JSON has it, with amounts as decimal strings. Throws {@link InvalidAmount}. */
export function orderJson(request: Generation | Embedding): Record<string, unknown> {
  const terms = {
    model: request.model.root,
    max_price: writeAmount(request.maxPrice),
    deadline: request.deadline ?? DEADLINE,
  };
  if ('texts' in request) {
    return { texts: request.texts, max_input_tokens: embedWork(request).max_input_tokens, ...terms };
  }
  const { input: _, ...work } = generateWork(request);
  return { prompt: request.prompt, class: 'exact', ...work, ...terms };
}

const costsOf = (costs: Json): Costs => ({
  transactionFee: costs.field('transaction_fee').amount(),
  attestationFee: costs.field('attestation_fee').amount(),
  reserve: costs.field('reserve').amount(),
  waitingFee: costs.field('waiting_fee').amount(),
  deposit: costs.field('deposit').amount(),
  retention: costs.field('retention').count(),
});

/** Reads the node's answer. Throws {@link UnexpectedAnswer} or {@link InvalidAmount} if it has another form. */
export const parseQuote = (answered: unknown): Quote | null =>
  new Json(answered, 'quote').orNull((quote) => ({
    provider: quote.field('provider').text(),
    price: quote.field('price').amount(),
    maxUnits: quote.field('max_units').count(),
    maxFee: quote.field('max_fee').amount(),
    costs: costsOf(quote.field('costs')),
  }));

/** Reads the node's answer. Throws {@link UnexpectedAnswer} or {@link InvalidAmount} if it has another form. */
export const parseCosts = (answered: unknown): Costs | null => new Json(answered, 'costs').orNull(costsOf);

/** What an order would cost at the best block; `null` if no ask fits it. Throws {@link ConnectionLost}. */
export const readQuote = async (api: ApiPromise, request: Generation | Embedding): Promise<Quote | null> =>
  parseQuote(await answer(api, api.rpc('strike_quote', orderJson(request))));

/**
 * What an order costs and holds beside its price at the best block; `null` if it is not one that the chain takes now. Throws
 * {@link ConnectionLost}.
 */
export const readCosts = async (api: ApiPromise, request: Generation | Embedding): Promise<Costs | null> =>
  parseCosts(await answer(api, api.rpc('strike_costs', orderJson(request))));
