use crate::{mock::*, Beacons};
use strike_primitives::{traits::Beacon, verdict::next_beacon, H256};

#[test]
fn a_beacon_is_known_from_the_next_block_on() {
    ExtBuilder::default().execute(|| {
        run_to(5);
        assert_eq!(Verification::beacon(5), None);
        let fourth = Verification::beacon(4).unwrap();
        next_block();
        assert_eq!(Verification::beacon(5), Some(next_beacon(&fourth, &H256::from_low_u64_be(5))));
    });
}

#[test]
fn genesis_has_no_author_and_rolls_on_over_zeros() {
    ExtBuilder::default().execute(|| {
        assert_eq!(Verification::beacon(0), Some(next_beacon(&H256::zero(), &H256::zero())));
    });
}

#[test]
fn beacons_are_kept_for_the_history_only() {
    ExtBuilder::default().execute(|| {
        let history: u32 = BeaconHistory::get();
        run_to(history + 10);
        assert_eq!(Verification::beacon(9), None);
        assert!(Verification::beacon(10).is_some());
        assert_eq!(Beacons::<Test>::iter().count() as u32, history);
    });
}

#[test]
fn forks_have_different_beacons() {
    ExtBuilder::default().execute(|| {
        run_to(4);
        let one = frame_support::storage::with_transaction(|| {
            next_block();
            sp_runtime::TransactionOutcome::Rollback(Ok::<_, sp_runtime::DispatchError>(Verification::beacon(4)))
        })
        .unwrap();
        Fork::set(1);
        next_block();
        assert!(one.is_some() && one != Verification::beacon(4));
    });
}

#[test]
fn beacons_are_kept_while_time_stands_still_and_dropped_after() {
    ExtBuilder::default().execute(|| {
        let history: u32 = BeaconHistory::get();
        let kept = || Beacons::<Test>::iter().count() as u32;
        run_to(history + 10);
        stand_still_for(100);
        assert!(Verification::beacon(12).is_some());
        assert_eq!(kept(), history + 100);
        run_for(history + 100);
        assert_eq!(kept(), history);
        Verification::do_try_state().unwrap();
    });
}
