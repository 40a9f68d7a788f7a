//! What this node says in the distributed hash table, and the uploads that it keeps.

use super::handles::Handles;
use crate::{
    client::FullClient,
    limits::{ANNOUNCE_PERIOD, LONELY_PERIOD, TEND_PERIOD},
};
use parking_lot::Mutex;
use sc_network::{service::traits::NetworkService, KademliaKey};
use sc_network_sync::SyncingService;
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_keystore::KeystorePtr;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use strike_blobs::{JobInputs, Uploads};
use strike_primitives::{
    api::{ProvidersApi, StrikeApi},
    app::APP_KEY_TYPE,
    blob::{input_place, provider_place},
    job::{Input, JobOrder},
    JobId,
};
use strike_runtime::{opaque::Block, Hash};

/// Announces what this node has.
#[derive(Clone)]
pub(super) struct Announcer {
    genesis: Hash,
    client: Arc<FullClient>,
    network: Arc<dyn NetworkService>,
    sync: Arc<SyncingService<Block>>,
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

    /// Says which providers this node works for, by the app keys in its keystore, until the node ends.
    pub async fn announce_providers(self, keystore: KeystorePtr) {
        loop {
            self.until_there_are_peers().await;
            for key in keystore.sr25519_public_keys(APP_KEY_TYPE) {
                match self.client.runtime_api().provider_of(self.client.info().best_hash, key.into()) {
                    Ok(Some(account)) => {
                        let place = provider_place(&self.genesis, &account);
                        self.network.start_providing(KademliaKey::new(&place));
                    }
                    Ok(None) => {}
                    Err(error) => log::debug!("The owner of an app key cannot be read: {error}"),
                }
            }
            tokio::time::sleep(ANNOUNCE_PERIOD).await;
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
                let tended = tokio::task::spawn_blocking(move || {
                    let info = client.info();
                    uploads.tend(&FinalJobs { client: &client, at: info.finalized_hash }, info.finalized_number)
                });
                match tended.await {
                    Ok(Ok(gone)) => {
                        for root in gone {
                            announced.lock().remove(&root);
                            self.network.stop_providing(self.place_of(&root));
                        }
                    }
                    Ok(Err(error)) => log::warn!("Uploads are kept, for their jobs cannot be looked through: {error}"),
                    Err(error) => log::warn!("Uploads are kept, for looking through their jobs failed: {error}"),
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

    fn place_of(&self, root: &Hash) -> KademliaKey {
        KademliaKey::new(&input_place(&self.genesis, root))
    }
}

/// What the chain says of jobs at a final block.
struct FinalJobs<'a> {
    client: &'a FullClient,
    at: Hash,
}

impl JobInputs for FinalJobs<'_> {
    fn jobs(&self, before: Option<JobId>, limit: u32) -> Result<Vec<(JobId, Option<Hash>)>, String> {
        let jobs = self.client.runtime_api().jobs(self.at, None, before, limit).map_err(|error| error.to_string())?;
        let root = |order| {
            let JobOrder::V1(order) = order;
            match order.work.input() {
                Input::Blob { root, .. } => Some(*root),
                Input::Plain(_) | Input::Encrypted { .. } => None,
            }
        };
        Ok(jobs.into_iter().map(|info| (info.job, root(info.order))).collect())
    }

    fn is_kept(&self, job: JobId) -> Result<bool, String> {
        let info = self.client.runtime_api().job(self.at, job).map_err(|error| error.to_string())?;
        Ok(info.is_some())
    }
}
