//! Duties whose input travels: they wait for it, hold up no other, and can end without it.

use super::support::*;
use crate::{
    chain::mailbox::Entry,
    engine::{
        execute::{EngineExecutor, ExecuteError, Executor, Outcome},
        model_store::ModelStore,
    },
    fetch::inputs::{is_given_up, query_of, Inputs},
    runs::{failure::Failure, runner::Runner},
    Control,
};
use sp_core::H256;
use std::sync::Arc;
use strike_blobs::BlobStore;
use strike_primitives::{
    api::{CheckDuty, Duty, ProvideDuty},
    artifact::{file_root, output_root, ArtifactKind},
    blob::{input_place, provider_place},
    commitment::StopReason,
    job::{Input, WorkSpec},
    verdict::{InvalidReason, Verdict},
    JobId,
};

const INPUT: &[u8] = b"once and for all";

fn blob(root: H256, length: u64) -> WorkSpec {
    let WorkSpec::Generate(mut generation) = work("") else { panic!("not a generation") };
    generation.input = Input::Blob { root, length };
    WorkSpec::Generate(generation)
}

fn traveling() -> WorkSpec {
    blob(file_root(INPUT), INPUT.len() as u64)
}

fn provide_blob(job: JobId, deadline: u32) -> Duty {
    let work = blob(H256::from_low_u64_be(job), 5);
    let binding = binding(job, &work);
    Duty::Provide(ProvideDuty { work, binding, ..provide_for(key(), job, 10, deadline) })
}

fn check_of(stop: StopReason) -> CheckDuty {
    let claimed = if stop.is_job_error() { Outcome::job_error(stop) } else { outcome() };
    let work = traveling();
    let duty = check_for(key(), 1, commitment(&binding(1, &work), &claimed));
    CheckDuty { binding: binding(1, &work), work, ..duty }
}

fn jobs(duties: Vec<&Duty>) -> Vec<JobId> {
    let job = |duty: &Duty| match duty {
        Duty::Provide(duty) => duty.binding.job,
        Duty::Check(duty) => duty.binding.job,
    };
    duties.into_iter().map(job).collect()
}

#[test]
fn least_tried_inputs_go_first_and_each_once_at_a_time() {
    let duties: Vec<Duty> = (1..=4).map(|job| provide_blob(job, 50)).collect();
    let id = |job| (H256::from_low_u64_be(job), 5);
    let mut inputs = Inputs::new(2);
    assert_eq!(jobs(inputs.observe(&duties, 20)), [1, 2]);
    assert_eq!(jobs(inputs.observe(&duties, 20)), [0; 0]);
    for job in [1, 2] {
        inputs.finished(&id(job), 20);
    }
    assert_eq!(jobs(inputs.observe(&duties, 21)), [3, 4], "others were not tried at all");
    inputs.finished(&id(3), 21);
    assert_eq!(jobs(inputs.observe(&duties, 21)), [1]);
    inputs.finished(&id(1), 21);
    // Tried twice, it rests for two blocks.
    assert_eq!(jobs(inputs.observe(&duties[..1], 22)), [0; 0]);
    assert_eq!(jobs(inputs.observe(&duties[..1], 23)), [1]);
    assert_eq!(inputs.missing(), 2, "the running fetch of the fourth ends by itself");
}

#[test]
fn the_input_of_two_orders_is_fetched_once_and_plain_ones_not_at_all() {
    let mut inputs = Inputs::new(4);
    let duties = [provide_blob(1, 50), provide_blob(1, 60), provide(2, 10, 50)];
    assert_eq!(jobs(inputs.observe(&duties, 20)), [1]);
}

#[test]
fn half_of_the_time_is_for_the_input() {
    let duty = provide_blob(1, 50);
    assert!(!is_given_up(&duty, 29) && is_given_up(&duty, 30));
    // A check of a result says nothing without the input; one of a claim that there is none does.
    let result = Duty::Check(check_of(StopReason::EndOfText));
    assert!(!is_given_up(&result, 49));
    let claim = Duty::Check(check_of(StopReason::InputUnavailable));
    assert!(!is_given_up(&claim, 26) && is_given_up(&claim, 27));
}

#[test]
fn an_input_is_fetched_where_it_was_left_and_by_checks_at_the_provider_too() {
    let duty = check_of(StopReason::EndOfText);
    let (genesis, provider, root) = (duty.binding.genesis, duty.binding.provider.clone(), file_root(INPUT));
    let found = query_of(&Duty::Check(duty)).unwrap();
    assert_eq!((found.kind, found.root, found.max_length), (ArtifactKind::File, root, INPUT.len() as u64));
    assert_eq!(found.places, [input_place(&genesis, &root), provider_place(&genesis, &provider)]);
    assert_eq!(query_of(&provide_blob(1, 50)).unwrap().places.len(), 1);
    assert_eq!(query_of(&provide(1, 9, 50)), None);
}

struct World {
    runner: Runner,
    blobs: Arc<BlobStore>,
    key: strike_primitives::app::AppKey,
    built_in: strike_primitives::artifact::ArtifactId,
    _dir: tempfile::TempDir,
}

fn world() -> World {
    let (dir, blobs) = blobs();
    let (keystore, key) = keystore();
    let models = Arc::new(ModelStore::open(&[], 1 << 30).unwrap());
    let engine: Arc<dyn Executor> = Arc::new(EngineExecutor::new(models.clone(), blobs.clone(), 2).unwrap());
    let runner = runner(engine.clone(), engine, keystore, blobs.clone());
    World { runner, blobs, key, built_in: models.built_in(), _dir: dir }
}

impl World {
    fn provide(&self, work: WorkSpec, is_given_up: bool) -> Result<Entry, Failure> {
        let duty = ProvideDuty { work, model: self.built_in, ..provide_for(self.key.clone(), 1, 10, 50) };
        self.runner.run(&Duty::Provide(duty), is_given_up, &Control::default())
    }

    fn check(&self, stop: StopReason, is_given_up: bool) -> Result<Entry, Failure> {
        let duty = CheckDuty { key: self.key.clone(), model: self.built_in, ..check_of(stop) };
        self.runner.run(&Duty::Check(duty), is_given_up, &Control::default())
    }
}

fn is_missing(result: Result<Entry, Failure>) -> bool {
    matches!(result, Err(Failure::Execute(ExecuteError::InputMissing(_))))
}

#[test]
fn a_job_without_its_input_ends_as_unavailable_once_it_is_given_up() {
    let world = world();
    assert!(is_missing(world.provide(traveling(), false)));
    let Entry::Commitment(entry) = world.provide(traveling(), true).unwrap() else { panic!() };
    let claim = entry.commitment.v1();
    assert_eq!((claim.stop, claim.n_in, claim.n_out, claim.trace_root), (StopReason::InputUnavailable, 0, 0, None));
    assert_eq!(claim.out_root, output_root(&[]));
    // With it, the work is done even so late.
    world.blobs.put(ArtifactKind::File, INPUT).unwrap();
    let Entry::Commitment(entry) = world.provide(traveling(), true).unwrap() else { panic!() };
    assert!(entry.commitment.v1().n_out > 0);
}

#[test]
fn no_file_has_a_root_and_another_length() {
    let world = world();
    world.blobs.put(ArtifactKind::File, INPUT).unwrap();
    for length in [1, INPUT.len() as u64 - 1, INPUT.len() as u64 + 1, u64::MAX] {
        assert!(is_missing(world.provide(blob(file_root(INPUT), length), false)), "{length}");
    }
}

#[test]
fn that_an_input_is_unavailable_is_confirmed_only_by_who_has_not_got_it_either() {
    let world = world();
    let checked = |is_given_up| verdict(&world.check(StopReason::InputUnavailable, is_given_up).unwrap());
    assert!(is_missing(world.check(StopReason::InputUnavailable, false)));
    assert_eq!(checked(true), Verdict::Valid { units: 0 });
    world.blobs.put(ArtifactKind::File, INPUT).unwrap();
    let has_it = Verdict::Invalid { reason: InvalidReason::StopMismatch };
    assert_eq!((checked(false), checked(true)), (has_it, has_it));
}

#[test]
fn nothing_is_said_of_a_result_without_the_input() {
    let world = world();
    for is_given_up in [false, true] {
        assert!(is_missing(world.check(StopReason::EndOfText, is_given_up)));
    }
    world.blobs.put(ArtifactKind::File, INPUT).unwrap();
    let found = verdict(&world.check(StopReason::EndOfText, false).unwrap());
    assert_eq!(found, Verdict::Invalid { reason: InvalidReason::OutputMismatch });
}
