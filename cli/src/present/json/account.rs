//! Accounts and their transactions as JSON.

use super::failure::ErrorView;
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
    /// Which of the command's texts the job embeds, where it embeds some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub texts: Option<TextsView>,
}

/// Some of a command's texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TextsView {
    /// The first, counted from 1.
    pub first: usize,
    /// The last.
    pub last: usize,
}

/// Where a transaction was found, or that it was not.
#[derive(Clone, Debug, Serialize)]
pub struct TransactionStateView {
    /// Hash of the transaction.
    pub transaction: String,
    /// succeeded, failed, unreadable, waiting, never or unknown.
    pub state: &'static str,
    /// Hash of the block it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<String>,
    /// Height of that block.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<BlockNumber>,
    /// Whether that block is final.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finalized: Option<bool>,
    /// The job that it ordered, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// What there is to say otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorView>,
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
    /// Until when it is held, by the same, where that is known.
    pub held_until: BTreeMap<String, &'static str>,
    /// The part of what is free that is frozen.
    pub frozen: Amount,
    /// Everything.
    pub total: Amount,
}
