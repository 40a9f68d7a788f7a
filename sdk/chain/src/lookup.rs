//! What became of a transaction, by its hash: for whoever sent one and did not hear of it again.

use crate::{
    client::Chain,
    error::{Error, Result},
    errors,
    extrinsic::{find, ordered, outcome, Event, Place},
    fate::MORTALITY,
};
use strike_primitives::{AccountId, BlockNumber, JobId, H256};
use subxt::{
    config::{substrate::AccountId32, Hasher},
    rpcs::{self, client::rpc_params},
};

/// Blocks that are looked through where nobody says when the transaction was signed.
const DEPTH: BlockNumber = 256;

/// A transaction to look for. What is known beside its hash lets the answer say that it is in no block and never will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionQuery {
    /// Its hash.
    pub hash: H256,
    /// Who signed it, and the nonce in it.
    pub signed: Option<(AccountId, u64)>,
    /// Height at which it was signed, as this crate signs: it is in no earlier block and not in one more than 64 blocks later.
    pub from: Option<BlockNumber>,
}

/// What a transaction did in its block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// Its call succeeded.
    Succeeded(Vec<Event>),
    /// Its call failed: it paid its fee and did nothing else.
    Failed(Error),
    /// The node no longer has the state of that block.
    Unreadable(Error),
}

/// A transaction that was found in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The block.
    pub block: H256,
    /// Its height.
    pub number: BlockNumber,
    /// Whether the block is final.
    pub finalized: bool,
    /// What it did there.
    pub done: Done,
}

impl Found {
    /// The job that it ordered, if it did.
    pub fn job(&self) -> Option<JobId> {
        match &self.done {
            Done::Succeeded(events) => ordered(events),
            Done::Failed(_) | Done::Unreadable(_) => None,
        }
    }
}

/// Where a transaction is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// In a block of the node's best chain.
    InBlock(Found),
    /// It waits in this node's pool.
    Waiting,
    /// In no block and never will be: another one has its nonce in a final block, or its time is over.
    Never,
    /// Not in these blocks of the best chain. It may still come, or be elsewhere.
    Unknown {
        /// The first that was looked through.
        first: BlockNumber,
        /// The last that was looked through.
        last: BlockNumber,
    },
}

/// Heights to look through on a chain whose best block is at `best`, and whether these are all that the transaction can be in as far
/// as the chain goes.
fn heights(from: Option<BlockNumber>, best: BlockNumber) -> (BlockNumber, BlockNumber, bool) {
    match from {
        Some(from) => (from, best.min(from.saturating_add(MORTALITY)), true),
        None => (best.saturating_sub(DEPTH), best, false),
    }
}

impl Chain {
    /// Looks for a transaction: in the pool and on the best chain of the node.
    pub async fn transaction(&self, query: &TransactionQuery) -> Result<Whereabouts> {
        let hasher = self.client().at_current_block().await.map_err(errors::subxt)?;
        let is = |bytes: &[u8]| hasher.hasher().hash(bytes).0 == query.hash.0;
        // Before the blocks, lest it goes from one to the other unseen.
        let waits = self.pool_has(is).await?;
        let (final_head, final_height) = self.finalized().await?;
        let best = self.at(self.best().await?).await?;
        let best = BlockNumber::try_from(best.block_number()).unwrap_or(BlockNumber::MAX);
        let (first, last, is_whole) = heights(query.from, best);
        if let Some(place) = find(self, first..=last, is).await? {
            return Ok(Whereabouts::InBlock(self.found(place).await?));
        }
        if is_whole {
            let is_late = query.from.is_some_and(|from| final_height > from.saturating_add(MORTALITY));
            if is_late || self.is_used(query, final_head).await? {
                return Ok(Whereabouts::Never);
            }
        }
        Ok(if waits { Whereabouts::Waiting } else { Whereabouts::Unknown { first, last } })
    }

    /// Whether the nonce of a transaction is used in a final block.
    async fn is_used(&self, query: &TransactionQuery, head: H256) -> Result<bool> {
        let Some((account, nonce)) = &query.signed else { return Ok(false) };
        let next = self.at(head).await?.tx().account_nonce(&AccountId32(*account.as_ref())).await;
        Ok(next.map_err(errors::subxt)? > *nonce)
    }

    async fn found(&self, place: Place) -> Result<Found> {
        let Place { block, number, index } = place;
        // Nodes drop the states of old blocks, and keep the blocks.
        let read = async { outcome(&self.at(block).await?, index).await };
        let done = match read.await {
            Ok(Ok(events)) => Done::Succeeded(events),
            Ok(Err(error)) => Done::Failed(error),
            Err(error) => {
                self.answers().await?;
                Done::Unreadable(error)
            }
        };
        let (_, height) = self.finalized().await?;
        Ok(Found { block, number, finalized: number <= height, done })
    }

    /// Whether the node's pool has a transaction that `is` says yes to.
    async fn pool_has(&self, is: impl Fn(&[u8]) -> bool) -> Result<bool> {
        match self.rpc().request::<Vec<String>>("author_pendingExtrinsics", rpc_params![]).await {
            Ok(pending) => {
                Ok(pending.iter().any(|text| hex::decode(text.trim_start_matches("0x")).is_ok_and(|bytes| is(&bytes))))
            }
            // Not every node tells.
            Err(rpcs::Error::User(_)) => Ok(false),
            Err(error) => Err(errors::rpc(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_looked_through_from_the_signing_to_the_last_that_it_can_be_in() {
        assert_eq!(heights(Some(100), 120), (100, 120, true));
        assert_eq!(heights(Some(100), 1_000), (100, 164, true));
        assert_eq!(
            heights(Some(u32::MAX), 1_000),
            (u32::MAX, 1_000, true),
            "a chain that is behind: nothing to look through"
        );
        assert_eq!(heights(None, 1_000), (744, 1_000, false));
        assert_eq!(heights(None, 10), (0, 10, false));
    }
}
