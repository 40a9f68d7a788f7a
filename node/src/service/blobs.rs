//! Blobs over the node's own network: answers other nodes' requests, and fetches what this one lacks.
//!
//! What is asked and answered, within which limits and by which rules, is `strike-blobs`'; here it meets the network.

use super::{handles::Handles, resilient::blocking};
use crate::limits::{BLOB_REQUESTS_ANSWERED, BLOB_REQUESTS_WAITING, BLOB_REQUEST_TIME, LOCATE_TIME};
use futures::{
    stream::{self, BoxStream},
    StreamExt,
};
use sc_network::{
    peer_store::BANNED_THRESHOLD,
    request_responses::{IncomingRequest, OutgoingResponse},
    service::traits::NetworkService,
    DhtEvent, Event, IfDisconnected, KademliaKey, NetworkBackend, PeerId, ProtocolName, ReputationChange,
};
use sc_network_sync::SyncingService;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use strike_blobs::{
    message::{MAX_REQUEST, MAX_RESPONSE},
    BlobQuery, BlobSource, BlobStore, Exchange, FetchError, FetchLimits, FetchTimes, Fetcher, Misconduct, Server,
};
use strike_runtime::{opaque::Block, Hash};
use tokio::runtime::Handle;

// The SDK's own bound on a response.
const _: () = assert!(MAX_RESPONSE < 16 << 20);

/// The protocol's name behind the chain's.
const NAME: &str = "strike/blobs/1";

fn reputation(misconduct: Misconduct) -> ReputationChange {
    match misconduct {
        // Nobody sends these by mistake: what is sent is verified before.
        Misconduct::Garbage => ReputationChange::new_fatal("Blobs: not what the protocol says"),
        // A slow line is no crime: as often as this can come, 16 times a second, it decays before the peer would be
        // dropped.
        Misconduct::Stall => ReputationChange::new(-(1 << 18), "Blobs: says that it has one and does not give it"),
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
#[derive(Clone)]
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
        let (sender, requests) = async_channel::bounded(BLOB_REQUESTS_WAITING);
        let config = Network::request_response_config(
            name.clone(),
            Vec::new(),
            MAX_REQUEST,
            MAX_RESPONSE,
            BLOB_REQUEST_TIME,
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
        requests.for_each_concurrent(BLOB_REQUESTS_ANSWERED, move |request| {
            let (server, wrap) = (server.clone(), wrap.clone());
            async move {
                let IncomingRequest { peer, payload, pending_response } = request;
                let answer = move || {
                    let answer = server.answer(&peer, &payload, Instant::now());
                    Ok((answer.response.map(|response| wrap(response)), answer.misconduct))
                };
                let (response, misconduct) = match blocking(answer).await {
                    Ok(answer) => answer,
                    Err(error) => {
                        log::error!(target: strike_blobs::LOG_TARGET, "{peer} is not answered: {error}");
                        return;
                    }
                };
                // Nobody listens if the peer is gone.
                let _ = pending_response.send(OutgoingResponse {
                    result: response.ok_or(()),
                    reputation_changes: misconduct.into_iter().map(reputation).collect(),
                    sent_feedback: None,
                });
            }
        })
    }

    /// This node's blobs and, through them, those of the network. A reader waits for `patience` at most. Each source
    /// has limits of its own, so that what one of them is asked for holds up no other. They go on with each other's
    /// downloads.
    pub fn source(&self, handles: &Handles, store: Arc<BlobStore>, patience: Duration) -> Arc<dyn BlobSource> {
        let (network, sync, protocol) = (handles.network.clone(), handles.sync.clone(), self.name.clone());
        let exchange = NodeExchange { network, sync, protocol };
        let limits = FetchLimits { times: FetchTimes { patience, ..Default::default() }, ..Default::default() };
        Arc::new(NetworkBlobs { fetcher: Fetcher::new(store, exchange, limits), tokio: handles.tokio.clone() })
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

    fn located(&self, place: &Hash) -> BoxStream<'_, Vec<PeerId>> {
        let key = KademliaKey::new(place);
        let events = self.network.event_stream("strike-blobs");
        self.network.get_providers(key.clone());
        let found = stream::unfold((events, key), |(mut events, key)| async move {
            loop {
                match events.next().await? {
                    Event::Dht(DhtEvent::ProvidersFound(found, peers)) if found == key => {
                        return Some((peers, (events, key)))
                    }
                    Event::Dht(DhtEvent::NoMoreProviders(found) | DhtEvent::ProvidersNotFound(found))
                        if found == key =>
                    {
                        return None
                    }
                    _ => {}
                }
            }
        });
        let this = self.network.local_peer_id();
        let in_time = found.take_until(tokio::time::sleep(LOCATE_TIME));
        let others = in_time.map(move |peers| {
            let others = peers.into_iter().filter(|peer| *peer != this && !self.is_banned(peer));
            others.collect::<Vec<_>>()
        });
        others.boxed()
    }

    async fn request(&self, peer: &PeerId, request: Vec<u8>) -> Option<Vec<u8>> {
        let answer = self.network.request(*peer, self.protocol.clone(), request, None, IfDisconnected::TryConnect);
        match answer.await {
            Ok((answer, _)) => Some(answer),
            Err(error) => {
                log::debug!(target: strike_blobs::LOG_TARGET, "{peer} does not answer: {error}");
                None
            }
        }
    }

    fn report(&self, peer: &PeerId, misconduct: Misconduct) {
        let target = strike_blobs::LOG_TARGET;
        match misconduct {
            Misconduct::Garbage => log::info!(target: target, "{peer} sends what is no blob, and is dropped"),
            Misconduct::Stall => log::debug!(target: target, "{peer} says that it has a blob and does not give it"),
            Misconduct::Flood => log::debug!(target: target, "{peer} asks for too much"),
        }
        self.network.report_peer(*peer, reputation(misconduct));
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// This node's blobs, and those that other nodes have.
struct NetworkBlobs {
    fetcher: Fetcher<NodeExchange>,
    tokio: Handle,
}

impl BlobSource for NetworkBlobs {
    fn read(&self, query: &BlobQuery) -> Result<Vec<u8>, FetchError> {
        self.tokio.block_on(self.fetcher.fetch(query))
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
