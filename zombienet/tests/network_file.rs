//! The file for the ordinary command names the network of the tests.

use anyhow::{anyhow, Result};
use strike_zombienet::{PROVIDER, VALIDATORS};
use zombienet_sdk::NetworkConfig;

#[test]
fn the_network_file_has_the_validators_and_the_provider() -> Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/network.toml");
    let config = NetworkConfig::load_from_toml(path).map_err(|error| anyhow!("{error}"))?;
    let nodes: Vec<(&str, bool)> =
        config.relaychain().nodes().iter().map(|node| (node.name(), node.is_validator())).collect();
    let expected: Vec<_> = VALIDATORS.iter().map(|name| (*name, true)).chain([(PROVIDER, false)]).collect();
    assert_eq!(nodes, expected);
    Ok(())
}
