//! What the node does beside following the chain: jobs, checks, and blobs for others.

use super::{
    announce::Announcer,
    blobs::{Protocol, WrapAnswer},
    handles::Handles,
    providers::Served,
    resilient::resilient,
};
use crate::{
    limits::{MIN_ENGINE_MEMORY, TASK_PAUSE, WORK_FETCH_TIME},
    startup::CommandLine,
};
use sc_client_api::Backend;
use sc_service::Configuration;
use sp_keystore::{Keystore, KeystorePtr};
use std::{path::PathBuf, sync::Arc, time::Instant};
use strike_blobs::{BlobStore, Uploads};
use strike_primitives::app::APP_KEY_TYPE;
use strike_runtime::{opaque::Block, Hash};
use strike_worker::{
    limit_import_threads, shown_bytes, usual_threads, EngineExecutor, Executor, ModelStore, WorkerParams,
};
use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// Puts another executor between the worker and the engine for this node's own jobs; its checks are not touched.
pub type WrapProvider = Box<dyn FnOnce(Arc<dyn Executor>) -> Arc<dyn Executor> + Send>;

/// What is put between the parts of a node. Nodes have nothing there; tests have nodes that misbehave.
pub struct Wraps {
    /// Between the worker and the engine.
    pub provider: WrapProvider,
    /// Between the blob server and the network.
    pub answer: WrapAnswer,
}

impl Default for Wraps {
    fn default() -> Self {
        Self { provider: Box::new(|executor| executor), answer: Arc::new(|answer| answer) }
    }
}

/// What the operator asked for beside what any Substrate node takes.
#[derive(Debug, Clone, Default)]
pub struct WorkOptions {
    /// Serve jobs with the app keys in the keystore.
    pub provider: bool,
    /// Put the app key of this seed into the keystore first: development chains have a provider without any set-up.
    pub provider_seed: Option<String>,
    /// Folders with models.
    pub model_dirs: Vec<PathBuf>,
    /// Most memory of the engine, in bytes; half of the machine's if none is given.
    pub engine_memory: Option<u64>,
    /// Threads of the engine, if not one for each core.
    pub engine_threads: Option<usize>,
    /// Where compiled runtimes are kept.
    pub wasm_cache: Option<PathBuf>,
}

impl WorkOptions {
    /// Threads of the engine.
    fn threads(&self) -> usize {
        self.engine_threads.unwrap_or_else(usual_threads)
    }

    /// Makes `rayon`'s threads those of the engine: a panic on one of them does not end the node. Before the runtime is compiled, which
    /// uses them too: once they have begun they stay as they are.
    pub(super) fn begin_import_threads(&self) {
        limit_import_threads(self.threads());
    }

    /// Puts the app key of [`Self::provider_seed`] into the keystore, if there is one.
    pub fn insert_provider_key(&self, keystore: &KeystorePtr) -> Result<(), sc_service::Error> {
        let Some(seed) = &self.provider_seed else {
            return Ok(());
        };
        let key = keystore
            .sr25519_generate_new(APP_KEY_TYPE, Some(seed))
            .map_err(|error| sc_service::Error::Other(format!("the keystore refuses the provider's key: {error}")))?;
        log::info!("🔑 Provider key of {seed}: {key}");
        Ok(())
    }
}

/// Half of the memory that this process may have: of the machine, or of the container that it runs in.
fn usual_memory() -> u64 {
    let system = System::new_with_specifics(RefreshKind::new().with_memory(MemoryRefreshKind::new().with_ram()));
    let container = system.cgroup_limits().map(|limits| limits.total_memory).filter(|bytes| *bytes > 0);
    let all = container.map_or(system.total_memory(), |bytes| bytes.min(system.total_memory()));
    (all / 2).max(MIN_ENGINE_MEMORY)
}

/// What jobs and checks are done with, open and ready.
pub struct WorkServices {
    /// Outputs of jobs that this node ran or checked, and inputs.
    pub blobs: Arc<BlobStore>,
    /// The inputs among them that requesters left here.
    pub uploads: Arc<Uploads>,
    /// The models it can run.
    pub models: Arc<ModelStore>,
    provide: Arc<dyn Executor>,
    check: Arc<dyn Executor>,
    /// Of the engine.
    threads: usize,
}

impl WorkServices {
    /// Opens the blob store beside the database and reads what models there are.
    pub fn open(config: &Configuration, work: &WorkOptions, wrap: WrapProvider) -> Result<Self, sc_service::Error> {
        let other = |error: &dyn std::fmt::Display| sc_service::Error::Other(error.to_string());
        let folder = config.base_path.config_dir(config.chain_spec.id()).join("blobs");
        let blobs = BlobStore::open(folder, Default::default()).map_err(|error| other(&error))?;
        let threads = work.threads();
        let memory = work.engine_memory.unwrap_or_else(usual_memory);
        log::info!("The engine may take {} of memory and {threads} threads", shown_bytes(memory));
        let models = ModelStore::open(&work.model_dirs, memory).map_err(|error| other(&error))?;
        let (blobs, models) = (Arc::new(blobs), Arc::new(models));
        let uploads =
            Uploads::open(blobs.clone(), Default::default(), Instant::now()).map_err(|error| other(&error))?;
        let engine: Arc<dyn Executor> =
            Arc::new(EngineExecutor::new(models.clone(), blobs.clone(), threads).map_err(|error| other(&error))?);
        Ok(Self { blobs, uploads: Arc::new(uploads), models, provide: wrap(engine.clone()), check: engine, threads })
    }

    /// Starts the services: the node answers other nodes' requests for blobs, and announces the uploads. If it `works`,
    /// it starts the worker, and announces which providers it works for.
    pub(super) fn start(&self, handles: &Handles, protocol: &Protocol, genesis: Hash, wrap: WrapAnswer, works: bool) {
        let networking = Some("networking");
        let (protocol_of_server, blobs) = (protocol.clone(), self.blobs.clone());
        let serve = move || protocol_of_server.serve(blobs.clone(), wrap.clone());
        handles.tasks.spawn("blobs-server", networking, resilient("blobs-server", TASK_PAUSE, serve));
        let announcer = Announcer::new(genesis, handles);
        let (of_uploads, uploads) = (announcer.clone(), self.uploads.clone());
        let announce_uploads = move || of_uploads.clone().announce_uploads(uploads.clone());
        handles.tasks.spawn("uploads", networking, resilient("uploads", TASK_PAUSE, announce_uploads));
        let (of_blobs, blobs) = (announcer.clone(), self.blobs.clone());
        let tend_blobs = move || of_blobs.clone().tend_blobs(blobs.clone());
        handles.tasks.spawn("forgotten-blobs", networking, resilient("forgotten-blobs", TASK_PAUSE, tend_blobs));
        if works {
            self.start_worker(handles, protocol);
            let (keystore, models, threads) = (handles.keystore.clone(), self.models.clone(), self.threads);
            let of_asks = models.clone();
            let served = Served {
                models: models.ids().into_iter().collect(),
                expects: Arc::new(move |expected| of_asks.expect(expected)),
                refuses: Arc::new(move |ask| {
                    models.refuses_units(&ask.model, ask.class, ask.max_units, threads).map(|error| error.to_string())
                }),
            };
            let with_model = CommandLine::of_process().and("--model-dir", "FOLDER").line();
            let announce =
                move || announcer.clone().announce_providers(keystore.clone(), served.clone(), with_model.clone());
            let announce = resilient("provider-announcement", TASK_PAUSE, announce);
            handles.tasks.spawn("provider-announcement", networking, announce);
        }
    }

    /// Starts the worker: it works for all app keys in the keystore, a provider's as well as a validator's. Inputs, and
    /// outputs to check, come from other nodes too.
    fn start_worker(&self, handles: &Handles, protocol: &Protocol) {
        let Some(offchain_storage) = handles.backend.offchain_storage() else {
            log::warn!("This node keeps no off-chain storage, so it can neither serve jobs nor check them");
            return;
        };
        let source = || protocol.source(handles, self.blobs.clone(), WORK_FETCH_TIME);
        let (inputs, outputs) = (source(), source());
        let (client, sync, keystore) = (handles.client.clone(), handles.sync.clone(), handles.keystore.clone());
        let (blobs, provide, check) = (self.blobs.clone(), self.provide.clone(), self.check.clone());
        let registry = handles.prometheus.clone();
        let work = move || {
            strike_worker::run::<Block, _, _>(WorkerParams {
                client: client.clone(),
                sync_oracle: Arc::new(sync.clone()),
                keystore: keystore.clone(),
                offchain_storage: offchain_storage.clone(),
                blobs: blobs.clone(),
                inputs: inputs.clone(),
                outputs: outputs.clone(),
                provide: provide.clone(),
                check: check.clone(),
                registry: registry.clone(),
                limits: Default::default(),
            })
        };
        let worker = resilient("strike-worker", TASK_PAUSE, work);
        handles.tasks.spawn_blocking("strike-worker", Some("work"), worker);
    }
}

#[cfg(test)]
mod tests {
    use strike_inference::builtin_files;
    use strike_runtime::genesis_config_presets::{built_in_model, BUILT_IN_MODEL_SIZE};

    #[test]
    fn the_model_registered_at_genesis_is_the_one_that_every_node_has() {
        let files = builtin_files();
        assert_eq!(strike_worker::model_id(&files), built_in_model());
        let size: usize = files.named().iter().map(|(_, bytes)| bytes.len()).sum();
        assert_eq!(size as u64, BUILT_IN_MODEL_SIZE);
    }
}
