//! What is taken as an order, and how it is taken back.

use super::*;
use crate::{mock::*, Error, Event, JobState, Jobs};
use frame_support::{assert_noop, assert_ok};
use sp_core::H256;
use sp_runtime::DispatchError;
use strike_primitives::{
    artifact::{ArtifactId, ArtifactKind},
    job::{Input, JobOrder, JobOrderV1, VerificationClass, WorkSpec, MAX_BLOB_INPUT, MAX_TOKENS},
    receipt::CloseReason,
};

/// What an order is answered, without what the answer costs: less than one that is taken.
fn refusal(order: JobOrder) -> Result<(), DispatchError> {
    let most = Market::submission(0, 0);
    Market::submit(RuntimeOrigin::signed(requester()), order).map(|_| ()).map_err(|refused| {
        assert!(refused.post_info.actual_weight.is_some_and(|weight| weight.all_lt(most)));
        refused.error
    })
}

#[test]
fn orders_that_cannot_be_are_refused() {
    ExtBuilder::default().ask(provider(1), 100_000, 1).run(|| {
        fn refused(change: impl FnOnce(&mut JobOrderV1), error: Error<Test>) {
            let mut order = order(UNIT);
            change(&mut order);
            let order = JobOrder::V1(order);
            assert_eq!(Market::quote(&order), None);
            assert_noop!(refusal(order), error);
        }
        fn work(order: &mut JobOrderV1) -> &mut strike_primitives::job::Generate {
            match &mut order.work {
                WorkSpec::Generate(work) => work,
                WorkSpec::Embed(_) => panic!("not a generation"),
            }
        }
        let root = H256::zero();
        refused(|order| order.model = ArtifactId { kind: ArtifactKind::Bundle, root }, Error::ModelNotFound);
        for length in [0, MAX_BLOB_INPUT + 1, u64::MAX] {
            refused(|order| work(order).input = Input::Blob { root, length }, Error::InputLengthOutOfRange);
        }
        refused(
            |order| work(order).input = Input::Encrypted { root, length: 1, key_commitment: root },
            Error::InputNotSupported,
        );
        refused(|order| work(order).sampler.min_p_milli = 1_001, Error::SamplerInvalid);
        refused(|order| work(order).stop = vec![Default::default()].try_into().unwrap(), Error::StopSequenceEmpty);
        for limit in [0, MAX_TOKENS + 1] {
            refused(|order| work(order).max_input_tokens = limit, Error::LimitsOutOfRange);
            refused(|order| work(order).max_output_tokens = limit, Error::LimitsOutOfRange);
        }
        for deadline in [1, 101] {
            refused(|order| order.deadline = deadline, Error::DeadlineOutOfRange);
        }
        refused(|order| order.max_price = 9, Error::PriceTooLow);
    });
}

#[test]
fn embeddings_are_ordered_in_the_exact_class_and_cost_what_is_read() {
    let exact = |max_input_tokens| JobOrderV1 { class: VerificationClass::Exact, ..embedding(max_input_tokens) };
    ExtBuilder::default().ask(provider(1), 100_000, 2).run(|| {
        let refused = |order, error: Error<Test>| {
            let order = JobOrder::V1(order);
            assert_eq!(Market::quote(&order), None);
            assert_noop!(refusal(order), error);
        };
        refused(JobOrderV1 { class: VerificationClass::Statistical, ..exact(100) }, Error::ClassNotSupported);
        for limit in [0, MAX_TOKENS + 1] {
            refused(exact(limit), Error::LimitsOutOfRange);
        }
        let mut order = exact(100);
        let WorkSpec::Embed(work) = &mut order.work else { panic!() };
        work.input = Input::Blob { root: H256::zero(), length: MAX_BLOB_INPUT + 1 };
        refused(order, Error::InputLengthOutOfRange);

        ask(MODEL, VerificationClass::Exact, 1_000);
        let quote = Market::quote(&JobOrder::V1(exact(100))).unwrap();
        assert_eq!((quote.max_units, quote.max_fee), (100, 10_000));
        let id = crate::NextJobId::<Test>::get();
        let order = JobOrderV1 { max_price: quote.max_fee, ..exact(100) };
        assert_ok!(Market::submit(RuntimeOrigin::signed(requester()), JobOrder::V1(order)));
        assert!(matches!(Jobs::<Test>::get(id).unwrap().state, JobState::Assigned(_)));
    });
}

#[test]
fn an_input_may_be_a_blob_and_its_length_costs_nothing_by_itself() {
    ExtBuilder::default().ask(provider(1), 100_000, 2).run(|| {
        for length in [1, MAX_BLOB_INPUT] {
            let mut order = order(UNIT);
            let plain = Market::quote(&JobOrder::V1(order.clone())).unwrap();
            let WorkSpec::Generate(work) = &mut order.work else { panic!() };
            work.input = Input::Blob { root: H256::repeat_byte(7), length };
            assert_eq!(Market::quote(&JobOrder::V1(order.clone())), Some(plain));
            let id = crate::NextJobId::<Test>::get();
            assert_ok!(Market::submit(RuntimeOrigin::signed(requester()), JobOrder::V1(order.clone())));
            assert!(matches!(Jobs::<Test>::get(id).unwrap().state, JobState::Assigned(_)));
            assert_eq!(Market::job_info(id).unwrap().order, JobOrder::V1(order));
        }
    });
}

#[test]
fn a_waiting_job_can_be_cancelled_by_its_requester_only() {
    ExtBuilder::default().run(|| {
        let before = free(&requester());
        let id = submit(UNIT);
        let cancel = |who| Market::cancel(RuntimeOrigin::signed(who), id);
        assert_noop!(cancel(account(2)), Error::<Test>::NotRequester);
        assert_ok!(cancel(requester()));
        assert_eq!(free(&requester()), before - JOB_DEPOSIT);
        let receipt = crate::Receipts::<Test>::get(id).unwrap();
        assert_eq!((receipt.reason, receipt.refunded, &receipt.provider), (CloseReason::Cancelled, UNIT, &None));
        assert!(events().contains(&Event::JobClosed {
            job: id,
            reason: CloseReason::Cancelled,
            receipt: receipt.hash()
        }));
        assert_noop!(cancel(requester()), Error::<Test>::JobAlreadyClosed);
        assert_noop!(Market::cancel(RuntimeOrigin::signed(requester()), 7), Error::<Test>::JobNotFound);
    });
}

#[test]
fn an_assigned_job_cannot_be_cancelled() {
    ExtBuilder::default().ask(provider(1), 100_000, 1).run(|| {
        let id = submit(UNIT);
        assert_noop!(Market::cancel(RuntimeOrigin::signed(requester()), id), Error::<Test>::JobAlreadyAssigned);
    });
}
