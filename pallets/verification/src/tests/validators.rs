use super::refused;
use crate::{mock::*, types::Refusal, CurrentSet, KeySets, OldestSet, KEPT_SETS};
use frame_support::{assert_ok, traits::OneSessionHandler};
use strike_primitives::traits::{Audits, MAX_VALIDATORS};

fn new_session(validators: &[Actor]) {
    let pairs: Vec<_> = validators.iter().map(|it| (&it.account, it.key())).collect();
    Verification::on_new_session(true, pairs.into_iter(), Vec::new().into_iter());
}

#[test]
fn a_session_with_the_same_validators_begins_no_new_set() {
    ExtBuilder::default().execute(|| {
        let four: Vec<_> = (0..4).map(validator).collect();
        assert_eq!(Verification::current_validators(), set_of(&four));
        new_session(&four);
        assert_eq!(CurrentSet::<Test>::get(), 0);
        new_session(&four[..3]);
        assert_eq!(CurrentSet::<Test>::get(), 1);
        assert_eq!(Verification::current_validators(), set_of(&four[..3]));
    });
}

#[test]
fn an_audit_is_judged_by_the_set_at_its_commitment() {
    ExtBuilder::default().validators(1).execute(|| {
        let audit = sealing(1);
        new_session(&[validator(1), validator(2)]);
        assert_eq!(seal(&audit, &validator(1), VALID), refused(Refusal::NotValidator));
        assert_ok!(seal(&audit, &validator(0), VALID));
        assert_ok!(reveal(&audit, &validator(0), VALID));
        assert_eq!(outcome().verdict, Some(VALID));
    });
}

#[test]
fn old_sets_go_once_no_audit_uses_them() {
    ExtBuilder::default().validators(1).execute(|| {
        let audit = sealing(1);
        for round in 0..KEPT_SETS + 4 {
            new_session(&[validator(1 + (round % 2) as usize)]);
        }
        assert_eq!(OldestSet::<Test>::get(), 0);
        assert_eq!(KeySets::<Test>::iter().count() as u32, KEPT_SETS + 5);
        assert_ok!(seal(&audit, &validator(0), VALID));
        assert_ok!(reveal(&audit, &validator(0), VALID));
        assert!(!KeySets::<Test>::contains_key(0));
        // One at a time, faster than new ones come.
        assert_eq!(OldestSet::<Test>::get(), 1);
        new_session(&[validator(5)]);
        assert_eq!(OldestSet::<Test>::get(), 2);
    });
}

#[test]
fn more_validators_than_can_judge_are_left_out() {
    ExtBuilder::default().validators(MAX_VALIDATORS as usize + 3).execute(|| {
        assert_eq!(Verification::current_validators().len(), MAX_VALIDATORS as usize);
        assert!(Verification::has_eligible_validator(&provider().account));
    });
}
