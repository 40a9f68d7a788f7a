//! What an order pays beside its price.

use super::*;
use crate::{mock::*, Error, Event, HoldReason, Load, Receipts, WeightInfo as _};
use frame_support::{assert_noop, assert_ok, dispatch::Pays, traits::fungible::InspectHold, weights::WeightToFee as _};
use strike_primitives::{
    job::{Input, JobOrder, JobOrderV1, WorkSpec},
    receipt::CloseReason,
    traits::{Assignments, OnVerdict},
    verdict::Verdict,
};

/// What the attestations of an attempt weigh here, of a limit of [`LOAD_LIMIT`].
const WEIGHT: u64 = 1_000_000;
/// What that costs without a rise.
const PLAIN: Balance = 1_000;

/// Four validators whose attestations have a price.
fn priced(world: ExtBuilder, test: impl FnOnce()) {
    world.run(|| {
        Attesting::set((4, WEIGHT));
        WeightPrice::set(&1);
        test();
    });
}

fn reserved() -> Balance {
    Balances::balance_on_hold(&HoldReason::Attestations.into(), &requester())
}

/// The attestation fee with so many jobs open before it: plain, and seven times the square of the load beyond that.
fn fee(open: u64) -> Balance {
    let load = Balance::from((open + 1) * WEIGHT);
    let limit = Balance::from(LOAD_LIMIT);
    PLAIN + (7 * PLAIN * load * load).div_ceil(limit * limit)
}

fn judge(id: JobId, attempt: u16, verdict: Option<Verdict>) {
    assert_ok!(Market::on_committed(id, attempt));
    assert_ok!(Market::on_verdict(id, attempt, outcome(verdict, &[])));
    next_block();
}

#[test]
fn an_order_burns_what_its_attestations_cost_and_holds_as_much_for_a_second_attempt() {
    priced(ExtBuilder::default().ask(provider(1), 100_000, 4), || {
        let (before, issuance) = (free(&requester()), Balances::total_issuance());
        let costs = Market::costs(&JobOrder::V1(order(UNIT))).unwrap();
        assert_eq!((costs.attestation_fee, costs.reserve, costs.deposit), (fee(0), fee(0), JOB_DEPOSIT));
        let id = submit(UNIT);
        assert_eq!(Balances::total_issuance(), issuance - fee(0));
        assert_eq!(free(&requester()), before - UNIT - JOB_DEPOSIT - 2 * fee(0));
        assert_eq!((reserved(), Load::<Test>::get()), (fee(0), WEIGHT));
        let info = Market::job_info(id).unwrap();
        assert_eq!((info.upkeep, info.reserve, info.deposit, info.kept_until), (fee(0), fee(0), JOB_DEPOSIT, None));
        assert!(events().contains(&Event::UpkeepPaid { job: id, account: requester(), amount: fee(0) }));

        judge(id, 0, valid(0));
        assert_eq!((reserved(), Load::<Test>::get()), (0, 0));
        assert_eq!(free(&requester()), before - JOB_DEPOSIT - fee(0));
        let info = Market::job_info(id).unwrap();
        assert_eq!((info.upkeep, info.reserve, info.deposit), (fee(0), 0, JOB_DEPOSIT));
        assert_eq!(info.kept_until, Some(now() + RETENTION));
        assert_eq!(info.receipt.unwrap().upkeep, fee(0));
    });
}

#[test]
fn a_second_attempt_burns_the_held_fee_only_if_the_first_was_committed() {
    let cases = [(Some(invalid()), 2), (Some(None), 2), (None, 1)];
    for (judged, paid) in cases {
        priced(ExtBuilder::default().ask(provider(1), 100_000, 4).ask(provider(2), 200_000, 4), || {
            let issuance = Balances::total_issuance();
            let id = submit(UNIT);
            match judged {
                Some(verdict) => judge(id, 0, verdict),
                // Late.
                None => run_to(12),
            }
            assert_eq!(assignee(id), Some(provider(2)));
            assert_eq!(Jobs::<Test>::get(id).unwrap().upkeep.burned, paid * fee(0));
            assert_eq!((reserved(), Load::<Test>::get()), ((2 - paid) * fee(0), WEIGHT));

            judge(id, 1, valid(UNITS));
            let receipt = Receipts::<Test>::get(id).unwrap();
            assert_eq!((receipt.upkeep, reserved()), (paid * fee(0), 0));
            let burned = receipt.burned + receipt.slashed + receipt.upkeep;
            assert_eq!(Balances::total_issuance(), issuance - burned, "a receipt says all that is burned");
        });
    }
}

#[test]
fn the_fee_rises_with_the_jobs_that_are_open_until_no_more_are_taken() {
    priced(ExtBuilder::default().ask(provider(1), 100_000, 8).ask(provider(2), 100_000, 8), || {
        let most = LOAD_LIMIT / WEIGHT;
        let paid: Vec<_> =
            (0..most).map(|_| submit(UNIT)).map(|id| Jobs::<Test>::get(id).unwrap().upkeep.burned).collect();
        assert_eq!(paid, (0..most).map(fee).collect::<Vec<_>>());
        assert_eq!(paid.last(), Some(&(8 * PLAIN)));

        let another = JobOrder::V1(order(UNIT));
        assert_eq!((Market::quote(&another), Market::costs(&another)), (None, None));
        let by = RuntimeOrigin::signed(account(2));
        let answer = |order| Market::submit(by.clone(), order).map_err(|refused| refused.error);
        assert_noop!(answer(another.clone()), Error::<Test>::ChainBusy);
        judge(0, 0, valid(1));
        assert!(Market::quote(&another).is_some());
        submit(UNIT);
    });
}

#[test]
fn who_cannot_pay_for_attestations_orders_nothing() {
    priced(ExtBuilder::default().ask(provider(1), 100_000, 4), || {
        let poor = account(2);
        let all = free(&poor);
        let keeps = |kept: Balance| {
            let price = all - ED - JOB_DEPOSIT - kept;
            Market::submit(RuntimeOrigin::signed(poor.clone()), JobOrder::V1(order(price)))
        };
        assert!(keeps(2 * fee(0) - 1).is_err());
        assert_eq!(Load::<Test>::get(), 0);
        assert_ok!(keeps(2 * fee(0)));
        assert_eq!(free(&poor), ED);
    });
}

#[test]
fn an_order_that_waits_pays_for_its_visits_and_one_that_is_taken_does_not() {
    priced(ExtBuilder::default(), || {
        VisitEvery::set(&5);
        let costs = Market::costs(&JobOrder::V1(order(UNIT))).unwrap();
        // Ten blocks, one visit in five of them, and one more.
        let visit = <Test as crate::Config>::WeightInfo::visit_waiting(1);
        assert_eq!(costs.waiting_fee, Priced::weight_to_fee(&visit.saturating_mul(3)));
        let issuance = Balances::total_issuance();
        let id = submit(UNIT);
        assert_eq!(Balances::total_issuance(), issuance - costs.attestation_fee - costs.waiting_fee);
        assert_ok!(Market::cancel(RuntimeOrigin::signed(requester()), id));
        let receipt = Receipts::<Test>::get(id).unwrap();
        assert_eq!((receipt.reason, receipt.refunded), (CloseReason::Cancelled, UNIT));
        assert_eq!(receipt.upkeep, costs.attestation_fee + costs.waiting_fee);
    });
}

#[test]
fn a_waiting_job_is_not_visited_more_often_than_it_pays_for() {
    for every in [1, 3, 5] {
        for jobs in [1u32, 2, 5] {
            ExtBuilder::default().run(|| {
                VisitEvery::set(&every);
                // Too dear for any of them, so that each visit fails.
                place_ask(provider(1), 100_000, 1);
                for _ in 0..jobs {
                    submit(100);
                }
                let service = (MODEL, CLASS);
                let (mut visits, mut last) = (0u32, crate::ServiceQueueEnds::<Test>::get().tail);
                for _ in 0..10 {
                    next_block();
                    let tail = crate::ServiceQueueEnds::<Test>::get().tail;
                    visits += u32::try_from(tail - last).unwrap();
                    last = tail;
                }
                assert!(crate::Pending::<Test>::contains_key(service));
                let paid = jobs * (10 / every + 1);
                assert!(visits <= paid, "{visits} visits of {jobs} jobs, one in {every} blocks: {paid} are paid");
                assert!(visits >= jobs.min(4) * 10 / every / 2, "{visits} visits of {jobs} jobs");
            });
        }
    }
}

#[test]
fn a_deposit_counts_the_bytes_that_are_kept() {
    ExtBuilder::default().ask(provider(1), 100_000, 4).run(|| {
        Attesting::set((4, 0));
        BytePrice::set(&10);
        let with = |prompt: usize| {
            let mut order = order(UNIT);
            let WorkSpec::Generate(work) = &mut order.work else { panic!("not a generation") };
            work.input = Input::Plain(vec![b'x'; prompt].try_into().unwrap());
            Market::costs(&JobOrder::V1(order)).unwrap().deposit
        };
        let (small, large) = (with(100), with(4_096));
        // Ten bytes count together.
        assert!((3_990..=4_010).contains(&(large - small)), "{small} and {large}");
        // Each validator may be in the receipt.
        Attesting::set((64, 0));
        assert_eq!((with(100) - small) / 100, 60 * 49 / 100);

        let before = free(&requester());
        let id = submit(UNIT);
        judge(id, 0, valid(0));
        let job = Jobs::<Test>::get(id).unwrap();
        assert_eq!(free(&requester()), before - job.deposit);
        assert_eq!(Balances::balance_on_hold(&HoldReason::JobDeposit.into(), &requester()), job.deposit);
        assert!(job.deposit > JOB_DEPOSIT);
    });
}

#[test]
fn a_requester_forgets_a_closed_job_once_its_end_is_final_and_gets_the_deposit_back() {
    ExtBuilder::default().ask(provider(1), 100_000, 4).run(|| {
        let before = free(&requester());
        let id = submit(UNIT);
        let forget = |who| Market::forget(RuntimeOrigin::signed(who), id);
        assert_noop!(forget(requester()), Error::<Test>::JobNotClosed);
        judge(id, 0, valid(0));
        assert_noop!(forget(account(2)), Error::<Test>::NotRequester);
        let closed_at = now();
        stand_still_for(2 * FINAL_AFTER);
        for _ in 1..FINAL_AFTER {
            assert_noop!(forget(requester()), Error::<Test>::EndNotFinal);
            next_block();
        }
        assert!(now() >= closed_at + 3 * FINAL_AFTER - 1);
        next_block();
        // The order has paid for it.
        assert_eq!(forget(requester()).unwrap().pays_fee, Pays::No);
        assert_eq!(free(&requester()), before);
        assert_eq!(Jobs::<Test>::get(id), None);
        assert_eq!((Receipts::<Test>::get(id), Forgotten::get()), (None, vec![id]));
        assert!(events().contains(&Event::JobPruned { job: id }));
        assert_noop!(forget(requester()), Error::<Test>::JobNotFound);
        // The time at which it would have been pruned passes.
        run_to(u64::from(now() + RETENTION + 1));
    });
}

#[test]
fn an_ask_below_the_least_price_is_refused() {
    ExtBuilder::default().run(|| {
        let ask = |price| Market::place_ask(RuntimeOrigin::signed(provider(1)), MODEL, CLASS, price, 1, 100, 1);
        assert_noop!(ask(9), Error::<Test>::PriceTooLow);
        assert_ok!(ask(10));
    });
}

#[test]
fn the_upkeep_of_an_embedding_is_that_of_a_generation() {
    priced(ExtBuilder::default(), || {
        let work = |order: JobOrderV1| Market::costs(&JobOrder::V1(order)).unwrap().attestation_fee;
        let exact = JobOrderV1 { class: VerificationClass::Exact, ..embedding(100) };
        assert_eq!(work(exact), work(order(UNIT)));
    });
}
