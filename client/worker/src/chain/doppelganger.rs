//! Doppelgangers: other nodes that work with a key of this node.
//!
//! Two nodes with one provider's key harm nobody: they get the same results, and the chain takes one commitment. But
//! the operator pays for the work twice, or someone else has the key. So the worker looks up each commitment that was
//! made with a key of this node in its block. If the block has no signature that the off-chain worker has noted, the
//! commitment is a doppelganger's.

use crate::{duty::DutyId, limits::MAX_TRANSACTION_BYTES};
use codec::Decode;
use sp_core::offchain::{OffchainStorage, STORAGE_PREFIX};
use std::collections::BTreeMap;
use strike_primitives::{
    api::{Duty, ProvideDuty},
    mailbox::{sent_key, SentNote, STEP_COMMIT},
};

/// Watches the keys of this node: remembers which commitments they owe.
#[derive(Default)]
pub(crate) struct KeyWatch(BTreeMap<DutyId, ProvideDuty>);

impl KeyWatch {
    /// Take in what is owed now. Returns what is not owed any more. Remembers as many as the runtime lists.
    pub fn observe<'a>(&mut self, owed: impl Iterator<Item = &'a Duty>) -> Vec<(DutyId, ProvideDuty)> {
        let provided = owed.filter_map(|duty| match duty {
            Duty::Provide(provide) => Some((DutyId::of(duty), provide.clone())),
            Duty::Check(_) => None,
        });
        let before = std::mem::replace(&mut self.0, provided.collect());
        before.into_iter().filter(|(id, _)| !self.0.contains_key(id)).collect()
    }
}

/// Whether none of a block's transactions carries a signature that this node has noted for the duty. False where the
/// note cannot be read, such as one of an older runtime.
pub(crate) fn is_foreign<S: OffchainStorage>(storage: &S, id: &DutyId, block: &[Vec<u8>]) -> bool {
    let signatures = match storage.get(STORAGE_PREFIX, &sent_key(id.mailbox_key(), STEP_COMMIT)) {
        None => Vec::new(),
        Some(bytes) => match SentNote::decode(&mut &bytes[..]) {
            Ok(note) if !note.is_incomplete() => note.signatures,
            _ => return false,
        },
    };
    let carries = |transaction: &Vec<u8>, signature: &[u8]| {
        transaction.len() <= MAX_TRANSACTION_BYTES
            && transaction.windows(signature.len()).any(|bytes| bytes == signature)
    };
    !block.iter().any(|transaction| signatures.iter().any(|signature| carries(transaction, signature.as_ref())))
}
