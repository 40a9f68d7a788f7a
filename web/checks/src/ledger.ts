// Keeps a ledger of a stretch of final blocks and compares it with the chain's.
import type {} from '@polkadot/api-augment';
import type { ApiPromise } from '@polkadot/api';
import type { Option, u128 } from '@polkadot/types';
import type { AccountId } from '@polkadot/types/interfaces';
import {
  constant,
  field,
  finalNumber,
  isEvent,
  protocol,
  storage,
  type Amount,
  type ChainState,
  type FinalBlock,
  type Receipt,
} from '@strike/client';

/** What everybody has, free, held and waiting to be claimed, and the total issuance, after one block. */
interface Totals {
  accounts: Map<string, Amount>;
  issuance: Amount;
}

/** The account that has what waits to be claimed: `modl`, then the id of the pallet. */
function payoutsAccount(at: ChainState): string {
  const account = new Uint8Array(32);
  account.set(protocol.utf8('modl'));
  account.set(constant(at, 'payouts', 'palletId').toU8a(), 4);
  return at.registry.createType('AccountId32', account).toString();
}

async function totalsAt(api: ApiPromise, hash: string): Promise<Totals> {
  const at = await api.at(hash);
  const [entries, claimable, issuance] = await Promise.all([
    at.query.system.account.entries(),
    storage(at, 'payouts', 'claimable').entries<Option<u128>, [AccountId]>(),
    at.query.balances.totalIssuance(),
  ]);
  const accounts = new Map<string, Amount>();
  const add = (account: string, amount: Amount) => accounts.set(account, (accounts.get(account) ?? 0n) + amount);
  for (const [key, { data }] of entries) add(key.args[0].toString(), data.free.toBigInt() + data.reserved.toBigInt());
  // What waits to be claimed is its owner's; the account of payouts has what is left of its own.
  const payouts = payoutsAccount(at);
  for (const [key, waiting] of claimable) {
    const amount = waiting.unwrap().toBigInt();
    add(payouts, -amount);
    add(key.args[0].toString(), amount);
  }
  return { accounts, issuance: issuance.toBigInt() };
}

export class Ledger {
  private fees: Amount = 0n;
  private last: string | undefined;

  private constructor(
    private readonly api: ApiPromise,
    private readonly requester: string,
    /** The block behind which the ledger begins. */
    readonly start: number,
    private readonly before: Totals,
  ) {}

  /** Opens a ledger at the last final block. Only `requester` may send transactions until it is closed. */
  static async open(api: ApiPromise, requester: string): Promise<Ledger> {
    const start = await finalNumber(api);
    const hash = await api.rpc.chain.getBlockHash(start);
    return new Ledger(api, requester, start, await totalsAt(api, hash.toHex()));
  }

  /** Enters a final block: what was paid for transactions. */
  enter({ hash, events }: FinalBlock): void {
    this.last = hash;
    for (const event of events) {
      if (!isEvent(event, 'transactionPayment', 'TransactionFeePaid')) continue;
      const who = field<AccountId>(event, 'who').toString();
      if (who !== this.requester) throw new Error(`${who} paid a fee too: the ledger needs the chain to itself`);
      this.fees += field<u128>(event, 'actualFee').toBigInt();
    }
  }

  /** Compares the accounts after the last block entered with what `receipts` say; returns the differences in words. */
  async close(receipts: readonly Receipt[]): Promise<string[]> {
    if (this.last === undefined) throw new Error('no block was entered');
    const after = await totalsAt(this.api, this.last);
    const differences: string[] = [];
    const compare = (what: string, actual: Amount, expected: Amount) => {
      if (actual !== expected) differences.push(`${what} is ${actual}, should be ${expected}`);
    };
    const sum = [...after.accounts.values()].reduce((a, b) => a + b, 0n);
    compare('the sum of all accounts', sum, after.issuance);

    const expected = new Map(this.before.accounts);
    const add = (account: string, amount: Amount) => expected.set(account, (expected.get(account) ?? 0n) + amount);
    let burned = this.fees;
    add(this.requester, -this.fees);
    for (const receipt of receipts) {
      add(this.requester, -receipt.fee - receipt.upkeep);
      burned += receipt.burned + receipt.slashed + receipt.upkeep;
      for (const { account, amount } of receipt.payments) add(account, amount);
    }
    compare('the total issuance', after.issuance, this.before.issuance - burned);
    for (const [account, amount] of expected) compare(account, after.accounts.get(account) ?? 0n, amount);
    return differences;
  }
}
