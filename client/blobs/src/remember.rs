//! What a fetcher learnt of late: blobs that are not to be had, and peers that are slow.

use crate::fetch::{FetchError, FetchTimes, Wanted};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

/// How many blobs are remembered.
const MISSED: usize = 256;
/// How many peers are remembered.
const SLOW: usize = 256;

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

/// Blobs that were not to be had, oldest first: whoever asks again and again does not make this node ask everybody each time.
#[derive(Default)]
pub(crate) struct Missed(Mutex<VecDeque<(Wanted, Miss, Instant)>>);

impl Missed {
    /// An error if it is known how a fetch would end.
    pub fn check(&self, wanted: &Wanted, now: Instant) -> Result<(), FetchError> {
        let mut missed = self.0.lock();
        missed.retain(|(_, _, until)| now < *until);
        let miss = missed.iter().find(|(other, ..)| other == wanted).map(|(_, miss, _)| *miss);
        miss.map_or(Ok(()), |miss| Err(miss.into()))
    }

    /// Remember how a fetch ended.
    pub fn remember(&self, wanted: &Wanted, error: &FetchError, times: &FetchTimes, now: Instant) {
        let (miss, time) = match *error {
            FetchError::NotFound { asked } => (Miss::NotFound { asked }, times.missed),
            FetchError::TooLong { length, limit } => (Miss::TooLong { length, limit }, times.missed),
            FetchError::Unfinished => (Miss::Unfinished, times.unfinished),
            // Of this node alone, and perhaps over soon.
            FetchError::Store(_) => return,
        };
        let mut missed = self.0.lock();
        missed.retain(|(other, ..)| other != wanted);
        missed.push_back((wanted.clone(), miss, now + time));
        if missed.len() > MISSED {
            missed.pop_front();
        }
    }
}

/// Peers that kept this node waiting, with the time until which they are asked last.
pub(crate) struct Slow<P>(Mutex<BTreeMap<P, Instant>>);

impl<P> Default for Slow<P> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<P: Ord + Clone> Slow<P> {
    /// Whether a peer was slow.
    pub fn contains(&self, peer: &P, now: Instant) -> bool {
        self.0.lock().get(peer).is_some_and(|until| now < *until)
    }

    /// Remember a peer for so long; beyond the bound the one is forgotten that was remembered longest.
    pub fn remember(&self, peer: P, time: Duration, now: Instant) {
        let mut peers = self.0.lock();
        peers.insert(peer, now + time);
        if peers.len() > SLOW {
            let oldest = peers.iter().min_by_key(|(_, until)| **until).map(|(peer, _)| peer.clone());
            if let Some(peer) = oldest {
                peers.remove(&peer);
            }
        }
    }
}
