//! The downloads of a store: which are going on, which were left, and what they take of the disk.

use crate::limits::{Limits, MAX_IDLE_DOWNLOADS};
use parking_lot::Mutex;
use sp_core::H256;
use std::{collections::BTreeMap, fs::File, sync::Arc};
use strike_primitives::artifact::ArtifactKind;

/// What downloads take of the disk.
#[derive(Default)]
pub(crate) struct Downloads {
    entries: BTreeMap<(ArtifactKind, H256), Entry>,
    next: u64,
}

struct Entry {
    /// What is on disk costs, or what the whole will once its length is known.
    cost: u64,
    /// What those share that go on with it; nobody does where there is none.
    active: Option<Active>,
    sequence: u64,
}

struct Active {
    users: usize,
    begun: Arc<Mutex<Begun>>,
}

/// What is there of a blob. Locked before the store, never after it.
#[derive(Default)]
pub(super) struct Begun {
    /// Opened by the first who goes on with it.
    pub file: Option<File>,
    /// Leaf hashes of the chunks that are there.
    pub leaves: Vec<H256>,
    /// Length of the whole in bytes, once it was proved.
    pub length: Option<u64>,
    pub complete: bool,
}

impl Begun {
    /// Number of the first chunk that is missing.
    pub fn next(&self) -> u64 {
        self.leaves.len() as u64
    }
}

impl Downloads {
    /// Add a beginning that nobody goes on with now, as the newest.
    pub fn insert_idle(&mut self, kind: ArtifactKind, root: H256, bytes: u64) {
        let cost = Limits::cost(bytes);
        self.entries.insert((kind, root), Entry { cost, active: None, sequence: self.next });
        self.next += 1;
    }

    /// What all of them cost together.
    pub fn total(&self) -> u64 {
        self.entries.values().map(|entry| entry.cost).sum()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The beginning that was left alone longest.
    pub fn oldest_idle(&self) -> Option<(ArtifactKind, H256)> {
        let idle = self.entries.iter().filter(|(_, entry)| entry.active.is_none());
        idle.min_by_key(|(_, entry)| entry.sequence).map(|(key, _)| *key)
    }

    pub fn too_many_idle(&self) -> bool {
        self.entries.values().filter(|entry| entry.active.is_none()).count() > MAX_IDLE_DOWNLOADS
    }

    pub fn remove(&mut self, kind: ArtifactKind, root: &H256) {
        self.entries.remove(&(kind, *root));
    }

    pub fn reserve(&mut self, kind: ArtifactKind, root: &H256, cost: u64) {
        if let Some(entry) = self.entries.get_mut(&(kind, *root)) {
            entry.cost = cost;
        }
    }

    /// Go on with a download, or begin it. Each join needs a [`Self::leave`].
    pub(super) fn join(&mut self, kind: ArtifactKind, root: H256) -> Arc<Mutex<Begun>> {
        let sequence = self.next;
        let entry = self.entries.entry((kind, root)).or_insert(Entry { cost: 0, active: None, sequence });
        self.next += 1;
        entry.sequence = sequence;
        let active = entry.active.get_or_insert_with(|| Active { users: 0, begun: Arc::default() });
        active.users += 1;
        active.begun.clone()
    }

    /// Leave a download that was joined. Whether nobody goes on with it now.
    pub(super) fn leave(&mut self, kind: ArtifactKind, root: &H256, begun: &Arc<Mutex<Begun>>) -> bool {
        let active = self.entries.get_mut(&(kind, *root)).and_then(|entry| entry.active.as_mut());
        // Once the blob is complete the entry is gone; a later one is of others.
        let Some(active) = active.filter(|active| Arc::ptr_eq(&active.begun, begun)) else { return false };
        active.users -= 1;
        active.users == 0
    }
}
