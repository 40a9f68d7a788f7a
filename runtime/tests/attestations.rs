//! Attestations go into blocks for free. The orders that cause them pay for them, and transactions with fees keep their
//! part of a block whatever attestations there are.

// Transactions of other kinds are the fuzz target's.
#[allow(dead_code)]
#[path = "fuzz/chain.rs"]
mod chain;

use chain::{genesis, pair_of, sign, Chain};
use codec::Encode;
use frame_support::{dispatch::DispatchClass, storage::with_transaction, traits::Get};
use frame_system::offchain::CreateAuthorizedTransaction;
use sp_core::{Pair, H256};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve, Ferdie};
use sp_runtime::{
    generic::Era,
    transaction_validity::{InvalidTransaction, TransactionSource, TransactionValidityError},
    DispatchError, MultiSignature, Perbill, TransactionOutcome,
};
use strike_primitives::{
    api::runtime_decl_for_market_api::MarketApiV1,
    artifact::output_root,
    commitment::{commit_payload, job_root, Commitment, CommitmentV1, StopReason},
    job::{fee, Generate, Input, JobOrder, JobOrderV1, Sampler, VerificationClass, WorkSpec},
    receipt::{CloseReason, PaymentRole},
    verdict::{reveal_payload, seal_payload, AssignmentProof, RevealedVerdict, SealedVerdict, Verdict},
    Balance, JobId, TOKEN,
};
use strike_runtime::{
    configs::{market::MIN_CHECK_PRICE, system::RuntimeBlockWeights, transactions::extension},
    constants::fee::PER_PICOSECOND,
    genesis_config_presets::built_in_model,
    Balances, Executive, Runtime, RuntimeCall, SignedPayload, System, UncheckedExtrinsic, Verification,
};

type Attestation = pallet_verification::Call<Runtime>;

const VALIDATORS: [Sr25519Keyring; 4] = [Alice, Bob, Charlie, Dave];
/// Units of the cheap jobs.
const UNITS: u32 = 2;

/// Eve asks the least price there may be, for as many jobs at once as may be.
fn offer() -> Balance {
    let price = <Runtime as pallet_market::Config>::MinAskPrice::get();
    let (model, class) = (built_in_model(), VerificationClass::Exact);
    let ask = pallet_market::Call::place_ask { model, class, price, capacity: 1_024, max_units: 10, throughput: 10 };
    assert!(sign(Eve, ask.into()));
    price
}

fn order_of(prompt: &[u8], max_input_tokens: u32, max_output_tokens: u32, max_price: Balance) -> JobOrder {
    let work = WorkSpec::Generate(Generate {
        input: Input::Plain(prompt.to_vec().try_into().expect("a short prompt")),
        sampler: Sampler::GREEDY,
        max_input_tokens,
        max_output_tokens,
        stop: Default::default(),
    });
    let (model, class) = (built_in_model(), VerificationClass::Exact);
    JobOrder::V1(JobOrderV1 { work, model, class, max_price, deadline: 60 })
}

/// The cheapest order that anybody takes.
fn order(price: Balance) -> RuntimeCall {
    let least = <Runtime as pallet_market::Config>::MinPrice::get();
    let max_price = fee(u64::from(UNITS), price).expect("no great sum").max(least);
    pallet_market::Call::submit { order: order_of(b"a", 1, UNITS - 1, max_price) }.into()
}

fn transfer() -> RuntimeCall {
    let call = pallet_balances::Call::transfer_keep_alive { dest: Charlie.to_account_id().into(), value: TOKEN };
    call.into()
}

fn signed(who: Sr25519Keyring, nonce: u32, call: RuntimeCall) -> UncheckedExtrinsic {
    let payload = SignedPayload::new(call, extension(Era::Immortal, nonce)).expect("nothing forbids to sign it");
    let signature = payload.using_encoded(|bytes| MultiSignature::Sr25519(who.sign(bytes)));
    let (call, extension, _) = payload.deconstruct();
    UncheckedExtrinsic::new_signed(call, who.to_account_id().into(), signature, extension)
}

fn authorized(call: Attestation) -> UncheckedExtrinsic {
    let extension = <Runtime as CreateAuthorizedTransaction<Attestation>>::create_extension();
    UncheckedExtrinsic::new_transaction(call.into(), extension)
}

fn commitment(job: JobId) -> Attestation {
    let binding = Verification::binding(job).expect("its seed is known");
    let (out_root, trace_root, stop) = (output_root(&[1]), Some(H256::repeat_byte(1)), StopReason::EndOfText);
    let job_root = job_root(&binding, &out_root, &trace_root, 1, 1, stop);
    let commitment = Commitment::V1(CommitmentV1 { job_root, out_root, trace_root, n_in: 1, n_out: 1, stop });
    let signature = pair_of(Eve).sign(&commit_payload(&binding.genesis, job, binding.attempt, &commitment));
    Attestation::commit { job, attempt: binding.attempt, commitment, signature }
}

fn verdict(job: JobId, by: Sr25519Keyring) -> RevealedVerdict {
    let audit = pallet_verification::OpenAudits::<Runtime>::get(job).expect("its audit is open").reference(job);
    RevealedVerdict {
        audit,
        validator: by.to_account_id(),
        verdict: Verdict::Valid { units: UNITS.into() },
        work_tag: Some(H256::repeat_byte(7)),
        salt: H256::zero(),
    }
}

fn seal(job: JobId, by: Sr25519Keyring) -> Attestation {
    let revealed = verdict(job, by);
    let genesis = Verification::genesis();
    let sealed = SealedVerdict {
        audit: revealed.audit.clone(),
        validator: revealed.validator.clone(),
        assignment: AssignmentProof::All,
        seal: revealed.seal(&genesis),
    };
    let signature = pair_of(by).sign(&seal_payload(&genesis, &sealed));
    Attestation::seal { sealed, signature }
}

fn reveal(job: JobId, by: Sr25519Keyring) -> Attestation {
    let revealed = verdict(job, by);
    let signature = pair_of(by).sign(&reveal_payload(&Verification::genesis(), &revealed));
    Attestation::reveal { revealed, signature }
}

/// Put a transaction into the block, as an author does; whether the block had room for it.
fn put(transaction: UncheckedExtrinsic) -> bool {
    // As authors do: what does not go into the block leaves nothing behind.
    let applied = with_transaction(|| match Executive::apply_extrinsic(transaction) {
        Ok(outcome) => TransactionOutcome::Commit(Ok::<_, DispatchError>(Ok(outcome))),
        Err(error) => TransactionOutcome::Rollback(Ok(Err(error))),
    });
    match applied.expect("transactions nest") {
        Ok(Ok(())) => true,
        Err(TransactionValidityError::Invalid(InvalidTransaction::ExhaustsResources)) => false,
        other => panic!("a transaction is taken or has to wait: {other:?}"),
    }
}

/// Where the pool has a transaction among others.
fn priority(transaction: UncheckedExtrinsic) -> u64 {
    let valid = with_transaction(|| {
        let parent = System::parent_hash();
        let validity = Executive::validate_transaction(TransactionSource::External, transaction, parent);
        TransactionOutcome::Rollback(Ok::<_, DispatchError>(validity))
    });
    valid.expect("transactions nest").expect("the pool takes it").priority
}

/// What the transactions of the block weigh, in picoseconds.
fn weight() -> u64 {
    System::block_weight().get(DispatchClass::Normal).ref_time()
}

fn next(chain: &mut Chain) {
    chain.close();
    chain.open(1, chain.number() % 4);
}

/// Put attestations into blocks until all are in; what they weigh.
fn attest(chain: &mut Chain, mut left: Vec<Attestation>) -> u64 {
    let mut all = 0;
    while !left.is_empty() {
        next(chain);
        let before = weight();
        left.retain(|call| !put(authorized(call.clone())));
        all += weight() - before;
    }
    all
}

/// Order so many jobs at once, and let Eve commit to them all. Returns the jobs, and what the commitments weigh.
fn committed(chain: &mut Chain, count: u32, price: Balance) -> (Vec<JobId>, u64) {
    next(chain);
    let first = pallet_market::NextJobId::<Runtime>::get();
    for nonce in 0..count {
        assert!(put(signed(Ferdie, nonce, order(price))), "a block has room for so many orders");
    }
    let jobs: Vec<JobId> = (first..first + u64::from(count)).collect();
    next(chain);
    next(chain);
    let weight = attest(chain, jobs.iter().map(|job| commitment(*job)).collect());
    // The beacon of the audits is known then.
    next(chain);
    (jobs, weight)
}

#[test]
fn orders_at_the_least_price_burn_no_less_than_their_attestations_weigh() {
    genesis().execute_with(|| {
        let mut chain = Chain::begin();
        let price = offer();
        let issuance = Balances::total_issuance();
        let (jobs, commitments) = committed(&mut chain, 12, price);
        let burned: Balance = pallet_market::Jobs::<Runtime>::iter_values().map(|job| job.upkeep.burned).sum();
        assert!(Balances::total_issuance() + burned <= issuance, "what is paid is gone");

        let by_all = |attestation: fn(JobId, Sr25519Keyring) -> Attestation| -> Vec<Attestation> {
            jobs.iter().flat_map(|job| VALIDATORS.map(|by| attestation(*job, by))).collect()
        };
        let seals = attest(&mut chain, by_all(seal));
        let reveals = attest(&mut chain, by_all(reveal));
        let weighed = commitments + seals + reveals;
        let cost = Balance::from(weighed) * PER_PICOSECOND;
        assert!(burned >= cost, "{burned} are burned for what costs {cost}");
        assert!(burned <= cost + cost / 10, "{burned} are burned for what costs {cost}, on an idle chain");

        // The market settles in the block behind the one that opens now.
        next(&mut chain);
        next(&mut chain);
        let settled: Vec<_> = pallet_market::Receipts::<Runtime>::iter_values().collect();
        assert!(settled.iter().all(|receipt| receipt.reason == CloseReason::Settled));
        assert_eq!(settled.len(), jobs.len());
        assert_eq!(settled.iter().map(|receipt| receipt.upkeep).sum::<Balance>(), burned);
        assert_eq!(pallet_market::Load::<Runtime>::get(), 0);
        // Each validator earns no less of each job than a check costs at least.
        let paid = settled.iter().flat_map(|receipt| receipt.payments.iter());
        let earned: Vec<_> = paid.filter(|it| it.role == PaymentRole::Validator).map(|it| it.amount).collect();
        assert_eq!(earned.len(), 4 * jobs.len());
        let least = MIN_CHECK_PRICE * Balance::from(UNITS) / 1_000;
        assert!(earned.iter().all(|amount| *amount >= least), "{earned:?}");
        chain.close();
        chain.check();
    });
}

#[test]
fn transfers_keep_their_part_of_a_block_among_attestations_and_orders() {
    const JOBS: u32 = 230;
    genesis().execute_with(|| {
        let mut chain = Chain::begin();
        let price = offer();
        let (jobs, _) = committed(&mut chain, JOBS, price);
        let seals: Vec<_> = jobs.iter().flat_map(|job| VALIDATORS.map(|by| authorized(seal(*job, by)))).collect();
        next(&mut chain);

        // Who goes first.
        let (first, second, third) = (
            priority(seals[0].clone()),
            priority(signed(Bob, 0, transfer())),
            priority(signed(Ferdie, JOBS, order(price))),
        );
        assert!(first > second && second > third, "{first}, {second}, {third}");

        let limit = RuntimeBlockWeights::get().max_block.ref_time();
        let taken = seals.iter().filter(|seal| put((*seal).clone())).count();
        let attested = weight();
        assert!(taken < seals.len(), "more is offered than goes into the block");
        assert!(attested <= Perbill::from_percent(30) * limit && attested > Perbill::from_percent(25) * limit);

        let mut nonce = 0;
        while put(signed(Bob, nonce, transfer())) {
            nonce += 1;
        }
        let transfers = weight() - attested;
        let least = Perbill::from_percent(45) * limit;
        assert!(transfers >= least, "{nonce} transfers weigh {transfers} of {limit}");

        // Ten times the orders that a block takes.
        for _ in 0..10 * JOBS {
            assert!(!put(signed(Ferdie, JOBS, order(price))), "a full block has no room");
        }
        next(&mut chain);
        // What had no room goes on.
        assert!(put(seals.last().expect("there are seals").clone()));
        chain.close();
        chain.check();
    });
}

#[test]
fn a_job_of_a_hundred_tokens_costs_and_holds_at_most_six_hundredths_of_a_token() {
    genesis().execute_with(|| {
        let chain = Chain::begin();
        // As the command orders it: a token for each byte of the prompt, and 16 more.
        let prompt = b"Tell me about the harbour.";
        let of = |max_price| order_of(prompt, prompt.len() as u32 + 16, 100, max_price);
        let quote = Runtime::quote(of(TOKEN)).expect("the first provider takes it");
        let costs = quote.costs.clone();
        assert_eq!(Runtime::costs(of(quote.max_fee)).as_ref(), Some(&costs));
        let (burned, held) = (costs.transaction_fee + costs.attestation_fee, costs.reserve + costs.deposit);
        let all = burned + held + quote.max_fee;
        let said = format!("{all} of {TOKEN}: {quote:?}");
        assert!(all <= TOKEN * 6 / 100, "{said}");

        let free = || Balances::free_balance(Ferdie.to_account_id());
        let (before, issuance) = (free(), Balances::total_issuance());
        assert!(sign(Ferdie, pallet_market::Call::submit { order: of(quote.max_fee) }.into()));
        let taken = before - free();
        // To the unit, but for a byte or two of the transaction.
        assert!(taken.abs_diff(all) <= TOKEN / 100_000, "{taken} is taken; {said}");
        assert!((issuance - Balances::total_issuance()).abs_diff(burned) <= TOKEN / 100_000);
        let job = pallet_market::Jobs::<Runtime>::get(0).expect("it is ordered");
        assert_eq!((job.upkeep.burned, job.upkeep.reserve), (costs.attestation_fee, costs.reserve));
        assert_eq!((job.escrow, job.deposit), (quote.max_fee, costs.deposit));
        chain.check();
    });
}
