use crate::{mock::*, types::Reports, Call, Error, Event, GenesisTiming, MAX_QUORUM};
use frame_support::{
    assert_noop, assert_ok,
    inherent::{InherentData, ProvideInherent},
    traits::BuildGenesisConfig,
};
use proptest::prelude::*;
use strike_primitives::{
    finality::INHERENT_IDENTIFIER,
    timing::Timing,
    traits::{Clock, GetTiming},
    BlockNumber,
};

/// Blocks of four authors in turns, each of which sees the block three before its own as final.
fn keep_up(blocks: BlockNumber) {
    for _ in 0..blocks {
        let next = now() + 1;
        block((next % 4) as u8, next.saturating_sub(3));
    }
}

/// Blocks of `authors` in turns that see nothing new as final.
fn lag(blocks: BlockNumber, authors: u8) {
    let seen = Finality::last_final();
    for _ in 0..blocks {
        block(((now() + 1) % BlockNumber::from(authors)) as u8, seen);
    }
}

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

#[test]
fn one_validator_is_a_quorum() {
    with_validators(1, || {
        for _ in 0..20 {
            let next = now() + 1;
            block(0, next.saturating_sub(2));
        }
        assert_eq!(Finality::time(), now());
        assert_eq!(Finality::last_final(), now() - 2);
    });
}

#[test]
fn quorums_are_two_or_more_where_there_are_two_validators() {
    let sizes: Vec<_> = [0, 1, 2, 3, 4, 16, 24, 32, 64, 1_000].map(|count| (count, crate::quorum(count))).into();
    assert_eq!(sizes, [(0, 1), (1, 1), (2, 2), (3, 2), (4, 2), (16, 2), (24, 3), (32, 4), (64, 4), (1_000, 4)]);
}

#[test]
fn a_block_has_one_report_of_a_block_before_it() {
    with_validators(4, || {
        begin_block(1);
        assert_noop!(report(1), Error::<Test>::NumberTooHigh);
        assert_ok!(report(0));
        assert_noop!(report(0), Error::<Test>::AlreadyReported);
        end_block();
        begin_block(2);
        assert_ok!(report(1));
        assert!(Finality::note_final(RuntimeOrigin::signed(author(1)), 0).is_err());
        end_block();
    });
}

#[test]
fn the_inherent_is_what_the_node_has_seen() {
    let mut data = InherentData::new();
    assert_eq!(Finality::create_inherent(&data), None);
    data.put_data(INHERENT_IDENTIFIER, &7u32).unwrap();
    let call = Finality::create_inherent(&data).unwrap();
    assert_eq!(call, Call::note_final { number: 7 });
    assert!(Finality::is_inherent(&call));
    assert!(Finality::check_inherent(&call, &InherentData::new()).is_ok());
}

proptest! {
    /// What few entries answer is what all reports would: the quorum's highest number that so many authors have
    /// reached.
    #[test]
    fn the_highest_reports_are_enough(entries in prop::collection::vec((0u8..8, 0u32..40), 0..60)) {
        let mut kept = Reports::default();
        let mut all = std::collections::BTreeMap::<u8, u32>::new();
        for (by, number) in entries {
            kept.enter(author(by), number);
            let highest = all.entry(by).or_default();
            *highest = number.max(*highest);
        }
        let mut numbers: Vec<_> = all.into_values().collect();
        numbers.sort_by(|one, other| other.cmp(one));
        for quorum in 1..=MAX_QUORUM {
            let expected = numbers.get(quorum as usize - 1).copied().unwrap_or(0);
            prop_assert_eq!(kept.last_final(quorum), expected);
        }
    }

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

fn genesis_of(timing: Option<Timing>) -> sp_io::TestExternalities {
    let mut ext = sp_io::TestExternalities::default();
    ext.execute_with(|| crate::GenesisConfig::<Test> { timing, ..Default::default() }.build());
    ext
}

#[test]
fn without_a_timing_it_is_that_of_production() {
    genesis_of(None).execute_with(|| {
        assert!(!GenesisTiming::<Test>::exists());
        assert_eq!(Finality::timing(), Timing { slots: 200, era: 7_200, unit: 28_800 });
        Finality::do_try_state().unwrap();
    });
}

#[test]
fn genesis_sets_a_timing_for_ever() {
    let short = Timing { slots: 10, era: 20, unit: 40 };
    genesis_of(Some(short)).execute_with(|| {
        keep_up(100);
        assert_eq!(Finality::timing(), short);
    });
}

#[test]
#[should_panic(expected = "timing of the genesis configuration: Err(\"a session has at least one slot\")")]
fn genesis_refuses_sessions_without_slots() {
    genesis_of(Some(Timing { slots: 0, era: 20, unit: 40 }));
}

#[test]
#[should_panic(expected = "an era is a whole number of sessions")]
fn genesis_refuses_eras_that_end_within_a_session() {
    genesis_of(Some(Timing { slots: 10, era: 25, unit: 50 }));
}

#[test]
#[should_panic(expected = "a unit is a whole number of eras")]
fn genesis_refuses_units_that_end_within_an_era() {
    genesis_of(Some(Timing { slots: 10, era: 20, unit: 50 }));
}
