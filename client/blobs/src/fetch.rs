//! Blobs from other nodes: who is asked, in which order, and what becomes of what they send.

use crate::{
    download::{Download, Progress},
    message::{Proved, Request, Response, MAX_CHUNKS},
    serve::Misconduct,
    BlobError, BlobStore,
};
use codec::{DecodeAll, Encode};
use futures::{stream, StreamExt};
use parking_lot::Mutex;
use sp_core::H256;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    sync::Arc,
};
use strike_primitives::artifact::ArtifactKind;
use tokio::sync::Semaphore;

/// The network, as a [`Fetcher`] needs it.
#[async_trait::async_trait]
pub trait Exchange: Send + Sync {
    /// Names a peer.
    type Peer: Clone + Ord + Debug + Send + Sync;

    /// The peers that this node is connected to.
    async fn connected(&self) -> Vec<Self::Peer>;

    /// The peers that announce themselves at `place` of the distributed hash table, on nobody's word but their own.
    async fn located(&self, place: &H256) -> Vec<Self::Peer>;

    /// Sends an encoded [`Request`] and returns the answer; `None` if none comes in time.
    async fn request(&self, peer: &Self::Peer, request: Vec<u8>) -> Option<Vec<u8>>;

    /// Told what a peer did wrong.
    fn report(&self, peer: &Self::Peer, misconduct: Misconduct);

    /// Waits as long as is decent before somebody is asked again who was busy.
    async fn pause(&self);
}

/// A blob that is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// Its kind.
    pub kind: ArtifactKind,
    /// Its root.
    pub root: H256,
    /// The most bytes it may have.
    pub max_length: u64,
    /// Where nodes announce themselves that should have it ([`strike_primitives::blob`]); looked up in this order.
    pub places: Vec<H256>,
}

/// Why a blob that is wanted is not here.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No peer that answered has it.
    #[error("none of the {asked} peers that were asked has it")]
    NotFound {
        /// How many were asked.
        asked: usize,
    },
    /// The root is that of a longer blob.
    #[error("it has {length} bytes, more than the {limit} it may have")]
    TooLong {
        /// Its length in bytes.
        length: u64,
        /// What it may have.
        limit: u64,
    },
    /// Too much is being fetched, or it takes too long. What came so far is kept for the next time.
    #[error("it could not be fetched in time; ask again, what came so far is kept")]
    Unfinished,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] BlobError),
}

/// Where blobs are read from: this node's store, and perhaps other nodes.
pub trait BlobSource: Send + Sync {
    /// The blob. Blocks for as long as it takes to read it, or to fetch it.
    fn read(&self, wanted: &Wanted) -> Result<Vec<u8>, FetchError>;
}

impl BlobSource for BlobStore {
    fn read(&self, wanted: &Wanted) -> Result<Vec<u8>, FetchError> {
        let bytes = self.get(wanted.kind, &wanted.root)?.ok_or(FetchError::NotFound { asked: 0 })?;
        within(bytes.len() as u64, wanted)?;
        Ok(bytes)
    }
}

fn within(length: u64, wanted: &Wanted) -> Result<(), FetchError> {
    if length > wanted.max_length {
        return Err(FetchError::TooLong { length, limit: wanted.max_length });
    }
    Ok(())
}

/// How much is fetched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FetchLimits {
    /// Blobs fetched at once.
    pub running: usize,
    /// Blobs that are being fetched or wait for it; more are refused.
    pub waiting: usize,
    /// Peers asked for one blob, in each round.
    pub peers: usize,
    /// Peers asked at once whether they have it.
    pub asked_at_once: usize,
    /// Rounds through the peers while some of them are busy.
    pub rounds: usize,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self { running: 4, waiting: 64, peers: 64, asked_at_once: 8, rounds: 4 }
    }
}

type Turns = Mutex<BTreeMap<(ArtifactKind, H256), Arc<tokio::sync::Mutex<()>>>>;

/// Calls for one blob take turns. Forgotten with the last of them, also where a call is dropped.
struct Turn<'a> {
    turns: &'a Turns,
    key: (ArtifactKind, H256),
    lock: Arc<tokio::sync::Mutex<()>>,
}

impl<'a> Turn<'a> {
    fn new(turns: &'a Turns, key: (ArtifactKind, H256)) -> Self {
        let lock = turns.lock().entry(key).or_default().clone();
        Self { turns, key, lock }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut turns = self.turns.lock();
        // The table's and this one: nobody else waits.
        if Arc::strong_count(&self.lock) <= 2 {
            turns.remove(&self.key);
        }
    }
}

/// Fetches blobs from other nodes into the store.
pub struct Fetcher<E: Exchange> {
    store: Arc<BlobStore>,
    exchange: E,
    limits: FetchLimits,
    waiting: Semaphore,
    running: Semaphore,
    /// One entry for each blob that somebody waits for.
    turns: Turns,
}

/// What asking a peer for chunks came to.
enum Asked {
    /// All of the blob is here.
    Complete,
    /// The peer has no more of it, or says nothing.
    Nothing,
    Busy,
    Garbage,
    /// What an earlier time left was damaged.
    Damaged,
}

impl<E: Exchange> Fetcher<E> {
    /// A fetcher into `store`.
    pub fn new(store: Arc<BlobStore>, exchange: E, limits: FetchLimits) -> Self {
        Self {
            store,
            exchange,
            limits,
            waiting: Semaphore::new(limits.waiting),
            running: Semaphore::new(limits.running),
            turns: Mutex::default(),
        }
    }

    /// The blob, from the store, or else from the first peers that have it. May be dropped at any time: what came so far is
    /// kept and gone on from.
    pub async fn fetch(&self, wanted: &Wanted) -> Result<Vec<u8>, FetchError> {
        match self.store.read(wanted) {
            Err(FetchError::NotFound { .. }) => {}
            // Gone, and to be fetched like one that never was here.
            Err(FetchError::Store(BlobError::Damaged { .. })) => {}
            done => return done,
        }
        let _waiting = self.waiting.try_acquire().map_err(|_| FetchError::Unfinished)?;
        let turn = Turn::new(&self.turns, (wanted.kind, wanted.root));
        let _turn = turn.lock.lock().await;
        let _running = self.running.acquire().await.map_err(|_| FetchError::Unfinished)?;
        self.fetch_alone(wanted).await
    }

    async fn fetch_alone(&self, wanted: &Wanted) -> Result<Vec<u8>, FetchError> {
        // Whoever had the turn before may have got it.
        if !self.store.contains(wanted.kind, &wanted.root) {
            self.download(wanted).await?;
        }
        self.store.read(wanted)
    }

    async fn download(&self, wanted: &Wanted) -> Result<(), FetchError> {
        let mut download = self.begin(wanted)?;
        let (mut garbage, mut asked) = (BTreeSet::new(), 0);
        for round in 0..self.limits.rounds.max(1) {
            if round > 0 {
                self.exchange.pause().await;
            }
            let (mut seen, mut busy, mut again) = (garbage.clone(), false, false);
            // Who is connected costs least; others are looked for only if that is not enough.
            for place in std::iter::once(None).chain(wanted.places.iter().map(Some)) {
                let peers = match place {
                    None => self.exchange.connected().await,
                    Some(place) => self.exchange.located(place).await,
                };
                let mut peers: Vec<_> = peers.into_iter().filter(|peer| seen.insert(peer.clone())).collect();
                peers.truncate(self.limits.peers);
                asked += if round == 0 { peers.len() } else { 0 };
                let mut having = stream::iter(peers)
                    .map(|peer| async move { (self.has(wanted, &peer).await, peer) })
                    .buffer_unordered(self.limits.asked_at_once.max(1));
                while let Some((has, peer)) = having.next().await {
                    let came = match has {
                        Asked::Complete => self.drain(wanted, &peer, &mut download).await?,
                        other => other,
                    };
                    match came {
                        Asked::Complete => return Ok(()),
                        Asked::Nothing => {}
                        Asked::Busy => busy = true,
                        Asked::Garbage => {
                            self.exchange.report(&peer, Misconduct::Garbage);
                            garbage.insert(peer);
                        }
                        Asked::Damaged => {
                            drop(download);
                            download = self.begin(wanted)?;
                            again = true;
                        }
                    }
                }
            }
            if !busy && !again {
                break;
            }
        }
        Err(match download.next() {
            0 => FetchError::NotFound { asked },
            _ => FetchError::Unfinished,
        })
    }

    fn begin(&self, wanted: &Wanted) -> Result<Download, FetchError> {
        // The turns keep this fetcher from beginning twice; a call that was dropped ends its download with it.
        Download::begin(self.store.clone(), wanted.kind, wanted.root)?.ok_or(FetchError::Unfinished)
    }

    /// Whether a peer says that it has the blob: `Complete` if so.
    async fn has(&self, wanted: &Wanted, peer: &E::Peer) -> Asked {
        match self.ask(&Request { kind: wanted.kind, root: wanted.root, first: 0, count: 0 }, peer).await {
            Ok(Response::Chunks(chunks)) if chunks.chunks.is_empty() => Asked::Complete,
            Ok(Response::Chunks(_)) => Asked::Garbage,
            Ok(Response::Absent) => Asked::Nothing,
            Ok(Response::Busy) => Asked::Busy,
            Err(asked) => asked,
        }
    }

    async fn ask(&self, request: &Request, peer: &E::Peer) -> Result<Response, Asked> {
        let answer = self.exchange.request(peer, request.encode()).await.ok_or(Asked::Nothing)?;
        Response::decode_all(&mut &answer[..]).map_err(|_| Asked::Garbage)
    }

    /// Takes from one peer what is missing, as long as it gives.
    async fn drain(&self, wanted: &Wanted, peer: &E::Peer, download: &mut Download) -> Result<Asked, FetchError> {
        loop {
            let missing = download.missing().unwrap_or(u64::MAX).clamp(1, MAX_CHUNKS.into());
            let request =
                Request { kind: wanted.kind, root: wanted.root, first: download.next(), count: missing as u32 };
            let chunks = match self.ask(&request, peer).await {
                Ok(Response::Chunks(chunks)) => chunks,
                Ok(Response::Absent) => return Ok(Asked::Nothing),
                Ok(Response::Busy) => return Ok(Asked::Busy),
                Err(asked) => return Ok(asked),
            };
            let Some(proved) = Proved::new(&request, chunks) else { return Ok(Asked::Garbage) };
            within(proved.length(), wanted)?;
            match download.keep(proved)? {
                Progress::Missing(_) => {}
                Progress::Complete => return Ok(Asked::Complete),
                Progress::Damaged => return Ok(Asked::Damaged),
            }
        }
    }
}

#[cfg(test)]
impl<E: Exchange> Fetcher<E> {
    /// Blobs that somebody waits for.
    pub(crate) fn waited_for(&self) -> usize {
        self.turns.lock().len()
    }

    pub(crate) fn exchange(&self) -> &E {
        &self.exchange
    }
}
