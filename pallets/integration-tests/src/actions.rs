//! What people do: orders, commitments, seals and reveals.

use crate::{runtime::*, world::*};
use codec::Encode;
use frame_support::{
    assert_ok,
    traits::{
        fungible::{Inspect, InspectHold},
        Authorize,
    },
};
use frame_system::RawOrigin;
use pallet_market::JobState;
use pallet_verification::types::Phase;
use sp_core::Pair;
use sp_runtime::{
    traits::Dispatchable,
    transaction_validity::{TransactionSource, TransactionValidityError},
    DispatchError,
};
use std::collections::BTreeMap;
use strike_primitives::{
    app::AppPair,
    artifact::output_root,
    commitment::{commit_payload, job_root, Commitment, CommitmentV1, StopReason},
    job::{Generate, Input, JobOrder, JobOrderV1, Sampler, WorkSpec},
    receipt::Receipt,
    verdict::{
        reveal_payload, seal_payload, AssignmentProof, AuditRef, InvalidReason, RevealedVerdict, SealedVerdict, Verdict,
    },
    AccountId, Balance, JobId, Units, H256,
};

/// What running a job really gives.
pub const TRUE_OUTPUT: &[u32] = &[1, 2, 3, 4, 5, 6];
/// Something else.
pub const FALSE_OUTPUT: &[u32] = &[9, 9, 9, 9, 9, 9];
/// Tokens read of an order's prompt.
const INPUT_TOKENS: u32 = 5;
/// What the validators count for a true output.
pub const UNITS: Units = 11;
/// What an order offers at most.
pub const MAX_PRICE: Balance = 200_000_000;
/// Blocks a provider has for an order.
pub const DEADLINE: u32 = 5;

pub const VALID: Verdict = Verdict::Valid { units: UNITS };
pub const INVALID: Verdict = Verdict::Invalid { reason: InvalidReason::OutputMismatch };

/// Why an attestation did not get in.
#[derive(Debug, PartialEq)]
pub enum NotIncluded {
    /// The pool refused it.
    Refused(TransactionValidityError),
    /// It failed in the block.
    Failed(DispatchError),
}

/// An order of up to 100 units, 40 in and 60 out.
pub fn order() -> JobOrderV1 {
    JobOrderV1 {
        work: WorkSpec::Generate(Generate {
            input: Input::Plain(b"Tell me about the harbour.".to_vec().try_into().unwrap()),
            sampler: Sampler::GREEDY,
            max_input_tokens: 40,
            max_output_tokens: 60,
            stop: Default::default(),
        }),
        model: MODEL,
        class: CLASS,
        max_price: MAX_PRICE,
        deadline: DEADLINE,
    }
}

/// Order as Rita.
pub fn submit() -> JobId {
    submit_as(&rita(), order())
}

pub fn submit_as(who: &Actor, order: JobOrderV1) -> JobId {
    let id = pallet_market::NextJobId::<Test>::get();
    assert_ok!(Market::submit(who.signed(), JobOrder::V1(order)));
    id
}

/// Register with the app key of the actor, both models and these links.
pub fn register(who: &Actor, bond: Balance, linked: &[AccountId]) {
    assert_ok!(Providers::register(
        who.signed(),
        bond,
        who.key(),
        proof(&who.pair, &who.account),
        vec![MODEL, FREE_MODEL].try_into().unwrap(),
        linked.to_vec().try_into().unwrap(),
    ));
}

pub fn state(job: JobId) -> JobState {
    pallet_market::Jobs::<Test>::get(job).unwrap().state
}

/// Who works on the job.
pub fn assigned_to(job: JobId) -> Option<AccountId> {
    pallet_market::Jobs::<Test>::get(job)?.assignment().map(|assignment| assignment.provider.clone())
}

pub fn receipt(job: JobId) -> Receipt {
    pallet_market::Receipts::<Test>::get(job).unwrap()
}

pub fn bond(who: &Actor) -> pallet_providers::ProviderOf<Test> {
    pallet_providers::Providers::<Test>::get(&who.account).unwrap()
}

pub fn held(who: &Actor, reason: impl Into<RuntimeHoldReason>) -> Balance {
    Balances::balance_on_hold(&reason.into(), &who.account)
}

/// What somebody has, free and held together.
pub fn total(who: &Actor) -> Balance {
    Balances::total_balance(&who.account)
}

/// How much more or less people have than `before`; those with no change are left out.
pub fn moved_since(before: &BTreeMap<AccountId, Balance>) -> BTreeMap<AccountId, i128> {
    let after = totals();
    before
        .keys()
        .chain(after.keys())
        .map(|account| {
            let of = |totals: &BTreeMap<AccountId, Balance>| totals.get(account).copied().unwrap_or(0) as i128;
            (account.clone(), of(&after) - of(before))
        })
        .filter(|(_, change)| *change != 0)
        .collect()
}

/// Put an authorized call into the block: as the pool would check it, and then as the block would run it.
pub fn include(call: impl Into<RuntimeCall>) -> Result<(), NotIncluded> {
    let call = call.into();
    call.authorize(TransactionSource::External).unwrap().map_err(NotIncluded::Refused)?;
    call.dispatch(RawOrigin::Authorized.into()).map(|_| ()).map_err(|failed| NotIncluded::Failed(failed.error))
}

/// A commitment to this output, bound to the job's running attempt. None before its seed is known.
pub fn commitment(job: JobId, output: &[u32]) -> Option<Commitment> {
    let binding = Verification::binding(job)?;
    let (out_root, n_out, stop) = (output_root(output), output.len() as u32, StopReason::EndOfText);
    Some(Commitment::V1(CommitmentV1 {
        job_root: job_root(&binding, &out_root, &None, INPUT_TOKENS, n_out, stop),
        out_root,
        trace_root: None,
        n_in: INPUT_TOKENS,
        n_out,
        stop,
    }))
}

/// Sign a commitment and put it into the block.
pub fn include_commitment(job: JobId, commitment: Commitment, signer: &AppPair) -> Result<(), NotIncluded> {
    let attempt = pallet_market::Jobs::<Test>::get(job).map_or(0, |job| job.attempt);
    let payload = commit_payload(&Verification::genesis(), job, attempt, &commitment);
    include(pallet_verification::Call::commit { job, attempt, commitment, signature: signer.sign(&payload) })
}

/// The assigned provider commits to an output as soon as it can.
pub fn commit(job: JobId, output: &[u32]) {
    while commitment(job, output).is_none() {
        next_block();
    }
    let provider = assigned_to(job).unwrap();
    let worker = everybody().into_iter().find(|actor| actor.account == provider).unwrap();
    include_commitment(job, commitment(job, output).unwrap(), &worker.pair).unwrap();
}

pub fn audit_of(job: JobId) -> Option<AuditRef> {
    pallet_verification::OpenAudits::<Test>::get(job).map(|audit| audit.reference(job))
}

/// What an honest check of the open audit finds.
pub fn honest_verdict(job: JobId) -> Verdict {
    let commitment = Verification::commitment(job).unwrap();
    if commitment.v1().out_root == output_root(TRUE_OUTPUT) {
        VALID
    } else {
        INVALID
    }
}

/// A validator's verdict on an audit, salted.
pub fn revealed(audit: &AuditRef, by: &Actor, verdict: Verdict) -> RevealedVerdict {
    let salt = H256(sp_io::hashing::blake2_256(&(audit, &by.account).encode()));
    RevealedVerdict { audit: audit.clone(), validator: by.account.clone(), verdict, work_tag: None, salt }
}

pub fn seal(job: JobId, by: &Actor, verdict: Verdict) -> Result<(), NotIncluded> {
    let genesis = Verification::genesis();
    let audit = audit_of(job).expect("an audit is open");
    let seal = revealed(&audit, by, verdict).seal(&genesis);
    let sealed = SealedVerdict { audit, validator: by.account.clone(), assignment: AssignmentProof::All, seal };
    let signature = by.pair.sign(&seal_payload(&genesis, &sealed));
    include(pallet_verification::Call::seal { sealed, signature })
}

pub fn reveal(job: JobId, by: &Actor, verdict: Verdict) -> Result<(), NotIncluded> {
    let revealed = revealed(&audit_of(job).expect("an audit is open"), by, verdict);
    let signature = by.pair.sign(&reveal_payload(&Verification::genesis(), &revealed));
    include(pallet_verification::Call::reveal { revealed, signature })
}

/// Go on until seals on the job are taken.
pub fn await_sealing(job: JobId) {
    let audit = audit_of(job).expect("an audit is open");
    run_to(audit.beacon_block + 1);
}

/// Go on until the job's audit takes reveals, or is over.
pub fn await_revealing(job: JobId) {
    let sealing = |job| {
        let audit = pallet_verification::OpenAudits::<Test>::get(job);
        audit.is_some_and(|audit| matches!(audit.phase, Phase::Sealing { .. }))
    };
    while sealing(job) {
        next_block();
    }
}

/// These validators judge, the others are dead. Ends when the audit is over.
pub fn judge(job: JobId, verdicts: &[(Actor, Verdict)]) {
    let attempt = audit_of(job).expect("an audit is open").attempt;
    let open = || audit_of(job).is_some_and(|audit| audit.attempt == attempt);
    await_sealing(job);
    for (by, verdict) in verdicts {
        seal(job, by, *verdict).unwrap();
    }
    await_revealing(job);
    if open() {
        for (by, verdict) in verdicts {
            reveal(job, by, *verdict).unwrap();
        }
    }
    while open() {
        next_block();
    }
}

/// All of `validators` judge honestly.
pub fn judge_honestly(job: JobId, validators: &[Actor]) {
    let verdict = honest_verdict(job);
    let verdicts: Vec<_> = validators.iter().map(|by| (by.clone(), verdict)).collect();
    judge(job, &verdicts);
}

/// The provider delivers this, and all four validators judge honestly. Ends when the verdict is settled.
pub fn deliver(job: JobId, output: &[u32]) {
    commit(job, output);
    judge_honestly(job, &validators());
    next_block();
}
