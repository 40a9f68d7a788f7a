//! The books of a chain at one block: every account and the total issuance.

use codec::Decode;
use std::collections::BTreeMap;
use strike_chain::Chain;
use strike_primitives::{receipt::Receipt, AccountId, Balance, H256};

/// How many entries of the state are read at once.
const PAGE: u32 = 256;
/// `twox_128("System") ‖ twox_128("Account")`, then `blake2_128_concat` of the account.
const ACCOUNTS: [u8; 32] = [
    0x26, 0xaa, 0x39, 0x4e, 0xea, 0x56, 0x30, 0xe0, 0x7c, 0x48, 0xae, 0x0c, 0x95, 0x58, 0xce, 0xf7, 0xb9, 0x9d, 0x88,
    0x0e, 0xc6, 0x81, 0x79, 0x9c, 0x0c, 0xf3, 0x0e, 0x88, 0x86, 0x37, 0x1d, 0xa9,
];
/// `twox_128("Balances") ‖ twox_128("TotalIssuance")`.
const ISSUANCE: [u8; 32] = [
    0xc2, 0x26, 0x12, 0x76, 0xcc, 0x9d, 0x1f, 0x85, 0x98, 0xea, 0x4b, 0x6a, 0x74, 0xb1, 0x5c, 0x2f, 0x57, 0xc8, 0x75,
    0xe4, 0xcf, 0xf7, 0x41, 0x48, 0xe4, 0x62, 0x8f, 0x26, 0x4b, 0x97, 0x4c, 0x80,
];

/// `twox_128("Payouts") ‖ twox_128("Claimable")`, then `blake2_128_concat` of the account.
const CLAIMABLE: [u8; 32] = [
    0x19, 0xf4, 0x45, 0x99, 0x16, 0xc7, 0x74, 0xa1, 0xc3, 0x28, 0x7d, 0x8a, 0xc9, 0x9e, 0x98, 0xb9, 0x3a, 0xe6, 0xc6,
    0xe7, 0x13, 0x23, 0x27, 0x15, 0xd0, 0x0e, 0x87, 0x4a, 0xd0, 0x7d, 0x73, 0x10,
];

/// `System.Account` as FRAME stores it.
#[derive(Decode)]
struct AccountInfo {
    _nonce: u32,
    _consumers: u32,
    _providers: u32,
    _sufficients: u32,
    free: Balance,
    reserved: Balance,
    _frozen: Balance,
    _flags: u128,
}

/// What everybody has at a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// The block.
    pub block: H256,
    /// Free, held, and waiting to be claimed, per account. The account of payouts has what is left of its own.
    pub totals: BTreeMap<AccountId, Balance>,
    /// What the chain says exists.
    pub issuance: Balance,
}

/// All values of a map whose keys end with an account, at a block.
async fn by_account<V: Decode>(chain: &Chain, prefix: &[u8], block: H256) -> BTreeMap<AccountId, V> {
    let at = subxt::config::substrate::H256(block.0);
    let methods = chain.methods();
    let mut values = BTreeMap::new();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let keys = methods.state_get_keys_paged(prefix, PAGE, after.as_deref(), Some(at)).await;
        let keys = keys.expect("a node lists keys");
        let Some(last) = keys.last() else { break };
        after = Some(last.clone());
        for key in keys {
            let bytes = methods.state_get_storage(&key, Some(at)).await.expect("a node reads state");
            let value = V::decode(&mut &bytes.expect("a listed key has a value")[..]).expect("a value of the map");
            let account: [u8; 32] = key[key.len() - 32..].try_into().expect("the key ends with the account");
            values.insert(AccountId::new(account), value);
        }
    }
    values
}

impl Ledger {
    /// Reads the books at a block.
    pub async fn read(chain: &Chain, block: H256) -> Self {
        let at = subxt::config::substrate::H256(block.0);
        let methods = chain.methods();
        let accounts: BTreeMap<AccountId, AccountInfo> = by_account(chain, &ACCOUNTS, block).await;
        let mut totals: BTreeMap<AccountId, Balance> =
            accounts.into_iter().map(|(account, info)| (account, info.free + info.reserved)).collect();
        let payouts = strike_runtime::Payouts::account();
        for (account, amount) in by_account::<Balance>(chain, &CLAIMABLE, block).await {
            let kept = totals.get_mut(&payouts).expect("payouts have an account");
            *kept = kept.checked_sub(amount).expect("what waits is there");
            *totals.entry(account).or_default() += amount;
        }
        let bytes = methods.state_get_storage(&ISSUANCE, Some(at)).await.expect("a node reads state");
        let issuance = Balance::decode(&mut &bytes.expect("there is money")[..]).expect("a balance");
        Self { block, totals, issuance }
    }

    /// The books must be balanced: everything that exists belongs to somebody.
    pub fn assert_balanced(&self) {
        let sum: Balance = self.totals.values().sum();
        assert_eq!(sum, self.issuance, "accounts and issuance differ at {:?}", self.block);
    }

    /// What an account has, free and held.
    pub fn total(&self, account: &AccountId) -> Balance {
        self.totals.get(account).copied().unwrap_or_default()
    }
}

/// Compares two books with everything that happened between them, to the last unit: the receipts of the jobs that closed, and
/// what providers lost of their bonds. Only `payers` sent transactions; what those cost is burned, and nothing else is gone.
pub fn assert_moved<'a>(
    before: &Ledger,
    after: &Ledger,
    receipts: impl IntoIterator<Item = &'a Receipt>,
    losses: &BTreeMap<AccountId, Balance>,
    payers: &[AccountId],
) {
    before.assert_balanced();
    after.assert_balanced();
    // Positive: gained, negative: lost.
    let mut expected: BTreeMap<&AccountId, i128> = BTreeMap::new();
    let signed = |amount: Balance| i128::try_from(amount).expect("amounts of tests are small");
    let mut burned = 0;
    for receipt in receipts {
        *expected.entry(&receipt.requester).or_default() -= signed(receipt.fee + receipt.upkeep);
        burned += receipt.burned + receipt.slashed + receipt.upkeep;
        for payment in &receipt.payments {
            *expected.entry(&payment.account).or_default() += signed(payment.amount);
        }
    }
    for (provider, loss) in losses {
        *expected.entry(provider).or_default() -= signed(*loss);
    }
    let transactions = signed(before.issuance) - signed(after.issuance) - signed(burned);
    assert!(transactions > 0, "orders cost transaction fees");
    let mut paid = 0;
    let accounts: std::collections::BTreeSet<&AccountId> = before.totals.keys().chain(after.totals.keys()).collect();
    for account in accounts {
        let change = signed(after.total(account)) - signed(before.total(account));
        let short = expected.get(account).copied().unwrap_or_default() - change;
        if payers.contains(account) {
            assert!(short >= 0, "{account:?} has {} more than it should", -short);
            paid += short;
        } else {
            assert_eq!(short, 0, "what {account:?} has less than it should");
        }
    }
    assert_eq!(paid, transactions, "what transactions cost is burned, and nothing else");
}
