use super::{phase, refused, Event, WRONG};
use crate::{
    mock::*,
    types::{Phase, Refusal},
    OpenAudits, MAX_DELIVERIES,
};
use frame_support::assert_ok;
use sp_runtime::{transaction_validity::InvalidTransaction, DispatchError};
use strike_primitives::{
    commitment::StopReason,
    traits::AuditOutcome,
    verdict::{AssignmentProof, AuditRef, InvalidReason, RevealedVerdict, SealedVerdict, Verdict},
    AccountId, H256,
};

fn accounts(indices: &[usize]) -> Vec<AccountId> {
    indices.iter().map(|index| validator(*index).account).collect()
}

#[test]
fn four_validators_seal_and_reveal() {
    ExtBuilder::default().execute(|| {
        let audit = sealing(1);
        for index in 0..4 {
            assert!(matches!(phase(1), Phase::Sealing { .. }));
            assert_ok!(seal(&audit, &validator(index), VALID));
        }
        let until = System::block_number() + RevealPeriod::get();
        assert_eq!(phase(1), Phase::Revealing { until });
        System::assert_last_event(Event::RevealStarted { job: 1, attempt: 0, sealed: 4, eligible: 4, until }.into());
        for index in [2, 0, 3, 1] {
            assert_ok!(reveal(&audit, &validator(index), VALID));
        }
        let outcome = outcome();
        assert_eq!(outcome.verdict, Some(VALID));
        assert_eq!(outcome.commitment, audit.commitment);
        assert_eq!(outcome.validators.to_vec(), accounts(&[2, 0, 3, 1]));
        System::assert_last_event(
            Event::AuditConcluded { job: 1, attempt: 0, verdict: Some(VALID), agreeing: 4, eligible: 4 }.into(),
        );
        let summary = Verification::audit(1).unwrap();
        assert_eq!((summary.sealed, summary.revealed, summary.agreeing), (4, 4, 4));
        run_for(40);
        assert_eq!(Outcomes::get().len(), 1);
    });
}

#[test]
fn with_one_validator_dead_the_result_is_valid_after_the_grace() {
    ExtBuilder::default().execute(|| {
        let audit = sealing(1);
        for index in 0..3 {
            assert_ok!(seal(&audit, &validator(index), VALID));
        }
        let until = System::block_number() + SealGrace::get();
        assert_eq!(phase(1), Phase::Sealing { until });
        run_to(until);
        assert_eq!(phase(1), Phase::Sealing { until });
        next_block();
        assert!(matches!(phase(1), Phase::Revealing { .. }));
        for index in 0..3 {
            assert_ok!(reveal(&audit, &validator(index), VALID));
        }
        assert_eq!(outcome().validators.to_vec(), accounts(&[0, 1, 2]));
    });
}

#[test]
fn a_seal_within_the_grace_counts_and_starts_the_reveals() {
    ExtBuilder::default().execute(|| {
        let audit = sealing(1);
        for index in 0..3 {
            assert_ok!(seal(&audit, &validator(index), VALID));
        }
        run_for(SealGrace::get());
        assert_ok!(seal(&audit, &validator(3), VALID));
        assert!(matches!(phase(1), Phase::Revealing { .. }));
    });
}

/// Three honest validators, the last of them `late` blocks behind the other two, and a liar that seals at once. The honest
/// two seal `took` blocks after the commitment. Returns what is found.
fn with_a_quick_liar(took: u32, late: u32) -> Option<Verdict> {
    let mut found = None;
    ExtBuilder::default().execute(|| {
        let audit = sealing(1);
        let opened = OpenAudits::<Test>::get(1).unwrap().committed_at;
        assert_ok!(seal(&audit, &validator(0), WRONG));
        run_to(opened + took);
        assert_ok!(seal(&audit, &validator(1), VALID));
        assert_ok!(seal(&audit, &validator(2), VALID));
        run_for(late);
        let sealed = seal(&audit, &validator(3), VALID);
        assert!(matches!(phase(1), Phase::Revealing { .. }));
        for (index, verdict) in [(0, WRONG), (1, VALID), (2, VALID)] {
            assert_ok!(reveal(&audit, &validator(index), verdict));
        }
        if sealed.is_ok() {
            assert_ok!(reveal(&audit, &validator(3), VALID));
        }
        found = outcome().verdict;
    });
    found
}

#[test]
fn a_quick_liar_does_not_shut_out_who_is_slower_and_right() {
    // Within the least grace, four blocks behind with a majority that took as long, and twice as slow as the others.
    assert_eq!(with_a_quick_liar(2, 3), Some(VALID));
    assert_eq!(with_a_quick_liar(4, 4), Some(VALID));
    assert_eq!(with_a_quick_liar(8, 8), Some(VALID));
    // Slower than that, its seal is refused, and three seals decide nothing.
    assert_eq!(with_a_quick_liar(8, 9), None);
}

#[test]
fn the_time_after_a_majority_ends_with_the_period() {
    ExtBuilder::default().execute(|| {
        let audit = sealing(1);
        let Phase::Sealing { until } = phase(1) else { panic!() };
        run_to(until - 1);
        for index in 0..3 {
            assert_ok!(seal(&audit, &validator(index), VALID));
        }
        assert_eq!(phase(1), Phase::Sealing { until });
    });
}

#[test]
fn with_two_of_four_dead_the_audit_is_undecided() {
    ExtBuilder::default().execute(|| {
        let audit = sealing(1);
        assert_ok!(seal(&audit, &validator(0), VALID));
        assert_ok!(seal(&audit, &validator(1), VALID));
        let Phase::Sealing { until } = phase(1) else { panic!() };
        assert_eq!(until, OpenAudits::<Test>::get(1).unwrap().committed_at + SealPeriod::get());
        run_to(until);
        assert!(Outcomes::get().is_empty());
        next_block();
        let outcome = outcome();
        assert_eq!((outcome.verdict, outcome.validators.len()), (None, 0));
    });
}

#[test]
fn when_reveals_are_missing_the_period_ends_the_audit() {
    ExtBuilder::default().execute(|| {
        let audit = sealing(1);
        for index in 0..4 {
            assert_ok!(seal(&audit, &validator(index), VALID));
        }
        for index in 0..3 {
            assert_ok!(reveal(&audit, &validator(index), VALID));
        }
        run_for(RevealPeriod::get());
        assert!(Outcomes::get().is_empty());
        next_block();
        assert_eq!(outcome().verdict, Some(VALID));
    });
}

#[test]
fn with_too_few_reveals_the_audit_is_undecided() {
    ExtBuilder::default().execute(|| {
        let audit = sealing(1);
        for index in 0..4 {
            assert_ok!(seal(&audit, &validator(index), VALID));
        }
        assert_ok!(reveal(&audit, &validator(0), VALID));
        assert_ok!(reveal(&audit, &validator(1), VALID));
        run_for(RevealPeriod::get() + 1);
        assert_eq!(outcome().verdict, None);
    });
}

/// Checks the outcome of an audit of a commitment that says that the input could not be had.
fn unavailable(verdicts: &[Verdict], check: impl FnOnce(AuditOutcome)) {
    ExtBuilder::default().execute(|| {
        assign(1);
        input_from_blob(1);
        run_for(2);
        let made = commitment_with(1, |it| (it.stop, it.n_in, it.n_out) = (StopReason::InputUnavailable, 0, 0));
        assert_ok!(include(commit_call(1, 0, made, &provider())));
        run_for(2);
        let audit = audit_ref(1);
        for (index, verdict) in verdicts.iter().enumerate() {
            assert_ok!(seal(&audit, &validator(index), *verdict));
        }
        for (index, verdict) in verdicts.iter().enumerate() {
            assert_ok!(reveal(&audit, &validator(index), *verdict));
        }
        check(outcome());
    });
}

#[test]
fn that_an_input_is_not_to_be_had_is_confirmed_or_undecided() {
    let agrees = Verdict::Valid { units: 0 };
    let has_it = Verdict::Invalid { reason: InvalidReason::StopMismatch };
    unavailable(&[agrees, has_it, agrees, agrees], |outcome| {
        assert_eq!((outcome.verdict, outcome.validators.to_vec()), (Some(agrees), accounts(&[0, 2, 3])));
    });
    // All have it, a split, a majority that would pay for nothing, and one that differs in what it found.
    for verdicts in [[has_it; 4], [agrees, has_it, has_it, agrees], [VALID; 4], [has_it, WRONG, has_it, agrees]] {
        unavailable(&verdicts, |outcome| {
            assert_eq!((outcome.verdict, outcome.validators.len()), (None, 0), "{verdicts:?}");
        });
    }
}

#[test]
fn the_minority_is_not_among_the_validators_paid() {
    ExtBuilder::default().execute(|| {
        let audit = sealing(1);
        let verdicts = [WRONG, VALID, VALID, VALID];
        for (index, verdict) in verdicts.iter().enumerate() {
            assert_ok!(seal(&audit, &validator(index), *verdict));
        }
        for (index, verdict) in verdicts.iter().enumerate() {
            assert_ok!(reveal(&audit, &validator(index), *verdict));
        }
        let outcome = outcome();
        assert_eq!(outcome.verdict, Some(VALID));
        assert_eq!(outcome.validators.to_vec(), accounts(&[1, 2, 3]));
    });
}

#[test]
fn a_split_is_undecided() {
    ExtBuilder::default().execute(|| {
        let audit = sealing(1);
        let verdicts = [WRONG, WRONG, VALID, Verdict::Valid { units: 9 }];
        for (index, verdict) in verdicts.iter().enumerate() {
            assert_ok!(seal(&audit, &validator(index), *verdict));
        }
        for (index, verdict) in verdicts.iter().enumerate() {
            assert_ok!(reveal(&audit, &validator(index), *verdict));
        }
        let outcome = outcome();
        assert_eq!((outcome.verdict, outcome.validators.len()), (None, 0));
    });
}

#[test]
fn invalid_verdicts_agree_whatever_the_reason() {
    ExtBuilder::default().execute(|| {
        let audit = sealing(1);
        let other = Verdict::Invalid { reason: InvalidReason::CountMismatch };
        let verdicts = [WRONG, other, WRONG, other];
        for (index, verdict) in verdicts.iter().enumerate() {
            assert_ok!(seal(&audit, &validator(index), *verdict));
        }
        for (index, verdict) in verdicts.iter().enumerate() {
            assert_ok!(reveal(&audit, &validator(index), *verdict));
        }
        let outcome = outcome();
        assert_eq!(outcome.verdict, Some(WRONG));
        assert_eq!(outcome.validators.len(), 4);
    });
}

#[test]
fn a_single_validator_decides_alone() {
    ExtBuilder::default().validators(1).execute(|| {
        let audit = sealing(1);
        assert_ok!(seal(&audit, &validator(0), VALID));
        assert_ok!(reveal(&audit, &validator(0), VALID));
        assert_eq!(outcome().validators.to_vec(), accounts(&[0]));
    });
}

/// An audit of an exact job that takes seals.
fn exact_sealing(job: u64) -> AuditRef {
    assign(job);
    be_exact(job);
    run_for(2);
    let commitment = traced_commitment(job, StopReason::EndOfText, Some(H256([9; 32])));
    include(commit_call(job, 0, commitment, &provider())).unwrap();
    run_for(2);
    audit_ref(job)
}

fn seal_and_reveal(verdicts: [RevealedVerdict; 4]) {
    for (index, revealed) in verdicts.iter().enumerate() {
        let sealed = SealedVerdict {
            audit: revealed.audit.clone(),
            validator: revealed.validator.clone(),
            assignment: AssignmentProof::All,
            seal: revealed.seal(&Verification::genesis()),
        };
        assert_ok!(include(sign_seal(sealed, &validator(index))));
    }
    for (index, revealed) in verdicts.into_iter().enumerate() {
        assert_ok!(include(sign_reveal(revealed, &validator(index))));
    }
}

#[test]
fn exact_verdicts_count_only_with_the_work_tag_of_the_majority() {
    ExtBuilder::default().execute(|| {
        let audit = exact_sealing(1);
        seal_and_reveal([0, 1, 2, 3].map(|index| tagged(&audit, &validator(index), VALID, u8::from(index == 2))));
        let (_, _, outcome) = Outcomes::get().pop().unwrap();
        assert_eq!(outcome.verdict, Some(VALID));
        // Who said the same without having done the work is not among those paid.
        let paid = [0, 1, 3].map(|index| validator(index).account);
        assert_eq!(outcome.validators.into_inner(), paid);
    });
}

#[test]
fn exact_verdicts_with_too_many_tags_decide_nothing() {
    ExtBuilder::default().execute(|| {
        let audit = exact_sealing(1);
        seal_and_reveal([0, 1, 2, 3].map(|index| tagged(&audit, &validator(index), VALID, index as u8 / 2)));
        let (_, _, outcome) = Outcomes::get().pop().unwrap();
        assert_eq!(outcome.verdict, None);
    });
}

#[test]
fn a_valid_exact_verdict_has_a_work_tag_and_an_invalid_one_has_none() {
    ExtBuilder::default().execute(|| {
        let audit = exact_sealing(1);
        let verdicts = [
            revealed(&audit, &validator(0), VALID),
            tagged(&audit, &validator(1), WRONG, 1),
            tagged(&audit, &validator(2), VALID, 1),
            revealed(&audit, &validator(3), WRONG),
        ];
        for (index, revealed) in verdicts.iter().enumerate() {
            let sealed = SealedVerdict {
                audit: audit.clone(),
                validator: revealed.validator.clone(),
                assignment: AssignmentProof::All,
                seal: revealed.seal(&Verification::genesis()),
            };
            assert_ok!(include(sign_seal(sealed, &validator(index))));
        }
        let [untagged, false_tag, valid, invalid] = verdicts;
        assert_eq!(include(sign_reveal(untagged, &validator(0))), refused(Refusal::WorkTagMissing));
        assert_eq!(include(sign_reveal(false_tag, &validator(1))), refused(Refusal::WorkTagUnexpected));
        assert_ok!(include(sign_reveal(valid, &validator(2))));
        assert_ok!(include(sign_reveal(invalid, &validator(3))));
    });
}

#[test]
fn periods_do_not_stretch_where_the_queue_lags() {
    ExtBuilder::default().execute(|| {
        let audit = sealing(1);
        let late = sign_seal(sealed(&audit, &validator(0), VALID), &validator(0));
        for _ in 0..SealPeriod::get() {
            next_block_with(frame_support::weights::Weight::zero());
        }
        assert!(matches!(phase(1), Phase::Sealing { .. }));
        assert_eq!(validate(late), refused(Refusal::SealingClosed));
        next_block();
        assert_eq!(outcome().verdict, None);
    });
}

#[test]
fn a_second_attempt_is_audited_anew() {
    ExtBuilder::default().validators(1).execute(|| {
        let audit = sealing(1);
        assert_ok!(seal(&audit, &validator(0), WRONG));
        assert_ok!(reveal(&audit, &validator(0), WRONG));
        assign_to(1, 1, &provider());
        run_for(2);
        assert_ok!(include(commit_call(1, 1, commitment(1), &provider())));
        run_for(2);
        assert_eq!(seal(&audit, &validator(0), VALID), Err(InvalidTransaction::Stale.into()));
        let second = audit_ref(1);
        assert_ok!(seal(&second, &validator(0), VALID));
        assert_ok!(reveal(&second, &validator(0), VALID));
        let outcomes: Vec<_> = Outcomes::get().into_iter().map(|(_, attempt, it)| (attempt, it.verdict)).collect();
        assert_eq!(outcomes, vec![(0, Some(WRONG)), (1, Some(VALID))]);
        assert_eq!(Verification::audit(1).unwrap().attempt, 1);
    });
}

#[test]
fn an_outcome_that_is_refused_is_delivered_later() {
    ExtBuilder::default().validators(1).execute(|| {
        RefuseOutcomes::set(true);
        let audit = sealing(1);
        assert_ok!(seal(&audit, &validator(0), VALID));
        assert_ok!(reveal(&audit, &validator(0), VALID));
        let retry_at = System::block_number() + 2;
        let error = DispatchError::Other("");
        System::assert_last_event(Event::OutcomeDeferred { job: 1, attempt: 0, error, retry_at }.into());
        assert_eq!(phase(1), Phase::Delivering { retry_at, failed: 1 });
        run_for(3);
        assert!(matches!(phase(1), Phase::Delivering { failed: 2, .. }));
        RefuseOutcomes::set(false);
        run_for(10);
        assert_eq!(outcome().verdict, Some(VALID));
        assert!(!OpenAudits::<Test>::contains_key(1));
    });
}

#[test]
fn an_outcome_refused_for_ever_is_given_up() {
    ExtBuilder::default().validators(1).execute(|| {
        RefuseOutcomes::set(true);
        let audit = sealing(1);
        assert_ok!(seal(&audit, &validator(0), VALID));
        assert_ok!(reveal(&audit, &validator(0), VALID));
        run_for(2_000);
        assert!(!OpenAudits::<Test>::contains_key(1));
        let abandoned = Event::OutcomeAbandoned { job: 1, attempt: 0, error: DispatchError::Other("") };
        let events: Vec<_> = System::events().into_iter().map(|it| it.event).collect();
        assert_eq!(events.iter().filter(|it| **it == abandoned.clone().into()).count(), 1);
        let deferred =
            events.iter().filter(|it| matches!(it, RuntimeEvent::Verification(Event::OutcomeDeferred { .. })));
        assert_eq!(deferred.count() as u32, MAX_DELIVERIES - 1);
        assert_eq!(Verification::audit(1).unwrap().verdict, Some(VALID));
    });
}
