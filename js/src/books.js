// Keeps books on a stretch of final blocks and compares them with the chain's.
import { stringToU8a } from '@polkadot/util';
import { encodeAddress } from '@polkadot/util-crypto';

const total = ({ data }) => data.free.toBigInt() + data.reserved.toBigInt();

/** The account that has what waits to be claimed: `modl`, then the id of the pallet. */
const payouts = (at) => {
  const bytes = new Uint8Array(32);
  bytes.set(stringToU8a('modl'));
  bytes.set(at.consts.payouts.palletId.toU8a(), 4);
  return encodeAddress(bytes, at.registry.chainSS58);
};

/** What everybody has: free, held, and waiting to be claimed. The account of payouts has what is left of its own. */
async function accounts(at) {
  const entries = await at.query.system.account.entries();
  const all = new Map(entries.map(([key, info]) => [key.args[0].toString(), total(info)]));
  for (const [key, amount] of await at.query.payouts.claimable.entries()) {
    const account = key.args[0].toString();
    all.set(payouts(at), (all.get(payouts(at)) ?? 0n) - amount.toBigInt());
    all.set(account, (all.get(account) ?? 0n) + amount.toBigInt());
  }
  return all;
}

export class Books {
  /** Opens the books at the last final block. Only `requester` may send transactions until they are closed. */
  static async open(api, requester) {
    const hash = await api.rpc.chain.getFinalizedHead();
    const at = await api.at(hash);
    const books = new Books();
    books.api = api;
    books.requester = requester;
    books.start = (await api.rpc.chain.getHeader(hash)).number.toNumber();
    books.before = await accounts(at);
    books.issuance = (await at.query.balances.totalIssuance()).toBigInt();
    books.fees = 0n;
    return books;
  }

  /** Enters a final block: what was paid for transactions. */
  enter({ hash, events }) {
    this.last = hash;
    for (const { event } of events) {
      if (!this.api.events.transactionPayment.TransactionFeePaid.is(event)) continue;
      if (event.data.who.toString() !== this.requester) throw new Error(`${event.data.who} paid a fee too: the books need the chain to themselves`);
      this.fees += event.data.actualFee.toBigInt();
    }
  }

  /** Compares the accounts after the last block entered with what `receipts` say; returns the differences in words. */
  async close(receipts) {
    const at = await this.api.at(this.last);
    const after = await accounts(at);
    const issuance = (await at.query.balances.totalIssuance()).toBigInt();
    const differences = [];
    const compare = (what, actual, expected) => {
      if (actual !== expected) differences.push(`${what} is ${actual}, should be ${expected}`);
    };
    const sum = [...after.values()].reduce((a, b) => a + b, 0n);
    compare('the sum of all accounts', sum, issuance);

    const expected = new Map(this.before);
    const add = (account, amount) => expected.set(account, (expected.get(account) ?? 0n) + amount);
    let burned = this.fees;
    add(this.requester, -this.fees);
    for (const receipt of receipts) {
      add(this.requester, -receipt.fee.toBigInt());
      burned += receipt.burned.toBigInt() + receipt.slashed.toBigInt();
      for (const { account, amount } of receipt.payments) add(account.toString(), amount.toBigInt());
    }
    compare('the total issuance', issuance, this.issuance - burned);
    for (const [account, amount] of expected) compare(account, after.get(account) ?? 0n, amount);
    return differences;
  }
}
