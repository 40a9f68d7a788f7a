//! Random sequences against plain lists of who has and is owed what.

use crate::mock::*;
use frame_support::storage::with_storage_layer;
use proptest::prelude::*;
use std::collections::BTreeMap;
use strike_primitives::{
    traits::{Delivery, Payouts as _},
    AccountId, Balance,
};

#[derive(Clone, Debug)]
enum Step {
    Deliver { from: u8, to: u8, amount: Balance },
    Defer { from: u8, to: u8, amount: Balance },
    Claim { who: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    let amount = prop_oneof![0..3 * ED, 0..2_000u128];
    let payment = (1u8..3, 1u8..7, amount);
    prop_oneof![
        3 => payment.clone().prop_map(|(from, to, amount)| Step::Deliver { from, to, amount }),
        1 => payment.prop_map(|(from, to, amount)| Step::Defer { from, to, amount }),
        2 => (1u8..7).prop_map(|who| Step::Claim { who }),
    ]
}

/// The same, simply.
#[derive(Default)]
struct Books {
    held: BTreeMap<AccountId, Balance>,
    totals: BTreeMap<AccountId, Balance>,
    owed: BTreeMap<AccountId, Balance>,
}

impl Books {
    fn can_receive(&self, who: &AccountId, amount: Balance) -> bool {
        amount == 0 || amount >= ED || self.totals.contains_key(who)
    }

    fn take(&mut self, from: &AccountId, amount: Balance) -> bool {
        let held = self.held.entry(from.clone()).or_default();
        let enough = *held >= amount;
        if enough {
            *held -= amount;
            *self.totals.entry(from.clone()).or_default() -= amount;
        }
        enough
    }

    fn give(&mut self, to: &AccountId, amount: Balance) {
        if amount > 0 {
            *self.totals.entry(to.clone()).or_default() += amount;
        }
    }

    fn defer(&mut self, from: &AccountId, to: &AccountId, amount: Balance) -> bool {
        let taken = self.take(from, amount);
        if taken && amount > 0 {
            *self.owed.entry(to.clone()).or_default() += amount;
        }
        taken
    }
}

fn apply(books: &mut Books, step: &Step) {
    match step {
        Step::Deliver { from, to, amount } => {
            let (from, to, amount) = (account(*from), account(*to), *amount);
            let expected = if !books.can_receive(&to, amount) {
                books.defer(&from, &to, amount).then_some(Delivery::Deferred)
            } else if books.take(&from, amount) {
                books.give(&to, amount);
                Some(Delivery::Made)
            } else {
                None
            };
            assert_eq!(Payouts::deliver(&Reason::Escrow, &from, &to, amount).ok(), expected);
        }
        Step::Defer { from, to, amount } => {
            let (from, to, amount) = (account(*from), account(*to), *amount);
            let deferred = Payouts::defer(&Reason::Escrow, &from, &to, amount).is_ok();
            assert_eq!(deferred, books.defer(&from, &to, amount));
        }
        Step::Claim { who } => {
            let who = account(*who);
            let owed = books.owed.get(&who).copied().filter(|amount| books.can_receive(&who, *amount));
            let claimed = with_storage_layer(|| Payouts::claim(RuntimeOrigin::signed(who.clone())));
            assert_eq!(claimed.is_ok(), owed.is_some());
            if let Some(amount) = owed {
                books.owed.remove(&who);
                books.give(&who, amount);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn everybody_has_and_is_owed_what_plain_lists_say(steps in prop::collection::vec(step(), 1..60)) {
        ExtBuilder.run(|| {
            let mut books = Books::default();
            for who in [rita(), sam()] {
                hold(Reason::Escrow, &who, 20_000);
                books.held.insert(who.clone(), 20_000);
                books.totals.insert(who, ENDOWMENT);
            }
            for step in &steps {
                apply(&mut books, step);
                check();
                for n in 1..7 {
                    let who = account(n);
                    assert_eq!(total(&who), books.totals.get(&who).copied().unwrap_or(0), "{who:?} after {step:?}");
                    assert_eq!(claimable(&who), books.owed.get(&who).copied(), "{who:?} after {step:?}");
                }
                assert_eq!(total(&Payouts::account()), ED + books.owed.values().sum::<Balance>());
            }
        });
    }
}
