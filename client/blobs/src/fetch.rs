//! Blobs from other nodes: how many at once, for whom, and for how long.

use crate::{
    download::Download,
    remember::{Missed, Slow},
    search::Search,
    serve::Misconduct,
    turns::Turns,
    BlobError, BlobStore,
};
use futures::stream::BoxStream;
use sp_core::H256;
use std::{
    fmt::Debug,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};
use strike_primitives::artifact::ArtifactKind;
use tokio::sync::Semaphore;

/// The network, and its time, as a [`Fetcher`] needs them.
#[async_trait::async_trait]
pub trait Exchange: Send + Sync {
    /// Names a peer.
    type Peer: Clone + Ord + Debug + Send + Sync;

    /// The peers that this node is connected to.
    async fn connected(&self) -> Vec<Self::Peer>;

    /// The peers that announce themselves at `place` of the distributed hash table, on nobody's word but their own, as they
    /// are found.
    fn located(&self, place: &H256) -> BoxStream<'_, Vec<Self::Peer>>;

    /// Sends an encoded [`Request`](crate::message::Request) and returns the answer; `None` if none comes. Dropped where it
    /// takes too long.
    async fn request(&self, peer: &Self::Peer, request: Vec<u8>) -> Option<Vec<u8>>;

    /// Told what a peer did wrong.
    fn report(&self, peer: &Self::Peer, misconduct: Misconduct);

    /// The time.
    fn now(&self) -> Instant;

    /// Waits for so long.
    async fn sleep(&self, time: Duration);
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
    /// Where nodes announce themselves that should have it ([`strike_primitives::blob`]).
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
    /// Too much is being fetched, or too many wait for this blob, or it takes too long. What came so far is kept for the next
    /// time.
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

pub(crate) fn within(length: u64, wanted: &Wanted) -> Result<(), FetchError> {
    if length > wanted.max_length {
        return Err(FetchError::TooLong { length, limit: wanted.max_length });
    }
    Ok(())
}

/// How much is fetched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FetchLimits {
    /// Blobs of each kind fetched at once: inputs that nobody has hold up no output.
    pub running: usize,
    /// Calls for blobs of each kind that fetch or wait for it; more are refused.
    pub waiting: usize,
    /// Calls among these for the same blob.
    pub callers: usize,
    /// Connected peers asked for one blob.
    pub connected: usize,
    /// Peers asked for one blob that announce themselves at one place.
    pub located: usize,
    /// Peers asked at once whether they have it, those that are slow not counted.
    pub asked_at_once: usize,
    /// How often a peer is asked that is busy and gives nothing.
    pub tries: usize,
    /// How long what takes.
    pub times: FetchTimes,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self {
            running: 8,
            waiting: 16,
            callers: 4,
            connected: 64,
            located: 20,
            asked_at_once: 8,
            tries: 4,
            times: FetchTimes::default(),
        }
    }
}

/// How long what takes in a fetch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FetchTimes {
    /// A call, at most.
    pub patience: Duration,
    /// A peer that takes longer is slow: the next one is asked beside it, and it is asked last for [`Self::slow_remembered`].
    pub slow: Duration,
    /// A peer's answer to whether it has the blob, at most.
    pub question: Duration,
    /// A peer's answer with chunks, at most.
    pub chunks: Duration,
    /// From the first question to connected peers until others are looked for, if that is not over before.
    pub head_start: Duration,
    /// Until a peer that is busy is asked again.
    pub pause: Duration,
    /// For how long a blob is not asked for again that nobody had.
    pub missed: Duration,
    /// For how long a blob is not asked for again that could not be had in time.
    pub unfinished: Duration,
    /// For how long slow peers are asked last.
    pub slow_remembered: Duration,
}

impl Default for FetchTimes {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(30),
            slow: Duration::from_secs(1),
            question: Duration::from_secs(3),
            chunks: Duration::from_secs(6),
            head_start: Duration::from_millis(500),
            pause: Duration::from_secs(2),
            missed: Duration::from_secs(5),
            unfinished: Duration::from_secs(2),
            slow_remembered: Duration::from_secs(600),
        }
    }
}

/// Calls that wait, and those among them whose turn it is.
struct Places {
    waiting: Semaphore,
    running: Semaphore,
}

impl Places {
    fn new(limits: &FetchLimits) -> Self {
        Self { waiting: Semaphore::new(limits.waiting), running: Semaphore::new(limits.running) }
    }
}

/// Fetches blobs from other nodes into the store. Fetchers of one store go on with each other's downloads.
pub struct Fetcher<E: Exchange> {
    store: Arc<BlobStore>,
    exchange: E,
    limits: FetchLimits,
    outputs: Places,
    others: Places,
    turns: Turns,
    missed: Missed,
    slow: Slow<E::Peer>,
}

impl<E: Exchange> Fetcher<E> {
    /// A fetcher into `store`.
    pub fn new(store: Arc<BlobStore>, exchange: E, limits: FetchLimits) -> Self {
        Self {
            store,
            exchange,
            limits,
            outputs: Places::new(&limits),
            others: Places::new(&limits),
            turns: Turns::default(),
            missed: Missed::default(),
            slow: Slow::default(),
        }
    }

    /// The blob, from the store, or else from the first peers that have it, within [`FetchTimes::patience`]. Calls for one blob
    /// share what the first of them finds. May be dropped at any time: what came so far is kept and gone on from.
    pub async fn fetch(&self, wanted: &Wanted) -> Result<Vec<u8>, FetchError> {
        match self.store.read(wanted) {
            Err(FetchError::NotFound { .. }) => {}
            // Gone, and to be fetched like one that never was here.
            Err(FetchError::Store(BlobError::Damaged { .. })) => {}
            done => return done,
        }
        self.fetch_in_turn(wanted).await?;
        self.store.read(wanted)
    }

    async fn fetch_in_turn(&self, wanted: &Wanted) -> Result<(), FetchError> {
        self.missed.check(wanted, self.exchange.now())?;
        let places = if wanted.kind == ArtifactKind::Output { &self.outputs } else { &self.others };
        let turn = self.turns.enter((wanted.kind, wanted.root), self.limits.callers).ok_or(FetchError::Unfinished)?;
        let _waiting = places.waiting.try_acquire().map_err(|_| FetchError::Unfinished)?;
        let mut over = self.exchange.sleep(self.limits.times.patience);
        let _turn = in_time(turn.come(), &mut over).await?;
        // Whoever had the turn before may have got it, or knows that it is not to be had.
        if self.store.contains(wanted.kind, &wanted.root) {
            return Ok(());
        }
        self.missed.check(wanted, self.exchange.now())?;
        let _running = in_time(places.running.acquire(), &mut over).await?;
        let fetched = in_time(self.search(wanted), &mut over).await.and_then(|fetched| fetched);
        if let Err(error) = &fetched {
            self.missed.remember(wanted, error, &self.limits.times, self.exchange.now());
        }
        fetched
    }

    async fn search(&self, wanted: &Wanted) -> Result<(), FetchError> {
        let download = Download::begin(self.store.clone(), wanted.kind, wanted.root)?;
        Search::new(&self.exchange, &self.limits, &self.slow, wanted, download).run().await
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
        self.turns.len()
    }

    pub(crate) fn exchange(&self) -> &E {
        &self.exchange
    }
}
