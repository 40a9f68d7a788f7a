//! Leaving, staying after all, and getting the bond back.

use crate::{mock::*, Error, Event, KeyOwner, ProviderState, Providers as ProvidersMap};
use frame_support::{assert_noop, assert_ok};
use strike_primitives::traits::{Bonds, ProviderRegistry};

fn leave(who: strike_primitives::AccountId) -> sp_runtime::DispatchResult {
    Providers::leave(RuntimeOrigin::signed(who))
}

fn withdraw(who: strike_primitives::AccountId) -> sp_runtime::DispatchResult {
    Providers::withdraw(RuntimeOrigin::signed(who))
}

#[test]
fn leave_should_stop_new_jobs_at_once() {
    ExtBuilder::default().alice(MIN_BOND).execute(|| {
        assert_ok!(leave(ALICE));
        assert!(!Providers::is_active(&ALICE));
        assert_eq!(Providers::available(&ALICE), 0);
        assert_noop!(Providers::reserve(&ALICE, 1), Error::<Test>::NotActive);
        assert_eq!(held(&ALICE), MIN_BOND);
        let withdrawable_at = 1 + UNBONDING_PERIOD;
        assert_eq!(provider(&ALICE).state, ProviderState::Leaving { withdrawable_at });
        assert_eq!(last_event(), Event::LeaveStarted { provider: ALICE, withdrawable_at });
    });
}

#[test]
fn leave_should_refuse_strangers_and_a_second_time() {
    ExtBuilder::default().alice(MIN_BOND).execute(|| {
        assert_noop!(leave(BOB), Error::<Test>::ProviderNotFound);
        assert_ok!(leave(ALICE));
        System::set_block_number(5);
        assert_noop!(leave(ALICE), Error::<Test>::AlreadyLeaving);
    });
}

#[test]
fn withdraw_should_return_the_bond_after_the_unbonding_period() {
    ExtBuilder::default().alice(2_000).execute(|| {
        assert_ok!(leave(ALICE));
        System::set_block_number(UNBONDING_PERIOD);
        assert_noop!(withdraw(ALICE), Error::<Test>::UnbondingNotOver);
        System::set_block_number(1 + UNBONDING_PERIOD);
        assert_ok!(withdraw(ALICE));
        assert_eq!(held(&ALICE), 0);
        assert_eq!(Balances::free_balance(&ALICE), ENDOWMENT);
        assert!(!ProvidersMap::<Test>::contains_key(ALICE));
        assert_eq!(KeyOwner::<Test>::get(key(1)), None);
        assert_eq!(last_event(), Event::ProviderRemoved { provider: ALICE, bond: 2_000 });
        assert_ok!(register(ALICE, 1, MIN_BOND));
    });
}

#[test]
fn withdraw_should_refuse_who_is_not_leaving() {
    ExtBuilder::default().alice(MIN_BOND).execute(|| {
        assert_noop!(withdraw(ALICE), Error::<Test>::NotLeaving);
        assert_noop!(withdraw(BOB), Error::<Test>::ProviderNotFound);
    });
}

#[test]
fn withdraw_should_wait_for_jobs_and_their_slashes() {
    ExtBuilder::default().alice(MIN_BOND).execute(|| {
        assert_ok!(Providers::reserve(&ALICE, 400));
        assert_ok!(leave(ALICE));
        System::set_block_number(1 + UNBONDING_PERIOD);
        assert_noop!(withdraw(ALICE), Error::<Test>::JobsRunning);
        assert_eq!(Providers::slash(&ALICE, 100), Ok(100));
        assert_ok!(Providers::release(&ALICE, 300));
        assert_ok!(withdraw(ALICE));
        assert_eq!(Balances::free_balance(&ALICE), ENDOWMENT - 100);
    });
}

#[test]
fn withdraw_should_work_when_slashes_took_everything() {
    ExtBuilder::default().alice(MIN_BOND).execute(|| {
        assert_ok!(Providers::reserve(&ALICE, MIN_BOND));
        assert_eq!(Providers::slash(&ALICE, MIN_BOND), Ok(MIN_BOND));
        assert_eq!(held(&ALICE), 0);
        assert_ok!(leave(ALICE));
        System::set_block_number(1 + UNBONDING_PERIOD);
        assert_ok!(withdraw(ALICE));
        assert_eq!(last_event(), Event::ProviderRemoved { provider: ALICE, bond: 0 });
    });
}

#[test]
fn rejoin_should_take_jobs_again_and_restart_the_period() {
    ExtBuilder::default().alice(MIN_BOND).execute(|| {
        assert_noop!(Providers::rejoin(RuntimeOrigin::signed(ALICE)), Error::<Test>::NotLeaving);
        assert_noop!(Providers::rejoin(RuntimeOrigin::signed(BOB)), Error::<Test>::ProviderNotFound);
        assert_ok!(leave(ALICE));
        System::set_block_number(8);
        assert_ok!(Providers::rejoin(RuntimeOrigin::signed(ALICE)));
        assert_eq!(last_event(), Event::LeaveCancelled { provider: ALICE });
        assert!(Providers::is_active(&ALICE));
        assert_ok!(Providers::reserve(&ALICE, 1));
        assert_ok!(Providers::release(&ALICE, 1));
        assert_ok!(leave(ALICE));
        System::set_block_number(1 + UNBONDING_PERIOD);
        assert_noop!(withdraw(ALICE), Error::<Test>::UnbondingNotOver);
        System::set_block_number(8 + UNBONDING_PERIOD);
        assert_ok!(withdraw(ALICE));
    });
}
