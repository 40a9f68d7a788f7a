//! The whole runtime on a chain with short sessions and a short day.

// Transactions of other kinds are the fuzz target's.
#[allow(dead_code)]
#[path = "fuzz/chain.rs"]
mod chain;

use chain::{sign, storage, Chain};
use serde_json::json;
use sp_keyring::Sr25519Keyring::Ferdie;
use strike_primitives::{
    job::{Generate, Input, JobOrder, JobOrderV1, Sampler, VerificationClass, WorkSpec},
    TOKEN,
};
use strike_runtime::{configs::market::MIN_DEADLINE, genesis_config_presets::built_in_model, Runtime};

/// Slots in a session.
const SLOTS: u32 = 10;
/// Blocks in a day.
const UNIT: u32 = 40;

fn short() -> sp_io::TestExternalities {
    storage(json!({ "finality": { "timing": { "slots": SLOTS, "era": 20, "unit": UNIT } } })).into()
}

fn next(chain: &mut Chain) {
    chain.close();
    chain.check();
    chain.open(1, chain.number() % 4);
}

#[test]
fn sessions_turn_after_as_many_slots_as_genesis_says() {
    short().execute_with(|| {
        let mut chain = Chain::begin();
        for session in 0..4 {
            assert_eq!(pallet_session::CurrentIndex::<Runtime>::get(), session, "in block {}", chain.number());
            (0..SLOTS).for_each(|_| next(&mut chain));
        }
    });
}

#[test]
fn a_closed_job_is_kept_for_a_day_of_this_chain() {
    short().execute_with(|| {
        let mut chain = Chain::begin();
        let work = WorkSpec::Generate(Generate {
            input: Input::Plain(b"Once".to_vec().try_into().expect("a short prompt")),
            sampler: Sampler::GREEDY,
            max_input_tokens: 40,
            max_output_tokens: 60,
            stop: Default::default(),
        });
        // The one provider asks for more, so nobody takes it.
        let max_price = TOKEN / 1_000_000;
        let (model, class) = (built_in_model(), VerificationClass::Exact);
        let order = JobOrder::V1(JobOrderV1 { work, model, class, max_price, deadline: MIN_DEADLINE });
        assert!(sign(Ferdie, pallet_market::Call::submit { order }.into()));
        assert!(sign(Ferdie, pallet_market::Call::cancel { job: 0 }.into()));
        assert!(pallet_market::Receipts::<Runtime>::contains_key(0));

        let closed_at = chain.number();
        while pallet_market::Receipts::<Runtime>::contains_key(0) {
            assert!(chain.number() <= closed_at + UNIT + 2, "it is forgotten after a day");
            next(&mut chain);
        }
        assert!(chain.number() > closed_at + UNIT, "it is kept for a day, not until {}", chain.number());
    });
}
