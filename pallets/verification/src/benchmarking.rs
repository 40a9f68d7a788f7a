//! What calls, their authorization and the hooks cost: with as many validators as may be, each a provider with as
//! many links as may be, and the largest work.

// What cannot be set up has nobody to answer to.
#![allow(clippy::expect_used, clippy::indexing_slicing)]

use crate::{
    AuditRecords, BeaconTimes, Beacons, Call, Config, CurrentSet, DeadlineCursor, Deadlines, OldestBeacon, OldestSet,
    OpenAudits, Pallet, KEPT_SETS,
};
use alloc::{vec, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::{
    traits::{Authorize, Get},
    weights::WeightMeter,
    BoundedVec,
};
use frame_system::RawOrigin;
use sp_application_crypto::RuntimeAppPublic;
use sp_runtime::transaction_validity::TransactionSource;
use strike_primitives::{
    app::{AppKey, AppSignature},
    artifact::ArtifactId,
    benchmarking::BenchmarkHelper,
    commitment::{commit_payload, job_root, Commitment, CommitmentV1, StopReason},
    job::{Generate, Input, Sampler, StopSequence, WorkSpec, MAX_PLAIN_INPUT, MAX_STOP_SEQUENCES, MAX_STOP_TOKENS},
    traits::MAX_VALIDATORS,
    verdict::{reveal_payload, seal_payload, AssignmentProof, RevealedVerdict, SealedVerdict, Verdict},
    AccountId, JobId, H256,
};

/// A job whose provider may commit now.
struct Scene {
    job: JobId,
    provider: AccountId,
    key: AppKey,
    validators: Vec<(AccountId, AppKey)>,
}

fn sign(key: &AppKey, payload: &Vec<u8>) -> AppSignature {
    key.sign(payload).expect("the keystore has the key")
}

fn largest_work() -> WorkSpec {
    let stop = StopSequence::truncate_from(vec![1; MAX_STOP_TOKENS as usize]);
    WorkSpec::Generate(Generate {
        input: Input::Plain(BoundedVec::truncate_from(vec![b'x'; MAX_PLAIN_INPUT as usize])),
        sampler: Sampler::GREEDY,
        max_input_tokens: 1_000,
        max_output_tokens: 1_000,
        stop: BoundedVec::truncate_from(vec![stop; MAX_STOP_SEQUENCES as usize]),
    })
}

fn registered<T: Config>(name: &'static str, index: u32, model: ArtifactId) -> (AccountId, AppKey) {
    let (provider, key): (AccountId, _) = (account(name, index, 0), T::BenchmarkHelper::new_key());
    T::BenchmarkHelper::register_provider(&provider, key.clone(), model, Vec::new());
    (provider, key)
}

fn assigned<T: Config>() -> Scene {
    T::BenchmarkHelper::set_block(1_000);
    let model = T::BenchmarkHelper::register_model(0);
    let validators: Vec<_> = (0..MAX_VALIDATORS).map(|index| registered::<T>("validator", index, model)).collect();
    T::BenchmarkHelper::set_validators(validators.clone());
    let (provider, key) = registered::<T>("provider", 0, model);
    let job = T::BenchmarkHelper::assign_job(&provider, model, largest_work());
    Scene { job, provider, key, validators }
}

fn commitment<T: Config>(job: JobId) -> Commitment {
    let binding = Pallet::<T>::binding(job).expect("the beacon is known");
    let (out_root, trace_root) = (H256::repeat_byte(1), Some(H256::repeat_byte(2)));
    let (n_in, n_out, stop) = (1_000, 1_000, StopReason::MaxTokens);
    let job_root = job_root(&binding, &out_root, &trace_root, n_in, n_out, stop);
    Commitment::V1(CommitmentV1 { job_root, out_root, trace_root, n_in, n_out, stop })
}

/// An audit that has the beacon it needs.
fn committed<T: Config>() -> Scene {
    let scene = assigned::<T>();
    Pallet::<T>::do_commit(scene.job, 0, commitment::<T>(scene.job)).expect("the commitment fits");
    let block = OpenAudits::<T>::get(scene.job).expect("its audit is open").beacon_block();
    Beacons::<T>::insert(block, H256::repeat_byte(3));
    T::BenchmarkHelper::set_block(block.saturating_add(1));
    scene
}

fn verdict<T: Config>(scene: &Scene, validator: usize) -> (SealedVerdict, RevealedVerdict, AppKey) {
    let audit = OpenAudits::<T>::get(scene.job).expect("the audit is open").reference(scene.job);
    let (validator, key) = scene.validators[validator].clone();
    let (verdict, work_tag) = (Verdict::Valid { units: 2_000 }, Some(H256::repeat_byte(4)));
    let revealed =
        RevealedVerdict { audit: audit.clone(), validator: validator.clone(), verdict, work_tag, salt: H256::zero() };
    let seal = revealed.seal(&Pallet::<T>::genesis());
    (SealedVerdict { audit, validator, assignment: AssignmentProof::All, seal }, revealed, key)
}

/// An audit in which all validators but the last one have sealed.
fn nearly_sealed<T: Config>() -> Scene {
    let scene = committed::<T>();
    for validator in 0..last(&scene) {
        Pallet::<T>::do_seal(verdict::<T>(&scene, validator).0).expect("the seal fits");
    }
    scene
}

/// An audit in which all validators but the last one have revealed, of a validator set that is dropped with it.
fn nearly_revealed<T: Config>() -> Scene {
    let scene = nearly_sealed::<T>();
    Pallet::<T>::do_seal(verdict::<T>(&scene, last(&scene)).0).expect("the seal fits");
    for validator in 0..last(&scene) {
        Pallet::<T>::do_reveal(verdict::<T>(&scene, validator).1).expect("the reveal fits");
    }
    OldestSet::<T>::put(CurrentSet::<T>::get());
    CurrentSet::<T>::mutate(|set| *set = set.saturating_add(KEPT_SETS));
    scene
}

fn last(scene: &Scene) -> usize {
    scene.validators.len().saturating_sub(1)
}

#[benchmarks]
mod benchmarks {
    use super::*;

    // As many beacons are dropped as may be at once.
    #[benchmark]
    fn on_initialize() {
        let now = T::BeaconHistory::get().saturating_add(100);
        T::BenchmarkHelper::set_block(now);
        T::BenchmarkHelper::set_author(&account("author", 0, 0));
        for block in 1..=2 {
            Beacons::<T>::insert(block, H256::repeat_byte(1));
            BeaconTimes::<T>::insert(block, block);
        }
        OldestBeacon::<T>::put(1);
        #[block]
        {
            Pallet::<T>::roll_beacon(now);
        }
        assert_eq!(OldestBeacon::<T>::get(), Some(3));
    }

    #[benchmark]
    fn commit() {
        let scene = assigned::<T>();
        let commitment = commitment::<T>(scene.job);
        let signature = sign(&scene.key, &commit_payload(&Pallet::<T>::genesis(), scene.job, 0, &commitment));
        #[extrinsic_call]
        _(RawOrigin::Authorized, scene.job, 0, commitment, signature);
        let audit = OpenAudits::<T>::get(scene.job).expect("its audit is open");
        assert_eq!((audit.eligible.len() as u32, audit.provider), (MAX_VALIDATORS, scene.provider));
    }

    #[benchmark]
    fn authorize_commit() {
        let scene = assigned::<T>();
        let commitment = commitment::<T>(scene.job);
        let signature = sign(&scene.key, &commit_payload(&Pallet::<T>::genesis(), scene.job, 0, &commitment));
        let call = Call::<T>::commit { job: scene.job, attempt: 0, commitment, signature };
        #[block]
        {
            call.authorize(TransactionSource::External).expect("the call is authorized").expect("it is valid");
        }
    }

    // The last seal: the reveals begin.
    #[benchmark]
    fn seal() {
        let scene = nearly_sealed::<T>();
        let (sealed, _, key) = verdict::<T>(&scene, last(&scene));
        let signature = sign(&key, &seal_payload(&Pallet::<T>::genesis(), &sealed));
        #[extrinsic_call]
        _(RawOrigin::Authorized, sealed, signature);
        assert!(OpenAudits::<T>::get(scene.job).is_some_and(|audit| audit.seals.len() as u32 == MAX_VALIDATORS));
    }

    #[benchmark]
    fn authorize_seal() {
        let scene = nearly_sealed::<T>();
        let (sealed, _, key) = verdict::<T>(&scene, last(&scene));
        let signature = sign(&key, &seal_payload(&Pallet::<T>::genesis(), &sealed));
        let call = Call::<T>::seal { sealed, signature };
        #[block]
        {
            call.authorize(TransactionSource::External).expect("the call is authorized").expect("it is valid");
        }
    }

    // The last reveal: the audit ends.
    #[benchmark]
    fn reveal() {
        let scene = nearly_revealed::<T>();
        let (_, revealed, key) = verdict::<T>(&scene, last(&scene));
        let signature = sign(&key, &reveal_payload(&Pallet::<T>::genesis(), &revealed));
        #[extrinsic_call]
        _(RawOrigin::Authorized, revealed, signature);
        assert!(AuditRecords::<T>::get(scene.job).is_some_and(|audit| audit.agreeing == MAX_VALIDATORS));
    }

    #[benchmark]
    fn authorize_reveal() {
        let scene = nearly_revealed::<T>();
        let (_, revealed, key) = verdict::<T>(&scene, last(&scene));
        let signature = sign(&key, &reveal_payload(&Pallet::<T>::genesis(), &revealed));
        let call = Call::<T>::reveal { revealed, signature };
        #[block]
        {
            call.authorize(TransactionSource::External).expect("the call is authorized").expect("it is valid");
        }
    }

    #[benchmark]
    fn poll_base() {
        T::BenchmarkHelper::set_block(1_000);
        DeadlineCursor::<T>::put(1_001);
        #[block]
        {
            Pallet::<T>::drain_deadlines(&mut WeightMeter::new());
        }
    }

    #[benchmark]
    fn poll_height() {
        #[block]
        {
            assert!(Pallet::<T>::drain_time(1_000, 1_000, &mut WeightMeter::new()));
        }
    }

    // The time for reveals is over, and one validator has not revealed.
    #[benchmark]
    fn poll_audit() {
        let scene = nearly_revealed::<T>();
        let due = OpenAudits::<T>::get(scene.job).expect("the audit is open").phase.due();
        assert!(Deadlines::<T>::contains_key(due, scene.job));
        T::BenchmarkHelper::set_block(due);
        #[block]
        {
            assert!(Pallet::<T>::drain_time(due, due, &mut WeightMeter::new()));
        }
        assert!(AuditRecords::<T>::get(scene.job).is_some_and(|audit| audit.verdict.is_some()));
    }
}
