//! How much each peer gets: token buckets, one for each peer and one for all.

use crate::limits::Quota;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

struct Bucket {
    level: u64,
    filled: Instant,
}

impl Bucket {
    fn full(quota: &Quota, now: Instant) -> Self {
        Self { level: quota.burst, filled: now }
    }

    fn fill(&mut self, quota: &Quota, now: Instant) {
        let passed = now.saturating_duration_since(self.filled).min(Duration::from_secs(3_600));
        let gained = u128::from(quota.per_second).saturating_mul(passed.as_micros()) / 1_000_000;
        // What is too little to count stays in the clock.
        if gained > 0 {
            self.level = self.level.saturating_add(u64::try_from(gained).unwrap_or(u64::MAX)).min(quota.burst);
            self.filled = now;
        }
    }
}

/// Counts what each peer and all peers together take. Remembers a bounded number of peers.
pub(crate) struct RateLimiter<P> {
    each: Quota,
    all: Quota,
    most_peers: usize,
    total: Bucket,
    peers: BTreeMap<P, Bucket>,
}

/// Whose limit was reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exceeded {
    /// The peer's own.
    Peer,
    /// That of all peers together.
    Total,
}

impl<P: Ord + Clone> RateLimiter<P> {
    pub fn new(each: Quota, all: Quota, most_peers: usize, now: Instant) -> Self {
        Self { each, all, most_peers: most_peers.max(1), total: Bucket::full(&all, now), peers: BTreeMap::new() }
    }

    /// Take `cost`, or nothing where it is more than is left.
    pub fn take(&mut self, peer: &P, cost: u64, now: Instant) -> Result<(), Exceeded> {
        self.total.fill(&self.all, now);
        if !self.peers.contains_key(peer) {
            self.make_place(now);
            self.peers.insert(peer.clone(), Bucket::full(&self.each, now));
        }
        let own = self.peers.get_mut(peer).ok_or(Exceeded::Peer)?;
        own.fill(&self.each, now);
        if own.level < cost {
            return Err(Exceeded::Peer);
        }
        if self.total.level < cost {
            return Err(Exceeded::Total);
        }
        own.level -= cost;
        self.total.level -= cost;
        Ok(())
    }

    /// Forget the peer that has most left, and of these the one that was idle longest: it loses least. The
    /// bucket of all holds peers that come under ever new names.
    fn make_place(&mut self, now: Instant) {
        if self.peers.len() < self.most_peers {
            return;
        }
        for bucket in self.peers.values_mut() {
            bucket.fill(&self.each, now);
        }
        let idlest = self.peers.iter().max_by_key(|(_, bucket)| (bucket.level, std::cmp::Reverse(bucket.filled)));
        if let Some(peer) = idlest.map(|(peer, _)| peer.clone()) {
            self.peers.remove(&peer);
        }
    }

    #[cfg(test)]
    pub fn remembered(&self) -> usize {
        self.peers.len()
    }
}
