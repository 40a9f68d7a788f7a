//! The built-in chains: `development`, one validator, and `local_testnet`, four.
//!
//! Both endow the well-known development accounts, whose keys everybody knows. They are for machines of one's own.

use crate::{
    configs::babe::GENESIS_EPOCH_CONFIG,
    constants::currency::{MILLISTRIKE, STRIKE},
    AccountId, BabeConfig, Balance, BalancesConfig, FinalityConfig, MarketConfig, ProvenanceConfig, ProvidersConfig,
    RuntimeGenesisConfig, SessionConfig, SessionKeys, SudoConfig,
};
use alloc::{vec, vec::Vec};
use frame_support::build_struct_json_patch;
use serde_json::Value;
use sp_genesis_builder::{PresetId, DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};
use sp_runtime::Perbill;
use strike_primitives::{
    artifact::{ArtifactId, ArtifactKind},
    job::VerificationClass,
    timing::Timing,
};

/// What each development account owns at genesis.
pub const ENDOWMENT: Balance = 1_000_000 * STRIKE;

/// The account that development chains expect to provide, without being a validator.
pub const PROVIDER: Sr25519Keyring = Sr25519Keyring::Eve;

/// The account that owns the built-in model.
pub const MODEL_OWNER: Sr25519Keyring = Sr25519Keyring::One;

/// Root of the bundle of the built-in model, which every node has. The node's tests hold it to the files.
pub const BUILT_IN_MODEL: [u8; 32] =
    hex_literal::hex!("7405797e62545eb8b1ac50847d8f8a3f9814f0d38a31b7d45a0e49005d6cf157");
/// Size of its files together, in bytes.
pub const BUILT_IN_MODEL_SIZE: u64 = 1_765_249;
/// Its name on chain.
pub const BUILT_IN_MODEL_NAME: &str = "builtin";
/// What its owner gets of every fee.
const BUILT_IN_MODEL_ROYALTY: Perbill = Perbill::from_percent(2);

/// Bond of each provider.
const BOND: Balance = 10_000 * STRIKE;
/// What a thousand tokens cost at the first provider: a story for about the price of its transaction.
const PRICE: Balance = 10 * MILLISTRIKE;
/// Jobs a provider takes at once.
const CAPACITY: u32 = 64;
/// The most units it takes in one job.
const MAX_UNITS: u64 = 4_096;
/// Units of one job in a block: the built-in model is small.
const THROUGHPUT: u32 = 200;

/// The built-in model as it is named on chain.
pub fn built_in_model() -> ArtifactId {
    ArtifactId { kind: ArtifactKind::Bundle, root: BUILT_IN_MODEL.into() }
}

/// A validator that takes all its keys from one development seed.
fn validator(account: Sr25519Keyring, finality: Ed25519Keyring) -> (AccountId, AccountId, SessionKeys) {
    let keys = SessionKeys {
        babe: account.public().into(),
        grandpa: finality.public().into(),
        authority_discovery: account.public().into(),
        strk: account.public().into(),
    };
    (account.to_account_id(), account.to_account_id(), keys)
}

fn genesis(validators: Vec<(AccountId, AccountId, SessionKeys)>, root: Sr25519Keyring) -> Value {
    let endowed = [
        Sr25519Keyring::Alice,
        Sr25519Keyring::Bob,
        Sr25519Keyring::Charlie,
        Sr25519Keyring::Dave,
        Sr25519Keyring::Eve,
        Sr25519Keyring::Ferdie,
        MODEL_OWNER,
    ];
    let provider = PROVIDER.to_account_id();
    let model = built_in_model();
    build_struct_json_patch!(RuntimeGenesisConfig {
        balances: BalancesConfig {
            balances: endowed.iter().map(|account| (account.to_account_id(), ENDOWMENT)).collect(),
        },
        babe: BabeConfig { epoch_config: GENESIS_EPOCH_CONFIG },
        session: SessionConfig { keys: validators },
        provenance: ProvenanceConfig {
            models: vec![(
                MODEL_OWNER.to_account_id(),
                model,
                BUILT_IN_MODEL_NAME.into(),
                BUILT_IN_MODEL_SIZE,
                BUILT_IN_MODEL_ROYALTY,
            )],
        },
        providers: ProvidersConfig {
            providers: vec![(provider.clone(), BOND, PROVIDER.public().into(), vec![model], vec![])],
        },
        market: MarketConfig {
            asks: vec![(provider, model, VerificationClass::Exact, PRICE, CAPACITY, MAX_UNITS, THROUGHPUT)],
        },
        finality: FinalityConfig { timing: Some(Timing::PRODUCTION) },
        sudo: SudoConfig { key: Some(root.to_account_id()) },
    })
}

/// The chain of `strike-node --dev`: Alice alone authors and finalizes.
pub fn development() -> Value {
    genesis(vec![validator(Sr25519Keyring::Alice, Ed25519Keyring::Alice)], Sr25519Keyring::Alice)
}

/// The chain of `strike-node --chain local`: four validators, of which one may fail.
pub fn local_testnet() -> Value {
    genesis(
        vec![
            validator(Sr25519Keyring::Alice, Ed25519Keyring::Alice),
            validator(Sr25519Keyring::Bob, Ed25519Keyring::Bob),
            validator(Sr25519Keyring::Charlie, Ed25519Keyring::Charlie),
            validator(Sr25519Keyring::Dave, Ed25519Keyring::Dave),
        ],
        Sr25519Keyring::Alice,
    )
}

/// The preset of that name, as a JSON patch to the default genesis. `None` when there is no such preset.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
    let patch = match id.as_ref() {
        DEV_RUNTIME_PRESET => development(),
        LOCAL_TESTNET_RUNTIME_PRESET => local_testnet(),
        _ => return None,
    };
    serde_json::to_vec(&patch).ok()
}

/// The names of all presets.
pub fn preset_names() -> Vec<PresetId> {
    vec![PresetId::from(DEV_RUNTIME_PRESET), PresetId::from(LOCAL_TESTNET_RUNTIME_PRESET)]
}
