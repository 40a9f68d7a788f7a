//! The parts of a node that need no network: enough to check, export and revert blocks.

use super::inherents::{self, Checked};
use crate::{
    client::{FullBackend, FullClient, FullSelectChain, Pool},
    limits::JUSTIFICATION_PERIOD,
};
use sc_consensus::{DefaultImportQueue, LongestChain};
use sc_consensus_babe::{BabeBlockImport, BabeLink, BabeWorkerHandle};
use sc_consensus_grandpa::{GrandpaBlockImport, GrandpaPruningFilter, LinkHalf};
use sc_executor::{HeapAllocStrategy, WasmExecutor, DEFAULT_HEAP_ALLOC_STRATEGY};
use sc_service::{Configuration, PartialComponents};
use sc_telemetry::{Telemetry, TelemetryWorker};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use std::{path::Path, sync::Arc};
use strike_runtime::{apis::RuntimeApi, opaque::Block};

type FinalityImport = GrandpaBlockImport<FullBackend, Block, FullClient, FullSelectChain>;
/// Blocks pass BABE's checks, then GRANDPA's, then reach the client.
pub(super) type BlockImport = BabeBlockImport<Block, FullClient, FinalityImport, Checked, FullSelectChain>;

/// The ends of GRANDPA's block import that its voter takes.
pub(super) type GrandpaLink = LinkHalf<Block, FullClient, FullSelectChain>;

/// Consensus, ready to be started.
pub struct Consensus {
    pub(super) block_import: BlockImport,
    pub(super) babe: BabeLink<Block>,
    pub(super) babe_worker: BabeWorkerHandle<Block>,
    pub(super) grandpa: GrandpaLink,
    pub(super) telemetry: Option<Telemetry>,
}

/// The parts of a node that need no network.
pub type Partial =
    PartialComponents<FullClient, FullBackend, FullSelectChain, DefaultImportQueue<Block>, Pool, Consensus>;

/// As the SDK's own, with a folder for compiled runtimes.
fn executor(config: &Configuration, wasm_cache: Option<&Path>) -> WasmExecutor<sp_io::SubstrateHostFunctions> {
    let settings = &config.executor;
    let heap = settings
        .default_heap_pages
        .map_or(DEFAULT_HEAP_ALLOC_STRATEGY, |pages| HeapAllocStrategy::Static { extra_pages: pages as u32 });
    let cache = wasm_cache.map_or_else(|| config.base_path.path().join("wasm-cache"), Path::to_path_buf);
    WasmExecutor::builder()
        .with_execution_method(settings.wasm_method)
        .with_onchain_heap_alloc_strategy(heap)
        .with_offchain_heap_alloc_strategy(heap)
        .with_max_runtime_instances(settings.max_runtime_instances)
        .with_runtime_cache_size(settings.runtime_cache_size)
        .with_cache_path(cache)
        .build()
}

/// Opens the database, making genesis if it is new, and builds everything that needs no network.
///
/// Compiled runtimes are kept in `wasm_cache`, by default below the base path: compiling one takes seconds.
pub fn new_partial(config: &Configuration, wasm_cache: Option<&Path>) -> Result<Partial, sc_service::Error> {
    let telemetry = config
        .telemetry_endpoints
        .clone()
        .filter(|endpoints| !endpoints.is_empty())
        .map(|endpoints| -> Result<_, sc_telemetry::Error> {
            let worker = TelemetryWorker::new(16)?;
            let telemetry = worker.handle().new_telemetry(endpoints);
            Ok((worker, telemetry))
        })
        .transpose()?;

    let (client, backend, keystore_container, task_manager) = sc_service::new_full_parts::<Block, RuntimeApi, _>(
        config,
        telemetry.as_ref().map(|(_, telemetry)| telemetry.handle()),
        executor(config, wasm_cache),
        // Pruning keeps the blocks whose justifications warp sync is made of.
        vec![Arc::new(GrandpaPruningFilter)],
    )?;
    let client = Arc::new(client);

    let telemetry = telemetry.map(|(worker, telemetry)| {
        task_manager.spawn_handle().spawn("telemetry", None, worker.run());
        telemetry
    });

    let select_chain = LongestChain::new(backend.clone());
    let transaction_pool = Arc::from(
        sc_transaction_pool::Builder::new(
            task_manager.spawn_essential_handle(),
            client.clone(),
            config.role.is_authority().into(),
        )
        .with_options(config.transaction_pool.clone())
        .with_prometheus(config.prometheus_registry())
        .build(),
    );

    let (finality_import, grandpa) = sc_consensus_grandpa::block_import(
        client.clone(),
        JUSTIFICATION_PERIOD,
        &client,
        select_chain.clone(),
        telemetry.as_ref().map(Telemetry::handle),
    )?;
    let justification_import = finality_import.clone();

    let babe_config = sc_consensus_babe::configuration(&*client)?;
    let slot_duration = babe_config.slot_duration();
    let (block_import, babe) = sc_consensus_babe::block_import(
        babe_config,
        finality_import,
        client.clone(),
        inherents::of_import(slot_duration),
        select_chain.clone(),
        // Through it an equivocation that import notices is reported.
        OffchainTransactionPoolFactory::new(Arc::clone(&transaction_pool)),
    )?;

    let (import_queue, babe_worker) = sc_consensus_babe::import_queue(sc_consensus_babe::ImportQueueParams {
        link: babe.clone(),
        block_import: block_import.clone(),
        justification_import: Some(Box::new(justification_import)),
        client: client.clone(),
        slot_duration,
        spawner: &task_manager.spawn_essential_handle(),
        registry: config.prometheus_registry(),
        telemetry: telemetry.as_ref().map(Telemetry::handle),
    })?;

    Ok(PartialComponents {
        client,
        backend,
        task_manager,
        keystore_container,
        select_chain,
        import_queue,
        transaction_pool,
        other: Consensus { block_import, babe, babe_worker, grandpa, telemetry },
    })
}
