//! Reserving, releasing, burning and paying out bonds.

use crate::{mock::*, Error, Event};
use frame_support::{assert_noop, assert_ok};
use strike_primitives::traits::{Bonds, ProviderRegistry};

#[test]
fn reserve_and_release_should_move_within_the_bond() {
    ExtBuilder::default().alice(2_000).execute(|| {
        assert_ok!(Providers::reserve(&ALICE, 600));
        assert_ok!(Providers::reserve(&ALICE, 700));
        assert_eq!(Providers::available(&ALICE), 700);
        assert_eq!(provider(&ALICE).reserved, 1_300);
        assert_ok!(Providers::release(&ALICE, 600));
        assert_eq!(Providers::available(&ALICE), 1_300);
        assert_eq!(held(&ALICE), 2_000);
    });
}

#[test]
fn reserve_should_refuse_more_than_is_available() {
    ExtBuilder::default().alice(2_000).execute(|| {
        assert_ok!(Providers::reserve(&ALICE, 600));
        assert_noop!(Providers::reserve(&ALICE, 1_401), Error::<Test>::BondUnavailable);
        assert_noop!(Providers::reserve(&ALICE, u128::MAX), Error::<Test>::BondUnavailable);
        assert_ok!(Providers::reserve(&ALICE, 1_400));
        assert_eq!(Providers::available(&ALICE), 0);
    });
}

#[test]
fn release_should_refuse_more_than_is_reserved() {
    ExtBuilder::default().alice(2_000).execute(|| {
        assert_ok!(Providers::reserve(&ALICE, 600));
        assert_noop!(Providers::release(&ALICE, 601), Error::<Test>::NotReserved);
    });
}

#[test]
fn bonds_should_refuse_who_is_no_provider() {
    ExtBuilder::default().execute(|| {
        assert_eq!(Providers::available(&BOB), 0);
        assert_noop!(Providers::reserve(&BOB, 1), Error::<Test>::ProviderNotFound);
        assert_noop!(Providers::release(&BOB, 1), Error::<Test>::ProviderNotFound);
        assert_noop!(Providers::slash(&BOB, 1), Error::<Test>::ProviderNotFound);
        assert_noop!(Providers::compensate(&BOB, &ALICE, 1), Error::<Test>::ProviderNotFound);
    });
}

#[test]
fn slash_should_burn_exactly_what_it_says() {
    ExtBuilder::default().alice(2_000).execute(|| {
        let issuance = Balances::total_issuance();
        assert_ok!(Providers::reserve(&ALICE, 600));
        assert_eq!(Providers::slash(&ALICE, 250), Ok(250));
        assert_eq!(Balances::total_issuance(), issuance - 250);
        assert_eq!(provider(&ALICE).bond, 1_750);
        assert_eq!(provider(&ALICE).reserved, 350);
        assert_eq!(held(&ALICE), 1_750);
        assert_eq!(Balances::free_balance(&ALICE), ENDOWMENT - 2_000);
        assert_eq!(last_event(), Event::Slashed { provider: ALICE, amount: 250 });
    });
}

#[test]
fn slash_should_take_no_more_than_is_reserved() {
    ExtBuilder::default().alice(2_000).execute(|| {
        let issuance = Balances::total_issuance();
        assert_ok!(Providers::reserve(&ALICE, 600));
        assert_eq!(Providers::slash(&ALICE, 10_000), Ok(600));
        assert_eq!(provider(&ALICE).bond, 1_400);
        assert_eq!(provider(&ALICE).reserved, 0);
        assert_eq!(Balances::total_issuance(), issuance - 600);
        let seen = events().len();
        assert_eq!(Providers::slash(&ALICE, 1), Ok(0));
        assert_eq!(events().len(), seen);
    });
}

#[test]
fn slash_should_leave_what_backs_other_jobs() {
    ExtBuilder::default().alice(2_000).execute(|| {
        assert_ok!(Providers::reserve(&ALICE, 600));
        assert_ok!(Providers::reserve(&ALICE, 400));
        assert_eq!(Providers::slash(&ALICE, 600), Ok(600));
        assert_eq!(provider(&ALICE).reserved, 400);
        assert_ok!(Providers::release(&ALICE, 400));
    });
}

#[test]
fn compensate_should_pay_from_the_bond() {
    ExtBuilder::default().alice(2_000).execute(|| {
        let issuance = Balances::total_issuance();
        assert_ok!(Providers::reserve(&ALICE, 600));
        assert_eq!(Providers::compensate(&ALICE, &BOB, 250), Ok(250));
        assert_eq!(Balances::free_balance(&BOB), ENDOWMENT + 250);
        assert_eq!(Balances::total_issuance(), issuance);
        assert_eq!(provider(&ALICE).bond, 1_750);
        assert_eq!(provider(&ALICE).reserved, 350);
        assert_eq!(last_event(), Event::Compensated { provider: ALICE, beneficiary: BOB, amount: 250 });
    });
}

#[test]
fn compensate_should_pay_no_more_than_is_reserved() {
    ExtBuilder::default().alice(2_000).execute(|| {
        assert_ok!(Providers::reserve(&ALICE, 600));
        assert_eq!(Providers::compensate(&ALICE, &BOB, 601), Ok(600));
        assert_eq!(Providers::compensate(&ALICE, &BOB, 1), Ok(0));
        assert_eq!(provider(&ALICE).bond, 1_400);
        assert_eq!(Balances::free_balance(&BOB), ENDOWMENT + 600);
    });
}

#[test]
fn compensate_should_create_an_account_that_can_live() {
    ExtBuilder::default().alice(2_000).execute(|| {
        assert_ok!(Providers::reserve(&ALICE, 600));
        assert_eq!(Providers::compensate(&ALICE, &STRANGER, EXISTENTIAL_DEPOSIT), Ok(EXISTENTIAL_DEPOSIT));
        assert_eq!(Balances::free_balance(&STRANGER), EXISTENTIAL_DEPOSIT);
    });
}

#[test]
fn compensate_should_burn_what_cannot_be_delivered() {
    ExtBuilder::default().alice(2_000).execute(|| {
        let issuance = Balances::total_issuance();
        let amount = EXISTENTIAL_DEPOSIT - 1;
        assert_ok!(Providers::reserve(&ALICE, 600));
        assert_eq!(Providers::compensate(&ALICE, &STRANGER, amount), Ok(0));
        assert_eq!(Balances::total_issuance(), issuance - amount);
        assert_eq!(Balances::free_balance(&STRANGER), 0);
        assert_eq!(Balances::free_balance(&ALICE), ENDOWMENT - 2_000);
        assert_eq!(provider(&ALICE).bond, 2_000 - amount);
        assert_eq!(provider(&ALICE).reserved, 600 - amount);
        assert_eq!(last_event(), Event::Slashed { provider: ALICE, amount });
    });
}

#[test]
fn a_bond_below_the_minimum_should_back_no_new_job_until_topped_up() {
    ExtBuilder::default().alice(MIN_BOND).execute(|| {
        assert_ok!(Providers::reserve(&ALICE, 300));
        assert_eq!(Providers::slash(&ALICE, 100), Ok(100));
        assert!(!Providers::is_active(&ALICE));
        assert_eq!(Providers::available(&ALICE), 0);
        assert_noop!(Providers::reserve(&ALICE, 1), Error::<Test>::NotActive);

        // What runs goes on.
        assert_ok!(Providers::release(&ALICE, 100));
        assert_eq!(Providers::slash(&ALICE, 50), Ok(50));

        assert_ok!(Providers::bond_extra(RuntimeOrigin::signed(ALICE), 149));
        assert!(!Providers::is_active(&ALICE));
        assert_ok!(Providers::bond_extra(RuntimeOrigin::signed(ALICE), 1));
        assert!(Providers::is_active(&ALICE));
        assert_eq!(Providers::available(&ALICE), MIN_BOND - 50);
    });
}

#[test]
fn slash_should_reach_a_bond_whose_account_is_frozen() {
    use frame_support::traits::{LockableCurrency, WithdrawReasons};
    ExtBuilder::default().alice(2_000).execute(|| {
        Balances::set_lock(*b"testlock", &ALICE, ENDOWMENT, WithdrawReasons::all());
        assert_ok!(Providers::reserve(&ALICE, 600));
        assert_eq!(Providers::slash(&ALICE, 100), Ok(100));
        assert_eq!(Providers::compensate(&ALICE, &BOB, 500), Ok(500));
        assert_eq!(held(&ALICE), 1_400);
    });
}

#[test]
fn a_long_sequence_should_conserve_every_unit() {
    ExtBuilder::default().alice(5_000).execute(|| {
        assert_ok!(register(BOB, 2, 3_000));
        let issuance = Balances::total_issuance();
        let mut burned = 0;
        let mut state: u64 = 7;
        for _ in 0..2_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let amount = u128::from(state >> 32) % 50;
            let (who, other) = if state & (1 << 20) == 0 { (ALICE, BOB) } else { (BOB, ALICE) };
            match (state >> 24) % 5 {
                0 | 1 => {
                    let _ = Providers::reserve(&who, amount);
                }
                2 => {
                    let _ = Providers::release(&who, amount);
                }
                3 => burned += Providers::slash(&who, amount).unwrap(),
                _ => {
                    // To an account that does not exist, every other time.
                    if state & (1 << 21) == 0 {
                        Providers::compensate(&who, &other, amount).unwrap();
                    } else {
                        let bond = provider(&who).bond;
                        let fresh = strike_primitives::AccountId::new([state as u8; 32]);
                        let paid = Providers::compensate(&who, &fresh, amount).unwrap();
                        burned += bond - provider(&who).bond - paid;
                    }
                }
            }
            assert_ok!(Providers::do_try_state());
            assert_eq!(Balances::total_issuance(), issuance - burned);
        }
        assert!(burned > 0);
    });
}
