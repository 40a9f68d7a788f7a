//! Blobs from other nodes: how many at once, for whom, and for how long.

use super::{
    exchange::Exchange,
    recent_failures::{MissedBlobs, SlowPeers},
    search::Search,
    single_flight::SingleFlight,
    source::{BlobQuery, BlobSource, FetchError},
};
use crate::{
    limits::FetchLimits,
    store::{blob_store::BlobStore, download::Download, error::BlobError},
};
use std::{future::Future, sync::Arc};
use strike_primitives::artifact::ArtifactKind;
use tokio::sync::Semaphore;

/// Room for calls: those that wait, and those among them that fetch.
struct Room {
    waiting: Semaphore,
    running: Semaphore,
}

impl Room {
    fn new(limits: &FetchLimits) -> Self {
        Self { waiting: Semaphore::new(limits.waiting), running: Semaphore::new(limits.running) }
    }
}

/// Fetches blobs from other nodes into the store. Fetchers of one store go on with each other's downloads.
pub struct Fetcher<E: Exchange> {
    store: Arc<BlobStore>,
    exchange: E,
    limits: FetchLimits,
    outputs: Room,
    others: Room,
    flights: SingleFlight,
    missed: MissedBlobs,
    slow: SlowPeers<E::Peer>,
}

impl<E: Exchange> Fetcher<E> {
    /// A fetcher into `store`.
    pub fn new(store: Arc<BlobStore>, exchange: E, limits: FetchLimits) -> Self {
        Self {
            store,
            exchange,
            limits,
            outputs: Room::new(&limits),
            others: Room::new(&limits),
            flights: SingleFlight::default(),
            missed: MissedBlobs::default(),
            slow: SlowPeers::default(),
        }
    }

    /// The blob, from the store, or else from the first peers that have it, within
    /// [`FetchTimes::patience`](crate::FetchTimes::patience). Calls for one blob share what the first of them finds.
    /// May be dropped at any time: what came so far is kept and gone on from.
    pub async fn fetch(&self, query: &BlobQuery) -> Result<Vec<u8>, FetchError> {
        match self.store.read(query) {
            Err(FetchError::NotFound { .. }) => {}
            // Gone, and to be fetched like one that never was here.
            Err(FetchError::Store(BlobError::Damaged { .. })) => {}
            done => return done,
        }
        self.fetch_in_flight(query).await?;
        self.store.read(query)
    }

    async fn fetch_in_flight(&self, query: &BlobQuery) -> Result<(), FetchError> {
        self.missed.check(query, self.exchange.now())?;
        let room = if query.kind == ArtifactKind::Output { &self.outputs } else { &self.others };
        let flight = self.flights.join((query.kind, query.root), self.limits.callers).ok_or(FetchError::Unfinished)?;
        let _waiting = room.waiting.try_acquire().map_err(|_| FetchError::Unfinished)?;
        let mut over = self.exchange.sleep(self.limits.times.patience);
        let _first = in_time(flight.turn(), &mut over).await?;
        // The call before may have got it, or knows that it cannot be had.
        if self.store.contains(query.kind, &query.root) {
            return Ok(());
        }
        self.missed.check(query, self.exchange.now())?;
        let _running = in_time(room.running.acquire(), &mut over).await?;
        let fetched = in_time(self.search(query), &mut over).await.and_then(|fetched| fetched);
        if let Err(error) = &fetched {
            self.missed.remember(query, error, &self.limits.times, self.exchange.now());
        }
        fetched
    }

    async fn search(&self, query: &BlobQuery) -> Result<(), FetchError> {
        let download = Download::begin(self.store.clone(), query.kind, query.root)?;
        Search::new(&self.exchange, &self.limits, &self.slow, query, download).run().await
    }
}

/// What `work` comes to, unless the time is `over` before.
async fn in_time<T>(
    work: impl Future<Output = T>,
    over: &mut (impl Future<Output = ()> + Unpin),
) -> Result<T, FetchError> {
    tokio::select! {
        biased;
        done = work => Ok(done),
        () = over => Err(FetchError::Unfinished),
    }
}

#[cfg(test)]
impl<E: Exchange> Fetcher<E> {
    /// Blobs that somebody waits for.
    pub(crate) fn waited_for(&self) -> usize {
        self.flights.len()
    }

    pub(crate) fn exchange(&self) -> &E {
        &self.exchange
    }
}
