//! Answers to the requests of other nodes.

use super::rate_limit::{Exceeded, RateLimiter};
use crate::{
    limits::{ServeLimits, LOG_TARGET, REQUEST_COST},
    message::{Misconduct, Request, Response, MAX_CHUNKS},
    store::blob_store::BlobStore,
};
use codec::{DecodeAll, Encode};
use parking_lot::Mutex;
use std::{sync::Arc, time::Instant};
use strike_primitives::merkle::CHUNK_SIZE;

/// What becomes of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The encoded [`Response`]; `None` for a request that deserves none.
    pub response: Option<Vec<u8>>,
    /// What the peer did wrong, if anything.
    pub misconduct: Option<Misconduct>,
}

/// Answers requests from a store, within limits.
pub struct Server<P> {
    store: Arc<BlobStore>,
    rate: Mutex<RateLimiter<P>>,
    /// The most that is charged for what is read and not given: a peer that just came can pay it.
    most_for_reading: u64,
}

impl<P: Ord + Clone> Server<P> {
    /// A server of the blobs in `store`; its limits count from `now`.
    pub fn new(store: Arc<BlobStore>, limits: ServeLimits, now: Instant) -> Self {
        let rate = RateLimiter::new(limits.each, limits.all, limits.peers, now);
        Self { store, rate: Mutex::new(rate), most_for_reading: limits.each.burst / 2 }
    }

    /// Answer one request. Blocks on the disk; reads at most [`MAX_CHUNKS`] chunks, but for the first request of a blob
    /// since the store was opened, which reads it whole and is charged for that.
    pub fn answer(&self, peer: &P, request: &[u8], now: Instant) -> Answer {
        let Ok(request) = Request::decode_all(&mut &request[..]) else {
            return Answer { response: None, misconduct: Some(Misconduct::Garbage) };
        };
        if request.count > MAX_CHUNKS {
            return Answer { response: None, misconduct: Some(Misconduct::Garbage) };
        }
        let to_read = self.store.to_read(request.kind, &request.root, request.first, request.count);
        let (there, to_read) = (to_read.is_some(), to_read.unwrap_or(0));
        let most_given = u64::from(request.count).saturating_mul(CHUNK_SIZE as u64);
        let cost = to_read.min(most_given.max(self.most_for_reading)).saturating_add(REQUEST_COST);
        let taken = self.rate.lock().take(peer, cost, now);
        let (response, misconduct) = match taken {
            Ok(()) if !there => (Response::Absent, None),
            Ok(()) => (self.chunks(&request), None),
            Err(Exceeded::Peer) => (Response::Busy, Some(Misconduct::Flood)),
            Err(Exceeded::Total) => (Response::Busy, None),
        };
        Answer { response: Some(response.encode()), misconduct }
    }

    fn chunks(&self, request: &Request) -> Response {
        match self.store.chunks(request.kind, &request.root, request.first, request.count) {
            Ok(Some(chunks)) => Response::Chunks(chunks),
            Ok(None) => Response::Absent,
            Err(error) => {
                log::warn!(target: LOG_TARGET, "A blob that a peer asks for cannot be read: {error}");
                Response::Absent
            }
        }
    }
}
