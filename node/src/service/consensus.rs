//! Making and finalizing blocks: BABE, GRANDPA, and how authorities find each other.

use super::{
    handles::Handles,
    inherents,
    network::GrandpaProtocol,
    partial::{BlockImport, GrandpaLink},
};
use crate::{
    client::{FullBackend, FullSelectChain},
    limits::{GOSSIP_DURATION, JUSTIFICATION_PERIOD, PROPOSAL_SLOT_PORTION},
    rpc::GrandpaDependencies,
};
use futures::StreamExt;
use sc_consensus_babe::{BabeLink, BabeParams, SlotProportion};
use sc_consensus_grandpa::{FinalityProofProvider, GrandpaParams, SharedVoterState, VotingRulesBuilder};
use sc_consensus_slots::BackoffAuthoringOnFinalizedHeadLagging;
use sc_network::{Event, NetworkEventStream};
use sc_service::{Configuration, Error};
use sc_telemetry::TelemetryHandle;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use std::sync::Arc;
use strike_runtime::opaque::Block;

/// What makes blocks.
pub(super) struct Authoring {
    pub select_chain: FullSelectChain,
    pub block_import: BlockImport,
    pub babe: BabeLink<Block>,
    /// Make blocks also while the node catches up.
    pub force: bool,
}

/// Starts to make blocks in the slots of this node's keys.
pub(super) fn start_babe(
    handles: &Handles,
    authoring: Authoring,
    telemetry: Option<TelemetryHandle>,
) -> Result<(), Error> {
    let Authoring { select_chain, block_import, babe, force } = authoring;
    let slot_duration = babe.config().slot_duration();
    let worker = sc_consensus_babe::start_babe(BabeParams {
        keystore: handles.keystore.clone(),
        client: handles.client.clone(),
        select_chain,
        env: sc_basic_authorship::ProposerFactory::new(
            handles.tasks.clone(),
            handles.client.clone(),
            handles.pool.clone(),
            handles.prometheus.as_ref(),
            telemetry.clone(),
        ),
        block_import,
        sync_oracle: handles.sync.clone(),
        justification_sync_link: handles.sync.clone(),
        create_inherent_data_providers: inherents::of_author(handles.client.clone(), slot_duration),
        force_authoring: force,
        // Blocks that will not be final for long only make the fork choice harder.
        backoff_authoring_blocks: Some(BackoffAuthoringOnFinalizedHeadLagging::default()),
        babe_link: babe,
        block_proposal_slot_portion: SlotProportion::new(PROPOSAL_SLOT_PORTION),
        max_block_proposal_slot_portion: None,
        telemetry,
    })?;
    handles.essential_tasks.spawn_blocking("babe", Some("block-authoring"), worker);
    Ok(())
}

/// What finalizes blocks.
pub(super) struct Voting {
    /// The node's name in telemetry.
    pub name: String,
    pub link: GrandpaLink,
    pub protocol: GrandpaProtocol,
    pub state: SharedVoterState,
}

/// Starts to vote with this node's key. A node that is no authority observes.
pub(super) fn start_grandpa(
    handles: &Handles,
    voting: Voting,
    telemetry: Option<TelemetryHandle>,
) -> Result<(), Error> {
    let Voting { name, link, protocol, state } = voting;
    let voter = sc_consensus_grandpa::run_grandpa_voter(GrandpaParams {
        config: sc_consensus_grandpa::Config {
            gossip_duration: GOSSIP_DURATION,
            justification_generation_period: JUSTIFICATION_PERIOD,
            name: Some(name),
            observer_enabled: false,
            // Without a keystore the voter observes. A node that is no authority may hold a validator's spare keys.
            keystore: handles.role.is_authority().then(|| handles.keystore.clone()),
            local_role: handles.role,
            telemetry: telemetry.clone(),
            protocol_name: protocol.name,
        },
        link,
        network: handles.network.clone(),
        sync: handles.sync.clone(),
        notification_service: protocol.notifications,
        voting_rule: VotingRulesBuilder::default().build(),
        prometheus_registry: handles.prometheus.clone(),
        shared_voter_state: state,
        telemetry,
        offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(handles.pool.clone()),
    })?;
    // Without finality nothing is settled: a node whose voter ended is better restarted than left running.
    handles.essential_tasks.spawn_blocking("grandpa-voter", None, voter);
    Ok(())
}

/// What JSON-RPC tells of finality.
pub(super) fn grandpa_dependencies(
    link: &GrandpaLink,
    backend: Arc<FullBackend>,
    state: SharedVoterState,
) -> GrandpaDependencies {
    let authority_set = link.shared_authority_set().clone();
    GrandpaDependencies {
        voter_state: state,
        authority_set: authority_set.clone(),
        justifications: link.justification_stream(),
        finality_proofs: FinalityProofProvider::new_for_service(backend, Some(authority_set)),
    }
}

/// Publishes this validator's addresses and finds those of the others.
pub(super) fn spawn_authority_discovery(config: &Configuration, handles: &Handles) {
    let dht_events = handles.network.event_stream("authority-discovery").filter_map(|event| async move {
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
        handles.client.clone(),
        Arc::new(handles.network.clone()),
        Box::pin(dht_events),
        sc_authority_discovery::Role::PublishAndDiscover(handles.keystore.clone()),
        handles.prometheus.clone(),
        handles.tasks.clone(),
    );
    handles.tasks.spawn("authority-discovery-worker", Some("networking"), worker.run());
}
