//! The seam between a fetch and the network.

use crate::message::Misconduct;
use futures::stream::BoxStream;
use sp_core::H256;
use std::{
    fmt::Debug,
    time::{Duration, Instant},
};

/// The network, and its time, as a [`Fetcher`](crate::Fetcher) needs them.
#[async_trait::async_trait]
pub trait Exchange: Send + Sync {
    /// Names a peer.
    type Peer: Clone + Ord + Debug + Send + Sync;

    /// The peers that this node is connected to.
    async fn connected(&self) -> Vec<Self::Peer>;

    /// The peers that announce themselves at `place` of the distributed hash table, on nobody's word but their own, as
    /// they are found.
    fn located(&self, place: &H256) -> BoxStream<'_, Vec<Self::Peer>>;

    /// Sends an encoded [`Request`](crate::message::Request) and returns the answer; `None` if none comes. Dropped
    /// where it takes too long.
    async fn request(&self, peer: &Self::Peer, request: Vec<u8>) -> Option<Vec<u8>>;

    /// Told what a peer did wrong.
    fn report(&self, peer: &Self::Peer, misconduct: Misconduct);

    /// The time.
    fn now(&self) -> Instant;

    /// Waits for so long.
    async fn sleep(&self, time: Duration);
}
