//! What is on disk, in the order it was stored.

use sp_core::H256;
use std::{collections::BTreeMap, sync::Arc};
use strike_primitives::artifact::ArtifactKind;

#[derive(Default)]
pub(crate) struct Index {
    entries: BTreeMap<(ArtifactKind, H256), Entry>,
    /// Sequence number to blob: the smallest was stored longest ago.
    by_age: BTreeMap<u64, (ArtifactKind, H256)>,
    next: u64,
    total: u64,
}

struct Entry {
    size: u64,
    sequence: u64,
    /// Not to be evicted.
    pinned: bool,
    /// Leaf hashes, once they were needed, of a blob that is too large to be hashed for every request.
    leaves: Option<Arc<[H256]>>,
}

impl Index {
    /// Add a blob as the newest. A blob already there keeps its age.
    pub fn insert(&mut self, kind: ArtifactKind, root: H256, size: u64) {
        let sequence = self.next;
        let key = (kind, root);
        if self.entries.contains_key(&key) {
            return;
        }
        self.entries.insert(key, Entry { size, sequence, pinned: false, leaves: None });
        self.by_age.insert(sequence, (kind, root));
        self.next += 1;
        self.total += size;
    }

    pub fn remove(&mut self, kind: ArtifactKind, root: &H256) {
        if let Some(entry) = self.entries.remove(&(kind, *root)) {
            self.by_age.remove(&entry.sequence);
            self.total -= entry.size;
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

    pub fn leaves(&self, kind: ArtifactKind, root: &H256) -> Option<Arc<[H256]>> {
        self.entries.get(&(kind, *root)).and_then(|entry| entry.leaves.clone())
    }

    pub fn keep_leaves(&mut self, kind: ArtifactKind, root: &H256, leaves: Arc<[H256]>) {
        if let Some(entry) = self.entries.get_mut(&(kind, *root)) {
            entry.leaves = Some(leaves);
        }
    }

    /// The blob that was stored longest ago, of those that are not pinned.
    pub fn oldest(&self) -> Option<(ArtifactKind, H256)> {
        self.by_age.first_key_value().map(|(_, blob)| *blob)
    }

    pub fn total(&self) -> u64 {
        self.total
    }
}
