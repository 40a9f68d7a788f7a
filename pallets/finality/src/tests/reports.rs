//! What authors report, and what a quorum is.

use crate::{mock::*, types::Reports, Call, Error, MAX_QUORUM};
use frame_support::{
    assert_noop, assert_ok,
    inherent::{InherentData, ProvideInherent},
};
use proptest::prelude::*;
use strike_primitives::{finality::INHERENT_IDENTIFIER, traits::Clock};

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
}
