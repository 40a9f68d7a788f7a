//! A whole node: the parts that need no network, then the network, then everything that runs on it.

use super::{
    consensus::{self, Authoring, Voting},
    handles::Handles,
    network::Protocols,
    partial::{new_partial, Consensus},
    work::{WorkOptions, WorkServices, Wraps},
};
use crate::{
    client::{FullClient, FullSelectChain},
    limits::{FETCHES_FOR_CALLERS, RPC_FETCH_TIME},
    rpc, startup,
};
use futures::FutureExt;
use sc_client_api::Backend;
use sc_consensus_babe::BabeWorkerHandle;
use sc_consensus_grandpa::{warp_proof, SharedVoterState};
use sc_network::NetworkBackend;
use sc_network_sync::WarpSyncConfig;
use sc_service::{ChainType, Configuration, PartialComponents, TaskManager};
use sc_telemetry::Telemetry;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_blockchain::HeaderBackend;
use std::sync::Arc;
use strike_blobs::BlobSource;
use strike_rpc::Bounds;
use strike_runtime::{opaque::Block, Hash};

/// Starts a node. It runs until the returned task manager is dropped or an essential task of it ends.
pub fn new_full<Network>(
    mut config: Configuration,
    work: WorkOptions,
    wraps: Wraps,
) -> Result<TaskManager, sc_service::Error>
where
    Network: NetworkBackend<Block, Hash>,
{
    adjust(&mut config, &work);
    work.begin_import_threads();
    let PartialComponents {
        client,
        backend,
        mut task_manager,
        import_queue,
        keystore_container,
        select_chain,
        transaction_pool,
        other: Consensus { block_import, babe, babe_worker, grandpa, mut telemetry },
    } = new_partial(&config, work.wasm_cache.as_deref())?;
    check_clock(&config, &client)?;
    work.insert_provider_key(&keystore_container.keystore())?;
    let services = WorkServices::open(&config, &work, wraps.provider)?;

    let protocols = Protocols::<Network>::register(&config, &client)?;
    let authority_set = grandpa.shared_authority_set().clone();
    let warp_sync = warp_proof::NetworkProvider::new(backend.clone(), authority_set, Vec::new());
    let (network, system_rpc_tx, tx_handler_controller, sync, _) =
        sc_service::build_network(sc_service::BuildNetworkParams {
            config: &config,
            net_config: protocols.config,
            client: client.clone(),
            transaction_pool: transaction_pool.clone(),
            spawn_handle: task_manager.spawn_handle(),
            spawn_essential_handle: task_manager.spawn_essential_handle(),
            import_queue,
            block_announce_validator_builder: None,
            warp_sync_config: Some(WarpSyncConfig::WithProvider(Arc::new(warp_sync))),
            block_relay: None,
            metrics: protocols.metrics,
            gap_sync_body_policy: None,
        })?;
    let handles = Handles {
        role: config.role,
        client,
        backend,
        pool: transaction_pool,
        keystore: keystore_container.keystore(),
        network,
        sync,
        prometheus: config.prometheus_registry().cloned(),
        tokio: config.tokio_handle.clone(),
        tasks: task_manager.spawn_handle(),
        essential_tasks: task_manager.spawn_essential_handle(),
    };

    // A validator checks and a provider serves; any other node has no keys to work for.
    let works = handles.role.is_authority() || work.provider;
    services.start(&handles, &protocols.blobs, protocols.genesis, wraps.answer, works);
    if config.offchain_worker.enabled {
        spawn_offchain_workers(&handles)?;
    }
    if handles.role.is_authority() {
        consensus::spawn_authority_discovery(&config, &handles);
    }

    let voter_state = SharedVoterState::empty();
    let (name, force, enable_grandpa) =
        (config.network.node_name.clone(), config.force_authoring, !config.disable_grandpa);
    let rpc_dependencies = rpc_dependencies(
        &handles,
        &services,
        protocols.blobs.source(&handles, services.blobs.clone(), RPC_FETCH_TIME),
        Bounds::new(FETCHES_FOR_CALLERS, (config.rpc.max_response_size as usize).saturating_mul(1 << 20)),
        select_chain.clone(),
        babe_worker,
        consensus::grandpa_dependencies(&grandpa, handles.backend.clone(), voter_state.clone()),
    );
    sc_service::spawn_tasks(sc_service::SpawnTasksParams {
        config,
        client: handles.client.clone(),
        backend: handles.backend.clone(),
        task_manager: &mut task_manager,
        keystore: handles.keystore.clone(),
        transaction_pool: handles.pool.clone(),
        rpc_builder: Box::new(move |executor| rpc::create(&rpc_dependencies, executor).map_err(Into::into)),
        network: handles.network.clone(),
        system_rpc_tx,
        tx_handler_controller,
        sync_service: handles.sync.clone(),
        telemetry: telemetry.as_mut(),
        tracing_execute_block: None,
    })?;

    let telemetry = telemetry.as_ref().map(Telemetry::handle);
    if handles.role.is_authority() {
        let authoring = Authoring { select_chain, block_import, babe, force };
        consensus::start_babe(&handles, authoring, telemetry.clone())?;
    }
    if enable_grandpa {
        let voting = Voting { name, link: grandpa, protocol: protocols.grandpa, state: voter_state };
        consensus::start_grandpa(&handles, voting, telemetry)?;
    }
    Ok(task_manager)
}

/// Compares this machine's clock with the last block. A validator whose clock is behind does not start: it would only make blocks that
/// nobody takes.
fn check_clock(config: &Configuration, client: &FullClient) -> Result<(), sc_service::Error> {
    let Some(best) = client.header(client.info().best_hash)? else { return Ok(()) };
    // Genesis has no slot.
    let Ok(digest) = sc_consensus_babe::find_pre_digest::<Block>(&best) else { return Ok(()) };
    let slot_duration = sc_consensus_babe::configuration(client)?.slot_duration();
    let Some(time) = digest.slot().timestamp(slot_duration) else { return Ok(()) };
    match startup::check_clock(time.as_duration()) {
        Err(problem) if config.role.is_authority() => Err(sc_service::Error::Application(Box::new(problem))),
        Err(problem) => {
            log::error!("⚠️ {problem}");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// What the arguments mean beyond what they say.
fn adjust(config: &mut Configuration, work: &WorkOptions) {
    // A provider's attestations are signed and sent by its off-chain worker.
    config.offchain_worker.enabled |= work.provider;

    // Warp sync waits for three peers, so that no single one can lead it astray. A chain on a machine of one's own has
    // no strangers, and often fewer nodes.
    if matches!(config.chain_spec.chain_type(), ChainType::Development | ChainType::Local) {
        config.network.min_peers_to_start_warp_sync.get_or_insert(1);
    }
}

/// What JSON-RPC answers are made from.
fn rpc_dependencies(
    handles: &Handles,
    services: &WorkServices,
    blobs: Arc<dyn BlobSource>,
    bounds: Bounds,
    select_chain: FullSelectChain,
    babe: BabeWorkerHandle<Block>,
    grandpa: rpc::GrandpaDependencies,
) -> rpc::Dependencies {
    rpc::Dependencies {
        client: handles.client.clone(),
        pool: handles.pool.clone(),
        select_chain,
        keystore: handles.keystore.clone(),
        babe,
        store: services.blobs.clone(),
        blobs,
        uploads: services.uploads.clone(),
        models: services.models.clone(),
        bounds,
        grandpa,
    }
}

/// Runs the pallets' off-chain hooks after every new best block.
fn spawn_offchain_workers(handles: &Handles) -> Result<(), sc_service::Error> {
    let workers = sc_offchain::OffchainWorkers::new(sc_offchain::OffchainWorkerOptions {
        runtime_api_provider: handles.client.clone(),
        keystore: Some(handles.keystore.clone()),
        offchain_db: handles.backend.offchain_storage(),
        transaction_pool: Some(OffchainTransactionPoolFactory::new(handles.pool.clone())),
        network_provider: Arc::new(handles.network.clone()),
        is_validator: handles.role.is_authority(),
        // Our hooks read a mailbox, sign and submit. They have no business on the web.
        enable_http_requests: false,
        custom_extensions: |_| Vec::new(),
    })?;
    let run = workers.run(handles.client.clone(), handles.tasks.clone()).boxed();
    handles.tasks.spawn("offchain-workers-runner", Some("offchain-worker"), run);
    Ok(())
}
