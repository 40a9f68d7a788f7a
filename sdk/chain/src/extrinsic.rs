//! Transactions in blocks: where one is, and what it did there.

use crate::{
    client::{subxt_hash, AtBlock, Chain},
    error::{Error, Result},
    errors,
    fate::Sent,
};
use codec::Decode;
use std::ops::RangeInclusive;
use strike_primitives::{BlockNumber, JobId, H256};
use subxt::{events::Phase, rpcs::methods::legacy::NumberOrHex};

/// An event of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Name of the pallet.
    pub pallet: String,
    /// Name of the event.
    pub name: String,
    /// Its SCALE-encoded fields.
    pub fields: Vec<u8>,
}

/// The job that a transaction created, by its events.
pub fn ordered(events: &[Event]) -> Option<JobId> {
    let event = events.iter().find(|event| event.pallet == "Market" && event.name == "JobSubmitted")?;
    JobId::decode(&mut &event.fields[..]).ok()
}

/// A transaction in a block, where it did what it was sent for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// The transaction.
    pub sent: Sent,
    /// The block.
    pub block: H256,
    /// Its height.
    pub number: BlockNumber,
    /// Whether the block is final.
    pub finalized: bool,
    /// What the transaction did.
    pub events: Vec<Event>,
}

impl Inclusion {
    /// The job that the transaction created.
    pub fn job(&self) -> Result<JobId> {
        ordered(&self.events).ok_or_else(|| {
            Error::new("RuntimeIncompatible", "the chain took the order but tells no job id")
                .hint("'strike job list' shows the job")
                .accepted(&self.sent)
        })
    }
}

/// A transaction's place on the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub block: H256,
    pub number: BlockNumber,
    /// Its index among the block's transactions.
    pub index: u32,
}

/// The index in a block of the transaction that `is` says yes to.
pub(crate) async fn index_in(chain: &Chain, block: H256, is: impl Fn(&[u8]) -> bool) -> Result<Option<u32>> {
    let block = chain.methods().chain_get_block(Some(subxt_hash(block))).await.map_err(errors::rpc)?;
    let position = block.and_then(|details| details.block.extrinsics.iter().position(|extrinsic| is(&extrinsic.0)));
    Ok(position.and_then(|position| u32::try_from(position).ok()))
}

/// Looks through the blocks of the best chain at some heights.
pub(crate) async fn find(
    chain: &Chain,
    heights: RangeInclusive<BlockNumber>,
    is: impl Fn(&[u8]) -> bool,
) -> Result<Option<Place>> {
    for number in heights {
        let height = Some(NumberOrHex::Number(number.into()));
        let Some(hash) = chain.methods().chain_get_block_hash(height).await.map_err(errors::rpc)? else {
            return Ok(None);
        };
        let block = H256(hash.0);
        if let Some(index) = index_in(chain, block, &is).await? {
            return Ok(Some(Place { block, number, index }));
        }
    }
    Ok(None)
}

/// What a transaction did in a block: its events, or why its call failed there. Fails itself where the block cannot be read.
pub(crate) async fn outcome(at: &AtBlock, index: u32) -> Result<std::result::Result<Vec<Event>, Error>> {
    let all = at.events().fetch().await.map_err(errors::subxt)?;
    let mut events = Vec::new();
    for event in all.iter() {
        let event = event.map_err(errors::subxt)?;
        if event.phase() != Phase::ApplyExtrinsic(index) {
            continue;
        }
        if event.pallet_name() == "System" && event.event_name() == "ExtrinsicFailed" {
            return Ok(Err(errors::dispatch(event.field_bytes(), at.metadata())));
        }
        events.push(Event {
            pallet: event.pallet_name().to_owned(),
            name: event.event_name().to_owned(),
            fields: event.field_bytes().to_vec(),
        });
    }
    Ok(Ok(events))
}

#[cfg(test)]
mod tests {
    use super::*;
    use codec::Encode;
    use strike_primitives::AccountId;

    fn inclusion(events: Vec<Event>) -> Inclusion {
        let sent = Sent { hash: H256([0xab; 32]), account: AccountId::new([1; 32]), nonce: 7, signed_at: 100 };
        Inclusion { sent, block: H256([2; 32]), number: 101, finalized: false, events }
    }

    #[test]
    fn an_order_whose_job_is_not_told_is_in_all_the_same() {
        let event = |name: &str, fields: Vec<u8>| Event { pallet: "Market".into(), name: name.into(), fields };
        assert_eq!(inclusion(vec![event("Other", vec![]), event("JobSubmitted", 9u64.encode())]).job(), Ok(9));
        for events in [vec![], vec![event("JobSubmitted", vec![1])]] {
            let error = inclusion(events).job().unwrap_err();
            assert!(error.fate.may_have_acted(), "{error:?}");
            assert!(error.message.contains(&"ab".repeat(32)), "{error}");
        }
    }
}
