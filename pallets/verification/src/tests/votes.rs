//! The vote of an audit against its definition, over all ways to cast it.

use super::WRONG;
use crate::{mock::*, types::PerValidator, OpenAudits};
use sp_core::H256;
use strike_primitives::verdict::{same_vote, InvalidReason, Verdict};

type Vote = (Verdict, Option<H256>);

/// What one validator can do: nothing, or one of five votes, of which the third and fourth agree.
fn choices() -> [Option<Vote>; 6] {
    let tag = |byte| Some(H256::repeat_byte(byte));
    let other = Verdict::Invalid { reason: InvalidReason::CountMismatch };
    let votes = [(VALID, tag(1)), (VALID, tag(2)), (WRONG, None), (other, None), (Verdict::Withheld, None)];
    std::array::from_fn(|index| index.checked_sub(1).map(|index| votes[index]))
}

/// The first vote that more than half of all agree with, and how many they are.
fn by_definition(cast: &[Vote], validators: usize) -> (Option<Verdict>, u32) {
    let same = |a: &Vote, b: &Vote| same_vote((&a.0, &a.1), (&b.0, &b.1));
    let agreeing = |vote: &Vote| cast.iter().filter(|other| same(vote, other)).count();
    let won = cast.iter().find(|vote| agreeing(vote) > validators / 2);
    won.map_or((None, 0), |vote| (Some(vote.0), agreeing(vote) as u32))
}

#[test]
fn more_than_half_of_all_decide_however_the_others_are_split() {
    ExtBuilder::default().execute(|| {
        sealing(1);
        let mut audit = OpenAudits::<Test>::get(1).unwrap();
        for validators in 1..=6usize {
            audit.eligible = PerValidator::truncate_from((0..validators as u8).collect());
            for case in 0..6usize.pow(validators as u32) {
                let digits = (0..validators as u32).map(|place| case / 6usize.pow(place) % 6);
                let chosen: Vec<_> = digits.map(|digit| choices()[digit]).collect();
                let cast =
                    (0u8..).zip(&chosen).filter_map(|(place, vote)| vote.map(|(verdict, tag)| (place, verdict, tag)));
                audit.reveals = PerValidator::truncate_from(cast.collect());
                let votes: Vec<Vote> = chosen.iter().copied().flatten().collect();
                assert_eq!(audit.tally(), by_definition(&votes, validators), "of {validators}: {chosen:?}");
            }
        }
    });
}
