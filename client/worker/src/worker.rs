//! The task: follows the chain, asks what is owed, starts and cancels runs, publishes results.

use crate::{
    duty::{kind, DutyId, Named},
    execute::Executor,
    inputs::{self, InputId, Inputs},
    mailbox::{self, Written},
    metrics::Metrics,
    perform::{Failure, Performed, Workshop},
    schedule::{deadline, Action, Bounds, Ended, Owed, RunId, Schedule, View},
    twin::{is_foreign, Watch},
    LOG_TARGET,
};
use codec::Encode;
use futures::{future, stream, FutureExt, Stream, StreamExt};
use sc_client_api::{BlockBackend, BlockchainEvents};
use sp_api::{ApiExt, ProvideRuntimeApi, RuntimeApiInfo};
use sp_blockchain::HeaderBackend;
use sp_consensus::SyncOracle;
use sp_core::offchain::OffchainStorage;
use sp_keystore::KeystorePtr;
use sp_runtime::{traits::Block as BlockT, SaturatedConversion};
use std::{
    collections::HashMap,
    marker::PhantomData,
    ops::RangeInclusive,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use strike_blobs::{BlobSource, BlobStore};
use strike_inference::Control;
use strike_primitives::{
    api::{Duty, JobStatus, ProvideDuty, StrikeApi, OLDEST_API},
    app::{AppKey, APP_KEY_TYPE},
    commitment::AttemptBinding,
    BlockNumber,
};
use substrate_prometheus_endpoint::Registry;
use tokio::sync::mpsc;

/// How much the worker takes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Runs at once. Each uses as many cores as the engine does.
    pub runs: usize,
    /// Duties remembered at once: those with the nearest deadlines.
    pub duties: usize,
    /// Inputs fetched at once, beside the runs.
    pub inputs: usize,
    /// Longest run. Deadlines in blocks end a run too; this one holds when the chain stands still.
    pub run_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { runs: 1, duties: 1_024, inputs: 4, run_time: Duration::from_secs(3_600) }
    }
}

/// What [`run`] needs of the node.
pub struct WorkerParams<Client, Storage> {
    /// The client, for notifications and the runtime API.
    pub client: Arc<Client>,
    /// Tells whether the node still catches up; nothing is started then.
    pub sync_oracle: Arc<dyn SyncOracle + Send + Sync>,
    /// Holds the app keys.
    pub keystore: KeystorePtr,
    /// The persistent off-chain storage, in which the off-chain worker finds the mailbox.
    pub offchain_storage: Storage,
    /// Where outputs are kept.
    pub blobs: Arc<BlobStore>,
    /// Where inputs that travel come from, and the outputs of other nodes' providers: a check that has one need not make it. What
    /// is read from it is then in `blobs`.
    pub source: Arc<dyn BlobSource>,
    /// Runs the jobs of this node's providers.
    pub provide: Arc<dyn Executor>,
    /// Runs the checks of this node's validators.
    pub check: Arc<dyn Executor>,
    /// Where metrics go.
    pub registry: Option<Registry>,
    /// How much to take on.
    pub limits: Limits,
}

/// Work for the node's app keys until the client goes away. Dropping the future cancels what runs.
///
/// The future blocks its thread for the length of a runtime call: spawn it as a blocking task.
pub async fn run<Block, Client, Storage>(params: WorkerParams<Client, Storage>)
where
    Block: BlockT,
    Client: ProvideRuntimeApi<Block>
        + HeaderBackend<Block>
        + BlockBackend<Block>
        + BlockchainEvents<Block>
        + Send
        + Sync
        + 'static,
    Client::Api: StrikeApi<Block>,
    Storage: OffchainStorage + 'static,
{
    let WorkerParams {
        client,
        sync_oracle,
        keystore,
        offchain_storage,
        blobs,
        source,
        provide,
        check,
        registry,
        limits,
    } = params;
    // A notification pins its block's state, so each is dropped as it comes; the client is asked for what is true now.
    let imports = client
        .import_notification_stream()
        .filter_map(|notification| future::ready(notification.is_new_best.then_some(())));
    let finality = client.finality_notification_stream().map(|_| ());
    let wakeups = stream::select(imports, finality);

    let metrics = Metrics::new(registry.as_ref()).or_else(|error| {
        log::warn!(target: LOG_TARGET, "The worker's metrics are not exported: {error}");
        Metrics::new(None)
    });
    let metrics = match metrics {
        Ok(metrics) => metrics,
        Err(error) => {
            log::error!(target: LOG_TARGET, "The worker does not start, its metrics are malformed: {error}");
            return;
        }
    };
    let worker = Worker {
        chain: ClientChain { client, sync_oracle, block: PhantomData::<Block> },
        workshop: Workshop { provide, check, keystore, blobs, source },
        storage: offchain_storage,
        metrics,
        limits,
    };
    worker.follow(wakeups).await
}

/// The chain as the worker sees it.
pub(crate) trait Chain {
    /// What `keys` owe at the best block, and the heights of the best and of the last final block.
    fn look(&self, keys: Vec<AppKey>) -> Result<Look, String>;

    /// The transactions of the block in which a result of this attempt was committed to; `None` if none was, or if it is judged
    /// already.
    fn committed_in(&self, attempt: &AttemptBinding) -> Result<Option<Vec<Vec<u8>>>, String>;
}

/// See [`Chain::look`].
pub(crate) struct Look {
    pub best: BlockNumber,
    pub finalized: BlockNumber,
    pub duties: Vec<Duty>,
    pub syncing: bool,
}

struct ClientChain<Block, Client> {
    client: Arc<Client>,
    sync_oracle: Arc<dyn SyncOracle + Send + Sync>,
    block: PhantomData<Block>,
}

impl<Block, Client> Chain for ClientChain<Block, Client>
where
    Block: BlockT,
    Client: ProvideRuntimeApi<Block> + HeaderBackend<Block> + BlockBackend<Block>,
    Client::Api: StrikeApi<Block>,
{
    fn look(&self, keys: Vec<AppKey>) -> Result<Look, String> {
        // One read of both heads: the best block descends from the final one of the same reading.
        let info = self.client.info();
        let duties = if keys.is_empty() {
            Vec::new()
        } else {
            let api = self.client.runtime_api();
            let version = api.api_version::<dyn StrikeApi<Block>>(info.best_hash).map_err(|error| error.to_string())?;
            understood(version, OLDEST_API..=<dyn StrikeApi<Block> as RuntimeApiInfo>::VERSION)?;
            api.duties(info.best_hash, keys).map_err(|error| error.to_string())?
        };
        Ok(Look {
            best: info.best_number.saturated_into(),
            finalized: info.finalized_number.saturated_into(),
            duties,
            syncing: self.sync_oracle.is_major_syncing(),
        })
    }

    fn committed_in(&self, attempt: &AttemptBinding) -> Result<Option<Vec<Vec<u8>>>, String> {
        let best = self.client.info().best_hash;
        let info = self.client.runtime_api().job(best, attempt.job).map_err(|error| error.to_string())?;
        let number = match info.filter(|info| info.attempt == attempt.attempt).map(|info| info.status) {
            Some(JobStatus::Committed { committed_at, .. }) => committed_at,
            _ => return Ok(None),
        };
        let block = self.client.hash(number.into()).map_err(|error| error.to_string())?;
        let body = block.map(|block| self.client.block_body(block)).transpose().map_err(|error| error.to_string())?;
        Ok(body.flatten().map(|body| body.iter().map(Encode::encode).collect()))
    }
}

/// Whether this node understands what the runtime at the best block answers: `found` is its version of `StrikeApi`.
pub(crate) fn understood(found: Option<u32>, known: RangeInclusive<u32>) -> Result<(), String> {
    let (oldest, newest) = (known.start(), known.end());
    match found {
        Some(found) if known.contains(&found) => Ok(()),
        Some(found) if found < *oldest => Err(format!(
            "the chain's runtime is older than this node (StrikeApi {found}, the node knows {oldest} to {newest}); the node follows \
             the chain, and works from when the chain is upgraded"
        )),
        Some(found) => Err(format!(
            "the chain's runtime is newer than this node (StrikeApi {found}, the node knows {oldest} to {newest}); install a newer \
             strike-node"
        )),
        None => Err("the chain's runtime has no StrikeApi; is this a Strike chain?".into()),
    }
}

/// Everything but the streams.
pub(crate) struct Worker<C, Storage> {
    pub chain: C,
    pub workshop: Workshop,
    pub storage: Storage,
    pub metrics: Metrics,
    pub limits: Limits,
}

/// A run that ended.
struct Report {
    id: DutyId,
    run: RunId,
    duty: Box<Duty>,
    result: Result<Performed, Failure>,
}

/// A look for an input that ended, and whether it was found.
struct Searched {
    id: InputId,
    found: bool,
}

/// The runs going on. Dropping it cancels them; their threads end at the next token.
#[derive(Default)]
struct Runs(HashMap<RunId, Control>);

impl Drop for Runs {
    fn drop(&mut self) {
        for control in self.0.values() {
            control.cancel();
        }
    }
}

impl<C: Chain, Storage: OffchainStorage> Worker<C, Storage> {
    /// Work until `wakeups` ends. Begins with a look at what is owed, so a node that was killed goes on where it was.
    pub async fn follow(mut self, mut wakeups: impl Stream<Item = ()> + Unpin) {
        let mut schedule = Schedule::new(Bounds { duties: self.limits.duties, runs: self.limits.runs.max(1) });
        let mut runs = Runs::default();
        let (report, mut reports) = mpsc::unbounded_channel();
        let (searched, mut searches) = mpsc::unbounded_channel();
        let mut gathering = Inputs::new(self.limits.inputs);
        let (mut blind, mut watch) = (false, Watch::default());
        self.look(&mut schedule, &mut watch, &mut gathering, &searched, &mut blind);
        loop {
            for action in schedule.actions() {
                match action {
                    Action::Start { id, run, duty } => {
                        let is_given_up = inputs::is_given_up(&duty, schedule.best());
                        self.start(id, run, duty, is_given_up, &mut runs, &report)
                    }
                    Action::Cancel { run } => {
                        self.metrics.cancelled.inc();
                        if let Some(control) = runs.0.get(&run) {
                            control.cancel();
                        }
                    }
                    Action::Publish { id, duty, result } => self.publish(&mut schedule, id, &duty, &result),
                }
            }
            self.metrics.waiting.set(schedule.waiting() as u64);
            self.metrics.running.set(schedule.running() as u64);

            tokio::select! {
                wakeup = wakeups.next() => {
                    if wakeup.is_none() {
                        return;
                    }
                    // One look answers all the notifications that came meanwhile.
                    while let Some(next) = wakeups.next().now_or_never() {
                        if next.is_none() {
                            return;
                        }
                    }
                    self.look(&mut schedule, &mut watch, &mut gathering, &searched, &mut blind);
                },
                // The senders above live as long as the loop, so these never end.
                Some(Searched { id, found }) = searches.recv() => {
                    gathering.finished(&id, schedule.best());
                    if found {
                        self.look(&mut schedule, &mut watch, &mut gathering, &searched, &mut blind);
                    }
                },
                Some(report) = reports.recv() => {
                    runs.0.remove(&report.run);
                    let ended = self.ended(&report);
                    schedule.finished(&report.id, report.run, ended);
                },
            }
        }
    }

    fn look(
        &self,
        schedule: &mut Schedule<mailbox::Entry>,
        watch: &mut Watch,
        gathering: &mut Inputs,
        searched: &mpsc::UnboundedSender<Searched>,
        blind: &mut bool,
    ) {
        let keys = self.workshop.keystore.sr25519_public_keys(APP_KEY_TYPE).into_iter().map(AppKey::from).collect();
        let look = match self.chain.look(keys) {
            Ok(look) => look,
            Err(error) => {
                // Said once: it comes with every block while, say, the state of the best block is not here yet.
                if !std::mem::replace(blind, true) {
                    log::warn!(target: LOG_TARGET, "What this node's keys owe cannot be read: {error}");
                }
                return;
            }
        };
        *blind = false;
        for name in ["provide", "check"] {
            let owed = look.duties.iter().filter(|duty| kind(duty) == name).count();
            self.metrics.owed.with_label_values(&[name]).set(owed as u64);
        }
        // What a node that catches up sees was done before, perhaps by itself.
        let gone = watch.observe(look.duties.iter().filter(|_| !look.syncing));
        if !look.syncing {
            gone.iter().for_each(|(id, duty)| self.look_for_twin(id, duty));
        }
        let owed: Vec<Owed> = look
            .duties
            .into_iter()
            .map(|duty| {
                let id = DutyId::of(&duty);
                let delivered = mailbox::delivered(&self.storage, &id, &duty);
                let has_input = inputs::blob_of(&duty).is_none_or(|id| inputs::is_here(&self.workshop.blobs, &id));
                let ready = has_input || inputs::is_given_up(&duty, look.best);
                Owed { id, duty, delivered, ready }
            })
            .collect();
        if !look.syncing {
            let mut lacking: Vec<&Duty> =
                owed.iter().filter(|owed| !owed.ready && !owed.delivered).map(|owed| &owed.duty).collect();
            lacking.sort_by_key(|duty| deadline(duty));
            for duty in gathering.observe(lacking, look.best) {
                self.search(duty, searched);
            }
            self.metrics.inputs_missing.set(gathering.missing() as u64);
        }
        schedule.observe(View { best: look.best, finalized: look.finalized, owed, may_start: !look.syncing });
    }

    /// Warns if a commitment that is not owed any more was made with this node's key, and not by this node.
    fn look_for_twin(&self, id: &DutyId, duty: &ProvideDuty) {
        let job = duty.binding.job;
        match self.chain.committed_in(&duty.binding) {
            Ok(Some(block)) if is_foreign(&self.storage, id, &block) => {
                self.metrics.foreign.inc();
                log::warn!(
                    target: LOG_TARGET,
                    "⚠️ ANOTHER NODE WORKS WITH THIS NODE'S KEY: the result of job {job} was committed to with the app key \
                     0x{}, but this node has not sent it. Jobs are not harmed, but each is run twice: stop one of the \
                     nodes. If you know of no other node, the key is not yours alone: replace it",
                    hex::encode(&duty.key),
                );
            }
            Ok(_) => {}
            Err(error) => {
                log::debug!(target: LOG_TARGET, "Who committed to the result of job {job} is not known: {error}")
            }
        }
    }

    /// Looks for the input of a duty on a thread of its own.
    fn search(&self, duty: &Duty, searched: &mpsc::UnboundedSender<Searched>) {
        let (Some(id), Some(wanted)) = (inputs::blob_of(duty), inputs::wanted(duty)) else { return };
        log::debug!(target: LOG_TARGET, "Looking for the input of {}", Named(duty));
        let (source, sender, named) = (self.workshop.source.clone(), searched.clone(), Named(duty).to_string());
        let spawned = thread::Builder::new().name("strike-input".into()).spawn(move || {
            let found = match source.read(&wanted) {
                Ok(bytes) if bytes.len() as u64 == wanted.max_length => {
                    log::info!(target: LOG_TARGET, "The input of {named} is here");
                    true
                }
                Ok(bytes) => {
                    let length = bytes.len();
                    log::debug!(target: LOG_TARGET, "The input of {named} cannot be: what has its root has {length} bytes");
                    false
                }
                Err(error) => {
                    log::debug!(target: LOG_TARGET, "The input of {named} is not here: {error}");
                    false
                }
            };
            // Nobody listens once the node stops.
            let _ = sender.send(Searched { id, found });
        });
        if let Err(error) = spawned {
            log::warn!(target: LOG_TARGET, "No thread can be started to look for an input: {error}");
            let _ = searched.send(Searched { id, found: false });
        }
    }

    fn start(
        &self,
        id: DutyId,
        run: RunId,
        duty: Box<Duty>,
        is_given_up: bool,
        runs: &mut Runs,
        reports: &mpsc::UnboundedSender<Report>,
    ) {
        log::info!(target: LOG_TARGET, "Starting {}", Named(&duty));
        let control = Control { deadline: Instant::now().checked_add(self.limits.run_time), ..Control::default() };
        runs.0.insert(run, control.clone());
        let (workshop, metrics, sender) = (self.workshop.clone(), self.metrics.clone(), reports.clone());
        let (thread_id, thread_duty) = (id.clone(), duty.clone());
        let spawned = thread::Builder::new().name("strike-run".into()).spawn(move || {
            let started = Instant::now();
            let result = workshop.perform(&thread_duty, is_given_up, &control);
            if let Ok(performed) = &result {
                metrics.performed(&thread_duty, performed, started.elapsed());
            }
            // Nobody listens once the node stops.
            let _ = sender.send(Report { id: thread_id, run, duty: thread_duty, result });
        });
        if let Err(error) = spawned {
            let _ = reports.send(Report { id, run, duty, result: Err(Failure::NoThread(error)) });
        }
    }

    fn ended(&self, report: &Report) -> Ended<mailbox::Entry> {
        let named = Named(&report.duty);
        match &report.result {
            Ok(performed) => {
                let Performed { n_in, n_out, verdict, .. } = performed;
                match verdict {
                    None => log::info!(target: LOG_TARGET, "Finished {named}: read {n_in} tokens, wrote {n_out}"),
                    Some(verdict) => {
                        let how = if performed.replayed { " by a replay of its output" } else { "" };
                        log::info!(target: LOG_TARGET, "Finished {named}{how}: {verdict:?}")
                    }
                }
                Ended::Done(performed.entry.clone())
            }
            Err(failure) => {
                let ended = failure.ended();
                match ended {
                    Ended::Cancelled => log::info!(target: LOG_TARGET, "Cancelled {named}: it is no longer owed"),
                    Ended::Hopeless => {
                        log::warn!(target: LOG_TARGET, "This node cannot do {named}, and leaves it: {failure}")
                    }
                    _ => log::warn!(target: LOG_TARGET, "Failed {named}, to be tried again a few times: {failure}"),
                }
                if !matches!(ended, Ended::Cancelled) {
                    self.metrics.failed(&report.duty, failure);
                }
                ended
            }
        }
    }

    fn publish(&mut self, schedule: &mut Schedule<mailbox::Entry>, id: DutyId, duty: &Duty, entry: &mailbox::Entry) {
        match mailbox::publish(&mut self.storage, &id, duty, entry) {
            Written::New => {
                log::info!(target: LOG_TARGET, "Published {}", Named(duty));
                self.metrics.published(duty);
                schedule.published(&id);
            }
            Written::Kept { same } => {
                if !same {
                    log::warn!(
                        target: LOG_TARGET,
                        "Another result of {} is in the mailbox already and stays: this node's runs differ from each \
                         other",
                        Named(duty),
                    );
                }
                schedule.published(&id);
            }
            // Tried again with the next block.
            Written::Lost => log::debug!(target: LOG_TARGET, "The mailbox entry of {} changed meanwhile", Named(duty)),
        }
    }
}
