//! What is on disk, in the order it was stored.

use crate::limits::Limits;
use sp_core::H256;
use std::{collections::BTreeMap, sync::Arc};
use strike_primitives::artifact::ArtifactKind;

#[derive(Default)]
pub(crate) struct Index {
    entries: BTreeMap<(ArtifactKind, H256), Entry>,
    /// Sequence number to blob: the smallest was stored longest ago.
    by_age: BTreeMap<u64, (ArtifactKind, H256)>,
    next: u64,
    /// What all blobs cost together.
    total: u64,
}

struct Entry {
    size: u64,
    /// Tells it from the same blob removed and stored again.
    id: u64,
    sequence: u64,
    /// Not to be evicted.
    pinned: bool,
    /// Leaf hashes, once the blob was hashed: half a thousandth of its size. Not of a blob of one chunk, which is hashed
    /// as fast as it is read: most outputs are such, and there are many.
    leaves: Option<Arc<[H256]>>,
}

/// What is known of a blob without reading it.
pub(crate) struct Found {
    pub size: u64,
    pub id: u64,
    pub leaves: Option<Arc<[H256]>>,
}

impl Index {
    /// Add a blob as the newest. A blob already there keeps its age.
    pub fn insert(&mut self, kind: ArtifactKind, root: H256, size: u64, leaves: Option<Arc<[H256]>>) {
        let sequence = self.next;
        let key = (kind, root);
        if self.entries.contains_key(&key) {
            return;
        }
        let leaves = leaves.filter(|leaves| leaves.len() > 1);
        self.entries.insert(key, Entry { size, id: sequence, sequence, pinned: false, leaves });
        self.by_age.insert(sequence, (kind, root));
        self.next += 1;
        self.total += Limits::cost(size);
    }

    pub fn remove(&mut self, kind: ArtifactKind, root: &H256) {
        if let Some(entry) = self.entries.remove(&(kind, *root)) {
            self.by_age.remove(&entry.sequence);
            self.total -= Limits::cost(entry.size);
        }
    }

    /// Let a blob be the newest, unless it is pinned.
    pub fn touch(&mut self, kind: ArtifactKind, root: &H256) {
        let key = (kind, *root);
        if let Some(entry) = self.entries.get_mut(&key).filter(|entry| !entry.pinned) {
            self.by_age.remove(&entry.sequence);
            entry.sequence = self.next;
            self.by_age.insert(self.next, key);
            self.next += 1;
        }
    }

    /// Keep a blob from being the oldest, or let it be so again, as the newest. Whether it is there.
    pub fn pin(&mut self, kind: ArtifactKind, root: &H256, pinned: bool) -> bool {
        let key = (kind, *root);
        let Some(entry) = self.entries.get_mut(&key) else { return false };
        if std::mem::replace(&mut entry.pinned, pinned) != pinned {
            if pinned {
                self.by_age.remove(&entry.sequence);
            } else {
                entry.sequence = self.next;
                self.by_age.insert(self.next, key);
                self.next += 1;
            }
        }
        true
    }

    pub fn size(&self, kind: ArtifactKind, root: &H256) -> Option<u64> {
        self.entries.get(&(kind, *root)).map(|entry| entry.size)
    }

    pub fn find(&self, kind: ArtifactKind, root: &H256) -> Option<Found> {
        let entry = self.entries.get(&(kind, *root))?;
        Some(Found { size: entry.size, id: entry.id, leaves: entry.leaves.clone() })
    }

    /// Remember the leaf hashes of a blob, if it is still the one that was found.
    pub fn keep_leaves(&mut self, kind: ArtifactKind, root: &H256, id: u64, leaves: Arc<[H256]>) {
        if let Some(entry) = self.entries.get_mut(&(kind, *root)).filter(|entry| entry.id == id) {
            entry.leaves = Some(leaves).filter(|leaves| leaves.len() > 1);
        }
    }

    /// The blob that was stored longest ago, of those that are not pinned.
    pub fn oldest(&self) -> Option<(ArtifactKind, H256)> {
        self.by_age.first_key_value().map(|(_, blob)| *blob)
    }

    /// The blobs that are older than [`Self::age`] was, and not pinned, but for those that are to be kept.
    pub fn older(&self, age: u64, keep: impl Fn(&(ArtifactKind, H256)) -> bool) -> Vec<(ArtifactKind, H256)> {
        self.by_age.range(..age).map(|(_, blob)| *blob).filter(|blob| !keep(blob)).collect()
    }

    /// Whether a blob is here, older than [`Self::age`] was, and not pinned.
    pub fn is_older(&self, kind: ArtifactKind, root: &H256, age: u64) -> bool {
        self.entries.get(&(kind, *root)).is_some_and(|entry| !entry.pinned && entry.sequence < age)
    }

    /// Now: what is stored from here on is younger.
    pub fn age(&self) -> u64 {
        self.next
    }

    /// What all blobs cost together.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How many blobs there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }
}
