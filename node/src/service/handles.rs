//! What the steps that start a node share.

use crate::client::{FullBackend, FullClient, Pool};
use sc_network::service::traits::NetworkService;
use sc_network_sync::SyncingService;
use sc_service::{Role, SpawnEssentialTaskHandle, SpawnTaskHandle};
use sp_keystore::KeystorePtr;
use std::sync::Arc;
use strike_runtime::opaque::Block;
use substrate_prometheus_endpoint::Registry;
use tokio::runtime::Handle;

/// Handles of one running node: each may be cloned, and its clones are of the same node.
pub(super) struct Handles {
    /// Authority or not.
    pub role: Role,
    pub client: Arc<FullClient>,
    pub backend: Arc<FullBackend>,
    pub pool: Arc<Pool>,
    pub keystore: KeystorePtr,
    pub network: Arc<dyn NetworkService>,
    pub sync: Arc<SyncingService<Block>>,
    /// Where metrics go, if anywhere.
    pub prometheus: Option<Registry>,
    /// Runs what blocking callers wait for.
    pub tokio: Handle,
    /// Starts tasks that may end.
    pub tasks: SpawnTaskHandle,
    /// Starts tasks whose end is the end of the node.
    pub essential_tasks: SpawnEssentialTaskHandle,
}
