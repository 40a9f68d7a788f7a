//! Who may check whom, and who may serve whom.

use crate::{actions::*, runtime::*, world::*};
use frame_support::assert_ok;
use pallet_market::JobState;
use pallet_verification::types::Refusal;
use strike_primitives::receipt::{CloseReason, PaymentRole};

/// The job settles, checked by all validators but the first, who is refused and not paid.
fn settle_without_the_first(job: u64) {
    commit(job, TRUE_OUTPUT);
    await_sealing(job);
    let refused = seal(job, &validator(0), VALID);
    assert_eq!(refused, Err(NotIncluded::Refused(Refusal::NotEligible.into())));
    judge_honestly(job, &validators()[1..]);
    next_block();
    let receipt = receipt(job);
    assert_eq!((receipt.reason, receipt.verdicts), (CloseReason::Settled, 3));
    let validators: Vec<_> = receipt
        .payments
        .iter()
        .filter(|payment| payment.role == PaymentRole::Validator)
        .map(|payment| payment.account.clone())
        .collect();
    assert_eq!(validators, [validator(1).account, validator(2).account, validator(3).account]);
}

#[test]
fn provider_that_validates_should_not_check_itself() {
    ExtBuilder::default().provider(validator(0), BOND, &[], EVES_PRICE).run(|| {
        let job = submit();
        assert_eq!(assigned_to(job), Some(validator(0).account));
        settle_without_the_first(job);
    });
}

#[test]
fn linked_validator_should_not_check_the_provider() {
    ExtBuilder::default()
        .provider(eve(), BOND, &[validator(0).account], EVES_PRICE)
        .run(|| settle_without_the_first(submit()));
}

#[test]
fn validator_that_is_a_linked_provider_should_not_check_either() {
    // The link is the validator's, as a provider of its own.
    ExtBuilder::default().provider(eve(), BOND, &[], EVES_PRICE).run(|| {
        register(&validator(0), BOND, &[eve().account]);
        settle_without_the_first(submit());
    });
}

#[test]
fn link_set_during_the_job_should_count_from_the_commitment_on() {
    ExtBuilder::default().provider(eve(), BOND, &[], EVES_PRICE).run(|| {
        let job = submit();
        assert_ok!(Providers::set_linked(eve().signed(), vec![validator(0).account].try_into().unwrap()));
        settle_without_the_first(job);
    });
}

#[test]
fn link_of_a_running_job_should_not_be_taken_back() {
    ExtBuilder::default().provider(eve(), BOND, &[validator(0).account], EVES_PRICE).run(|| {
        let job = submit();
        frame_support::assert_noop!(
            Providers::set_linked(eve().signed(), Default::default()),
            pallet_providers::Error::<Test>::JobsRunning
        );
        settle_without_the_first(job);
        assert_ok!(Providers::set_linked(eve().signed(), Default::default()));
    });
}

#[test]
fn rival_validator_should_not_make_a_provider_unjudgeable_by_linking_to_it() {
    // The provider names one of four, as it may. The rival names the provider: with both, half of the set is linked.
    ExtBuilder::default().provider(eve(), BOND, &[validator(0).account], EVES_PRICE).run(|| {
        let running = submit();
        register(&validator(1), BOND, &[eve().account]);
        let next = submit();
        assert_eq!(assigned_to(next), Some(eve().account));
        for job in [running, next] {
            commit(job, TRUE_OUTPUT);
        }
        for job in [running, next] {
            judge_honestly(job, &validators()[2..]);
        }
        next_block();
        for job in [running, next] {
            assert_eq!((receipt(job).reason, receipt(job).verdicts), (CloseReason::Settled, 2));
        }
    });
}

#[test]
fn provider_that_links_to_half_of_the_validators_should_get_no_job() {
    let all: Vec<_> = validators().into_iter().map(|it| it.account).collect();
    ExtBuilder::default().provider(eve(), BOND, &all[..2], EVES_PRICE).run(|| {
        let job = submit();
        assert!(matches!(state(job), JobState::Pending { .. }));
        // Once enough can check it, it gets the job without being told.
        assert_ok!(Providers::set_linked(eve().signed(), all[..1].to_vec().try_into().unwrap()));
        next_block();
        assert_eq!(assigned_to(job), Some(eve().account));
    });
}

#[test]
fn provider_should_neither_choose_its_validators_nor_go_free_by_linking_validators_during_the_job() {
    ExtBuilder::default().provider(eve(), BOND, &[], EVES_PRICE).run(|| {
        let job = submit();
        let honest: Vec<_> = validators()[1..].iter().map(|it| it.account.clone()).collect();
        assert_ok!(Providers::set_linked(eve().signed(), honest.try_into().unwrap()));
        run_for(2);
        for output in [TRUE_OUTPUT, FALSE_OUTPUT] {
            let committed = include_commitment(job, commitment(job, output).unwrap(), &eve().pair);
            assert_eq!(committed, Err(NotIncluded::Refused(Refusal::NobodyEligible.into())));
        }
        let at_risk = bond(&eve()).reserved;
        run_for(DEADLINE);
        assert_eq!(receipt(job).reason, CloseReason::ProviderLate);
        assert_eq!(bond(&eve()).bond, BOND - LATE_PENALTY.mul_floor(at_risk));
    });
}

#[test]
fn providers_that_never_deliver_should_keep_a_service_from_others_for_one_deadline_each() {
    // Two that ask least for what they never do, and one that works.
    ExtBuilder::default()
        .provider(ferdie(), BOND, &[], MIN_PRICE)
        .provider(grace(), BOND, &[], MIN_PRICE)
        .provider(eve(), BOND, &[], EVES_PRICE)
        .run(|| {
            let first = [submit(), submit()];
            assert_eq!(first.map(assigned_to), [Some(ferdie().account), Some(ferdie().account)]);
            run_for(2 * (DEADLINE + 1));
            assert_eq!(first.map(|job| receipt(job).reason), [CloseReason::ProviderLate; 2]);
            for squatter in [ferdie(), grace()] {
                assert_eq!(bond(&squatter).bond, BOND - 2 * LATE_PENALTY.mul_floor(MIN_AT_RISK), "it is not free");
            }
            // What is ordered from now on is done, though it costs more.
            let next = [submit(), submit()];
            assert_eq!(next.map(assigned_to), [Some(eve().account), Some(eve().account)]);
            for job in next {
                commit(job, TRUE_OUTPUT);
            }
            for job in next {
                judge_honestly(job, &validators());
            }
            next_block();
            assert_eq!(next.map(|job| receipt(job).reason), [CloseReason::Settled; 2]);
        });
}

#[test]
fn requester_should_not_be_served_by_itself_or_its_own() {
    ExtBuilder::default().provider(eve(), BOND, &[rita().account], EVES_PRICE).run(|| {
        let own = submit_as(&eve(), order());
        let linked = submit();
        let strangers = submit_as(&sam(), order());
        assert_eq!([own, linked].map(assigned_to), [None, None]);
        assert_eq!(assigned_to(strangers), Some(eve().account));
    });
}

#[test]
fn audit_should_be_judged_by_the_validators_of_its_commitment() {
    ExtBuilder::default().run(|| {
        let job = submit();
        commit(job, TRUE_OUTPUT);
        new_session(&[validator(0), grace()]);
        await_sealing(job);
        let stranger = seal(job, &grace(), VALID);
        assert_eq!(stranger, Err(NotIncluded::Refused(Refusal::NotValidator.into())));
        judge_honestly(job, &validators());
        next_block();
        assert_eq!((receipt(job).reason, receipt(job).verdicts), (CloseReason::Settled, 4));

        let next = submit();
        commit(next, TRUE_OUTPUT);
        judge_honestly(next, &[validator(0), grace()]);
        next_block();
        assert_eq!((receipt(next).reason, receipt(next).verdicts), (CloseReason::Settled, 2));
    });
}

#[test]
fn commitment_should_wait_until_somebody_may_judge_it() {
    ExtBuilder::default().provider(eve(), BOND, &[], EVES_PRICE).run(|| {
        let job = submit();
        new_session(&[]);
        run_for(2);
        let commit = || include_commitment(job, commitment(job, TRUE_OUTPUT).unwrap(), &eve().pair);
        assert_eq!(commit(), Err(NotIncluded::Refused(Refusal::NobodyEligible.into())));
        new_session(&validators());
        assert_eq!(commit(), Ok(()));
        judge_honestly(job, &validators());
        next_block();
        assert_eq!(receipt(job).reason, CloseReason::Settled);
    });
}
