//! Tests by concern. Each ends with a check of the pallet's invariants.

mod asks;
mod charges;
mod deadlines;
mod demotions;
mod invariants;
mod matching;
mod orders;
mod queries;
mod settlement;
mod waiting;

use crate::{mock::*, JobState, Jobs};
use frame_support::assert_ok;
use strike_primitives::{artifact::ArtifactId, job::VerificationClass, AccountId, Balance, JobId, Units};

fn assignee(id: JobId) -> Option<AccountId> {
    Jobs::<Test>::get(id).unwrap().assignment().map(|assignment| assignment.provider.clone())
}

fn is_pending(id: JobId) -> bool {
    matches!(Jobs::<Test>::get(id).unwrap().state, JobState::Pending { .. })
}

/// Provider 1 asks the lowest price of these tests for one job at a time.
fn ask(model: ArtifactId, class: VerificationClass, max_units: Units) {
    let (by, price) = (RuntimeOrigin::signed(provider(1)), 100_000);
    assert_ok!(Market::place_ask(by, model, class, price, 1, max_units, THROUGHPUT));
}

/// Let other business take a part of the first provider's bond.
fn set_reserved(amount: Balance) {
    let mut bonds = BondsOf::get();
    bonds.insert(provider(1), (BOND, amount));
    BondsOf::set(bonds);
}
