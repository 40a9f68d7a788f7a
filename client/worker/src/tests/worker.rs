use super::support::*;
use crate::{
    chain::{
        mailbox::Index,
        view::{understood, Chain, ChainView},
    },
    duty::DutyId,
    engine::execute::{ExecuteError, Executor},
    fetch::prefetch::PrefetchSources,
    limits::Limits,
    metrics::Metrics,
    runs::runner::Runner,
    worker::Worker,
    Control,
};
use futures::channel::mpsc;
use parking_lot::Mutex;
use sp_keystore::KeystorePtr;
use std::{
    sync::{
        atomic::{AtomicUsize, Ordering},
        Arc,
    },
    time::Duration,
};
use strike_blobs::{BlobQuery, BlobSource, BlobStore, FetchError};
use strike_primitives::{
    api::{CheckDuty, Duty, ProvideDuty},
    app::AppKey,
    artifact::{file_root, ArtifactKind},
    blob::provider_place,
    commitment::AttemptBinding,
    job::{Input, VerificationClass, WorkSpec},
    AccountId, BlockNumber, JobId, H256,
};
use substrate_prometheus_endpoint::Registry;

/// The job to whose result somebody has committed once it is not owed any more.
const COMMITTED: JobId = 77;

/// A chain that says what the test told it.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<(BlockNumber, BlockNumber, Vec<Duty>)>>);

impl Chain for Paper {
    fn view(
        &mut self,
        keys: Vec<AppKey>,
        limit: usize,
        wants: &mut dyn FnMut(&Duty) -> bool,
    ) -> Result<ChainView, String> {
        let (best, finalized, duties) = self.0.lock().clone();
        let owes = |duty: &Duty| match duty {
            Duty::Provide(duty) => keys.contains(&duty.key),
            Duty::Check(duty) => keys.contains(&duty.key),
        };
        let owed: Vec<Duty> = duties.into_iter().filter(owes).collect();
        let provided = owed.iter().filter(|duty| matches!(duty, Duty::Provide(_))).count();
        let counts = (provided, owed.len() - provided);
        let duties = owed.into_iter().filter(|duty| wants(duty)).take(limit).collect();
        Ok(ChainView { best, finalized, duties, owed: counts, syncing: false })
    }

    fn committed_in(&self, attempt: &AttemptBinding) -> Result<Option<Vec<Vec<u8>>>, String> {
        Ok((attempt.job == COMMITTED).then(|| vec![vec![0; 100]]))
    }
}

pub(super) struct World {
    paper: Paper,
    storage: SharedStorage,
    keystore: KeystorePtr,
    pub(super) key: AppKey,
    blobs: (tempfile::TempDir, Arc<strike_blobs::BlobStore>),
    wake: mpsc::UnboundedSender<()>,
    wakeups: Option<mpsc::UnboundedReceiver<()>>,
    registry: Registry,
    /// Where inputs come from.
    inputs: Arc<dyn BlobSource>,
    /// Where outputs to check come from.
    outputs: Arc<dyn BlobSource>,
}

impl World {
    pub(super) fn new() -> Self {
        let (keystore, key) = keystore();
        let (wake, wakeups) = mpsc::unbounded();
        let blobs = blobs();
        Self {
            inputs: blobs.1.clone(),
            outputs: blobs.1.clone(),
            paper: Paper::default(),
            storage: SharedStorage::default(),
            keystore,
            key,
            blobs,
            wake,
            wakeups: Some(wakeups),
            registry: Registry::new(),
        }
    }

    pub(super) fn says(&self, best: BlockNumber, finalized: BlockNumber, duties: Vec<Duty>) {
        *self.paper.0.lock() = (best, finalized, duties);
        let _ = self.wake.unbounded_send(());
    }

    pub(super) fn start(&mut self, executor: Arc<dyn Executor>) -> tokio::task::JoinHandle<()> {
        let store = self.blobs.1.clone();
        let metrics = Metrics::new(Some(&self.registry)).unwrap();
        let runner = runner(executor.clone(), executor, self.keystore.clone(), store.clone());
        let runner = Runner { metrics, ..runner };
        let sources = PrefetchSources { inputs: self.inputs.clone(), outputs: self.outputs.clone(), store };
        let worker = Worker::new(self.paper.clone(), runner, sources, self.storage.clone(), Limits::default());
        tokio::spawn(worker.follow(self.wakeups.take().unwrap()))
    }

    pub(super) fn delivered(&self, duty: &Duty) -> bool {
        Index::read(&self.storage).delivered(&self.storage, &DutyId::of(duty), duty)
    }

    pub(super) fn metric(&self, name: &str) -> f64 {
        let families = self.registry.gather();
        // One that is counted by labels is there once it has counted.
        let metrics = families.iter().filter(|family| family.get_name() == name).flat_map(|family| family.get_metric());
        metrics.map(|metric| metric.get_counter().get_value()).sum()
    }
}

/// Wait until `condition` holds; a run ends on another thread.
pub(super) async fn eventually(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..500 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

/// An executor that runs until it is cancelled, counting its runs and how many of them ended.
fn endless() -> (Arc<dyn Executor>, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let (began, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counts_began, counts_ended) = (began.clone(), ended.clone());
    let executor = Fake(move |_: &WorkSpec, control: &Control| {
        counts_began.fetch_add(1, Ordering::SeqCst);
        while !control.cancelled.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
        }
        counts_ended.fetch_add(1, Ordering::SeqCst);
        Err(ExecuteError::Cancelled)
    });
    (Arc::new(executor), began, ended)
}

#[tokio::test]
async fn a_job_owed_at_the_start_is_run_and_published_once_final() {
    let mut world = World::new();
    let duty = Duty::Provide(provide_for(world.key.clone(), 1, 9, 50));
    world.says(10, 8, vec![duty.clone()]);
    let task = world.start(always(outcome()));
    eventually("the output is kept", || world.blobs.1.size() > 0).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!world.delivered(&duty), "its block is not final");

    world.says(11, 9, vec![duty.clone()]);
    eventually("it is delivered", || world.delivered(&duty)).await;
    assert_eq!(world.metric("strike_published_total"), 1.0);
    assert_eq!(world.metric("strike_tokens_written_total"), 3.0);
    task.abort();
}

#[tokio::test]
async fn an_entry_that_is_lost_is_written_again_without_running_again() {
    let mut world = World::new();
    let duty = Duty::Provide(provide_for(world.key.clone(), 1, 9, 50));
    world.says(10, 9, vec![duty.clone()]);
    let task = world.start(always(outcome()));
    eventually("it is delivered", || world.delivered(&duty)).await;

    *world.storage.0.lock() = Default::default();
    world.says(11, 9, vec![duty.clone()]);
    eventually("it is delivered again", || world.delivered(&duty)).await;
    assert_eq!(world.metric("strike_runs_total"), 1.0);
    task.abort();
}

#[tokio::test]
async fn a_restarted_node_does_not_run_again_what_it_delivered() {
    let mut world = World::new();
    let duty = Duty::Provide(provide_for(world.key.clone(), 1, 9, 50));
    world.says(10, 9, vec![duty.clone()]);
    let task = world.start(always(outcome()));
    eventually("it is delivered", || world.delivered(&duty)).await;
    task.abort();

    let (wake, wakeups) = mpsc::unbounded();
    (world.wake, world.wakeups, world.registry) = (wake, Some(wakeups), Registry::new());
    let (executor, began, _) = endless();
    let task = world.start(executor);
    world.says(11, 9, vec![duty]);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(began.load(Ordering::SeqCst), 0);
    task.abort();
}

#[tokio::test]
async fn a_run_that_nobody_owes_any_longer_is_cancelled() {
    let mut world = World::new();
    let duty = Duty::Provide(provide_for(world.key.clone(), 1, 9, 50));
    world.says(10, 9, vec![duty.clone()]);
    let (executor, began, ended) = endless();
    let task = world.start(executor);
    eventually("it runs", || began.load(Ordering::SeqCst) == 1).await;
    world.says(11, 9, vec![]);
    eventually("it ended", || ended.load(Ordering::SeqCst) == 1).await;
    world.says(12, 9, vec![duty]);
    eventually("it runs again", || began.load(Ordering::SeqCst) == 2).await;
    task.abort();
    eventually("stopping the task cancels it", || ended.load(Ordering::SeqCst) == 2).await;
}

#[tokio::test]
async fn a_check_is_published_and_counted_by_its_verdict() {
    let mut world = World::new();
    let claim = commitment(&binding(1, &work("once")), &outcome());
    let duty = Duty::Check(check_for(world.key.clone(), 1, claim));
    world.says(10, 9, vec![duty.clone()]);
    let task = world.start(always(outcome()));
    eventually("it is delivered", || world.delivered(&duty)).await;
    assert_eq!(world.metric("strike_checks_total"), 1.0);
    task.abort();
}

/// Brings an input into a store when the test says so; until then every fetch of it fails.
struct Delivery {
    store: Arc<BlobStore>,
    input: Mutex<Option<Vec<u8>>>,
    fetches: AtomicUsize,
}

impl BlobSource for Delivery {
    fn read(&self, query: &BlobQuery) -> Result<Vec<u8>, FetchError> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        let input = self.input.lock().clone().ok_or(FetchError::NotFound { asked: 1 })?;
        assert_eq!(self.store.put(query.kind, &input)?, query.root);
        Ok(input)
    }
}

#[tokio::test]
async fn a_job_waits_for_its_input_without_a_run_and_ends_without_it_after_half_of_its_time() {
    let mut world = World::new();
    let input = b"once and for all";
    let delivery =
        Arc::new(Delivery { store: world.blobs.1.clone(), input: Mutex::new(None), fetches: AtomicUsize::new(0) });
    world.inputs = delivery.clone();
    let duty_of = |world: &World, job, root: H256| {
        let ProvideDuty { mut work, .. } = provide_for(world.key.clone(), job, 10, 50);
        let WorkSpec::Generate(generation) = &mut work else { panic!("not a generation") };
        generation.input = Input::Blob { root, length: input.len() as u64 };
        Duty::Provide(ProvideDuty { work, ..provide_for(world.key.clone(), job, 10, 50) })
    };
    let waiting = duty_of(&world, 1, file_root(input));
    let plain = Duty::Provide(provide_for(world.key.clone(), 2, 10, 60));
    world.says(12, 12, vec![waiting.clone(), plain.clone()]);
    let store = world.blobs.1.clone();
    let executor = Fake(move |work: &WorkSpec, _: &Control| match work.input() {
        Input::Blob { root, .. } if !store.contains(ArtifactKind::File, root) => Err(ExecuteError::InputMissing(*root)),
        _ => Ok(outcome()),
    });
    let task = world.start(Arc::new(executor));
    eventually("the other job is done", || world.delivered(&plain)).await;
    eventually("the input was fetched in vain", || delivery.fetches.load(Ordering::SeqCst) == 1).await;
    assert!(!world.delivered(&waiting));
    assert_eq!(world.metric("strike_runs_total"), 1.0);

    *delivery.input.lock() = Some(input.to_vec());
    // A pause lies between two fetches.
    let done = || {
        world.says(15, 12, vec![waiting.clone()]);
        world.delivered(&waiting)
    };
    eventually("it is done with its input", done).await;

    *delivery.input.lock() = None;
    let hopeless = duty_of(&world, 3, H256::zero());
    world.says(29, 12, vec![hopeless.clone()]);
    let fetches = delivery.fetches.load(Ordering::SeqCst);
    eventually("it is fetched", || delivery.fetches.load(Ordering::SeqCst) > fetches).await;
    assert!(!world.delivered(&hopeless));
    world.says(30, 12, vec![hopeless.clone()]);
    eventually("it ends without", || world.delivered(&hopeless)).await;
    task.abort();
}

/// Serves the outputs of one provider; a fetch of those of another one ends when the test says so, and finds nothing.
struct Withholding {
    store: Arc<BlobStore>,
    honest: H256,
    output: Vec<u8>,
    told: (Mutex<bool>, parking_lot::Condvar),
    held: AtomicUsize,
}

impl BlobSource for Withholding {
    fn read(&self, query: &BlobQuery) -> Result<Vec<u8>, FetchError> {
        if query.places == [self.honest] {
            self.store.put(query.kind, &self.output)?;
            return Ok(self.output.clone());
        }
        self.held.fetch_add(1, Ordering::SeqCst);
        let mut told = self.told.0.lock();
        while !*told {
            self.told.1.wait(&mut told);
        }
        Err(FetchError::NotFound { asked: 1 })
    }
}

#[tokio::test]
async fn checks_of_withheld_outputs_hold_up_no_other_and_are_run_once_the_fetch_is_over() {
    let mut world = World::new();
    let check_of = |world: &World, job, provider: u8, deadline| {
        let mut duty = check_for(world.key.clone(), job, commitment(&binding(job, &work("once")), &outcome()));
        duty.binding.provider = AccountId::new([provider; 32]);
        // Each has an output of its own; that of the honest one is what the check gets.
        let strike_primitives::commitment::Commitment::V1(claim) = &mut duty.commitment;
        if provider != 9 {
            claim.out_root = H256::from_low_u64_be(job);
        }
        Duty::Check(CheckDuty { class: VerificationClass::Exact, deadline, ..duty })
    };
    let withheld: Vec<Duty> = (1..=20).map(|job| check_of(&world, job, 2, 80)).collect();
    let honest = check_of(&world, 30, 9, 90);
    let source = Arc::new(Withholding {
        store: world.blobs.1.clone(),
        honest: provider_place(&H256([1; 32]), &AccountId::new([9; 32])),
        output: outcome().output,
        told: Default::default(),
        held: AtomicUsize::new(0),
    });
    world.outputs = source.clone();
    let all: Vec<Duty> = withheld.iter().chain([&honest]).cloned().collect();
    world.says(6, 6, all.clone());
    let task = world.start(always(outcome()));
    eventually("the honest one is done", || world.delivered(&honest)).await;
    assert!(source.held.load(Ordering::SeqCst) > 0, "the others were fetched");
    assert!(!withheld.iter().any(|duty| world.delivered(duty)));

    *source.told.0.lock() = true;
    source.told.1.notify_all();
    eventually("the others are run", || withheld.iter().all(|duty| world.delivered(duty))).await;
    assert_eq!(world.metric("strike_runs_total"), 21.0);
    assert_eq!(source.held.load(Ordering::SeqCst), 20, "each was fetched once");
    task.abort();
}

#[tokio::test]
async fn a_withheld_output_is_waited_for_a_quarter_of_the_time() {
    let mut world = World::new();
    let source = Arc::new(Withholding {
        store: world.blobs.1.clone(),
        honest: H256::zero(),
        output: Vec::new(),
        told: Default::default(),
        held: AtomicUsize::new(0),
    });
    world.outputs = source.clone();
    let duty = check_for(world.key.clone(), 1, commitment(&binding(1, &work("once")), &outcome()));
    let duty = Duty::Check(CheckDuty { class: VerificationClass::Exact, ..duty });
    world.says(15, 10, vec![duty.clone()]);
    let task = world.start(always(outcome()));
    eventually("it is fetched", || source.held.load(Ordering::SeqCst) == 1).await;
    assert!(!world.delivered(&duty));
    world.says(16, 10, vec![duty.clone()]);
    eventually("it is run without", || world.delivered(&duty)).await;
    *source.told.0.lock() = true;
    source.told.1.notify_all();
    task.abort();
}

#[tokio::test]
async fn commitments_that_another_node_made_with_the_same_key_are_counted() {
    let mut world = World::new();
    let duties = |jobs: &[JobId]| -> Vec<Duty> {
        jobs.iter().map(|job| Duty::Provide(provide_for(world.key.clone(), *job, 9, 50))).collect()
    };
    let (both, one) = (duties(&[1, COMMITTED]), duties(&[1]));
    world.says(10, 8, both);
    let task = world.start(always(outcome()));
    eventually("both are known", || world.registry.gather().iter().any(|it| it.get_name() == "strike_runs_total"))
        .await;
    assert_eq!(world.metric("strike_foreign_commitments_total"), 0.0);
    world.says(11, 8, one);
    eventually("it is noticed", || world.metric("strike_foreign_commitments_total") == 1.0).await;
    // The other one is over for another reason.
    world.says(12, 8, vec![]);
    world.wake.close_channel();
    tokio::time::timeout(Duration::from_secs(5), task).await.unwrap().unwrap();
    assert_eq!(world.metric("strike_foreign_commitments_total"), 1.0);
}

#[test]
fn a_runtime_of_another_version_is_told_apart() {
    assert_eq!(understood(Some(3), 3), Ok(()));
    assert!(understood(Some(2), 3).unwrap_err().contains("older than this node (StrikeApi 2, the node knows 3)"));
    assert!(understood(Some(4), 3).unwrap_err().contains("install a newer strike-node"));
    assert!(understood(None, 3).unwrap_err().contains("no StrikeApi"));
}

#[tokio::test]
async fn the_task_ends_with_the_client() {
    let mut world = World::new();
    let task = world.start(always(outcome()));
    world.wake.close_channel();
    tokio::time::timeout(Duration::from_secs(5), task).await.unwrap().unwrap();
}
