//! Calls for one blob take turns.

use parking_lot::Mutex;
use sp_core::H256;
use std::{collections::BTreeMap, sync::Arc};
use strike_primitives::artifact::ArtifactKind;

type Key = (ArtifactKind, H256);

/// One entry for each blob that somebody waits for.
#[derive(Default)]
pub(crate) struct Turns(Mutex<BTreeMap<Key, Waiting>>);

#[derive(Default)]
struct Waiting {
    callers: usize,
    lock: Arc<tokio::sync::Mutex<()>>,
}

impl Turns {
    /// A place in the queue for a blob; `None` where there are as many as `most`.
    pub fn enter(&self, key: Key, most: usize) -> Option<Turn<'_>> {
        let mut blobs = self.0.lock();
        let waiting = blobs.entry(key).or_default();
        if waiting.callers >= most.max(1) {
            return None;
        }
        waiting.callers += 1;
        Some(Turn { turns: self, key, lock: waiting.lock.clone() })
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.0.lock().len()
    }
}

/// A place in the queue for a blob. Given up when it is dropped, also where a call is.
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    key: Key,
    lock: Arc<tokio::sync::Mutex<()>>,
}

impl Turn<'_> {
    /// Waits for the turn, which lasts as long as what is returned.
    pub async fn come(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.lock.lock().await
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut blobs = self.turns.0.lock();
        let Some(waiting) = blobs.get_mut(&self.key) else { return };
        waiting.callers -= 1;
        if waiting.callers == 0 {
            blobs.remove(&self.key);
        }
    }
}
