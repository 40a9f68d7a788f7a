//! Accounts and their transactions as JSON.

use serde::Serialize;
use std::collections::BTreeMap;
use strike_primitives::{amount::Amount, AccountId, BlockNumber, JobId};

/// A transaction that did what it was sent for.
#[derive(Clone, Debug, Serialize)]
pub struct TransactionView {
    /// Hash of the transaction.
    pub transaction: String,
    /// Hash of the block it is in.
    pub block: String,
    /// Height of that block.
    pub number: BlockNumber,
    /// Whether that block was final by then.
    pub finalized: bool,
    /// The job that it ordered, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
}

/// What an account has.
#[derive(Clone, Debug, Serialize)]
pub struct BalanceView {
    /// The account.
    pub account: AccountId,
    /// Free.
    pub free: Amount,
    /// Held, by pallet and reason.
    pub held: BTreeMap<String, Amount>,
    /// The part of what is free that is frozen.
    pub frozen: Amount,
    /// Everything.
    pub total: Amount,
}
