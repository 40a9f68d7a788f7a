//! The task: follows the chain, asks what is owed, starts and cancels runs, publishes results.

use crate::{
    chain::{Chain, ClientChain, Look},
    duty::{kind, DutyId, Named},
    execute::Executor,
    inputs::{self, Inputs},
    mailbox::{self, Written},
    metrics::Metrics,
    outputs::{self, OutputId, Outputs},
    perform::{Failure, Performed, Workshop},
    schedule::{deadline, Action, Bounds, Ended, Owed, RunId, Schedule, View},
    search::{Searched, Searches, Sought},
    twin::{is_foreign, Watch},
    LOG_TARGET,
};
use futures::{future, stream, FutureExt, Stream, StreamExt};
use sc_client_api::{BlockBackend, BlockchainEvents};
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_consensus::SyncOracle;
use sp_core::offchain::OffchainStorage;
use sp_keystore::KeystorePtr;
use sp_runtime::traits::Block as BlockT;
use std::{
    collections::HashMap,
    marker::PhantomData,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use strike_blobs::{BlobSource, BlobStore};
use strike_inference::Control;
use strike_primitives::{
    api::{CheckDuty, Duty, ProvideDuty, StrikeApi},
    app::{AppKey, APP_KEY_TYPE},
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
    /// Outputs to check fetched at once, likewise.
    pub outputs: usize,
    /// Longest run. Deadlines in blocks end a run too; this one holds when the chain stands still.
    pub run_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { runs: 1, duties: 1_024, inputs: 4, outputs: 8, run_time: Duration::from_secs(3_600) }
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
    let worker = Worker {
        chain: ClientChain { client, sync_oracle, block: PhantomData::<Block> },
        workshop: Workshop { provide, check, keystore, blobs, unkept: Arc::default() },
        inputs,
        outputs,
        storage: offchain_storage,
        metrics,
        limits,
    };
    worker.follow(wakeups).await
}

/// Everything but the streams.
pub(crate) struct Worker<C, Storage> {
    pub chain: C,
    pub workshop: Workshop,
    pub inputs: Arc<dyn BlobSource>,
    pub outputs: Arc<dyn BlobSource>,
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

/// What duties need of other nodes before they are run.
struct Gathering {
    inputs: Inputs,
    outputs: Outputs,
    searches: Searches,
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
        let (ended, mut searches) = mpsc::unbounded_channel();
        let mut gathering = Gathering {
            inputs: Inputs::new(self.limits.inputs),
            outputs: Outputs::new(self.limits.outputs),
            searches: Searches { inputs: self.inputs.clone(), outputs: self.outputs.clone(), ended },
        };
        let (mut blind, mut watch, mut seen) = (false, Watch::default(), None);
        self.look(&mut schedule, &mut watch, &mut gathering, &mut blind, &mut seen);
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
                    self.look(&mut schedule, &mut watch, &mut gathering, &mut blind, &mut seen);
                },
                // The senders above live as long as the loop, so these never end.
                Some(searched) = searches.recv() => {
                    let mut is_ready = false;
                    let mut next = Some(searched);
                    while let Some(Searched { sought, found }) = next {
                        is_ready |= match sought {
                            Sought::Input(id) => {
                                gathering.inputs.finished(&id, schedule.best());
                                found
                            }
                            // Without it the check is started too.
                            Sought::Output(id) => {
                                gathering.outputs.finished(&id);
                                true
                            }
                        };
                        next = searches.try_recv().ok();
                    }
                    // What is owed is as it was: the chain is not asked again, which is dear where much is owed.
                    if let (true, Some(look)) = (is_ready, &seen) {
                        self.take_in(look, &mut schedule, &mut gathering);
                    }
                },
                Some(report) = reports.recv() => {
                    runs.0.remove(&report.run);
                    let ended = self.ended(&report, schedule.failures(&report.id) == 0);
                    schedule.finished(&report.id, report.run, ended);
                },
            }
        }
    }

    fn look(
        &self,
        schedule: &mut Schedule<mailbox::Entry>,
        watch: &mut Watch,
        gathering: &mut Gathering,
        blind: &mut bool,
        seen: &mut Option<Look>,
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
        self.workshop.unkept.retain(|binding| {
            look.duties.iter().any(|duty| matches!(duty, Duty::Provide(duty) if duty.binding == *binding))
        });
        self.take_in(seen.insert(look), schedule, gathering);
    }

    /// Let the schedule know what is owed, and look for what that needs.
    fn take_in(&self, look: &Look, schedule: &mut Schedule<mailbox::Entry>, gathering: &mut Gathering) {
        let owed: Vec<Owed> = look
            .duties
            .iter()
            .cloned()
            .map(|duty| {
                let id = DutyId::of(&duty);
                let delivered = mailbox::delivered(&self.storage, &id, &duty);
                let has_input = !self.lacks_input(&duty) || inputs::is_given_up(&duty, look.best);
                let is_waiting = |check| {
                    let is_over = OutputId::of(check).is_none_or(|id| gathering.outputs.is_over(&id));
                    !is_over && !outputs::is_given_up(check, look.best)
                };
                let ready = has_input && !self.lacks_output(&duty).is_some_and(is_waiting);
                Owed { id, duty, delivered, ready }
            })
            .collect();
        if !look.syncing {
            self.gather(&owed, look.best, gathering);
        }
        schedule.observe(View { best: look.best, finalized: look.finalized, owed, may_start: !look.syncing });
    }

    fn lacks_input(&self, duty: &Duty) -> bool {
        inputs::blob_of(duty).is_some_and(|id| !inputs::is_here(&self.workshop.blobs, &id))
    }

    /// The check that `duty` is, if it can replay an output that is not here.
    fn lacks_output<'a>(&self, duty: &'a Duty) -> Option<&'a CheckDuty> {
        let Duty::Check(check) = duty else { return None };
        let wanted = outputs::wanted(check)?;
        (!self.workshop.blobs.contains(wanted.kind, &wanted.root)).then_some(check)
    }

    /// Look at other nodes for what duties need.
    fn gather(&self, owed: &[Owed], best: BlockNumber, gathering: &mut Gathering) {
        let mut open: Vec<&Duty> = owed.iter().filter(|owed| !owed.delivered).map(|owed| &owed.duty).collect();
        open.sort_by_key(|duty| deadline(duty));
        let lacking = open.iter().copied().filter(|duty| self.lacks_input(duty) && !inputs::is_given_up(duty, best));
        for duty in gathering.inputs.observe(lacking, best) {
            gathering.searches.input(duty);
        }
        let lacking = open.iter().filter_map(|duty| self.lacks_output(duty));
        let lacking = lacking.filter(|check| !outputs::is_given_up(check, best));
        for check in gathering.outputs.observe(lacking) {
            gathering.searches.output(check);
        }
        self.metrics.inputs_missing.set(gathering.inputs.missing() as u64);
        self.metrics.outputs_sought.set(gathering.outputs.running() as u64);
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

    /// How a run ended, told to the operator; `is_first` where its duty has not failed before.
    fn ended(&self, report: &Report, is_first: bool) -> Ended<mailbox::Entry> {
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
                    // Said once: it may be tried again for an hour.
                    _ if is_first => {
                        let advice = failure.advice().map(|advice| format!("; {advice}")).unwrap_or_default();
                        let last = deadline(&report.duty);
                        log::warn!(
                            target: LOG_TARGET,
                            "Failed {named}, which is tried again until block {last}: {failure}{advice}"
                        )
                    }
                    _ => log::debug!(target: LOG_TARGET, "Failed {named} again: {failure}"),
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
