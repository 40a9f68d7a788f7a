//! Who may judge, and which verdicts the pool refuses.

use super::{phase, refused, WRONG};
use crate::{
    mock::*,
    types::{Phase, Refusal},
};
use frame_support::assert_ok;
use sp_runtime::transaction_validity::InvalidTransaction;
use strike_primitives::{traits::Audits, verdict::AssignmentProof, H256};
#[test]
fn a_provider_that_is_a_validator_does_not_judge_itself() {
    ExtBuilder::default().execute(|| {
        let own = validator(3);
        AppKeys::set([(own.account.clone(), own.key())].into());
        assign_to(1, 0, &own);
        run_for(2);
        assert_ok!(include(commit_call(1, 0, commitment(1), &own)));
        run_for(2);
        let audit = audit_ref(1);
        assert_eq!(seal(&audit, &own, VALID), refused(Refusal::NotEligible));
        for index in 0..3 {
            assert_ok!(seal(&audit, &validator(index), VALID));
        }
        assert!(matches!(phase(1), Phase::Revealing { .. }));
    });
}

#[test]
fn a_validator_linked_to_the_provider_does_not_judge_it() {
    ExtBuilder::default().execute(|| {
        Linked::set([(provider().account, validator(1).account)].into());
        let audit = sealing(1);
        assert_eq!(seal(&audit, &validator(1), VALID), refused(Refusal::NotEligible));
        assert_eq!(Verification::audit(1).unwrap().eligible, 3);
    });
}

#[test]
fn a_link_that_a_validator_sets_keeps_out_that_validator_alone() {
    ExtBuilder::default().execute(|| {
        // The provider names one, which is less than half. Another names the provider.
        Linked::set([(provider().account, validator(0).account), (validator(1).account, provider().account)].into());
        assert!(<Verification as Audits>::has_eligible_validator(&provider().account));
        let audit = sealing(1);
        assert_eq!(seal(&audit, &validator(1), VALID), refused(Refusal::NotEligible));
        assert_ok!(seal(&audit, &validator(2), VALID));
        assert_ok!(seal(&audit, &validator(3), VALID));
        assert!(matches!(phase(1), Phase::Revealing { .. }));
    });
}

#[test]
fn where_all_validators_keep_themselves_out_the_provider_is_not_to_blame() {
    ExtBuilder::default().validators(2).execute(|| {
        assign(1);
        Linked::set([0, 1].map(|index| (validator(index).account, provider().account)).into());
        assert!(!<Verification as Audits>::has_eligible_validator(&provider().account), "nobody is sent to it");
        run_for(2);
        assert_ok!(include(commit_call(1, 0, commitment(1), &provider())));
        run_for(SealPeriod::get() + 1);
        assert_eq!(Verification::audit(1).unwrap().verdict, None);
        assert!(!crate::OpenAudits::<Test>::contains_key(1));
    });
}

#[test]
fn who_is_no_validator_does_not_judge() {
    ExtBuilder::default().execute(|| {
        let audit = sealing(1);
        assert_eq!(seal(&audit, &actor("//Other"), VALID), refused(Refusal::NotValidator));
    });
}

#[test]
fn verdicts_are_signed_by_their_validator() {
    ExtBuilder::default().execute(|| {
        let audit = sealing(1);
        let forged = sign_seal(sealed(&audit, &validator(0), VALID), &validator(1));
        assert_eq!(validate(forged), Err(InvalidTransaction::BadProof.into()));
        for index in 0..4 {
            assert_ok!(seal(&audit, &validator(index), VALID));
        }
        let forged = sign_reveal(revealed(&audit, &validator(0), VALID), &validator(1));
        assert_eq!(validate(forged), refused(Refusal::BadSignature));
    });
}

#[test]
fn a_reveal_that_differs_from_its_seal_is_refused() {
    ExtBuilder::default().execute(|| {
        let audit = sealing(1);
        for index in 0..4 {
            assert_ok!(seal(&audit, &validator(index), VALID));
        }
        assert_eq!(reveal(&audit, &validator(0), WRONG), refused(Refusal::SealMismatch));
        let mut salted = revealed(&audit, &validator(0), VALID);
        salted.salt = H256::zero();
        assert_eq!(include(sign_reveal(salted, &validator(0))), refused(Refusal::SealMismatch));
        let mut tagged = revealed(&audit, &validator(0), VALID);
        tagged.work_tag = Some(H256::zero());
        assert_eq!(include(sign_reveal(tagged, &validator(0))), refused(Refusal::WorkTagUnexpected));
        assert_ok!(reveal(&audit, &validator(0), VALID));
    });
}

#[test]
fn who_has_not_sealed_cannot_reveal() {
    ExtBuilder::default().execute(|| {
        let audit = sealing(1);
        for index in 0..3 {
            assert_ok!(seal(&audit, &validator(index), VALID));
        }
        run_for(SealGrace::get() + 1);
        assert_eq!(reveal(&audit, &validator(3), VALID), refused(Refusal::NotSealed));
    });
}

#[test]
fn each_step_counts_once() {
    ExtBuilder::default().execute(|| {
        let audit = sealing(1);
        assert_ok!(seal(&audit, &validator(0), VALID));
        assert_eq!(seal(&audit, &validator(0), WRONG), Err(InvalidTransaction::Stale.into()));
        for index in 1..4 {
            assert_ok!(seal(&audit, &validator(index), VALID));
        }
        assert_ok!(reveal(&audit, &validator(0), VALID));
        assert_eq!(reveal(&audit, &validator(0), VALID), Err(InvalidTransaction::Stale.into()));
    });
}

#[test]
fn steps_count_in_their_phase_only() {
    ExtBuilder::default().execute(|| {
        let audit = sealing(1);
        assert_ok!(seal(&audit, &validator(0), VALID));
        assert_eq!(reveal(&audit, &validator(0), VALID), refused(Refusal::RevealingNotBegun));
        assert_ok!(seal(&audit, &validator(1), VALID));
        assert_ok!(seal(&audit, &validator(2), VALID));
        run_for(SealGrace::get() + 1);
        assert_eq!(seal(&audit, &validator(3), VALID), refused(Refusal::SealingClosed));
        run_for(RevealPeriod::get() + 1);
        assert_eq!(reveal(&audit, &validator(0), VALID), refused(Refusal::AuditNotOpen));
    });
}

#[test]
fn private_draws_are_reserved() {
    ExtBuilder::default().execute(|| {
        let mut drawn = sealed(&sealing(1), &validator(0), VALID);
        drawn.assignment = AssignmentProof::Vrf { pre_output: [0; 32], proof: [0; 64] };
        assert_eq!(validate(sign_seal(drawn, &validator(0))), refused(Refusal::DrawNotSupported));
    });
}

#[test]
fn a_verdict_on_something_else_is_refused() {
    ExtBuilder::default().execute(|| {
        let audit = sealing(1);
        let by = validator(0);
        let mut other = audit.clone();
        other.job = 2;
        assert_eq!(seal(&other, &by, VALID), refused(Refusal::AuditNotOpen));
        let mut other = audit.clone();
        other.attempt = 1;
        assert_eq!(seal(&other, &by, VALID), refused(Refusal::AttemptNotBegun));
        // Another fork's commitment, and another fork's beacon.
        let mut other = audit.clone();
        other.commitment = H256::repeat_byte(1);
        assert_eq!(seal(&other, &by, VALID), refused(Refusal::CommitmentMismatch));
        let mut other = audit.clone();
        other.beacon_block += 1;
        assert_eq!(seal(&other, &by, VALID), refused(Refusal::BeaconBlockMismatch));
        assert_ok!(seal(&audit, &by, VALID));
    });
}

#[test]
fn seals_wait_for_the_beacon() {
    ExtBuilder::default().execute(|| {
        committed(1);
        let audit = audit_ref(1);
        next_block();
        assert_eq!(seal(&audit, &validator(0), VALID), refused(Refusal::BeaconUnknown));
        next_block();
        assert_ok!(seal(&audit, &validator(0), VALID));
    });
}

#[test]
fn a_provider_linked_to_half_of_the_validators_cannot_commit_to_what_nobody_may_judge() {
    ExtBuilder::default().validators(4).execute(|| {
        let strangers = [validator(0), validator(1)];
        Linked::set(strangers.map(|linked| (provider().account, linked.account)).into());
        assert!(!<Verification as Audits>::has_eligible_validator(&provider().account));
        assign(7);
        run_for(2);
        let commit = || include(commit_call(7, 0, commitment(7), &provider()));
        assert_eq!(commit(), refused(Refusal::NobodyEligible));

        Linked::set([(provider().account, validator(0).account)].into());
        assert!(<Verification as Audits>::has_eligible_validator(&provider().account));
        assert_ok!(commit());
        assert_eq!(Verification::audit(7).unwrap().eligible, 3);
    });
}
