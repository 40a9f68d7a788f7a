// Who gets what of a fee: docs/protocol.md, "Splitting a fee", written from that page.
import { MAX_AMOUNT, type Amount } from '../amount.js';
import { StrikeError } from '../errors.js';

/** A share in parts of a billion. */
export type Share = number;

const BILLION = 1_000_000_000n;
/** Units that a price is for. */
const UNITS_PER_PRICE = 1_000n;
/** The most of the levy that may be given away. */
const MAX_GIVEN: Share = 490_000_000;

/** The kind of work that was sold. */
export type WorkKind = 'generate' | 'embed';

/** Shares and roles as a chain has them set. */
export interface Shares {
  /** Of the fee: what is burned, but for what is given. */
  levy: Share;
  /** Of the base price: what the validators get together. */
  checks: Record<WorkKind, Share>;
  /** Of the levy: what is given instead of burned. */
  given: Record<'provider' | 'leaf' | 'app' | 'probes' | 'canaries', Share>;
  /** Roles that something on the chain serves. */
  served: Record<'delegators' | 'license' | 'leaf' | 'app' | 'probes' | 'canaries', boolean>;
}

/** Stake behind an operator. */
export interface Pool {
  own: Amount;
  delegated: Amount;
  /** What the operator keeps of its delegators' earnings. */
  commission: Share;
}

/** What was sold, to whom, and who has a part in it. */
export interface Sale {
  units: bigint;
  /** Price per 1,000 units of the ask. */
  price: Amount;
  /** The same of the license; `null` without one. */
  license: Amount | null;
  /** The same of the application; `null` without one. */
  app: Amount | null;
  kind: WorkKind;
  /** Of the base price, for each owner of the model. */
  royalties: readonly Share[];
  /** Whether the leaf has matured. */
  leaf: boolean;
  /** The provider's pool, if it has one. */
  pool: Pool | null;
  /** The validators whose verdicts agree: for each the pool, if it has one. */
  validators: readonly (Pool | null)[];
}

/** What an operator earned: its own part, then its delegators'. */
export type Earning = [operator: Amount, delegators: Amount];

/** The parts of a fee. All but `fee` add up to `fee`. */
export interface Parts {
  fee: Amount;
  burned: Amount;
  provider: Earning;
  /** In the order of the sale's validators. */
  validators: Earning[];
  /** In the order of the sale's royalties. */
  royalties: Amount[];
  license: Amount;
  leaf: Amount;
  app: Amount;
  probes: Amount;
  canaries: Amount;
}

/** A split that is refused. Its message is one of the page's names: `NotServed(…)`, `GivenTooHigh`, `SharesTooHigh`, `Overflow`. */
export class SplitRefused extends StrikeError {
  readonly hint = 'Ask for shares and roles that the chain serves, and prices whose fee is below 2^128.';

  constructor(message: string) {
    super(message);
    this.name = 'SplitRefused';
  }
}

const least = (a: Amount, b: Amount): Amount => (a < b ? a : b);
const floor = (share: Share, amount: Amount): Amount => (BigInt(share) * amount) / BILLION;
const ceil = (share: Share, amount: Amount): Amount => (BigInt(share) * amount + BILLION - 1n) / BILLION;

function fits(amount: bigint): Amount {
  if (amount > MAX_AMOUNT) throw new SplitRefused('Overflow');
  return amount;
}

/** Throws what is wrong with the shares of a chain. */
function check({ levy, checks, given, served }: Shares): void {
  const roles = { leaf: 'Leaf', app: 'App', probes: 'Probes', canaries: 'Canaries' } as const;
  for (const role of ['leaf', 'app', 'probes', 'canaries'] as const) {
    if (given[role] > 0 && !served[role]) throw new SplitRefused(`NotServed(${roles[role]})`);
  }
  if (Object.values(given).reduce((sum, share) => sum + share, 0) > MAX_GIVEN) throw new SplitRefused('GivenTooHigh');
  if (levy + Math.max(...Object.values(checks)) >= Number(BILLION)) throw new SplitRefused('SharesTooHigh');
}

/** Throws the name of what a sale uses and nothing serves. */
function admit(served: Shares['served'], { pool, validators, license, leaf, app }: Sale): void {
  if ((pool || validators.some(Boolean)) && !served.delegators) throw new SplitRefused('NotServed(Delegators)');
  if (license !== null && !served.license) throw new SplitRefused('NotServed(License)');
  if (leaf && !served.leaf) throw new SplitRefused('NotServed(Leaf)');
  if (app !== null && !served.app) throw new SplitRefused('NotServed(App)');
}

function earned(amount: Amount, pool: Pool | null): Earning {
  if (!pool) return [amount, 0n];
  const all = fits(pool.own + pool.delegated);
  if (all === 0n) return [amount, 0n];
  const theirs = (amount * pool.delegated) / all;
  const delegators = theirs - ceil(pool.commission, theirs);
  return [amount - delegators, delegators];
}

/** The parts of a fee. Throws {@link SplitRefused}. */
export function split(shares: Shares, sale: Sale): Parts {
  check(shares);
  admit(shares.served, sale);
  const charge = (price: Amount): Amount => (fits(sale.units * fits(price)) + UNITS_PER_PRICE - 1n) / UNITS_PER_PRICE;
  const licensedPrice = sale.price + (sale.license ?? 0n);
  const base = charge(sale.price);
  const licensed = charge(licensedPrice);
  const fee = charge(licensedPrice + (sale.app ?? 0n));

  const levy = floor(shares.levy, fee);
  const give = (role: keyof Shares['given'], entitled = true): Amount => (entitled ? floor(shares.given[role], levy) : 0n);
  const given = {
    provider: give('provider'),
    leaf: give('leaf', sale.leaf),
    app: give('app', sale.app !== null),
    probes: give('probes'),
    canaries: give('canaries'),
  };
  const burned = Object.values(given).reduce((left, part) => left - part, levy);

  // What is taken in turn: no part gets more than the ones before it have left.
  let left = fee - levy;
  const take = (amount: Amount): Amount => {
    const taken = least(amount, left);
    left -= taken;
    return taken;
  };
  const kept: Share = Number(BILLION) - shares.levy;
  const app = take(floor(kept, fee - licensed));
  const license = take(floor(kept, licensed - base));
  const checked = floor(shares.checks[sale.kind], base);
  const each = sale.validators.length > 0 ? checked / BigInt(sale.validators.length) : 0n;
  const validators = sale.validators.map((pool) => earned(take(each), pool));
  const royalties = sale.royalties.map((share) => take(floor(share, base)));
  return {
    fee,
    burned,
    provider: earned(left + given.provider, sale.pool),
    validators,
    royalties,
    license,
    leaf: given.leaf,
    app: app + given.app,
    probes: given.probes,
    canaries: given.canaries,
  };
}
