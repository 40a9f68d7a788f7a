//! When time stands still, and when it goes on.

use super::*;
use crate::Event;
use frame_support::assert_ok;
use proptest::prelude::*;
use strike_primitives::traits::Clock;

#[test]
fn time_is_the_blocks_number_while_finality_keeps_up() {
    with_validators(4, || {
        for _ in 0..50 {
            keep_up(1);
            assert_eq!(Finality::time(), now());
            assert_eq!(Finality::block_at(now() + 7), now() + 7);
        }
        assert!(events().is_empty());
    });
}

#[test]
fn time_stands_still_while_finality_lags_and_goes_on_one_by_one() {
    with_validators(4, || {
        keep_up(20);
        let last_final = Finality::last_final();
        // Two of four are down.
        lag(30, 2);
        // The block that lies one too many behind is the last in which time went on.
        let stopped = last_final + LAG_LIMIT + 1;
        assert_eq!(Finality::time(), stopped);
        assert_eq!(events(), [Event::TimeStopped { last_final }]);
        assert_eq!(Finality::block_at(stopped + 3), now() + 3);

        // A quorum sees the lag's end with the second block, and `LAG_LIMIT` blocks in a row make time go on.
        keep_up(1 + LAG_LIMIT);
        assert_eq!(Finality::time(), stopped);
        let stood_still = now() - stopped;
        assert_eq!(events().last(), Some(&Event::TimeResumed { stood_still }));
        for passed in 1..10 {
            keep_up(1);
            assert_eq!(Finality::time(), stopped + passed);
            assert_eq!(Finality::time(), now() - stood_still);
        }
        // And the same again.
        lag(20, 2);
        keep_up(20);
        let stops = events().iter().filter(|event| matches!(event, Event::TimeStopped { .. })).count();
        assert_eq!(stops, 2);
        assert!(Finality::time() < now() - stood_still);
    });
}

#[test]
fn finality_that_keeps_up_for_too_short_lets_time_stand() {
    with_validators(4, || {
        keep_up(20);
        lag(10, 4);
        let stopped = Finality::time();
        for _ in 0..5 {
            // The first block of each lag is within the limit still.
            keep_up(LAG_LIMIT - 1);
            lag(LAG_LIMIT, 4);
        }
        assert_eq!(Finality::time(), stopped);
    });
}

#[test]
fn one_liar_makes_no_lag_unseen_and_none_seen() {
    with_validators(4, || {
        // Author 0 claims that nothing is final.
        for _ in 0..40 {
            let next = now() + 1;
            let by = (next % 4) as u8;
            block(by, if by == 0 { 0 } else { next.saturating_sub(3) });
        }
        assert_eq!(Finality::time(), now());

        // Author 0 claims that everything is.
        let seen = Finality::last_final();
        for _ in 0..40 {
            let next = now() + 1;
            let by = (next % 4) as u8;
            block(by, if by == 0 { next - 1 } else { seen });
        }
        assert!(Finality::time() <= seen + LAG_LIMIT + 1);
    });
}

#[test]
fn an_author_that_reports_nothing_changes_nothing() {
    with_validators(4, || {
        for _ in 0..40 {
            let next = now() + 1;
            begin_block((next % 4) as u8);
            if !next.is_multiple_of(4) {
                assert_ok!(report(next.saturating_sub(3)));
            }
            end_block();
        }
        assert_eq!(Finality::time(), now());
    });
}

#[test]
fn without_reports_time_stands_still() {
    with_validators(4, || {
        for _ in 0..20 {
            begin_block(1);
            end_block();
        }
        assert_eq!(Finality::time(), LAG_LIMIT + 1);
    });
}

proptest! {
    /// Whatever is reported: time never goes back, never runs ahead, and loses what it stood still.
    #[test]
    fn time_never_goes_back(
        blocks in prop::collection::vec((0u8..4, prop_oneof![Just(None), (0u32..12).prop_map(Some)]), 1..120),
    ) {
        with_validators(4, || {
            let mut last = 0;
            for (by, behind) in blocks {
                begin_block(by);
                let time = Finality::time();
                assert!(time == last || time == last + 1);
                if let Some(behind) = behind {
                    report((now() - 1).saturating_sub(behind)).unwrap();
                }
                assert_eq!(Finality::time(), time, "it is one and the same in a block");
                assert_eq!(Finality::block_at(time), now());
                last = time;
                end_block();
            }
        });
    }
}
