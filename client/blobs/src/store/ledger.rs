//! Which blobs are uploads, and which jobs use them: the list on disk.

use super::{disk, error::BlobError};
use crate::limits::LOG_TARGET;
use codec::{Decode, DecodeAll, Encode};
use sp_core::H256;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};
use strike_primitives::{BlockNumber, JobId};

/// An upload.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub(crate) struct Entry {
    pub length: u64,
    /// The block in which it came last.
    pub since: BlockNumber,
    /// Jobs that use it and were kept by the chain when it was last asked.
    pub jobs: BTreeSet<JobId>,
}

/// What is on disk.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub(crate) struct Ledger {
    pub entries: BTreeMap<H256, Entry>,
    /// Jobs below this one were looked at.
    pub next_job: JobId,
}

impl Ledger {
    /// The list of the store in `dir`. One that cannot be decoded is given up: its blobs are then kept like any others.
    pub fn read(dir: &Path) -> Result<Self, BlobError> {
        Ok(match disk::read_ledger(dir)? {
            Some(bytes) => Self::decode_all(&mut &bytes[..]).unwrap_or_else(|error| {
                log::warn!(target: LOG_TARGET, "The list of uploads is damaged and begins anew: {error}");
                Self::default()
            }),
            None => Self::default(),
        })
    }

    /// Replace the list, whole or not at all.
    pub fn write(&self, dir: &Path) -> Result<(), BlobError> {
        disk::write_ledger(dir, &self.encode())
    }

    /// Bytes of all uploads together.
    pub fn bytes(&self) -> u64 {
        self.entries.values().map(|entry| entry.length).sum()
    }
}
