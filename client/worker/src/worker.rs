//! The task: follows the chain, asks what is owed, starts and cancels runs, publishes results.

use crate::{
    chain::{
        doppelganger::{is_foreign, KeyWatch},
        duties::DutyReader,
        mailbox::{self, Entry, Index, Written},
        view::{Chain, ChainView, ClientChain},
    },
    duty::{DutyId, Named},
    engine::{execute::executor::Executor, threads},
    fetch::{
        inputs,
        prefetch::{Prefetch, PrefetchSources, Prefetched},
    },
    limits::{Limits, LOG_TARGET},
    metrics::Metrics,
    runs::{
        failure::Failure,
        loading::{Loaded, Loading},
        runner::Runner,
    },
    schedule::{deadline, Action, Bounds, Ended, Owed, RunId, Schedule, View},
};
use futures::{future, stream, FutureExt, Stream, StreamExt};
use sc_client_api::{BlockBackend, BlockchainEvents};
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_consensus::SyncOracle;
use sp_core::offchain::OffchainStorage;
use sp_keystore::KeystorePtr;
use sp_runtime::traits::Block as BlockT;
use std::{collections::HashMap, marker::PhantomData, sync::Arc, thread, time::Instant};
use strike_blobs::{BlobSource, BlobStore};
use strike_inference::Control;
use strike_primitives::{
    api::{Duty, ProvideDuty, StrikeApi},
    app::{AppKey, APP_KEY_TYPE},
};
use substrate_prometheus_endpoint::Registry;
use tokio::sync::mpsc;

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
    /// Where inputs that travel come from. What is read from it is then in `blobs`.
    pub inputs: Arc<dyn BlobSource>,
    /// Where the outputs of other nodes' providers come from, likewise: a check that has one need not make it.
    pub outputs: Arc<dyn BlobSource>,
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
        inputs,
        outputs,
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
    let sources = PrefetchSources { inputs, outputs, store: blobs.clone() };
    let runner = Runner { provide, check, keystore, blobs, unsaved: Arc::default(), metrics };
    let chain = ClientChain { client, sync_oracle, reader: DutyReader::default(), block: PhantomData::<Block> };
    Worker::new(chain, runner, sources, offchain_storage, limits).follow(wakeups).await
}

/// The worker without the streams of the node's client.
pub(crate) struct Worker<C, Storage> {
    chain: C,
    runner: Runner,
    storage: Storage,
    limits: Limits,
    state: State,
    /// What the threads of runs and fetches report.
    reports: Reports,
}

/// What changes as the chain goes on.
struct State {
    /// What is owed, what runs, and what is done.
    schedule: Schedule<Entry>,
    /// The runs going on.
    runs: Runs,
    /// What duties need of other nodes.
    prefetch: Prefetch,
    /// The model being loaded.
    loading: Loading,
    /// The commitments that this node's keys owe.
    keys: KeyWatch,
    /// The chain when it was last read.
    last_view: Option<ChainView>,
    /// Whether the chain could not be read the last time.
    is_blind: bool,
    /// Whether the mailbox had no room the last time.
    is_mailbox_full: bool,
}

/// The receivers of what threads report, and the sender that runs are given.
struct Reports {
    run_ended: mpsc::UnboundedSender<RunReport>,
    runs: mpsc::UnboundedReceiver<RunReport>,
    fetches: mpsc::UnboundedReceiver<Prefetched>,
    loads: mpsc::UnboundedReceiver<Loaded>,
}

/// A run that ended.
struct RunReport {
    id: DutyId,
    run: RunId,
    duty: Box<Duty>,
    result: Result<Entry, Failure>,
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
    /// A worker that knows nothing of the chain yet.
    pub fn new(chain: C, runner: Runner, sources: PrefetchSources, storage: Storage, limits: Limits) -> Self {
        let (run_ended, runs) = mpsc::unbounded_channel();
        let (fetch_ended, fetches) = mpsc::unbounded_channel();
        let (load_ended, loads) = mpsc::unbounded_channel();
        let state = State {
            schedule: Schedule::new(Bounds { duties: limits.duties, runs: limits.runs.max(1) }),
            runs: Runs::default(),
            prefetch: Prefetch::new(sources, limits.inputs, limits.outputs, fetch_ended),
            loading: Loading::new(load_ended),
            keys: KeyWatch::default(),
            last_view: None,
            is_blind: false,
            is_mailbox_full: false,
        };
        Self { chain, runner, storage, limits, state, reports: Reports { run_ended, runs, fetches, loads } }
    }

    /// Work until `wakeups` ends. Begins with a look at what is owed, so a node that was killed goes on where it was.
    pub async fn follow(mut self, mut wakeups: impl Stream<Item = ()> + Unpin) {
        self.look();
        loop {
            self.act();
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
                    self.look();
                },
                // The worker, its prefetch and its loading hold a sender of each, so these never end.
                Some(fetched) = self.reports.fetches.recv() => self.fetched(fetched),
                Some(loaded) = self.reports.loads.recv() => {
                    self.state.loading.finished(loaded);
                    self.take_in_again();
                },
                Some(report) = self.reports.runs.recv() => self.ran(report),
            }
        }
    }

    /// Do what the schedule says now.
    fn act(&mut self) {
        for action in self.state.schedule.actions() {
            match action {
                Action::Start { id, run, duty } => self.start(id, run, duty),
                Action::Cancel { run } => {
                    self.runner.metrics.cancelled.inc();
                    if let Some(control) = self.state.runs.0.get(&run) {
                        control.cancel();
                    }
                }
                Action::Pause { run } => self.pause(run, true),
                Action::Resume { run } => self.pause(run, false),
                Action::Publish { id, duty, result } => self.publish(id, &duty, &result),
            }
        }
        self.runner.metrics.waiting.set(self.state.schedule.waiting() as u64);
        self.runner.metrics.running.set(self.state.schedule.running() as u64);
    }

    /// Read the chain, and take in what is owed.
    fn look(&mut self) {
        let keys = self.runner.keystore.sr25519_public_keys(APP_KEY_TYPE).into_iter().map(AppKey::from).collect();
        let (schedule, runner) = (&self.state.schedule, &self.runner);
        let mut wants = |duty: &Duty| {
            let refused = runner.refuses(duty);
            if let Some(failure) = &refused {
                log::warn!(target: LOG_TARGET, "This node cannot do {}, and leaves it: {failure}", Named(duty));
                runner.metrics.failed(duty, failure.reason());
            }
            refused.is_none() && !schedule.is_given_up(&DutyId::of(duty))
        };
        let view = match self.chain.view(keys, self.limits.duties, &mut wants) {
            Ok(view) => view,
            Err(error) => {
                // Said once: it comes with every block while, say, the state of the best block is not here yet.
                if !std::mem::replace(&mut self.state.is_blind, true) {
                    log::warn!(target: LOG_TARGET, "What this node's keys owe cannot be read: {error}");
                }
                return;
            }
        };
        self.state.is_blind = false;
        for (name, owed) in [("provide", view.owed.0), ("check", view.owed.1)] {
            self.runner.metrics.owed.with_label_values(&[name]).set(owed as u64);
        }
        // What a node that catches up sees was done before, perhaps by itself.
        let gone = self.state.keys.observe(view.duties.iter().filter(|_| !view.syncing));
        if !view.syncing {
            gone.iter().for_each(|(id, duty)| self.warn_of_doppelganger(id, duty));
        }
        self.runner.unsaved.retain(|binding| {
            view.duties.iter().any(|duty| matches!(duty, Duty::Provide(duty) if duty.binding == *binding))
        });
        self.take_in(&view);
        self.state.last_view = Some(view);
    }

    /// Let the schedule know what is owed, and start to fetch what that needs.
    fn take_in(&mut self, view: &ChainView) {
        let State { schedule, prefetch, loading, .. } = &mut self.state;
        let runner = &self.runner;
        let index = Index::read(&self.storage);
        let owed: Vec<Owed> = view
            .duties
            .iter()
            .cloned()
            .map(|duty| {
                let id = DutyId::of(&duty);
                let delivered = index.delivered(&self.storage, &id, &duty);
                let ready = prefetch.is_ready(&duty, view.best)
                    && (inputs::is_given_up(&duty, view.best) || loading.is_ready(runner, &duty));
                Owed { id, duty, delivered, ready }
            })
            .collect();
        if !view.syncing {
            let mut open: Vec<&Duty> = owed.iter().filter(|owed| !owed.delivered).map(|owed| &owed.duty).collect();
            open.sort_by_key(|duty| deadline(duty));
            prefetch.begin(&open, view.best);
            loading.tend(runner, &open);
            self.runner.metrics.inputs_missing.set(prefetch.inputs_missing() as u64);
            self.runner.metrics.outputs_sought.set(prefetch.outputs_running() as u64);
        }
        schedule.observe(View { best: view.best, finalized: view.finalized, owed, may_start: !view.syncing });
    }

    /// Take in a fetch that ended, and all that ended meanwhile.
    fn fetched(&mut self, first: Prefetched) {
        let (mut is_ready, mut next) = (false, Some(first));
        while let Some(fetched) = next {
            is_ready |= self.state.prefetch.finished(fetched, self.state.schedule.best());
            next = self.reports.fetches.try_recv().ok();
        }
        if is_ready {
            self.take_in_again();
        }
    }

    /// Look at what is owed again. That is as it was: the chain is not asked, which is dear where much is owed.
    fn take_in_again(&mut self) {
        if let Some(view) = self.state.last_view.take() {
            self.take_in(&view);
            self.state.last_view = Some(view);
        }
    }

    /// Warn if a commitment that is not owed any more was made with this node's key, and not by this node.
    fn warn_of_doppelganger(&self, id: &DutyId, duty: &ProvideDuty) {
        let job = duty.binding.job;
        match self.chain.committed_in(&duty.binding) {
            Ok(Some(block)) if is_foreign(&self.storage, id, &block) => {
                self.runner.metrics.foreign.inc();
                log::warn!(
                    target: LOG_TARGET,
                    "⚠️ ANOTHER NODE WORKS WITH THIS NODE'S KEY (a doppelganger): the result of job {job} was committed to \
                     with the app key 0x{}, but this node has not sent it. Jobs are not harmed, but each is run twice: stop \
                     one of the nodes. If you run only one, replace the key: someone else has it",
                    hex::encode(&duty.key),
                );
            }
            Ok(_) => {}
            Err(error) => {
                log::debug!(target: LOG_TARGET, "Who committed to the result of job {job} is not known: {error}")
            }
        }
    }

    /// Run a duty on a thread of its own.
    fn start(&mut self, id: DutyId, run: RunId, duty: Box<Duty>) {
        log::info!(target: LOG_TARGET, "Starting {}", Named(&duty));
        let is_given_up = inputs::is_given_up(&duty, self.state.schedule.best());
        let deadline = Instant::now().checked_add(self.limits.run_time);
        let control = deadline.map_or_else(Control::default, Control::with_deadline);
        self.state.runs.0.insert(run, control.clone());
        let (runner, sender) = (self.runner.clone(), self.reports.run_ended.clone());
        let (thread_id, thread_duty) = (id.clone(), duty.clone());
        let spawned = thread::Builder::new().name("strike-run".into()).spawn(move || {
            threads::begin();
            let result = runner.run(&thread_duty, is_given_up, &control);
            // Nobody listens once the node stops.
            let _ = sender.send(RunReport { id: thread_id, run, duty: thread_duty, result });
        });
        if let Err(error) = spawned {
            let _ = self.reports.run_ended.send(RunReport { id, run, duty, result: Err(Failure::NoThread(error)) });
        }
    }

    /// Let a run wait for one that is due sooner, or go on.
    fn pause(&self, run: RunId, waits: bool) {
        let Some(control) = self.state.runs.0.get(&run) else { return };
        if waits {
            self.runner.metrics.paused.inc();
            control.pause();
        } else {
            control.resume();
        }
    }

    /// Take in a run that ended.
    fn ran(&mut self, report: RunReport) {
        let RunReport { id, run, duty, result } = report;
        self.state.runs.0.remove(&run);
        let ended = match result {
            Ok(entry) => Ended::Done(entry),
            Err(failure) => {
                self.warn_of_failure(&duty, &failure, self.state.schedule.failures(&id) == 0);
                failure.ended()
            }
        };
        self.state.schedule.finished(&id, run, ended);
        if self.state.loading.run_ended() {
            self.take_in_again();
        }
    }

    /// Tell the operator of a failure; `is_first` where its duty has not failed before.
    fn warn_of_failure(&self, duty: &Duty, failure: &Failure, is_first: bool) {
        let named = Named(duty);
        match failure.ended::<Entry>() {
            Ended::Cancelled => {
                log::info!(target: LOG_TARGET, "Cancelled {named}: it is no longer owed");
                return;
            }
            Ended::Hopeless => {
                let advice = failure.advice().map(|advice| format!("; {advice}")).unwrap_or_default();
                log::warn!(target: LOG_TARGET, "This node cannot do {named}, and leaves it: {failure}{advice}")
            }
            // Said once: it may be tried again for an hour.
            _ if is_first => {
                let advice = failure.advice().map(|advice| format!("; {advice}")).unwrap_or_default();
                let last = deadline(duty);
                log::warn!(
                    target: LOG_TARGET,
                    "Failed {named}, which is tried again until block {last}: {failure}{advice}"
                )
            }
            _ => log::debug!(target: LOG_TARGET, "Failed {named} again: {failure}"),
        }
        self.runner.metrics.failed(duty, failure.reason());
    }

    fn publish(&mut self, id: DutyId, duty: &Duty, entry: &Entry) {
        let schedule = &mut self.state.schedule;
        match mailbox::publish(&mut self.storage, &id, duty, entry) {
            Written::New => {
                log::info!(target: LOG_TARGET, "Published {}", Named(duty));
                self.runner.metrics.published(duty);
                self.state.is_mailbox_full = false;
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
            // Said once: many may wait, and are tried with every block.
            Written::Full if !std::mem::replace(&mut self.state.is_mailbox_full, true) => log::warn!(
                target: LOG_TARGET,
                "The mailbox is full, so {} waits, and what else is found: this node has more results on the way than it \
                 can keep track of",
                Named(duty),
            ),
            Written::Full => {}
        }
    }
}
