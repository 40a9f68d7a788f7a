//! Blobs over the node's own network: answers other nodes' requests, and fetches what this one lacks.
//!
//! What is asked and answered, within which limits and by which rules, is `strike-blobs`'; here it meets the network.

use futures::StreamExt;
use parking_lot::Mutex;
use sc_network::{
    peer_store::BANNED_THRESHOLD,
    request_responses::{IncomingRequest, OutgoingResponse},
    service::traits::NetworkService,
    DhtEvent, Event, IfDisconnected, KademliaKey, NetworkBackend, PeerId, ProtocolName, ReputationChange,
};
use sc_network_sync::SyncingService;
use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};
use strike_blobs::{
    message::{MAX_REQUEST, MAX_RESPONSE},
    BlobSource, BlobStore, Exchange, FetchError, Fetcher, Misconduct, Server, Wanted,
};
use strike_primitives::artifact::ArtifactKind;
use strike_runtime::{opaque::Block, Hash};
use tokio::runtime::Handle;

// The SDK's own bound on a response.
const _: () = assert!(MAX_RESPONSE < 16 << 20);

/// The protocol's name behind the chain's.
const NAME: &str = "strike/blobs/1";
/// How long an answer may take.
const REQUEST_TIME: Duration = Duration::from_secs(10);
/// Requests of other nodes that wait for an answer; more are refused.
const INBOUND_QUEUE: usize = 128;
/// Requests of other nodes that are answered at once.
const ANSWERED_AT_ONCE: usize = 4;
/// How long whoever asks for a blob by JSON-RPC waits at most.
pub(super) const FETCH_TIME: Duration = Duration::from_secs(30);
/// How long the worker waits at most: a check can do without an output, and an input is asked for again.
pub(super) const WORK_FETCH_TIME: Duration = Duration::from_secs(8);
/// Pause before busy peers are asked again.
const BUSY_PAUSE: Duration = Duration::from_secs(2);
/// How long a blob that nobody had is not asked for again.
const MISSED_TIME: Duration = Duration::from_secs(5);
/// How many blobs that nobody had are remembered.
const MISSED: usize = 256;
/// How long the DHT is asked for the nodes at a place, and how many of them are of interest.
const LOCATE_TIME: Duration = Duration::from_secs(5);
const LOCATED: usize = 20;
fn reputation(misconduct: Misconduct) -> ReputationChange {
    match misconduct {
        // Nobody sends these by mistake: what is sent is verified before.
        Misconduct::Garbage => ReputationChange::new_fatal("Blobs: not what the protocol says"),
        Misconduct::Flood => ReputationChange::new(-(1 << 18), "Blobs: too many requests"),
    }
}

/// The protocol's name on a chain, as the SDK names protocols.
fn protocol_name(genesis: &Hash, fork_id: Option<&str>) -> ProtocolName {
    let genesis = format!("{genesis:?}");
    let genesis = genesis.trim_start_matches("0x");
    match fork_id {
        Some(fork_id) => format!("/{genesis}/{fork_id}/{NAME}"),
        None => format!("/{genesis}/{NAME}"),
    }
    .into()
}

/// What a test's node makes of its answers to other nodes.
pub type WrapAnswer = Arc<dyn Fn(Vec<u8>) -> Vec<u8> + Send + Sync>;

/// The protocol, to be registered before the network is built.
pub(super) struct Protocol {
    name: ProtocolName,
    requests: async_channel::Receiver<IncomingRequest>,
}

impl Protocol {
    /// The protocol of a chain, and its configuration for the network.
    pub fn new<Network: NetworkBackend<Block, Hash>>(
        genesis: Hash,
        fork_id: Option<&str>,
    ) -> (Self, Network::RequestResponseProtocolConfig) {
        let name = protocol_name(&genesis, fork_id);
        let (sender, requests) = async_channel::bounded(INBOUND_QUEUE);
        let config = Network::request_response_config(
            name.clone(),
            Vec::new(),
            MAX_REQUEST,
            MAX_RESPONSE,
            REQUEST_TIME,
            Some(sender),
        );
        (Self { name, requests }, config)
    }

    /// Answers requests until the network ends.
    pub fn serve(
        &self,
        store: Arc<BlobStore>,
        wrap: WrapAnswer,
    ) -> impl std::future::Future<Output = ()> + Send + 'static {
        let requests = self.requests.clone();
        let server = Arc::new(Server::new(store, Default::default(), Instant::now()));
        requests.for_each_concurrent(ANSWERED_AT_ONCE, move |request| {
            let (server, wrap) = (server.clone(), wrap.clone());
            async move {
                let IncomingRequest { peer, payload, pending_response } = request;
                let answer = move || server.answer(&peer, &payload, Instant::now());
                let Ok(answer) = tokio::task::spawn_blocking(answer).await else { return };
                // Nobody listens if the peer is gone.
                let _ = pending_response.send(OutgoingResponse {
                    result: answer.response.map(|response| wrap(response)).ok_or(()),
                    reputation_changes: answer.misconduct.into_iter().map(reputation).collect(),
                    sent_feedback: None,
                });
            }
        })
    }

    /// This node's blobs and, through them, those of the network. Whoever reads waits for `patience` at most. Each source has
    /// limits of its own, so that what one of them is asked for holds up no other.
    pub fn source(
        &self,
        store: Arc<BlobStore>,
        network: Arc<dyn NetworkService>,
        sync: Arc<SyncingService<Block>>,
        handle: Handle,
        patience: Duration,
    ) -> NetworkBlobs {
        let exchange = NodeExchange { network, sync, protocol: self.name.clone() };
        let fetcher = Fetcher::new(store.clone(), exchange, Default::default());
        NetworkBlobs { store, fetcher, handle, patience, missed: Mutex::default() }
    }
}

/// The network, as a fetcher uses it.
struct NodeExchange {
    network: Arc<dyn NetworkService>,
    sync: Arc<SyncingService<Block>>,
    protocol: ProtocolName,
}

impl NodeExchange {
    fn is_banned(&self, peer: &PeerId) -> bool {
        self.network.peer_reputation(peer) < BANNED_THRESHOLD
    }
}

#[async_trait::async_trait]
impl Exchange for NodeExchange {
    type Peer = PeerId;

    async fn connected(&self) -> Vec<PeerId> {
        let peers = self.sync.peers_info().await.unwrap_or_default();
        peers.into_iter().map(|(peer, _)| peer).filter(|peer| !self.is_banned(peer)).collect()
    }

    async fn located(&self, place: &Hash) -> Vec<PeerId> {
        let key = KademliaKey::new(place);
        let mut events = self.network.event_stream("strike-blobs");
        self.network.get_providers(key.clone());
        let mut located = Vec::new();
        let found = async {
            while let Some(event) = events.next().await {
                match event {
                    Event::Dht(DhtEvent::ProvidersFound(found, peers)) if found == key => located.extend(peers),
                    Event::Dht(DhtEvent::NoMoreProviders(found) | DhtEvent::ProvidersNotFound(found))
                        if found == key =>
                    {
                        return
                    }
                    _ => {}
                }
                if located.len() >= LOCATED {
                    return;
                }
            }
        };
        // What was found until then counts.
        let _ = tokio::time::timeout(LOCATE_TIME, found).await;
        let this = self.network.local_peer_id();
        located.retain(|peer| *peer != this && !self.is_banned(peer));
        located.truncate(LOCATED);
        located
    }

    async fn request(&self, peer: &PeerId, request: Vec<u8>) -> Option<Vec<u8>> {
        let answer = self.network.request(*peer, self.protocol.clone(), request, None, IfDisconnected::TryConnect);
        // The network's own limit counts from the connection on.
        match tokio::time::timeout(REQUEST_TIME, answer).await {
            Ok(Ok((answer, _))) => Some(answer),
            Ok(Err(error)) => {
                log::debug!(target: strike_blobs::LOG_TARGET, "{peer} does not answer: {error}");
                None
            }
            Err(_) => None,
        }
    }

    fn report(&self, peer: &PeerId, misconduct: Misconduct) {
        log::info!(target: strike_blobs::LOG_TARGET, "{peer} sends what is no blob, and is dropped");
        self.network.report_peer(*peer, reputation(misconduct));
    }

    async fn pause(&self) {
        tokio::time::sleep(BUSY_PAUSE).await;
    }
}

/// This node's blobs, and those that other nodes have.
pub(super) struct NetworkBlobs {
    store: Arc<BlobStore>,
    fetcher: Fetcher<NodeExchange>,
    handle: Handle,
    patience: Duration,
    /// Blobs that nobody had, oldest first: whoever asks again and again does not make this node ask everybody each time.
    missed: Mutex<VecDeque<(ArtifactKind, Hash, Instant)>>,
}

impl NetworkBlobs {
    fn was_missed(&self, wanted: &Wanted) -> bool {
        let mut missed = self.missed.lock();
        while missed.front().is_some_and(|(_, _, at)| at.elapsed() >= MISSED_TIME) {
            missed.pop_front();
        }
        missed.iter().any(|(kind, root, _)| (*kind, *root) == (wanted.kind, wanted.root))
    }

    fn miss(&self, wanted: &Wanted) {
        let mut missed = self.missed.lock();
        missed.push_back((wanted.kind, wanted.root, Instant::now()));
        if missed.len() > MISSED {
            missed.pop_front();
        }
    }
}

impl BlobSource for NetworkBlobs {
    fn read(&self, wanted: &Wanted) -> Result<Vec<u8>, FetchError> {
        if !self.store.contains(wanted.kind, &wanted.root) && self.was_missed(wanted) {
            return Err(FetchError::NotFound { asked: 0 });
        }
        let fetch = async { tokio::time::timeout(self.patience, self.fetcher.fetch(wanted)).await };
        let fetched = self.handle.block_on(fetch).unwrap_or(Err(FetchError::Unfinished));
        if let Err(FetchError::NotFound { .. }) = &fetched {
            self.miss(wanted);
        }
        fetched
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_protocol_is_named_as_the_sdk_names_its_own() {
        let genesis = Hash::repeat_byte(0xab);
        let hex = "ab".repeat(32);
        assert_eq!(protocol_name(&genesis, None).to_string(), format!("/{hex}/strike/blobs/1"));
        assert_eq!(protocol_name(&genesis, Some("fork")).to_string(), format!("/{hex}/fork/strike/blobs/1"));
    }
}
