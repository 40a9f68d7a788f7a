//! What the node answers beside what every Substrate node answers (`system`, `chain`, `state`, `author`,
//! `rpc-spec-v2`): account nonces, fees, consensus, and the `strike` namespace.

use crate::client::{FullBackend, FullClient, FullSelectChain, Pool};
use jsonrpsee::RpcModule;
use sc_consensus_babe::BabeWorkerHandle;
use sc_consensus_babe_rpc::{Babe, BabeApiServer};
use sc_consensus_grandpa::{FinalityProofProvider, GrandpaJustificationStream, SharedAuthoritySet, SharedVoterState};
use sc_consensus_grandpa_rpc::{Grandpa, GrandpaApiServer};
use sc_rpc::SubscriptionTaskExecutor;
use sp_keystore::KeystorePtr;
use std::sync::Arc;
use strike_blobs::{BlobSource, BlobStore, Uploads};
use strike_primitives::artifact::ArtifactId;
use strike_rpc::{Bounds, Guarded, StrikeRpc, StrikeServer};
use strike_runtime::{configs::system::SS58Prefix, opaque::Block, BlockNumber, Hash};
use strike_worker::ModelStore;
use substrate_frame_rpc_system::{System, SystemApiServer};

/// What answers are made from.
pub struct Dependencies {
    /// The chain.
    pub client: Arc<FullClient>,
    /// Transactions that wait.
    pub pool: Arc<Pool>,
    /// Which fork is best.
    pub select_chain: FullSelectChain,
    /// This node's keys.
    pub keystore: KeystorePtr,
    /// Asks the BABE worker for epochs.
    pub babe: BabeWorkerHandle<Block>,
    /// Outputs and inputs that this node has.
    pub store: Arc<BlobStore>,
    /// Outputs and inputs that this node or another one has.
    pub blobs: Arc<dyn BlobSource>,
    /// Inputs that requesters leave here.
    pub uploads: Arc<Uploads>,
    /// Models this node has, to turn outputs into text.
    pub models: Arc<ModelStore>,
    /// How much callers get at once.
    pub bounds: Bounds,
    /// Finality.
    pub grandpa: GrandpaDependencies,
}

/// What answers on finality are made from.
pub struct GrandpaDependencies {
    /// Where this node's vote stands.
    pub voter_state: SharedVoterState,
    /// Who votes.
    pub authority_set: SharedAuthoritySet<Hash, BlockNumber>,
    /// Justifications as they arrive.
    pub justifications: GrandpaJustificationStream<Block>,
    /// Proves that a block is final.
    pub finality_proofs: Arc<FinalityProofProvider<FullBackend, Block>>,
}

/// Everything in one module. Called once for the server and once for calls from within the process.
pub fn create(
    dependencies: &Dependencies,
    executor: SubscriptionTaskExecutor,
) -> Result<RpcModule<()>, Box<dyn std::error::Error + Send + Sync>> {
    let Dependencies { client, pool, select_chain, keystore, babe, store, blobs, uploads, models, bounds, grandpa } =
        dependencies;
    let mut module = RpcModule::new(());

    module.merge(System::new(client.clone(), pool.clone()).into_rpc())?;
    module.merge({
        use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
        TransactionPayment::new(client.clone()).into_rpc()
    })?;
    module.merge(Babe::new(client.clone(), babe.clone(), keystore.clone(), select_chain.clone()).into_rpc())?;
    module.merge(
        Grandpa::new(
            executor,
            grandpa.authority_set.clone(),
            grandpa.voter_state.clone(),
            grandpa.justifications.clone(),
            grandpa.finality_proofs.clone(),
        )
        .into_rpc(),
    )?;

    let models = models.clone();
    let detokenizer = move |model: &ArtifactId, tokens: &[u32]| models.detokenize(model, tokens);
    module.merge(
        Guarded(StrikeRpc::<_, Block>::new(
            client.clone(),
            store.clone(),
            blobs.clone(),
            uploads.clone(),
            Arc::new(detokenizer),
            SS58Prefix::get(),
            bounds.clone(),
        ))
        .into_rpc(),
    )?;

    Ok(module)
}
