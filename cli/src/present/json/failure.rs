//! Failures as JSON.

use crate::{error::Error, present::words::hash};
use serde::Serialize;
use strike_chain::Sent;
use strike_primitives::{AccountId, BlockNumber, JobId};

/// What went wrong, in JSON.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorView {
    /// Stable name.
    pub name: String,
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The transaction that a node may have taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<SentView>,
    /// Jobs that are ordered: not to be ordered again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<JobId>,
}

/// A transaction that was handed to a node.
#[derive(Clone, Debug, Serialize)]
pub struct SentView {
    /// Its hash.
    pub hash: String,
    /// Who signed it.
    pub account: AccountId,
    /// The account's nonce in it.
    pub nonce: u64,
    /// The first block that it can be in.
    pub first_block: BlockNumber,
    /// The last one.
    pub last_block: BlockNumber,
}

impl From<&Error> for ErrorView {
    fn from(error: &Error) -> Self {
        Self {
            name: error.name.clone(),
            message: error.message.clone(),
            hint: error.hint.clone(),
            transaction: error.transaction.as_deref().map(SentView::from),
            jobs: error.jobs.clone(),
        }
    }
}

impl From<&Sent> for SentView {
    fn from(sent: &Sent) -> Self {
        Self {
            hash: hash(&sent.hash),
            account: sent.account.clone(),
            nonce: sent.nonce,
            first_block: sent.signed_at,
            last_block: sent.last_block(),
        }
    }
}
