// docs/protocol.md, "Splitting a fee": who gets what. Amounts are bigints, shares parts of a billion.

const BILLION = 1_000_000_000n;
const MAX = (1n << 128n) - 1n;
const UNITS_PER_PRICE = 1_000n;
const MAX_GIVEN = 490_000_000;

/** A receiver that a chain may lack. */
export type SplitRole = 'delegators' | 'license' | 'leaf' | 'app' | 'probes' | 'canaries';

/** The kinds of work that validators are paid for. */
export type SplitKind = 'generate' | 'embed';

/** The chain's shares of every fee. */
export interface SplitShares {
  /** Of the whole fee; what is not given burns. */
  levy: number;
  /** Of the base price, for the validators, by the kind of work. */
  checks: Record<SplitKind, number>;
  /** Of the levy. */
  given: Record<'provider' | 'leaf' | 'app' | 'probes' | 'canaries', number>;
  /** Which roles something on the chain serves. */
  served: Record<SplitRole, boolean>;
}

/** Stake that shares in what an operator earns. */
export interface SplitPool {
  own: bigint;
  delegated: bigint;
  commission: number;
}

/** What was sold. A price or a pool that is not there is `null`. */
export interface Sale {
  units: bigint;
  price: bigint;
  license: bigint | null;
  app: bigint | null;
  kind: SplitKind;
  /** The owners' shares of the base price. */
  royalties: readonly number[];
  /** Whether the artifact that ran is entitled to a part of the levy. */
  leaf: boolean;
  pool: SplitPool | null;
  /** The validators that are paid. */
  validators: readonly (SplitPool | null)[];
}

/** What an operator earned: its own, and its delegators'. */
export type Earning = readonly [operator: bigint, delegators: bigint];

/** A fee, given out. Everything but `fee` adds up to it. */
export interface SplitParts {
  fee: bigint;
  burned: bigint;
  provider: Earning;
  validators: Earning[];
  royalties: bigint[];
  license: bigint;
  leaf: bigint;
  app: bigint;
  probes: bigint;
  canaries: bigint;
}

/** Shares or a sale that no chain takes. The message is `GivenTooHigh`, `SharesTooHigh`, `Overflow` or `NotServed(…)`. */
export class SplitRefused extends Error {
  override name = 'SplitRefused';
}

const refuse = (name: string): never => {
  throw new SplitRefused(name);
};
const fits = (amount: bigint): bigint => (amount <= MAX ? amount : refuse('Overflow'));
const floor = (share: bigint | number, amount: bigint): bigint => (BigInt(share) * amount) / BILLION;
const ceil = (share: number, amount: bigint): bigint => (BigInt(share) * amount + BILLION - 1n) / BILLION;

function checkShares({ levy, checks, given, served }: SplitShares): void {
  for (const role of ['leaf', 'app', 'probes', 'canaries'] as const) {
    if (given[role] > 0 && !served[role]) refuseRole(role);
  }
  if (Object.values(given).reduce((sum, share) => sum + share, 0) > MAX_GIVEN) refuse('GivenTooHigh');
  if (levy + Math.max(checks.generate, checks.embed) >= Number(BILLION)) refuse('SharesTooHigh');
}

function checkSale(served: SplitShares['served'], { pool, validators, license, leaf, app }: Sale): void {
  if ((pool !== null || validators.some((it) => it !== null)) && !served.delegators) refuseRole('delegators');
  if (license !== null && !served.license) refuseRole('license');
  if (leaf && !served.leaf) refuseRole('leaf');
  if (app !== null && !served.app) refuseRole('app');
}

const refuseRole = (role: SplitRole): never => refuse(`NotServed(${role.charAt(0).toUpperCase()}${role.slice(1)})`);

function earned(amount: bigint, pool: SplitPool | null): Earning {
  if (pool === null) return [amount, 0n];
  const all = fits(pool.own + pool.delegated);
  if (all === 0n) return [amount, 0n];
  const theirs = (amount * pool.delegated) / all;
  const delegators = theirs - ceil(pool.commission, theirs);
  return [amount - delegators, delegators];
}

/** Splits what a sale costs. Throws {@link SplitRefused}. */
export function splitFee(shares: SplitShares, sale: Sale): SplitParts {
  checkShares(shares);
  checkSale(shares.served, sale);
  const charge = (price: bigint) => (fits(sale.units * fits(price)) + UNITS_PER_PRICE - 1n) / UNITS_PER_PRICE;
  const licensedPrice = sale.price + (sale.license ?? 0n);
  const [base, licensed, fee] = [
    charge(sale.price),
    charge(licensedPrice),
    charge(licensedPrice + (sale.app ?? 0n)),
  ] as const;

  const levy = floor(shares.levy, fee);
  const give = (role: keyof SplitShares['given'], entitled = true) => (entitled ? floor(shares.given[role], levy) : 0n);
  const [bonus, leaf, ofLevy] = [give('provider'), give('leaf', sale.leaf), give('app', sale.app !== null)] as const;
  const [probes, canaries] = [give('probes'), give('canaries')] as const;
  const burned = levy - bonus - leaf - ofLevy - probes - canaries;

  let left = fee - levy;
  const take = (amount: bigint) => {
    const taken = amount < left ? amount : left;
    left -= taken;
    return taken;
  };
  const kept = BILLION - BigInt(shares.levy);
  const ofPrice = take(floor(kept, fee - licensed));
  const license = take(floor(kept, licensed - base));
  const count = BigInt(sale.validators.length);
  const each = count === 0n ? 0n : floor(shares.checks[sale.kind], base) / count;
  const validators = sale.validators.map((pool) => earned(take(each), pool));
  const royalties = sale.royalties.map((share) => take(floor(share, base)));
  const provider = earned(left + bonus, sale.pool);
  return { fee, burned, provider, validators, royalties, license, leaf, app: ofPrice + ofLevy, probes, canaries };
}
