//! What has to stay as it is, and what the configuration promises.

mod apis;
mod departures;
mod equivocations;
mod hook_shares;
mod migrations;
mod timing;

use crate::{
    configs::{
        market::{MAX_DEADLINE, MIN_DEADLINE},
        session::GenesisValidators,
        timing::SessionSlots,
        transactions::extension,
    },
    constants::currency::{EXISTENTIAL_DEPOSIT, MILLISTRIKE},
    genesis_config_presets::{development, local_testnet, ENDOWMENT, MODEL_OWNER, PROVIDER},
    AccountId, Balances, Historical, PalletInfo, Runtime, RuntimeCall, RuntimeGenesisConfig, Session, SessionKeys,
    System, TransactionPayment, TxExtension, UncheckedExtrinsic, VERSION,
};
use codec::Encode;
use frame_support::{
    dispatch::GetDispatchInfo,
    traits::{
        fungible::Inspect as _, Get, GetStorageVersion, KeyOwnerProofSystem, PalletInfo as _, PalletInfoAccess,
        StorageVersion,
    },
};
use pallet_session::{historical::SessionManager as _, NextKeys, QueuedKeys};
use serde_json::Value;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Ferdie};
use sp_runtime::{
    generic::Era,
    traits::{OpaqueKeys, TransactionExtension},
    BuildStorage, MultiSignature,
};
use strike_primitives::job::{usual_deadline, USUAL_THROUGHPUT};

/// Merges a preset into the default genesis, as a chain spec does (RFC 7386).
fn merge(target: &mut Value, patch: Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(target.entry(key).or_insert(Value::Null), value);
            }
        }
        (target, patch) => *target = patch,
    }
}

fn chain(preset: Value) -> sp_io::TestExternalities {
    let mut genesis = serde_json::to_value(RuntimeGenesisConfig::default()).expect("the default genesis is JSON");
    merge(&mut genesis, preset);
    let genesis: RuntimeGenesisConfig = serde_json::from_value(genesis).expect("a preset fits the genesis");
    genesis.build_storage().expect("a preset builds").into()
}

fn accounts(keyring: &[Sr25519Keyring]) -> Vec<AccountId> {
    let mut accounts: Vec<_> = keyring.iter().map(|account| account.to_account_id()).collect();
    accounts.sort();
    accounts
}

#[test]
fn presets_name_their_validators_and_endow_the_development_accounts() {
    chain(development()).execute_with(|| assert_eq!(Session::validators(), accounts(&[Alice])));
    chain(local_testnet()).execute_with(|| {
        assert_eq!(Session::validators(), accounts(&[Alice, Bob, Charlie, Dave]));
        // A provider's bond and a model's deposit are on hold, and still its own.
        for account in [Alice, Bob, Charlie, Dave, PROVIDER, Ferdie, MODEL_OWNER] {
            assert_eq!(Balances::total_balance(&account.to_account_id()), ENDOWMENT);
        }
        // The account of payouts keeps itself alive.
        assert_eq!(Balances::total_issuance(), 7 * ENDOWMENT + EXISTENTIAL_DEPOSIT);
    });
}

#[test]
fn pallet_indices_are_for_ever() {
    fn index<P: 'static>() -> Option<usize> {
        PalletInfo::index::<P>()
    }
    assert_eq!(index::<System>(), Some(0));
    assert_eq!(index::<crate::Timestamp>(), Some(1));
    assert_eq!(index::<crate::Babe>(), Some(2));
    assert_eq!(index::<crate::Authorship>(), Some(3));
    assert_eq!(index::<Balances>(), Some(4));
    assert_eq!(index::<TransactionPayment>(), Some(5));
    assert_eq!(index::<Session>(), Some(6));
    assert_eq!(index::<Historical>(), Some(7));
    assert_eq!(index::<crate::Offences>(), Some(8));
    assert_eq!(index::<crate::Grandpa>(), Some(9));
    assert_eq!(index::<crate::AuthorityDiscovery>(), Some(10));
    assert_eq!(index::<crate::Sudo>(), Some(15));
    assert_eq!(index::<crate::Provenance>(), Some(40));
    assert_eq!(index::<crate::Providers>(), Some(41));
    assert_eq!(index::<crate::Market>(), Some(42));
    assert_eq!(index::<crate::Verification>(), Some(43));
    assert_eq!(index::<crate::Finality>(), Some(48));
    assert_eq!(index::<crate::Payouts>(), Some(51));
    assert_eq!(crate::Sudo::name(), "Sudo");
}

#[test]
fn a_new_chain_has_the_storage_that_the_code_expects() {
    fn versions<P: GetStorageVersion<InCodeStorageVersion = StorageVersion>>() -> [StorageVersion; 2] {
        [P::on_chain_storage_version(), P::in_code_storage_version()]
    }
    chain(local_testnet()).execute_with(|| {
        assert_eq!(versions::<crate::Provenance>(), [StorageVersion::new(1); 2]);
        assert_eq!(versions::<crate::Providers>(), [StorageVersion::new(1); 2]);
        assert_eq!(versions::<crate::Market>(), [StorageVersion::new(1); 2]);
        assert_eq!(versions::<crate::Verification>(), [StorageVersion::new(1); 2]);
        assert_eq!(versions::<crate::Finality>(), [StorageVersion::new(1); 2]);
        assert_eq!(versions::<crate::Payouts>(), [StorageVersion::new(1); 2]);
    });
}

#[test]
fn session_keys_and_extensions_keep_their_order() {
    let types: Vec<_> = SessionKeys::key_ids().iter().map(|id| id.0).collect();
    assert_eq!(types, [*b"babe", *b"gran", *b"audi", *b"strk"]);

    let names: Vec<_> =
        <TxExtension as TransactionExtension<RuntimeCall>>::metadata().iter().map(|entry| entry.identifier).collect();
    assert_eq!(
        names,
        [
            "AuthorizeCall",
            "CheckNonZeroSender",
            "CheckSpecVersion",
            "CheckTxVersion",
            "CheckGenesis",
            "CheckMortality",
            "CheckNonce",
            "CheckWeight",
            "ChargeTransactionPayment",
            "CheckMetadataHash",
            "WeightReclaim",
        ]
    );
}

#[test]
fn orders_without_a_deadline_fit_asks_without_a_throughput() {
    for units in [0, 1, 1_000, 10_000, 35_000, 36_000, u64::MAX] {
        let deadline = usual_deadline(units);
        assert!((MIN_DEADLINE..=MAX_DEADLINE).contains(&deadline), "{units} units: {deadline}");
        // Nobody can give more time than there is.
        let needed = u64::from(MIN_DEADLINE) + units / u64::from(USUAL_THROUGHPUT);
        assert!(u64::from(deadline) >= needed.min(MAX_DEADLINE.into()), "{units} units: {deadline}");
    }
}

#[test]
fn a_slot_is_three_seconds_and_an_epoch_ten_minutes() {
    assert_eq!(crate::Babe::slot_duration(), 3_000);
    chain(development()).execute_with(|| assert_eq!(SessionSlots::get(), 200));
    assert_eq!(VERSION.spec_name, "strike");
}

#[test]
fn a_transfer_costs_about_a_thousandth_of_a_token() {
    chain(development()).execute_with(|| {
        let call = RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
            dest: Bob.to_account_id().into(),
            value: MILLISTRIKE,
        });
        let signature = MultiSignature::Sr25519(Alice.sign(b"of the right size"));
        let transaction =
            UncheckedExtrinsic::new_signed(call, Alice.to_account_id().into(), signature, extension(Era::Immortal, 0));
        let length = transaction.encoded_size() as u32;
        assert!(transaction.get_dispatch_info().call_weight.ref_time() > 0);

        let fee = TransactionPayment::query_info(transaction, length).partial_fee;
        assert!((MILLISTRIKE / 2..MILLISTRIKE * 2).contains(&fee), "a transfer costs {fee}");
    });
}

#[test]
fn a_key_is_proven_from_genesis_on() {
    chain(local_testnet()).execute_with(|| {
        let key = (sp_consensus_babe::KEY_TYPE, sp_consensus_babe::AuthorityId::from(Bob.public()));
        let proof = Historical::prove(key.clone()).expect("Bob is a validator");
        let (owner, ()) = Historical::check_proof(key, proof).expect("the root of session 0 is kept");
        assert_eq!(owner, Bob.to_account_id());
    });
}

#[test]
fn the_validator_set_is_new_only_when_keys_have_changed() {
    chain(local_testnet()).execute_with(|| {
        assert_eq!(GenesisValidators::new_session(2), None);

        let bob = Bob.to_account_id();
        let mut keys = NextKeys::<Runtime>::get(&bob).expect("set at genesis");
        keys.babe = Ferdie.public().into();
        NextKeys::<Runtime>::insert(&bob, keys);
        assert_eq!(QueuedKeys::<Runtime>::get().len(), 4);

        let validators = GenesisValidators::new_session(2).expect("Bob's keys have changed");
        assert_eq!(
            validators.into_iter().map(|(account, ())| account).collect::<Vec<_>>(),
            accounts(&[Alice, Bob, Charlie, Dave])
        );
    });
}
