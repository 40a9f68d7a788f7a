// Who gets what of a fee: docs/protocol.md, "Splitting a fee", written from that page. Amounts are bigints, shares parts of a billion.

const BILLION = 1_000_000_000n;
const MAX = (1n << 128n) - 1n;
const UNITS_PER_PRICE = 1_000n;
const MAX_GIVEN = 490_000_000;

const refuse = (name) => {
  throw new Error(name);
};
const fits = (amount) => (amount <= MAX ? amount : refuse('Overflow'));
const floor = (share, amount) => (BigInt(share) * amount) / BILLION;
const ceil = (share, amount) => (BigInt(share) * amount + BILLION - 1n) / BILLION;
const least = (a, b) => (a < b ? a : b);

/** Throws what is wrong with the shares of a chain. */
function check({ levy, checks, given, served }) {
  for (const [name, role] of Object.entries({ leaf: 'Leaf', app: 'App', probes: 'Probes', canaries: 'Canaries' })) {
    if (given[name] > 0 && !served[name]) refuse(`NotServed(${role})`);
  }
  if (Object.values(given).reduce((sum, share) => sum + share, 0) > MAX_GIVEN) refuse('GivenTooHigh');
  if (levy + Math.max(...Object.values(checks)) >= Number(BILLION)) refuse('SharesTooHigh');
}

/** Throws the name of what a sale uses and nothing serves. */
function admit(served, { pool, validators, license, leaf, app }) {
  if ((pool || validators.some(Boolean)) && !served.delegators) refuse('NotServed(Delegators)');
  if (license !== null && !served.license) refuse('NotServed(License)');
  if (leaf && !served.leaf) refuse('NotServed(Leaf)');
  if (app !== null && !served.app) refuse('NotServed(App)');
}

/** What an operator earned: its own, and its delegators'. */
function earned(amount, pool) {
  if (!pool) return [amount, 0n];
  const all = fits(pool.own + pool.delegated);
  if (all === 0n) return [amount, 0n];
  const theirs = (amount * pool.delegated) / all;
  const delegators = theirs - ceil(pool.commission, theirs);
  return [amount - delegators, delegators];
}

/** The parts of a fee. Throws `NotServed(…)`, `GivenTooHigh`, `SharesTooHigh` or `Overflow`. */
export function split(shares, sale) {
  check(shares);
  admit(shares.served, sale);
  const charge = (price) => (fits(sale.units * fits(price)) + UNITS_PER_PRICE - 1n) / UNITS_PER_PRICE;
  const licensedPrice = sale.price + (sale.license ?? 0n);
  const [base, licensed, fee] = [sale.price, licensedPrice, licensedPrice + (sale.app ?? 0n)].map(charge);

  const levy = floor(shares.levy, fee);
  const give = (name, entitled = true) => (entitled ? floor(shares.given[name], levy) : 0n);
  const [bonus, leaf, ofLevy] = [give('provider'), give('leaf', sale.leaf), give('app', sale.app !== null)];
  const [probes, canaries] = [give('probes'), give('canaries')];
  const burned = levy - bonus - leaf - ofLevy - probes - canaries;

  let left = fee - levy;
  const take = (amount) => {
    const taken = least(amount, left);
    left -= taken;
    return taken;
  };
  const kept = BILLION - BigInt(shares.levy);
  const ofPrice = take(floor(kept, fee - licensed));
  const license = take(floor(kept, licensed - base));
  const checked = floor(shares.checks[sale.kind], base);
  const each = sale.validators.length ? checked / BigInt(sale.validators.length) : 0n;
  const validators = sale.validators.map((pool) => earned(take(each), pool));
  const royalties = sale.royalties.map((share) => take(floor(share, base)));
  const provider = earned(left + bonus, sale.pool);
  return { fee, burned, provider, validators, royalties, license, leaf, app: ofPrice + ofLevy, probes, canaries };
}
