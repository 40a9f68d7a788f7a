//! The native end of the mailbox: writes results where the off-chain worker looks for them.
//!
//! Nothing is attested twice: an entry that is there and fits its duty stays, whatever a later run found. Entries are
//! written with compare-and-set, the only operation of the storage that takes its lock.

use crate::duty::DutyId;
use codec::{Decode, Encode};
use sp_core::offchain::{OffchainStorage, STORAGE_PREFIX};
use strike_primitives::{
    api::Duty,
    commitment::job_root,
    mailbox::{CommitmentEntry, VerdictEntry},
};

/// The result of a run, as the mailbox takes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Entry {
    /// A provider's.
    Commitment(CommitmentEntry),
    /// A validator's.
    Verdict(VerdictEntry),
}

impl Entry {
    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Commitment(entry) => entry.encode(),
            Self::Verdict(entry) => entry.encode(),
        }
    }
}

/// What became of a write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Written {
    /// It is in the mailbox.
    New,
    /// An entry that fits the duty was there already and stays; `same` tells whether it is this one.
    Kept { same: bool },
    /// Somebody wrote at the same time; try again.
    Lost,
}

/// Whether `bytes` are a result for `duty`. An entry cut short, or for another spec under the same key, is none.
fn fits(duty: &Duty, bytes: &[u8]) -> bool {
    match duty {
        Duty::Provide(duty) => CommitmentEntry::decode(&mut &bytes[..]).is_ok_and(|entry| {
            let claim = entry.commitment.v1();
            let root = job_root(&duty.binding, &claim.out_root, &claim.trace_root, claim.n_in, claim.n_out, claim.stop);
            root == claim.job_root
        }),
        Duty::Check(_) => VerdictEntry::decode(&mut &bytes[..]).is_ok(),
    }
}

/// Whether the mailbox holds a result for `duty`.
pub(crate) fn delivered<S: OffchainStorage>(storage: &S, id: &DutyId, duty: &Duty) -> bool {
    storage.get(STORAGE_PREFIX, id.mailbox_key()).is_some_and(|bytes| fits(duty, &bytes))
}

/// Put `entry` into the mailbox, unless a result for `duty` is there.
pub(crate) fn publish<S: OffchainStorage>(storage: &mut S, id: &DutyId, duty: &Duty, entry: &Entry) -> Written {
    let new = entry.encode();
    let old = storage.get(STORAGE_PREFIX, id.mailbox_key());
    if let Some(old) = old.as_ref().filter(|old| fits(duty, old)) {
        return Written::Kept { same: *old == new };
    }
    if storage.compare_and_set(STORAGE_PREFIX, id.mailbox_key(), old.as_deref(), &new) {
        Written::New
    } else {
        Written::Lost
    }
}
