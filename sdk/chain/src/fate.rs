//! What is known of a transaction when something failed: whether its call can be made again without making it twice.

use strike_primitives::{AccountId, BlockNumber, H256};

/// Blocks for which a transaction is valid.
pub const MORTALITY: u32 = 64;

/// A transaction that was handed to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its hash.
    pub hash: H256,
    /// Who signed it.
    pub account: AccountId,
    /// The account's nonce in it: of all transactions with this one, the chain takes one at most.
    pub nonce: u64,
    /// Height at which it was signed: it is in no earlier block.
    pub signed_at: BlockNumber,
}

impl Sent {
    /// The last block that it can come into.
    pub fn last_block(&self) -> BlockNumber {
        self.signed_at.saturating_add(MORTALITY)
    }

    /// The command that tells what became of it.
    pub fn lookup(&self) -> String {
        format!(
            "strike account transaction {:?} --account {} --nonce {} --from {}",
            self.hash, self.account, self.nonce, self.signed_at
        )
    }
}

/// What is known of the transaction behind a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// No node took one: nothing happened.
    #[default]
    NotTaken,
    /// It is in a final block, where its call failed: it paid its fee and did nothing else.
    Failed(Box<Sent>),
    /// It may be in a block, or come into one.
    Unknown(Box<Sent>),
    /// It is in a block and did what it was sent for. What was to come after it failed.
    Accepted(Box<Sent>),
}

impl Fate {
    /// The transaction, if a node may have taken one.
    pub fn sent(&self) -> Option<&Sent> {
        match self {
            Self::NotTaken => None,
            Self::Failed(sent) | Self::Unknown(sent) | Self::Accepted(sent) => Some(sent),
        }
    }

    /// Whether making the call again may make it a second time.
    pub fn may_have_acted(&self) -> bool {
        matches!(self, Self::Unknown(_) | Self::Accepted(_))
    }
}
