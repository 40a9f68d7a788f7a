//! Ten times the orders that blocks can take: no block is heavier than it may be, and upkeep does not fall behind.

// Transactions of other kinds are the fuzz target's.
#[allow(dead_code)]
#[path = "fuzz/chain.rs"]
mod chain;

use chain::{genesis, sign, Chain};
use codec::Encode;
use frame_support::storage::with_transaction;
use sp_keyring::Sr25519Keyring::{Eve, Ferdie};
use sp_runtime::{
    generic::Era,
    transaction_validity::{InvalidTransaction, TransactionValidityError},
    DispatchError, MultiSignature, TransactionOutcome,
};
use strike_primitives::{
    artifact::{ArtifactId, ArtifactKind},
    job::{Generate, Input, JobOrder, JobOrderV1, Sampler, VerificationClass, WorkSpec},
    receipt::CloseReason,
    BlockNumber, H256, TOKEN,
};
use strike_runtime::{
    configs::{
        market::{LOAD_LIMIT, MIN_DEADLINE},
        system::{RuntimeBlockWeights, NORMAL_DISPATCH_RATIO},
        transactions::extension,
    },
    genesis_config_presets::MODEL_OWNER,
    Executive, Runtime, RuntimeCall, SignedPayload, System, UncheckedExtrinsic,
};

/// Blocks under load: twice as many as a provider has for a job.
const BLOCKS: BlockNumber = 2 * MIN_DEADLINE;
/// What is offered, of what fits.
const TIMES: usize = 10;
/// Blocks by which deadlines may be behind.
const BEHIND: BlockNumber = 3;
/// Services that Eve offers, so that she can be late with any number of jobs.
const SERVICES: u64 = 16;

fn model(index: u64) -> ArtifactId {
    ArtifactId { kind: ArtifactKind::Bundle, root: H256::from(sp_io::hashing::blake2_256(&index.to_le_bytes())) }
}

/// Eve takes jobs of many models, as many as may be at once.
fn offer() {
    for index in 0..SERVICES {
        let name = b"a model".to_vec().try_into().expect("a short name");
        let call =
            pallet_provenance::Call::register_model { model: model(index), name, size: 1, royalty: Default::default() };
        assert!(sign(MODEL_OWNER, call.into()));
    }
    let models: Vec<_> = (0..SERVICES).map(model).collect();
    assert!(sign(Eve, pallet_providers::Call::set_models { models: models.clone().try_into().expect("few") }.into()));
    for model in models {
        let class = VerificationClass::Exact;
        let (price, capacity, max_units, throughput) = (TOKEN / 1_000, 1_024, 2, 10);
        let ask = pallet_market::Call::place_ask { model, class, price, capacity, max_units, throughput };
        assert!(sign(Eve, ask.into()));
    }
}

fn order(index: u64) -> RuntimeCall {
    let work = WorkSpec::Generate(Generate {
        input: Input::Plain(b"Once".to_vec().try_into().expect("a short prompt")),
        sampler: Sampler::GREEDY,
        max_input_tokens: 1,
        max_output_tokens: 1,
        stop: Default::default(),
    });
    let class = VerificationClass::Exact;
    let order =
        JobOrderV1 { work, model: model(index % SERVICES), class, max_price: TOKEN / 1_000, deadline: MIN_DEADLINE };
    pallet_market::Call::submit { order: JobOrder::V1(order) }.into()
}

/// What became of a transaction that an author had for its block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Put {
    Taken,
    /// In the block, and refused: too many jobs are open.
    Busy,
    NoRoom,
}

/// Put a transaction into the block, as an author does.
fn put(nonce: u32, call: RuntimeCall) -> Put {
    let payload = SignedPayload::new(call, extension(Era::Immortal, nonce)).expect("nothing forbids to sign it");
    let signature = payload.using_encoded(|bytes| MultiSignature::Sr25519(Ferdie.sign(bytes)));
    let (call, extension, _) = payload.deconstruct();
    let transaction = UncheckedExtrinsic::new_signed(call, Ferdie.to_account_id().into(), signature, extension);
    // As authors do: what does not go into the block leaves nothing behind.
    let applied = with_transaction(|| match Executive::apply_extrinsic(transaction) {
        Ok(outcome) => TransactionOutcome::Commit(Ok::<_, DispatchError>(Ok(outcome))),
        Err(error) => TransactionOutcome::Rollback(Ok(Err(error))),
    });
    match applied.expect("transactions nest") {
        Ok(Ok(())) => Put::Taken,
        Ok(Err(error)) if error == DispatchError::from(pallet_market::Error::<Runtime>::ChainBusy) => Put::Busy,
        Err(TransactionValidityError::Invalid(InvalidTransaction::ExhaustsResources)) => Put::NoRoom,
        other => panic!("an order is taken or has to wait: {other:?}"),
    }
}

fn open_jobs() -> usize {
    pallet_market::Jobs::<Runtime>::iter_values()
        .filter(|job| !matches!(job.state, pallet_market::JobState::Closed(_)))
        .count()
}

#[test]
fn upkeep_keeps_up_with_orders_that_all_fail() {
    genesis().execute_with(|| {
        let mut chain = Chain::begin();
        offer();
        let (mut sent, mut taken, mut room) = (0u64, 0u64, 0usize);
        for block in 0..BLOCKS {
            chain.close();
            chain.open(1, block % 4);
            let before = taken;
            loop {
                match put(sent as u32, order(sent)) {
                    Put::Taken => taken += 1,
                    Put::Busy => {}
                    Put::NoRoom => break,
                }
                sent += 1;
            }
            room = room.max((taken - before) as usize);
        }
        let load = pallet_market::Load::<Runtime>::get();
        assert!(load <= LOAD_LIMIT && load > LOAD_LIMIT / 2, "as many jobs are open as may be: {load}");
        // The author goes on to offer the last block what does not fit.
        for _ in 0..room * (TIMES - 1) {
            assert_eq!(put(sent as u32, order(sent)), Put::NoRoom, "a full block has no room");
        }
        let normal = NORMAL_DISPATCH_RATIO * RuntimeBlockWeights::get().max_block;
        assert!(System::block_weight().total().ref_time() > normal.ref_time() / 2, "the load is one");
        chain.close();
        chain.check();

        // The provider is late with all that is older than its time for them.
        let cursor = pallet_market::DeadlineCursor::<Runtime>::get();
        assert!(cursor + BEHIND >= chain.number(), "deadlines of {cursor} are passed at {}", chain.number());
        eprintln!("{taken} orders of {sent} in {BLOCKS} blocks, at most {room} in one, {} open", open_jobs());

        for block in 0..=MIN_DEADLINE + BEHIND {
            chain.open(1, block % 4);
            chain.close();
        }
        chain.check();
        assert_eq!(open_jobs(), 0, "everything that was ordered has ended");
        let late =
            pallet_market::Receipts::<Runtime>::iter_values().filter(|it| it.reason == CloseReason::ProviderLate);
        assert_eq!(late.count() as u64, taken);
    });
}
