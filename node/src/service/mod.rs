//! The node, put together: database, network, consensus, off-chain workers and RPC.

mod announce;
mod blobs;
mod inherents;
mod partial;
mod work;

pub use blobs::WrapAnswer;
pub use partial::{new_partial, Consensus, FullBackend, FullClient, FullSelectChain, Partial, Pool};
pub use work::{WorkOptions, Workshop, WrapProvider, Wraps};

use crate::rpc;
use futures::{FutureExt, StreamExt};
use sc_client_api::{Backend, BlockBackend};
use sc_consensus_babe::{BabeParams, SlotProportion};
use sc_consensus_grandpa::{FinalityProofProvider, GrandpaParams, SharedVoterState, VotingRulesBuilder};
use sc_consensus_slots::BackoffAuthoringOnFinalizedHeadLagging;
use sc_network::{
    config::FullNetworkConfiguration, service::traits::NetworkService, Event, NetworkBackend, NetworkEventStream,
};
use sc_network_sync::WarpSyncConfig;
use sc_service::{ChainType, Configuration, KeystoreContainer, PartialComponents, TaskManager};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_keystore::KeystorePtr;
use std::{sync::Arc, time::Duration};
use strike_rpc::Bounds;
use strike_runtime::{opaque::Block, Hash};

/// Half of a slot is for making a block; the other half is for carrying it to the others and for their import.
const PROPOSAL_SLOT_PORTION: f32 = 0.5;

/// How long a GRANDPA message may take through the network, as the voter expects.
const GOSSIP_DURATION: Duration = Duration::from_millis(333);

/// Calls of JSON-RPC that fetch outputs from other nodes at once, and as many that fetch inputs: each holds one of the server's threads,
/// of which there are as many as connections.
const FETCHES_FOR_CALLERS: usize = 8;

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
    work.insert_provider_key(&keystore_container.keystore())?;
    let workshop = Workshop::open(&config, &work, wraps.provider)?;

    let prometheus = config.prometheus_registry().cloned();
    let genesis =
        client.block_hash(0)?.ok_or_else(|| sc_service::Error::Other("the database has no genesis block".into()))?;
    let metrics = Network::register_notification_metrics(prometheus.as_ref());
    let mut net_config = FullNetworkConfiguration::<_, _, Network>::new(&config.network, prometheus.clone());

    let grandpa_protocol = sc_consensus_grandpa::protocol_standard_name(&genesis, &config.chain_spec);
    let (grandpa_protocol_config, grandpa_notifications) = sc_consensus_grandpa::grandpa_peers_set_config::<_, Network>(
        grandpa_protocol.clone(),
        metrics.clone(),
        net_config.peer_store_handle(),
    );
    net_config.add_notification_protocol(grandpa_protocol_config);

    let (exchange, exchange_config) = blobs::Protocol::new::<Network>(genesis, config.chain_spec.fork_id());
    net_config.add_request_response_protocol(exchange_config);

    let warp_sync = sc_consensus_grandpa::warp_proof::NetworkProvider::new(
        backend.clone(),
        grandpa.shared_authority_set().clone(),
        Vec::new(),
    );

    let (network, system_rpc_tx, tx_handler_controller, sync_service, _) =
        sc_service::build_network(sc_service::BuildNetworkParams {
            config: &config,
            net_config,
            client: client.clone(),
            transaction_pool: transaction_pool.clone(),
            spawn_handle: task_manager.spawn_handle(),
            spawn_essential_handle: task_manager.spawn_essential_handle(),
            import_queue,
            block_announce_validator_builder: None,
            warp_sync_config: Some(WarpSyncConfig::WithProvider(Arc::new(warp_sync))),
            block_relay: None,
            metrics,
            gap_sync_body_policy: None,
        })?;

    let serve = exchange.serve(workshop.blobs.clone(), wraps.answer);
    task_manager.spawn_handle().spawn("blobs-server", Some("networking"), serve);
    let blob_source = |patience| {
        let (store, handle) = (workshop.blobs.clone(), config.tokio_handle.clone());
        Arc::new(exchange.source(store, network.clone(), sync_service.clone(), handle, patience))
    };
    let rpc_blobs = blob_source(blobs::FETCH_TIME);
    let announcer =
        announce::Announcer { genesis, client: client.clone(), network: network.clone(), sync: sync_service.clone() };
    let announce = announcer.clone().announce_uploads(workshop.uploads.clone());
    task_manager.spawn_handle().spawn("uploads", Some("networking"), announce);

    if config.offchain_worker.enabled {
        spawn_offchain_workers(
            &config,
            &task_manager,
            &client,
            &backend,
            &keystore_container,
            &transaction_pool,
            &network,
        )?;
    }

    // A validator checks and a provider serves; any other node has no keys to work for.
    if config.role.is_authority() || work.provider {
        workshop.spawn_worker(
            &config,
            &task_manager,
            &client,
            &backend,
            Arc::new(sync_service.clone()),
            keystore_container.keystore(),
            blob_source(blobs::WORK_FETCH_TIME),
            blob_source(blobs::WORK_FETCH_TIME),
        );
        let announce = announcer.announce_providers(keystore_container.keystore());
        task_manager.spawn_handle().spawn("provider-announcement", Some("networking"), announce);
    }

    let voter_state = SharedVoterState::empty();
    let role = config.role;
    let name = config.network.node_name.clone();
    let force_authoring = config.force_authoring;
    let enable_grandpa = !config.disable_grandpa;

    if role.is_authority() {
        spawn_authority_discovery(&config, &task_manager, &client, &network, keystore_container.keystore());
    }

    let rpc_dependencies = rpc::Dependencies {
        client: client.clone(),
        pool: transaction_pool.clone(),
        select_chain: select_chain.clone(),
        keystore: keystore_container.keystore(),
        babe: babe_worker,
        store: workshop.blobs.clone(),
        blobs: rpc_blobs,
        uploads: workshop.uploads.clone(),
        models: workshop.models.clone(),
        bounds: Bounds::new(FETCHES_FOR_CALLERS, (config.rpc.max_response_size as usize).saturating_mul(1 << 20)),
        grandpa: rpc::GrandpaDependencies {
            voter_state: voter_state.clone(),
            authority_set: grandpa.shared_authority_set().clone(),
            justifications: grandpa.justification_stream(),
            finality_proofs: FinalityProofProvider::new_for_service(
                backend.clone(),
                Some(grandpa.shared_authority_set().clone()),
            ),
        },
    };

    sc_service::spawn_tasks(sc_service::SpawnTasksParams {
        config,
        client: client.clone(),
        backend,
        task_manager: &mut task_manager,
        keystore: keystore_container.keystore(),
        transaction_pool: transaction_pool.clone(),
        rpc_builder: Box::new(move |executor| rpc::create(&rpc_dependencies, executor).map_err(Into::into)),
        network: network.clone(),
        system_rpc_tx,
        tx_handler_controller,
        sync_service: sync_service.clone(),
        telemetry: telemetry.as_mut(),
        tracing_execute_block: None,
    })?;

    if role.is_authority() {
        let slot_duration = babe.config().slot_duration();
        let authoring = sc_consensus_babe::start_babe(BabeParams {
            keystore: keystore_container.keystore(),
            client: client.clone(),
            select_chain,
            env: sc_basic_authorship::ProposerFactory::new(
                task_manager.spawn_handle(),
                client.clone(),
                transaction_pool.clone(),
                prometheus.as_ref(),
                telemetry.as_ref().map(|telemetry| telemetry.handle()),
            ),
            block_import,
            sync_oracle: sync_service.clone(),
            justification_sync_link: sync_service.clone(),
            create_inherent_data_providers: inherents::of_author(client.clone(), slot_duration),
            force_authoring,
            // Blocks that will not be final for long only make the fork choice harder.
            backoff_authoring_blocks: Some(BackoffAuthoringOnFinalizedHeadLagging::default()),
            babe_link: babe,
            block_proposal_slot_portion: SlotProportion::new(PROPOSAL_SLOT_PORTION),
            max_block_proposal_slot_portion: None,
            telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
        })?;
        task_manager.spawn_essential_handle().spawn_blocking("babe", Some("block-authoring"), authoring);
    }

    if enable_grandpa {
        let voter = sc_consensus_grandpa::run_grandpa_voter(GrandpaParams {
            config: sc_consensus_grandpa::Config {
                gossip_duration: GOSSIP_DURATION,
                justification_generation_period: partial::JUSTIFICATION_PERIOD,
                name: Some(name),
                observer_enabled: false,
                // Without a keystore the voter observes. A node that is no authority may hold a validator's spare keys.
                keystore: role.is_authority().then(|| keystore_container.keystore()),
                local_role: role,
                telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
                protocol_name: grandpa_protocol,
            },
            link: grandpa,
            network,
            sync: sync_service,
            notification_service: grandpa_notifications,
            voting_rule: VotingRulesBuilder::default().build(),
            prometheus_registry: prometheus,
            shared_voter_state: voter_state,
            telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
            offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(transaction_pool),
        })?;
        // Without finality nothing is settled: a node whose voter ended is better restarted than left running.
        task_manager.spawn_essential_handle().spawn_blocking("grandpa-voter", None, voter);
    }

    Ok(task_manager)
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

/// Runs the pallets' off-chain hooks after every new best block.
fn spawn_offchain_workers(
    config: &Configuration,
    task_manager: &TaskManager,
    client: &Arc<FullClient>,
    backend: &Arc<FullBackend>,
    keystore: &KeystoreContainer,
    pool: &Arc<Pool>,
    network: &Arc<dyn NetworkService>,
) -> Result<(), sc_service::Error> {
    let workers = sc_offchain::OffchainWorkers::new(sc_offchain::OffchainWorkerOptions {
        runtime_api_provider: client.clone(),
        keystore: Some(keystore.keystore()),
        offchain_db: backend.offchain_storage(),
        transaction_pool: Some(OffchainTransactionPoolFactory::new(pool.clone())),
        network_provider: Arc::new(network.clone()),
        is_validator: config.role.is_authority(),
        // Our hooks read a mailbox, sign and submit. They have no business on the web.
        enable_http_requests: false,
        custom_extensions: |_| Vec::new(),
    })?;
    task_manager.spawn_handle().spawn(
        "offchain-workers-runner",
        Some("offchain-worker"),
        workers.run(client.clone(), task_manager.spawn_handle()).boxed(),
    );
    Ok(())
}

/// Publishes this validator's addresses and finds those of the others.
fn spawn_authority_discovery(
    config: &Configuration,
    task_manager: &TaskManager,
    client: &Arc<FullClient>,
    network: &Arc<dyn NetworkService>,
    keystore: KeystorePtr,
) {
    let dht_events = network.event_stream("authority-discovery").filter_map(|event| async move {
        match event {
            Event::Dht(event) => Some(event),
            _ => None,
        }
    });
    let (worker, _) = sc_authority_discovery::new_worker_and_service_with_config(
        sc_authority_discovery::WorkerConfig {
            publish_non_global_ips: config.network.allow_non_globals_in_dht,
            public_addresses: config.network.public_addresses.clone(),
            persisted_cache_directory: config.network.net_config_path.clone(),
            strict_record_validation: true,
            ..Default::default()
        },
        client.clone(),
        Arc::new(network.clone()),
        Box::pin(dht_events),
        sc_authority_discovery::Role::PublishAndDiscover(keystore),
        config.prometheus_registry().cloned(),
        task_manager.spawn_handle(),
    );
    task_manager.spawn_handle().spawn("authority-discovery-worker", Some("networking"), worker.run());
}
