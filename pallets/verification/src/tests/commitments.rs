use super::{refused, Event};
use crate::{mock::*, types::Refusal, AuditRecords, OpenAudits};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::transaction_validity::InvalidTransaction;
use strike_primitives::{
    commitment::{Commitment, StopReason},
    traits::Audits,
    H256,
};

#[test]
fn a_commitment_of_the_assigned_provider_opens_an_audit() {
    ExtBuilder::default().execute(|| {
        assign(1);
        run_for(2);
        let commitment = commitment(1);
        let call = commit_call(1, 0, commitment.clone(), &provider());
        let validity = validate(call.clone()).unwrap();
        assert_eq!((validity.priority, validity.propagate), (UnsignedPriority::get(), true));
        assert_ok!(include(call));

        assert!(Assigned::get()[&1].committed);
        System::assert_last_event(
            Event::CommitmentRecorded {
                job: 1,
                attempt: 0,
                provider: provider().account,
                commitment: commitment.clone(),
            }
            .into(),
        );
        let audit = OpenAudits::<Test>::get(1).unwrap();
        assert_eq!((audit.commitment_hash, audit.committed_at, audit.eligible.len()), (commitment.hash(), 3, 4));
        assert_eq!(Verification::commitment(1), Some(commitment));
        let summary = Verification::audit(1).unwrap();
        assert_eq!((summary.committed_at, summary.eligible, summary.sealed, summary.revealed), (3, 4, 0, 0));
    });
}

#[test]
fn the_seed_is_known_two_blocks_after_the_assignment() {
    ExtBuilder::default().execute(|| {
        assign(1);
        let late = frame_support::storage::with_transaction(|| {
            run_for(2);
            let made = commitment(1);
            sp_runtime::TransactionOutcome::Rollback(Ok::<_, sp_runtime::DispatchError>(made))
        })
        .unwrap();
        assert_eq!(Verification::binding(1), None);
        next_block();
        assert_eq!(Verification::binding(1), None);
        assert_noop!(include(commit_call(1, 0, late.clone(), &provider())), Refusal::SeedUnknown);
        next_block();
        assert_ok!(include(commit_call(1, 0, late, &provider())));
    });
}

#[test]
fn the_binding_stays_when_the_beacon_is_gone() {
    ExtBuilder::default().execute(|| {
        crate::mock::SealPeriod::set(200);
        assign(1);
        run_for(2);
        let before = Verification::binding(1);
        assert_ok!(include(commit_call(1, 0, commitment(1), &provider())));
        run_for(100);
        assert!(before.is_some());
        assert_eq!(Verification::binding(1), before);
    });
}

#[test]
fn a_commitment_for_another_job_or_attempt_is_refused() {
    ExtBuilder::default().execute(|| {
        assign(1);
        assign_to(2, 1, &provider());
        run_for(2);
        let (one, two) = (commitment(1), commitment(2));
        assert_eq!(validate(commit_call(3, 0, one.clone(), &provider())), refused(Refusal::JobNotAssigned));
        assert_eq!(validate(commit_call(2, 1, one.clone(), &provider())), refused(Refusal::JobRootMismatch));
        assert_eq!(validate(commit_call(2, 0, two.clone(), &provider())), refused(Refusal::AttemptOver));
        assert_eq!(validate(commit_call(2, 2, two.clone(), &provider())), refused(Refusal::AttemptNotBegun));
        assert_ok!(validate(commit_call(2, 1, two, &provider())));
    });
}

#[test]
fn a_commitment_signed_by_another_key_is_refused() {
    ExtBuilder::default().execute(|| {
        assign(1);
        run_for(2);
        let other = actor("//Other");
        assert_eq!(validate(commit_call(1, 0, commitment(1), &other)), Err(InvalidTransaction::BadProof.into()));
        // A signature over something else.
        let crate::Call::commit { signature, .. } = commit_call(2, 0, commitment(1), &provider()) else { panic!() };
        let call = crate::Call::commit { job: 1, attempt: 0, commitment: commitment(1), signature };
        assert_eq!(validate(call), refused(Refusal::BadSignature));
        // The right key, but the registry has lost it.
        AppKeys::kill();
        let call = commit_call(1, 0, commitment(1), &provider());
        assert_eq!(validate(call), refused(Refusal::ProviderKeyNotFound));
    });
}

#[test]
fn a_commitment_of_another_provider_is_refused() {
    ExtBuilder::default().execute(|| {
        let other = actor("//Other");
        AppKeys::mutate(|keys| keys.insert(other.account.clone(), other.key()));
        assign_to(1, 0, &other);
        run_for(2);
        let others = commitment(1);
        assign(1);
        run_for(2);
        assert_eq!(validate(commit_call(1, 0, others, &provider())), refused(Refusal::JobRootMismatch));
        assert_eq!(validate(commit_call(1, 0, commitment(1), &other)), refused(Refusal::BadSignature));
    });
}

#[test]
fn a_commitment_of_another_fork_is_refused() {
    ExtBuilder::default().execute(|| {
        assign(1);
        let elsewhere = frame_support::storage::with_transaction(|| {
            Fork::set(1);
            run_for(2);
            let made = commitment(1);
            sp_runtime::TransactionOutcome::Rollback(Ok::<_, sp_runtime::DispatchError>(made))
        })
        .unwrap();
        Fork::set(0);
        run_for(2);
        assert_eq!(validate(commit_call(1, 0, elsewhere, &provider())), refused(Refusal::JobRootMismatch));
    });
}

#[test]
fn a_second_commitment_is_stale() {
    ExtBuilder::default().execute(|| {
        committed(1);
        let call = commit_call(1, 0, commitment(1), &provider());
        assert_eq!(validate(call), Err(InvalidTransaction::Stale.into()));
    });
}

#[test]
fn a_commitment_counts_up_to_its_deadline() {
    ExtBuilder::default().execute(|| {
        assign(1);
        let deadline = Assigned::get()[&1].commit_deadline;
        run_to(deadline);
        let call = commit_call(1, 0, commitment(1), &provider());
        assert_eq!(validate(call.clone()).unwrap().longevity, 1);
        next_block();
        assert_eq!(validate(call), refused(Refusal::DeadlinePassed));
    });
}

#[test]
fn claims_beyond_the_job_are_refused() {
    ExtBuilder::default().execute(|| {
        assign(1);
        run_for(2);
        let check = |change: fn(&mut strike_primitives::commitment::CommitmentV1)| {
            validate(commit_call(1, 0, commitment_with(1, change), &provider())).map(|_| ())
        };
        assert_ok!(check(|it| (it.n_in, it.n_out) = (16, 32)));
        assert_eq!(check(|it| it.n_in = 17), refused(Refusal::TooManyInputTokens));
        assert_eq!(check(|it| it.n_out = 33), refused(Refusal::TooManyOutputTokens));
        assert_eq!(check(|it| it.trace_root = Some(H256::zero())), refused(Refusal::TraceUnexpected));
        assert_eq!(check(|it| it.stop = StopReason::InvalidInput), refused(Refusal::OutputUnexpected));
        assert_ok!(check(|it| (it.stop, it.n_in, it.n_out) = (StopReason::InputTooLong, 17, 0)));

        // A field changed after it was bound.
        let Commitment::V1(mut changed) = commitment(1);
        changed.n_out = 4;
        let call = commit_call(1, 0, Commitment::V1(changed), &provider());
        assert_eq!(validate(call), refused(Refusal::JobRootMismatch));
    });
}

#[test]
fn the_exact_class_has_a_trace_and_the_statistical_one_has_none() {
    ExtBuilder::default().execute(|| {
        assign(1);
        let traced = |trace_root| traced_commitment(1, StopReason::EndOfText, trace_root);
        run_for(2);
        let root = Some(sp_core::H256([9; 32]));
        assert_eq!(validate(commit_call(1, 0, traced(root), &provider())), refused(Refusal::TraceUnexpected));
        be_exact(1);
        assert_eq!(validate(commit_call(1, 0, traced(None), &provider())), refused(Refusal::TraceMissing));
        let unread = traced_commitment(1, StopReason::InvalidInput, root);
        assert_eq!(validate(commit_call(1, 0, unread, &provider())), refused(Refusal::TraceUnexpected));
        assert_ok!(include(commit_call(1, 0, traced(root), &provider())));
    });
}

#[test]
fn an_embedding_reads_and_writes_nothing_and_has_a_trace() {
    ExtBuilder::default().execute(|| {
        assign(1);
        embed(1, 16);
        run_for(2);
        let root = Some(sp_core::H256([9; 32]));
        let check = |stop, n_in, n_out, trace_root| {
            let made = commitment_with(1, |it| {
                (it.stop, it.n_in, it.n_out, it.trace_root) = (stop, n_in, n_out, trace_root);
            });
            validate(commit_call(1, 0, made, &provider())).map(|_| ())
        };
        assert_ok!(check(StopReason::Complete, 16, 0, root));
        assert_ok!(check(StopReason::WrongModel, 0, 0, None));
        assert_eq!(check(StopReason::Complete, 17, 0, root), refused(Refusal::TooManyInputTokens));
        assert_eq!(check(StopReason::Complete, 16, 1, root), refused(Refusal::TooManyOutputTokens));
        assert_eq!(check(StopReason::EndOfText, 16, 0, root), refused(Refusal::StopUnexpected));
        assert_eq!(check(StopReason::Complete, 16, 0, None), refused(Refusal::TraceMissing));
        assert_eq!(check(StopReason::WrongModel, 0, 0, root), refused(Refusal::TraceUnexpected));
    });
    ExtBuilder::default().execute(|| {
        assign(1);
        run_for(2);
        let made = commitment_with(1, |it| it.stop = StopReason::Complete);
        assert_eq!(validate(commit_call(1, 0, made, &provider())), refused(Refusal::StopUnexpected));
    });
}

#[test]
fn only_a_blob_can_be_an_input_that_is_not_to_be_had() {
    ExtBuilder::default().execute(|| {
        assign(1);
        run_for(2);
        let check = || {
            let made = commitment_with(1, |it| (it.stop, it.n_in, it.n_out) = (StopReason::InputUnavailable, 0, 0));
            validate(commit_call(1, 0, made, &provider())).map(|_| ())
        };
        assert_eq!(check(), refused(Refusal::StopUnexpected));
        input_from_blob(1);
        assert_ok!(check());
        let written = commitment_with(1, |it| (it.stop, it.n_in) = (StopReason::InputUnavailable, 0));
        assert_eq!(validate(commit_call(1, 0, written, &provider())), refused(Refusal::OutputUnexpected));
    });
}

#[test]
fn custom_codes_are_the_documented_ones() {
    assert_eq!(InvalidTransaction::from(Refusal::JobNotAssigned), InvalidTransaction::Custom(1));
    assert_eq!(InvalidTransaction::from(Refusal::JobRootMismatch), InvalidTransaction::Custom(11));
    assert_eq!(InvalidTransaction::from(Refusal::SealMismatch), InvalidTransaction::Custom(32));
    assert_eq!(InvalidTransaction::from(Refusal::AlreadySealed), InvalidTransaction::Stale);
    assert_eq!(InvalidTransaction::from(Refusal::BadSignature), InvalidTransaction::BadProof);
}

#[test]
fn where_nobody_is_eligible_there_is_no_commitment() {
    ExtBuilder::default().validators(1).execute(|| {
        Linked::set([(provider().account, validator(0).account)].into());
        assert!(!Verification::has_eligible_validator(&provider().account));
        assign(1);
        run_for(2);
        assert_eq!(include(commit_call(1, 0, commitment(1), &provider())), refused(Refusal::NobodyEligible));
        assert!(!OpenAudits::<Test>::contains_key(1));
    });
}

#[test]
fn a_job_that_is_forgotten_leaves_nothing() {
    ExtBuilder::default().validators(1).execute(|| {
        let audit = sealing(1);
        assert_ok!(seal(&audit, &validator(0), VALID));
        assert_ok!(reveal(&audit, &validator(0), VALID));
        assert!(AuditRecords::<Test>::contains_key(1));
        Verification::forget(1);
        assert_eq!((Verification::audit(1), Verification::commitment(1)), (None, None));
    });
}
