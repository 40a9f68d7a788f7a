//! Recent failures of a fetcher: blobs that could not be had, and peers that were slow.

use super::source::{BlobQuery, FetchError};
use crate::limits::{FetchTimes, MAX_MISSED_BLOBS, MAX_SLOW_PEERS};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

/// How a fetch ended that got nothing.
#[derive(Clone, Copy)]
enum Miss {
    NotFound { asked: usize },
    TooLong { length: u64, limit: u64 },
    Unfinished,
}

impl From<Miss> for FetchError {
    fn from(miss: Miss) -> Self {
        match miss {
            Miss::NotFound { asked } => Self::NotFound { asked },
            Miss::TooLong { length, limit } => Self::TooLong { length, limit },
            Miss::Unfinished => Self::Unfinished,
        }
    }
}

/// Blobs that could not be had, oldest first. A caller that asks again and again does not make this node ask everybody
/// each time.
#[derive(Default)]
pub(crate) struct MissedBlobs(Mutex<VecDeque<(BlobQuery, Miss, Instant)>>);

impl MissedBlobs {
    /// An error if it is known how a fetch would end.
    pub fn check(&self, query: &BlobQuery, now: Instant) -> Result<(), FetchError> {
        let mut missed = self.0.lock();
        missed.retain(|(_, _, until)| now < *until);
        let miss = missed.iter().find(|(other, ..)| other == query).map(|(_, miss, _)| *miss);
        miss.map_or(Ok(()), |miss| Err(miss.into()))
    }

    /// Remember how a fetch ended.
    pub fn remember(&self, query: &BlobQuery, error: &FetchError, times: &FetchTimes, now: Instant) {
        let (miss, time) = match *error {
            FetchError::NotFound { asked } => (Miss::NotFound { asked }, times.missed),
            FetchError::TooLong { length, limit } => (Miss::TooLong { length, limit }, times.missed),
            FetchError::Unfinished => (Miss::Unfinished, times.unfinished),
            // Of this node alone, and perhaps over soon.
            FetchError::Store(_) => return,
        };
        let mut missed = self.0.lock();
        missed.retain(|(other, ..)| other != query);
        missed.push_back((query.clone(), miss, now + time));
        if missed.len() > MAX_MISSED_BLOBS {
            missed.pop_front();
        }
    }
}

/// Peers that kept this node waiting, with the time until which they are asked last.
pub(crate) struct SlowPeers<P>(Mutex<BTreeMap<P, Instant>>);

impl<P> Default for SlowPeers<P> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<P: Ord + Clone> SlowPeers<P> {
    /// Whether a peer was slow.
    pub fn contains(&self, peer: &P, now: Instant) -> bool {
        self.0.lock().get(peer).is_some_and(|until| now < *until)
    }

    /// Remember a peer for so long; beyond the bound the one is forgotten that was remembered longest.
    pub fn remember(&self, peer: P, time: Duration, now: Instant) {
        let mut peers = self.0.lock();
        peers.insert(peer, now + time);
        if peers.len() > MAX_SLOW_PEERS {
            let oldest = peers.iter().min_by_key(|(_, until)| **until).map(|(peer, _)| peer.clone());
            if let Some(peer) = oldest {
                peers.remove(&peer);
            }
        }
    }
}
