//! What this node keeps for jobs, and that it says so in the distributed hash table.

use super::{final_jobs::FinalJobs, handles::Handles, resilient::blocking};
use crate::{
    client::FullClient,
    limits::{ANNOUNCE_PERIOD, LONELY_PERIOD, TEND_PERIOD},
};
use parking_lot::Mutex;
use sc_network::{service::traits::NetworkService, KademliaKey};
use sc_network_sync::SyncingService;
use sp_blockchain::HeaderBackend;
use sp_consensus::SyncOracle;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use strike_blobs::{BlobStore, ForgottenBlobs, Uploads};
use strike_primitives::blob::input_place;
use strike_runtime::{opaque::Block, Hash};

/// Announces what this node has.
#[derive(Clone)]
pub(super) struct Announcer {
    pub(super) genesis: Hash,
    pub(super) client: Arc<FullClient>,
    pub(super) network: Arc<dyn NetworkService>,
    pub(super) sync: Arc<SyncingService<Block>>,
}

impl Announcer {
    /// Announces on the chain with this genesis block.
    pub fn new(genesis: Hash, handles: &Handles) -> Self {
        let (client, network, sync) = (handles.client.clone(), handles.network.clone(), handles.sync.clone());
        Self { genesis, client, network, sync }
    }

    async fn until_there_are_peers(&self) {
        while self.sync.num_connected_peers() == 0 {
            tokio::time::sleep(LONELY_PERIOD).await;
        }
    }

    /// Says which uploads this node keeps, as soon as they come and until it lets them go, as long as the node runs.
    pub async fn announce_uploads(self, uploads: Arc<Uploads>) {
        let announced = Mutex::new(BTreeSet::new());
        let announce = async {
            loop {
                self.until_there_are_peers().await;
                for root in uploads.roots() {
                    if announced.lock().insert(root) {
                        self.network.start_providing(self.place_of(&root));
                    }
                }
                uploads.came().await;
            }
        };
        let tend = async {
            let mut since = Duration::ZERO;
            loop {
                tokio::time::sleep(TEND_PERIOD).await;
                let (uploads, client) = (uploads.clone(), self.client.clone());
                let tended = blocking(move || {
                    let info = client.info();
                    uploads.tend(&FinalJobs { client: &client, at: info.finalized_hash }, info.finalized_number)
                });
                match tended.await {
                    Ok(gone) => {
                        for root in gone {
                            announced.lock().remove(&root);
                            self.network.stop_providing(self.place_of(&root));
                        }
                    }
                    Err(error) => log::warn!("Uploads are kept, for their jobs cannot be looked through: {error}"),
                }
                since += TEND_PERIOD;
                if since >= ANNOUNCE_PERIOD {
                    since = Duration::ZERO;
                    for root in announced.lock().iter() {
                        self.network.start_providing(self.place_of(root));
                    }
                }
            }
        };
        futures::future::join(announce, tend).await;
    }

    /// Removes the blobs of jobs that the chain has forgotten, as long as the node runs.
    pub async fn tend_blobs(self, store: Arc<BlobStore>) {
        let forgotten = Arc::new(Mutex::new(ForgottenBlobs::new(store)));
        let mut is_told = false;
        loop {
            tokio::time::sleep(TEND_PERIOD).await;
            // The jobs of a block of long ago are not those that blobs are needed for.
            if self.sync.is_major_syncing() {
                continue;
            }
            let (forgotten, client) = (forgotten.clone(), self.client.clone());
            let tended = blocking(move || {
                let info = client.info();
                let jobs = FinalJobs { client: &client, at: info.finalized_hash };
                forgotten.lock().tend(&jobs, info.finalized_number)
            });
            match tended.await {
                Ok(_) => is_told = false,
                // Said once: it may come every time.
                Err(error) if !std::mem::replace(&mut is_told, true) => {
                    log::warn!("Blobs of forgotten jobs stay until the disk's limit: {error}")
                }
                Err(_) => {}
            }
        }
    }

    fn place_of(&self, root: &Hash) -> KademliaKey {
        KademliaKey::new(&input_place(&self.genesis, root))
    }
}
