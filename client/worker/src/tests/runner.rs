use super::support::*;
use crate::{
    chain::mailbox::Entry,
    engine::execute::{Claimed, ExecuteError, Executor, Outcome},
    runs::{failure::Failure, judge::judge},
    schedule::Ended,
    Control,
};
use sp_core::H256;
use std::sync::{
    atomic::{AtomicUsize, Ordering},
    Arc,
};
use strike_primitives::{
    api::{CheckDuty, Duty},
    artifact::{output_bytes, output_root, ArtifactId, ArtifactKind},
    commitment::StopReason,
    job::{VerificationClass, WorkSpec},
    verdict::{InvalidReason, Verdict},
};

fn invalid(reason: InvalidReason) -> Verdict {
    Verdict::Invalid { reason }
}

#[test]
fn a_check_finds_the_first_difference() {
    let binding = binding(1, &work("once"));
    let claim = commitment(&binding, &outcome());
    assert_eq!(judge(&claim, &outcome()), Verdict::Valid { units: 7 });
    let other_text = Outcome { output: output_bytes(&[10, 11, 13]), ..outcome() };
    assert_eq!(judge(&claim, &other_text), invalid(InvalidReason::OutputMismatch));
    let other_count = Outcome { n_in: 5, ..outcome() };
    assert_eq!(judge(&claim, &other_count), invalid(InvalidReason::CountMismatch));
    let other_stop = Outcome { stop: StopReason::MaxTokens, ..outcome() };
    assert_eq!(judge(&claim, &other_stop), invalid(InvalidReason::StopMismatch));
}

#[test]
fn a_job_nobody_can_run_is_valid_and_counts_no_units() {
    let outcome = Outcome::job_error(StopReason::InvalidInput);
    let claim = commitment(&binding(1, &work("once")), &outcome);
    assert_eq!(judge(&claim, &outcome), Verdict::Valid { units: 0 });
}

#[test]
fn a_provider_keeps_its_output_and_commits_to_it() {
    let (_dir, blobs) = blobs();
    let (keystore, key) = keystore();
    let runner = runner(always(outcome()), always(outcome()), keystore, blobs.clone());
    let duty = provide_for(key, 1, 5, 50);
    let entry = runner.run(&Duty::Provide(duty.clone()), false, &Control::default()).unwrap();
    let Entry::Commitment(entry) = entry else { panic!() };
    assert_eq!(entry.commitment.v1(), &commitment(&duty.binding, &outcome()));
    assert_eq!(blobs.output(&output_root(&[10, 11, 12])).unwrap(), Some(vec![10, 11, 12]));
}

#[test]
fn a_result_that_could_not_be_written_is_kept_and_only_written_again() {
    let (dir, blobs) = blobs();
    let (keystore, key) = keystore();
    let provider = Arc::new(Replaying { honest: outcome(), runs: AtomicUsize::new(0) });
    let runner = runner(provider.clone(), provider.clone(), keystore, blobs.clone());
    let run = |job| runner.run(&Duty::Provide(provide_for(key.clone(), job, 5, 50)), false, &Control::default());
    // As on a disk that takes nothing more.
    let (folder, away) = (dir.path().to_path_buf(), dir.path().with_extension("away"));
    std::fs::rename(&folder, &away).unwrap();
    std::fs::write(&folder, b"no folder").unwrap();
    for _ in 0..3 {
        let failure = run(1).unwrap_err();
        assert_eq!(failure.reason(), "store");
        assert!(matches!(failure.ended::<()>(), Ended::Failed));
        assert!(failure.advice().is_some_and(|advice| advice.contains("room")), "{failure}");
    }
    assert_eq!(provider.runs.load(Ordering::Relaxed), 1);
    std::fs::remove_file(&folder).unwrap();
    std::fs::rename(&away, &folder).unwrap();

    let Entry::Commitment(entry) = run(1).unwrap() else { panic!() };
    let binding = provide_for(key.clone(), 1, 5, 50).binding;
    assert_eq!(entry.commitment.v1(), &commitment(&binding, &outcome()));
    assert_eq!(blobs.output(&output_root(&[10, 11, 12])).unwrap(), Some(vec![10, 11, 12]));
    assert_eq!(provider.runs.load(Ordering::Relaxed), 1, "it was run once");
    run(2).unwrap();
    assert_eq!(provider.runs.load(Ordering::Relaxed), 2, "another job is run");
}

#[test]
fn a_check_runs_the_check_executor_and_salts_by_key_and_audit() {
    let (_dir, blobs) = blobs();
    let (keystore, key) = keystore();
    let wrong = Outcome { output: output_bytes(&[0]), n_out: 1, ..outcome() };
    let runner = runner(always(wrong), always(outcome()), keystore, blobs.clone());
    let claim = commitment(&binding(1, &work("once")), &outcome());
    let verdict = |job| {
        let duty = Duty::Check(check_for(key.clone(), job, claim.clone()));
        let Entry::Verdict(entry) = runner.run(&duty, false, &Control::default()).unwrap() else { panic!() };
        entry
    };
    let (first, again, other) = (verdict(1), verdict(1), verdict(2));
    assert_eq!(first.verdict, Verdict::Valid { units: 7 });
    assert_eq!(first, again, "a lost mailbox is filled with the same verdict");
    assert_ne!(first.salt, other.salt);
    assert_eq!(first.work_tag, None);
    assert!(blobs.output(&claim.out_root).unwrap().is_some(), "a validator can serve what it found valid");
}

#[test]
fn a_check_of_a_wrong_output_keeps_nothing() {
    let (_dir, blobs) = blobs();
    let (keystore, key) = keystore();
    let runner = runner(always(outcome()), always(outcome()), keystore, blobs.clone());
    let wrong = Outcome { output: output_bytes(&[0]), n_out: 1, ..outcome() };
    let duty = Duty::Check(check_for(key, 1, commitment(&binding(1, &work("once")), &wrong)));
    let entry = runner.run(&duty, false, &Control::default()).unwrap();
    assert_eq!(verdict(&entry), invalid(InvalidReason::OutputMismatch));
    assert_eq!(blobs.size(), 0);
}

/// An executor that replays claims of `honest`, and counts its runs.
struct Replaying {
    honest: Outcome,
    runs: AtomicUsize,
}

impl Executor for Replaying {
    fn replay(
        &self,
        _model: &ArtifactId,
        _class: VerificationClass,
        _work: &WorkSpec,
        _seed: &H256,
        claimed: &Claimed,
        _control: &Control,
    ) -> Result<Option<Outcome>, ExecuteError> {
        let right = claimed.output == self.honest.output && claimed.stop == self.honest.stop;
        Ok(right.then(|| self.honest.clone()))
    }

    fn run(
        &self,
        _model: &ArtifactId,
        _class: VerificationClass,
        _work: &WorkSpec,
        _seed: &H256,
        _control: &Control,
    ) -> Result<Outcome, ExecuteError> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        Ok(self.honest.clone())
    }
}

#[test]
fn a_check_that_can_have_the_output_replays_it_and_any_doubt_is_left_to_a_run() {
    let exact = VerificationClass::Exact;
    let lie = Outcome { output: output_bytes(&[10, 11, 13]), ..outcome() };
    let longer = Outcome { output: output_bytes(&[10, 11, 12, 13]), ..outcome() };
    let mismatch = invalid(InvalidReason::OutputMismatch);
    let count = invalid(InvalidReason::CountMismatch);
    for (claimed, class, served, expected, replayed) in [
        (outcome(), exact, true, Verdict::Valid { units: 7 }, true),
        (outcome(), exact, false, Verdict::Valid { units: 7 }, false),
        (outcome(), VerificationClass::Statistical, true, Verdict::Valid { units: 7 }, false),
        (lie, exact, true, mismatch, false),
        // Longer than the claim says: not even read.
        (longer, exact, true, mismatch, false),
        // A right output with a wrong count.
        (Outcome { n_in: 5, ..outcome() }, exact, true, count, true),
    ] {
        let (_dir, blobs) = blobs();
        let (keystore, key) = keystore();
        if served {
            blobs.put(ArtifactKind::Output, &claimed.output).unwrap();
        }
        let validator = Arc::new(Replaying { honest: outcome(), runs: AtomicUsize::new(0) });
        let runner = runner(always(claimed.clone()), validator.clone(), keystore, blobs);
        let claim = commitment(&binding(1, &work("once")), &claimed);
        let duty = CheckDuty { class, ..check_for(key, 1, claim) };
        let entry = runner.run(&Duty::Check(duty), false, &Control::default()).unwrap();
        assert_eq!(verdict(&entry), expected);
        let runs = validator.runs.load(Ordering::Relaxed);
        let replays = runner.metrics.replays();
        assert_eq!((replays, runs), (u64::from(replayed), usize::from(!replayed)), "{claimed:?} {class:?} {served}");
    }
}

#[test]
fn failures_say_whether_to_try_again() {
    let (_dir, blobs) = blobs();
    let (keystore, key) = keystore();
    let fails_with = |error: fn() -> ExecuteError| {
        let executor = Arc::new(Fake(move |_: &WorkSpec, _: &Control| Err(error())));
        let runner = runner(executor.clone(), executor, keystore.clone(), blobs.clone());
        runner.run(&Duty::Provide(provide_for(key.clone(), 1, 5, 50)), false, &Control::default()).unwrap_err()
    };
    assert!(matches!(fails_with(|| ExecuteError::Cancelled).ended::<()>(), Ended::Cancelled));
    assert!(matches!(fails_with(|| ExecuteError::ModelMissing(MODEL)).ended::<()>(), Ended::Hopeless));
    assert!(matches!(fails_with(|| ExecuteError::InputMissing(H256::zero())).ended::<()>(), Ended::Failed));
    let panicked = fails_with(|| panic!("out of range"));
    assert_eq!(panicked.reason(), "panicked");
    assert!(panicked.to_string().contains("out of range"));
    assert!(matches!(panicked.ended::<()>(), Ended::Hopeless), "it would panic again");
}

#[test]
fn a_key_that_is_gone_is_hopeless() {
    let (_dir, blobs) = blobs();
    let (keystore, _) = keystore();
    let runner = runner(always(outcome()), always(outcome()), keystore, blobs);
    let duty = check_for(key(), 1, commitment(&binding(1, &work("once")), &outcome()));
    let failure = runner.run(&Duty::Check(duty), false, &Control::default()).unwrap_err();
    assert!(matches!(failure, Failure::KeyMissing));
    assert!(matches!(failure.ended::<()>(), Ended::Hopeless));
}
