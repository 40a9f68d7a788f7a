//! Outputs that checks replay: fetched once, and those of providers that withhold them last.

use super::support::*;
use crate::fetch::outputs::{is_given_up, query_of, OutputId, Outputs};
use strike_primitives::{
    api::CheckDuty, artifact::ArtifactKind, blob::provider_place, job::VerificationClass, AccountId, JobId, H256,
};

/// The check of an output of three tokens by a provider.
fn check(job: JobId, provider: u8) -> CheckDuty {
    let claim = commitment(&binding(job, &work("once")), &outcome());
    let mut duty = CheckDuty { class: VerificationClass::Exact, ..check_for(key(), job, claim) };
    duty.binding.provider = AccountId::new([provider; 32]);
    let strike_primitives::commitment::Commitment::V1(claim) = &mut duty.commitment;
    claim.out_root = H256::from_low_u64_be(job);
    duty
}

fn id(duty: &CheckDuty) -> OutputId {
    OutputId::of(duty).unwrap()
}

fn jobs(checks: Vec<&CheckDuty>) -> Vec<JobId> {
    checks.into_iter().map(|check| check.binding.job).collect()
}

#[test]
fn only_generations_of_the_exact_class_have_an_output_to_replay() {
    let duty = check(1, 2);
    let found = query_of(&duty).unwrap();
    assert_eq!((found.kind, found.root, found.max_length), (ArtifactKind::Output, H256::from_low_u64_be(1), 12));
    assert_eq!(found.places, [provider_place(&duty.binding.genesis, &duty.binding.provider)]);
    assert_eq!(query_of(&CheckDuty { class: VerificationClass::Statistical, ..duty.clone() }), None);
    // A count that no such job has allows for no longer output, and a single token is made as fast as it is checked.
    for (n_out, bytes) in [(1, None), (u32::MAX, Some(32))] {
        let mut duty = duty.clone();
        let strike_primitives::commitment::Commitment::V1(claim) = &mut duty.commitment;
        claim.n_out = n_out;
        assert_eq!(query_of(&duty).map(|query| query.max_length), bytes);
    }
}

#[test]
fn an_output_is_waited_for_a_quarter_of_the_time() {
    // Committed in block 5, to be checked by block 50.
    assert!(!is_given_up(&check(1, 2), 15) && is_given_up(&check(1, 2), 16));
}

#[test]
fn every_output_is_fetched_once() {
    let checks = [check(1, 2), check(1, 2), check(2, 3)];
    let mut outputs = Outputs::new(4);
    assert_eq!(jobs(outputs.observe(&checks)), [1, 2]);
    assert_eq!(jobs(outputs.observe(&checks)), [0; 0]);
    assert_eq!(outputs.running(), 2);
    outputs.finished(&id(&checks[0]));
    assert!(outputs.is_over(&id(&checks[0])) && !outputs.is_over(&id(&checks[2])));
    assert_eq!(jobs(outputs.observe(&checks)), [0; 0]);
    // Forgotten with its check.
    assert_eq!(jobs(outputs.observe(&checks[2..])), [0; 0]);
    assert!(!outputs.is_over(&id(&checks[0])));
}

#[test]
fn who_withholds_outputs_keeps_nobody_elses_from_being_found() {
    let mut checks: Vec<CheckDuty> = (1..=20).map(|job| check(job, 2)).collect();
    checks.extend([check(30, 3), check(31, 4), check(32, 4)]);
    let mut outputs = Outputs::new(4);
    assert_eq!(jobs(outputs.observe(&checks)), [1, 30, 31, 2], "half of the fetches at most, and others in between");
    for found in [20, 21] {
        outputs.finished(&id(&checks[found]));
    }
    // Both were found and are no longer lacking; the others of that provider come before those of the first one.
    let lacking: Vec<_> = checks.iter().filter(|check| ![30, 31].contains(&check.binding.job)).cloned().collect();
    assert_eq!(jobs(outputs.observe(&lacking)), [32]);
    // One fetch stays free: the first provider has its half.
    assert_eq!(outputs.running(), 3);
    outputs.finished(&id(&checks[0]));
    outputs.finished(&id(&checks[1]));
    let more: Vec<_> = lacking.into_iter().chain([check(40, 5)]).collect();
    assert_eq!(jobs(outputs.observe(&more)), [40, 3, 4]);
}
