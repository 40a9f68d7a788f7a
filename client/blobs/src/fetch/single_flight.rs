//! Calls for one blob go one after another: the first does the work, and what it comes to counts for the others.

use parking_lot::Mutex;
use sp_core::H256;
use std::{collections::BTreeMap, sync::Arc};
use strike_primitives::artifact::ArtifactKind;

type Key = (ArtifactKind, H256);

/// The calls for each blob that somebody waits for.
#[derive(Default)]
pub(crate) struct SingleFlight(Mutex<BTreeMap<Key, Waiting>>);

#[derive(Default)]
struct Waiting {
    callers: usize,
    lock: Arc<tokio::sync::Mutex<()>>,
}

impl SingleFlight {
    /// A place among the calls for a blob; `None` where there are as many as `most`.
    pub fn join(&self, key: Key, most: usize) -> Option<Flight<'_>> {
        let mut blobs = self.0.lock();
        let waiting = blobs.entry(key).or_default();
        if waiting.callers >= most.max(1) {
            return None;
        }
        waiting.callers += 1;
        Some(Flight { flights: self, key, lock: waiting.lock.clone() })
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.0.lock().len()
    }
}

/// A place among the calls for a blob. Given up when it is dropped, also where a call is.
pub(crate) struct Flight<'a> {
    flights: &'a SingleFlight,
    key: Key,
    lock: Arc<tokio::sync::Mutex<()>>,
}

impl Flight<'_> {
    /// Wait until the calls before are over. The turn lasts as long as what is returned.
    pub async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.lock.lock().await
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut blobs = self.flights.0.lock();
        let Some(waiting) = blobs.get_mut(&self.key) else { return };
        waiting.callers -= 1;
        if waiting.callers == 0 {
            blobs.remove(&self.key);
        }
    }
}
