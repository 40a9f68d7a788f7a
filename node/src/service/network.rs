//! The protocols that this node speaks beside the SDK's own.

use super::blobs;
use crate::client::FullClient;
use sc_client_api::BlockBackend;
use sc_network::{
    config::FullNetworkConfiguration,
    service::{traits::NotificationService, NotificationMetrics},
    NetworkBackend, ProtocolName,
};
use sc_service::{Configuration, Error};
use strike_runtime::{opaque::Block, Hash};

/// The protocols, registered with a network that is still to be built.
pub(super) struct Protocols<Network: NetworkBackend<Block, Hash>> {
    pub genesis: Hash,
    pub config: FullNetworkConfiguration<Block, Hash, Network>,
    pub metrics: NotificationMetrics,
    pub grandpa: GrandpaProtocol,
    pub blobs: blobs::Protocol,
}

/// GRANDPA's end of the network.
pub(super) struct GrandpaProtocol {
    pub name: ProtocolName,
    pub notifications: Box<dyn NotificationService>,
}

impl<Network: NetworkBackend<Block, Hash>> Protocols<Network> {
    /// Registers the protocols of the chain that `client` has. An error if the database has no genesis block.
    pub fn register(config: &Configuration, client: &FullClient) -> Result<Self, Error> {
        let genesis = client.block_hash(0)?.ok_or_else(|| Error::Other("the database has no genesis block".into()))?;
        let registry = config.prometheus_registry().cloned();
        let metrics = Network::register_notification_metrics(registry.as_ref());
        let mut network = FullNetworkConfiguration::<_, _, Network>::new(&config.network, registry);

        let name = sc_consensus_grandpa::protocol_standard_name(&genesis, &config.chain_spec);
        let (grandpa_config, notifications) = sc_consensus_grandpa::grandpa_peers_set_config::<_, Network>(
            name.clone(),
            metrics.clone(),
            network.peer_store_handle(),
        );
        network.add_notification_protocol(grandpa_config);

        let (blobs, blobs_config) = blobs::Protocol::new::<Network>(genesis, config.chain_spec.fork_id());
        network.add_request_response_protocol(blobs_config);

        let grandpa = GrandpaProtocol { name, notifications };
        Ok(Self { genesis, config: network, metrics, grandpa, blobs })
    }
}
