//! Another node that works with this node's key.
//!
//! Two providers' nodes with one key harm nobody: they get the same results, and the chain takes one commitment. But whoever
//! runs them pays for the work twice, or somebody else has the key. So each commitment made with a key of this node is looked
//! up in its block: its signature is one that the off-chain worker has noted, or it is not this node's.

use crate::duty::DutyId;
use codec::Decode;
use sp_core::offchain::{OffchainStorage, STORAGE_PREFIX};
use std::collections::BTreeMap;
use strike_primitives::{
    api::{Duty, ProvideDuty},
    mailbox::{sent_key, SentNote, STEP_COMMIT},
};

/// Longer than any transaction with a commitment.
const MAX_TRANSACTION: usize = 2_048;

/// The commitments that this node's keys owe.
#[derive(Default)]
pub(crate) struct Watch(BTreeMap<DutyId, ProvideDuty>);

impl Watch {
    /// Takes in what is owed now, and returns what is not owed any more. As many are remembered as the runtime lists.
    pub fn observe<'a>(&mut self, owed: impl Iterator<Item = &'a Duty>) -> Vec<(DutyId, ProvideDuty)> {
        let provided = owed.filter_map(|duty| match duty {
            Duty::Provide(provide) => Some((DutyId::of(duty), provide.clone())),
            Duty::Check(_) => None,
        });
        let before = std::mem::replace(&mut self.0, provided.collect());
        before.into_iter().filter(|(id, _)| !self.0.contains_key(id)).collect()
    }
}

/// Whether none of a block's transactions carries a signature that this node has noted for the duty. A note that cannot be read,
/// such as one of an older runtime, tells nothing.
pub(crate) fn is_foreign<S: OffchainStorage>(storage: &S, id: &DutyId, block: &[Vec<u8>]) -> bool {
    let signatures = match storage.get(STORAGE_PREFIX, &sent_key(id.mailbox_key(), STEP_COMMIT)) {
        None => Vec::new(),
        Some(bytes) => match SentNote::decode(&mut &bytes[..]) {
            Ok(note) if !note.is_incomplete() => note.signatures,
            _ => return false,
        },
    };
    let carries = |transaction: &Vec<u8>, signature: &[u8]| {
        transaction.len() <= MAX_TRANSACTION && transaction.windows(signature.len()).any(|bytes| bytes == signature)
    };
    !block.iter().any(|transaction| signatures.iter().any(|signature| carries(transaction, signature.as_ref())))
}
