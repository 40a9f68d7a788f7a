//! The native end of the mailbox: writes results where the off-chain worker looks for them.
//!
//! Nothing is attested twice: an entry that is there and fits its duty stays, whatever a later run found. Entries are
//! written with compare-and-set, the only operation of the storage that takes its lock.

use crate::duty::DutyId;
use codec::{Decode, Encode};
use sp_core::offchain::{OffchainStorage, STORAGE_PREFIX};
use std::collections::BTreeSet;
use strike_primitives::{
    api::{duty_kind, Duty},
    commitment::job_root,
    mailbox::{CommitmentEntry, IndexedEntry, VerdictEntry, INDEX_KEY, MAX_INDEXED},
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
    /// The index has no room; try again when others are cleared.
    Full,
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

/// The entries that the off-chain worker knows of.
pub(crate) struct Index(BTreeSet<Vec<u8>>);

impl Index {
    /// The index as it is now.
    pub fn read<S: OffchainStorage>(storage: &S) -> Self {
        Self(read_index(storage).1.into_iter().map(|known| known.entry).collect())
    }

    /// Whether the mailbox holds a result for `duty`, and the off-chain worker will find it.
    pub fn delivered<S: OffchainStorage>(&self, storage: &S, id: &DutyId, duty: &Duty) -> bool {
        self.0.contains(id.mailbox_key())
            && storage.get(STORAGE_PREFIX, id.mailbox_key()).is_some_and(|bytes| fits(duty, &bytes))
    }
}

/// The index as bytes, and what they say. One that cannot be read is begun anew: what is owed is entered again.
fn read_index<S: OffchainStorage>(storage: &S) -> (Option<Vec<u8>>, Vec<IndexedEntry>) {
    let bytes = storage.get(STORAGE_PREFIX, INDEX_KEY);
    let entries = bytes.as_ref().and_then(|bytes| Vec::decode(&mut &bytes[..]).ok()).unwrap_or_default();
    (bytes, entries)
}

/// Let the off-chain worker know of an entry that is about to be written.
fn enter<S: OffchainStorage>(storage: &mut S, id: &DutyId, duty: &Duty) -> Result<(), Written> {
    let (old, mut entries) = read_index(storage);
    if entries.iter().any(|known| known.entry == id.mailbox_key()) {
        return Ok(());
    }
    if entries.len() >= MAX_INDEXED {
        return Err(Written::Full);
    }
    let (key, kind, job) = match duty {
        Duty::Provide(duty) => (&duty.key, duty_kind::PROVIDE, duty.binding.job),
        Duty::Check(duty) => (&duty.key, duty_kind::CHECK, duty.binding.job),
    };
    let entry = id.mailbox_key().to_vec();
    entries.push(IndexedEntry { entry, key: key.clone(), kind, job, over_since: None });
    let entered = storage.compare_and_set(STORAGE_PREFIX, INDEX_KEY, old.as_deref(), &entries.encode());
    entered.then_some(()).ok_or(Written::Lost)
}

/// Put `entry` into the mailbox, unless a result for `duty` is there. It is entered in the index first, so that no entry
/// is ever left that nobody finds.
pub(crate) fn publish<S: OffchainStorage>(storage: &mut S, id: &DutyId, duty: &Duty, entry: &Entry) -> Written {
    if let Err(written) = enter(storage, id, duty) {
        return written;
    }
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
