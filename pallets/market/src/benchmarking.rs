//! What calls and upkeep cost: with as many validators as may be, providers with as many models and links as may be,
//! and the largest orders.

// What cannot be set up has nobody to answer to.
#![allow(clippy::expect_used)]

use crate::{pallet::*, types::*};
use alloc::{vec, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::{
    traits::{fungible::Inspect, Get},
    weights::WeightMeter,
    BoundedVec,
};
use frame_system::RawOrigin;
use strike_primitives::{
    artifact::ArtifactId,
    benchmarking::BenchmarkHelper,
    job::{
        Generate, Input, JobOrder, JobOrderV1, Sampler, StopSequence, VerificationClass, WorkSpec, MAX_PLAIN_INPUT,
        MAX_STOP_SEQUENCES, MAX_STOP_TOKENS,
    },
    receipt::CloseReason,
    traits::{Assignments, AuditOutcome, Bonds, OnVerdict, MAX_VALIDATORS},
    verdict::{InvalidReason, Verdict},
    AccountId, Balance, BlockNumber, JobId, H256, UNITS_PER_PRICE,
};

const NOW: BlockNumber = 1_000;
const CLASS: VerificationClass = VerificationClass::Exact;
/// The most one of these jobs can use: [`UNITS_PER_PRICE`], so that its fee is its price.
const UNITS: u64 = UNITS_PER_PRICE;
const THROUGHPUT: u32 = 100;

fn validator(index: u32) -> AccountId {
    account("validator", index, 0)
}

/// Validators of whom every second one is the same operator as some providers are.
fn scene<T: Config>() -> ArtifactId {
    T::BenchmarkHelper::set_block(NOW);
    let model = T::BenchmarkHelper::register_model(0);
    let mut validators = Vec::new();
    for index in 0..MAX_VALIDATORS {
        // Links are few, so those who are linked to a provider are the same account many times over: it is as dear to
        // find that.
        let account = if index % 2 == 0 { validator(0) } else { validator(index) };
        let key = T::BenchmarkHelper::new_key();
        if index == 0 || index % 2 == 1 {
            T::BenchmarkHelper::register_provider(&account, key.clone(), model, Vec::new());
        }
        validators.push((account, key));
    }
    T::BenchmarkHelper::set_validators(validators);
    model
}

fn price<T: Config>() -> Balance {
    T::MinAskPrice::get().max(T::MinPrice::get()).saturating_mul(100)
}

/// A provider with an ask. One that is linked to half of the validators gets no jobs. That is found last, and without
/// reading the validators: the worst case, providers that all validators name, is not measured yet.
fn provider<T: Config>(index: u32, model: ArtifactId, gets_jobs: bool) -> AccountId {
    let provider: AccountId = account("provider", index, 0);
    let linked = if gets_jobs { Vec::new() } else { vec![validator(0)] };
    T::BenchmarkHelper::register_provider(&provider, T::BenchmarkHelper::new_key(), model, linked);
    Pallet::<T>::do_place_ask(&provider, (model, CLASS), price::<T>(), T::MaxCapacity::get(), UNITS, THROUGHPUT)
        .expect("it serves the model");
    provider
}

/// Asks of so many providers, of whom the last gets jobs if any does. Returns that one.
fn providers<T: Config>(count: u32, model: ArtifactId, last_gets_jobs: bool) -> Option<AccountId> {
    (1..=count).map(|index| provider::<T>(index, model, last_gets_jobs && index == count)).last()
}

fn order<T: Config>(model: ArtifactId) -> JobOrder {
    let stop = StopSequence::truncate_from(vec![1; MAX_STOP_TOKENS as usize]);
    let work = Generate {
        input: Input::Plain(BoundedVec::truncate_from(vec![b'x'; MAX_PLAIN_INPUT as usize])),
        sampler: Sampler::GREEDY,
        max_input_tokens: (UNITS / 2) as u32,
        max_output_tokens: (UNITS / 2) as u32,
        stop: BoundedVec::truncate_from(vec![stop; MAX_STOP_SEQUENCES as usize]),
    };
    let deadline = T::MaxDeadline::get();
    JobOrder::V1(JobOrderV1 { work: WorkSpec::Generate(work), model, class: CLASS, max_price: price::<T>(), deadline })
}

fn requester<T: Config>() -> AccountId {
    let requester = account("requester", 0, 0);
    T::BenchmarkHelper::fund(&requester);
    requester
}

/// The next job.
fn submit<T: Config>(requester: &AccountId, model: ArtifactId) -> JobId {
    let job = NextJobId::<T>::get();
    Pallet::<T>::do_submit(requester.clone(), order::<T>(model)).expect("the order can be taken");
    job
}

/// One waiting job in front of so many others, as the queue of its service has room for.
fn waiting<T: Config>(requester: &AccountId, model: ArtifactId, others: u32) -> JobId {
    let job = submit::<T>(requester, model);
    assert!(matches!(Jobs::<T>::get(job).map(|job| job.state), Some(JobState::Pending { .. })));
    Pending::<T>::mutate((model, CLASS), |waiting| {
        let jobs = &mut waiting.as_mut().expect("the job waits").jobs;
        for other in 1..=u64::from(others) {
            jobs.try_push(job.saturating_add(other)).expect("there is room");
        }
    });
    PendingCount::<T>::mutate(|count| *count = count.saturating_add(others));
    job
}

fn queue_but_one<T: Config>() -> u32 {
    T::MaxPending::get().saturating_sub(1)
}

/// A job with a verdict of so many validators.
fn judged<T: Config>(requester: &AccountId, model: ArtifactId, verdict: Verdict, validators: u32) -> JobId {
    let job = submit::<T>(requester, model);
    Pallet::<T>::on_committed(job, 0).expect("it is assigned");
    // Accounts that do not exist: what they get is too little to be one, and is kept for them.
    let validators = BoundedVec::truncate_from((0..validators).map(|index| account("payee", index, 0)).collect());
    let outcome = AuditOutcome { verdict: Some(verdict), commitment: H256::repeat_byte(1), validators };
    Pallet::<T>::on_verdict(job, 0, outcome).expect("it is committed");
    job
}

fn state<T: Config>(job: JobId) -> Option<JobState> {
    Jobs::<T>::get(job).map(|job| job.state)
}

fn due<T: Config>(job: JobId) -> BlockNumber {
    let due = Jobs::<T>::get(job).and_then(|job| job.due).expect("it has a deadline");
    T::BenchmarkHelper::set_block(due);
    due
}

fn assert_assigned<T: Config>(job: JobId, to: Option<AccountId>) {
    assert!(
        matches!(state::<T>(job), Some(JobState::Assigned(assignment)) if Some(&assignment.provider) == to.as_ref())
    );
}

#[benchmarks]
mod benchmarks {
    use super::*;

    // Dearer than all `a` others: it is compared with each, and goes to the end.
    #[benchmark]
    fn place_ask(a: Linear<0, { T::MaxAsksPerModel::get().saturating_sub(1) }>) {
        let model = scene::<T>();
        providers::<T>(a, model, false);
        let new: AccountId = account("provider", 0, 0);
        T::BenchmarkHelper::register_provider(&new, T::BenchmarkHelper::new_key(), model, Vec::new());
        #[extrinsic_call]
        _(RawOrigin::Signed(new), model, CLASS, price::<T>(), 1, UNITS, THROUGHPUT);
        assert_eq!(Asks::<T>::get((model, CLASS)).len() as u32, a.saturating_add(1));
    }

    // The list is full: all asks are looked at, and the last one makes room, the only one of its provider, who has no
    // bond left.
    #[benchmark]
    fn place_ask_in_full_list() {
        let model = scene::<T>();
        let last = providers::<T>(T::MaxAsksPerModel::get(), model, true).expect("there are asks");
        let bond = T::Bonds::available(&last);
        T::Bonds::reserve(&last, bond).expect("it is its bond");
        T::Bonds::slash(&last, bond).expect("it is reserved");
        let new: AccountId = account("provider", 0, 0);
        T::BenchmarkHelper::register_provider(&new, T::BenchmarkHelper::new_key(), model, Vec::new());
        #[extrinsic_call]
        place_ask(RawOrigin::Signed(new.clone()), model, CLASS, price::<T>(), 1, UNITS, THROUGHPUT);
        assert!(Asks::<T>::get((model, CLASS)).iter().any(|ask| ask.provider == new));
        assert!(!AskedServices::<T>::contains_key(last));
    }

    #[benchmark]
    fn withdraw_ask(a: Linear<1, { T::MaxAsksPerModel::get() }>) {
        let model = scene::<T>();
        let provider = providers::<T>(a, model, true).expect("there is an ask");
        #[extrinsic_call]
        _(RawOrigin::Signed(provider), model, CLASS);
        assert_eq!(Asks::<T>::get((model, CLASS)).len() as u32, a.saturating_sub(1));
    }

    // The last of `a` asks fits.
    #[benchmark]
    fn submit_assigned(a: Linear<1, { T::MaxAsksPerModel::get() }>) {
        let (model, requester) = (scene::<T>(), requester::<T>());
        let provider = providers::<T>(a, model, true);
        let job = NextJobId::<T>::get();
        #[extrinsic_call]
        submit(RawOrigin::Signed(requester), order::<T>(model));
        assert_assigned::<T>(job, provider);
    }

    // None of `a` asks fits, and the job takes the last place in its queue.
    #[benchmark]
    fn submit_queued(a: Linear<0, { T::MaxAsksPerModel::get() }>) {
        let (model, requester) = (scene::<T>(), requester::<T>());
        let others = queue_but_one::<T>().saturating_sub(1);
        waiting::<T>(&requester, model, others);
        providers::<T>(a, model, false);
        // Jobs that are only numbers in the queue have taken these ids.
        NextJobId::<T>::mutate(|next| *next = next.saturating_add(others.into()));
        let job = NextJobId::<T>::get();
        #[extrinsic_call]
        submit(RawOrigin::Signed(requester), order::<T>(model));
        assert!(matches!(state::<T>(job), Some(JobState::Pending { .. })));
    }

    // The first of a full queue.
    #[benchmark]
    fn cancel() {
        let (model, requester) = (scene::<T>(), requester::<T>());
        let job = waiting::<T>(&requester, model, queue_but_one::<T>());
        #[extrinsic_call]
        _(RawOrigin::Signed(requester), job);
        assert_eq!(state::<T>(job), Some(JobState::Closed(CloseReason::Cancelled)));
    }

    // A valid result: the provider, the owner of the model and `p` less two validators are paid, none of whom has an
    // account.
    #[benchmark]
    fn settle_paid(p: Linear<2, { MAX_VALIDATORS.saturating_add(2) }>) {
        let (model, requester) = (scene::<T>(), requester::<T>());
        providers::<T>(1, model, true);
        let job = judged::<T>(&requester, model, Verdict::Valid { units: UNITS - 1 }, p.saturating_sub(2));
        #[extrinsic_call]
        settle(RawOrigin::Signed(requester), job);
        assert_eq!(Receipts::<T>::get(job).map(|receipt| receipt.payments.len() as u32), Some(p));
        let payments = Receipts::<T>::get(job).map(|receipt| receipt.payments).unwrap_or_default();
        let kept = payments.iter().filter(|payment| T::Currency::total_balance(&payment.account) == 0);
        assert_eq!(kept.count() as u32, p.saturating_sub(2));
    }

    // An invalid result: the provider is punished, and the last of `a` asks takes the job.
    #[benchmark]
    fn settle_failed(a: Linear<2, { T::MaxAsksPerModel::get() }>) {
        let (model, requester) = (scene::<T>(), requester::<T>());
        provider::<T>(0, model, true);
        let verdict = Verdict::Invalid { reason: InvalidReason::OutputMismatch };
        let job = judged::<T>(&requester, model, verdict, MAX_VALIDATORS);
        let next = providers::<T>(a.saturating_sub(1), model, true);
        #[extrinsic_call]
        settle(RawOrigin::Signed(requester), job);
        assert_assigned::<T>(job, next);
    }

    // Nothing to do.
    #[benchmark]
    fn poll() {
        T::BenchmarkHelper::set_block(NOW);
        DeadlineCursor::<T>::put(NOW);
        #[block]
        {
            Pallet::<T>::poll(&mut WeightMeter::new());
        }
        assert_eq!(DeadlineCursor::<T>::get(), NOW.saturating_add(1));
    }

    #[benchmark]
    fn visit_height() {
        #[block]
        {
            assert!(Pallet::<T>::forget_demotions(NOW, &mut WeightMeter::new()));
            assert!(Pallet::<T>::pass_deadlines(NOW, &mut WeightMeter::new()));
        }
    }

    #[benchmark]
    fn forget_demotion() {
        let provider: AccountId = account("provider", 0, 0);
        let demotion = Demotion { until: NOW, period: T::MinDemotion::get() };
        let at = demotion.forgotten_at();
        DemotionEnds::<T>::insert(at, &provider, ());
        Demotions::<T>::insert(&provider, demotion);
        #[block]
        {
            assert!(Pallet::<T>::forget_demotions(at, &mut WeightMeter::new()));
        }
        assert!(!Demotions::<T>::contains_key(provider));
    }

    // The first of a full queue has waited too long.
    #[benchmark]
    fn expire_waiting() {
        let (model, requester) = (scene::<T>(), requester::<T>());
        let job = waiting::<T>(&requester, model, queue_but_one::<T>());
        let due = due::<T>(job);
        #[block]
        {
            assert!(Pallet::<T>::pass_deadlines(due, &mut WeightMeter::new()));
        }
        assert_eq!(state::<T>(job), Some(JobState::Closed(CloseReason::NoProvider)));
    }

    // The provider is late: it is punished, and the last of `a` asks takes the job.
    #[benchmark]
    fn expire_assigned(a: Linear<2, { T::MaxAsksPerModel::get() }>) {
        let (model, requester) = (scene::<T>(), requester::<T>());
        provider::<T>(0, model, true);
        let job = super::submit::<T>(&requester, model);
        let next = providers::<T>(a.saturating_sub(1), model, true);
        let due = due::<T>(job);
        #[block]
        {
            assert!(Pallet::<T>::pass_deadlines(due, &mut WeightMeter::new()));
        }
        assert_assigned::<T>(job, next);
    }

    // A closed job is forgotten, with its audit.
    #[benchmark]
    fn prune() {
        let (model, requester) = (scene::<T>(), requester::<T>());
        providers::<T>(1, model, true);
        let job = judged::<T>(&requester, model, Verdict::Valid { units: UNITS - 1 }, MAX_VALIDATORS);
        Pallet::<T>::do_settle(job).expect("it is judged");
        let due = due::<T>(job);
        #[block]
        {
            assert!(Pallet::<T>::pass_deadlines(due, &mut WeightMeter::new()));
        }
        assert_eq!(state::<T>(job), None);
    }

    // A closed job is forgotten by its requester, with its audit.
    #[benchmark]
    fn forget() {
        let (model, requester) = (scene::<T>(), requester::<T>());
        providers::<T>(1, model, true);
        let job = judged::<T>(&requester, model, Verdict::Valid { units: UNITS - 1 }, MAX_VALIDATORS);
        Pallet::<T>::do_settle(job).expect("it is judged");
        T::BenchmarkHelper::set_block(NOW.saturating_add(T::FinalAfter::get()));
        #[extrinsic_call]
        _(RawOrigin::Signed(requester), job);
        assert_eq!(state::<T>(job), None);
    }

    // The first of a full queue finds a provider behind the last of `a` asks.
    #[benchmark]
    fn visit_waiting(a: Linear<1, { T::MaxAsksPerModel::get() }>) {
        let (model, requester) = (scene::<T>(), requester::<T>());
        let job = waiting::<T>(&requester, model, queue_but_one::<T>());
        let provider = providers::<T>(a, model, true);
        let service = Pallet::<T>::pop_service().expect("its service has a turn");
        #[block]
        {
            Pallet::<T>::visit(&service);
        }
        assert_assigned::<T>(job, provider);
    }
}
