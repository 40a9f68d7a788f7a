//! The built-in chains. Their genesis is built by the runtime, from a preset named here.

use sc_service::{ChainType, Properties};
use serde_json::json;
use sp_genesis_builder::{DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};
use strike_runtime::{
    configs::system::SS58_PREFIX,
    constants::currency::{DECIMALS, SYMBOL},
};
use strike_runtime_wasm::WASM_BINARY;

/// A chain: its name, its genesis, where to find it.
pub type ChainSpec = sc_service::GenericChainSpec;

/// Separates this chain's network protocols from those of others.
const PROTOCOL_ID: &str = "strike";

/// One validator, Alice, in one process.
pub fn development() -> Result<ChainSpec, String> {
    build("Strike Development", "strike_dev", ChainType::Development, DEV_RUNTIME_PRESET)
}

/// Four validators, Alice to Dave, in as many processes.
pub fn local() -> Result<ChainSpec, String> {
    build("Strike Local", "strike_local", ChainType::Local, LOCAL_TESTNET_RUNTIME_PRESET)
}

fn build(name: &str, id: &str, chain_type: ChainType, preset: &str) -> Result<ChainSpec, String> {
    let wasm = WASM_BINARY
        .ok_or("this binary was built without the runtime (SKIP_WASM_BUILD): it runs chain specs from files only")?;
    Ok(ChainSpec::builder(wasm, None)
        .with_name(name)
        .with_id(id)
        .with_protocol_id(PROTOCOL_ID)
        .with_chain_type(chain_type)
        .with_properties(properties())
        .with_genesis_config_preset_name(preset)
        .build())
}

/// What wallets need to show amounts and addresses.
fn properties() -> Properties {
    let mut properties = Properties::new();
    properties.insert("tokenSymbol".into(), json!(SYMBOL));
    properties.insert("tokenDecimals".into(), json!(DECIMALS));
    properties.insert("ss58Format".into(), json!(SS58_PREFIX));
    properties
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_runtime::BuildStorage as _;

    #[test]
    fn built_in_chains_have_a_genesis() {
        // Without the Wasm (SKIP_WASM_BUILD) there is nothing to build a genesis with.
        if WASM_BINARY.is_none() {
            return;
        }
        for spec in [development(), local()] {
            let spec = spec.expect("the Wasm is there");
            let storage = spec.build_storage().expect("the runtime builds its own preset");
            assert!(!storage.top.is_empty());
        }
    }
}
