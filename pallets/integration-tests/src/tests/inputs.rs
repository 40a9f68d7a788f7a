//! Inputs that are blobs, and providers that say that they could not have them.

use crate::{actions::*, runtime::*, world::*};
use pallet_market::JobState;
use std::collections::BTreeMap;
use strike_primitives::{
    artifact::output_root,
    commitment::{job_root, Commitment, CommitmentV1, StopReason},
    job::{Input, JobOrderV1, WorkSpec},
    receipt::CloseReason,
    verdict::{InvalidReason, Verdict},
    JobId, H256,
};

/// What a validator finds that could not have the input either.
const CONFIRMED: Verdict = Verdict::Valid { units: 0 };
/// What one finds that has it.
const HAS_IT: Verdict = Verdict::Invalid { reason: InvalidReason::StopMismatch };

/// Orders work on a blob.
fn submit_blob() -> JobId {
    let JobOrderV1 { work: WorkSpec::Generate(mut work), .. } = order() else { panic!("not a generation") };
    work.input = Input::Blob { root: H256::repeat_byte(7), length: 200_000 };
    submit_as(&rita(), JobOrderV1 { work: WorkSpec::Generate(work), ..order() })
}

/// The assigned provider says that it could not have the input, and the validators judge.
fn deliver_nothing(job: JobId, verdicts: [Verdict; 4]) {
    while Verification::binding(job).is_none() {
        next_block();
    }
    let binding = Verification::binding(job).unwrap();
    let (out_root, stop) = (output_root(&[]), StopReason::InputUnavailable);
    let claim = CommitmentV1 { job_root: H256::zero(), out_root, trace_root: None, n_in: 0, n_out: 0, stop };
    let job_root = job_root(&binding, &out_root, &None, 0, 0, stop);
    let provider = everybody().into_iter().find(|actor| actor.account == binding.provider).unwrap();
    include_commitment(job, Commitment::V1(CommitmentV1 { job_root, ..claim }), &provider.pair).unwrap();
    let verdicts: Vec<_> = validators().into_iter().zip(verdicts).collect();
    judge(job, &verdicts);
    while matches!(state(job), JobState::Judged(_)) {
        next_block();
    }
}

#[test]
fn what_nobody_can_have_costs_nobody_anything() {
    ExtBuilder::default().run(|| {
        let before = totals();
        let job = submit_blob();
        deliver_nothing(job, [CONFIRMED; 4]);
        let receipt = receipt(job);
        assert_eq!((receipt.reason, receipt.verdict), (CloseReason::Settled, Some(CONFIRMED)));
        assert_eq!((receipt.fee, receipt.refunded, receipt.slashed), (0, MAX_PRICE, 0));
        assert!(receipt.payments.is_empty());
        assert_eq!(moved_since(&before), BTreeMap::new());
        assert_eq!(bond(&eve()).reserved, 0);
    });
}

#[test]
fn a_split_over_an_input_goes_to_the_next_provider_and_punishes_nobody() {
    for verdicts in [[CONFIRMED, CONFIRMED, HAS_IT, HAS_IT], [HAS_IT; 4]] {
        ExtBuilder::default().run(|| {
            let before = totals();
            let job = submit_blob();
            deliver_nothing(job, verdicts);
            assert_eq!(moved_since(&before), BTreeMap::new());
            assert_eq!((assigned_to(job), bond(&eve()).reserved), (Some(ferdie().account), 0));
            deliver(job, TRUE_OUTPUT);
            let receipt = receipt(job);
            assert_eq!((receipt.reason, receipt.attempt, receipt.slashed), (CloseReason::Settled, 1, 0));
            assert!(!moved_since(&before).contains_key(&eve().account));
        });
    }
}

#[test]
fn without_a_next_provider_the_escrow_goes_back() {
    ExtBuilder::default().provider(eve(), BOND, &[], EVES_PRICE).run(|| {
        let before = totals();
        let job = submit_blob();
        deliver_nothing(job, [HAS_IT; 4]);
        let receipt = receipt(job);
        assert_eq!((receipt.reason, receipt.verdict, receipt.refunded), (CloseReason::Undecided, None, MAX_PRICE));
        assert_eq!(moved_since(&before), BTreeMap::new());
    });
}
