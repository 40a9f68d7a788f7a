//! Networks for tests: four validators and Eve, on free ports, in a temporary folder.

use crate::command::binary;
use strike_chain::Progress;
use strike_localnet::{Network, Options};

/// Starts a network. `change` may adapt the options.
pub async fn started(change: impl FnOnce(&mut Options)) -> Network {
    let progress = Progress::new(|line| eprintln!("{line}"));
    let mut options = Options { progress, ..Options::new(binary("strike-node")) };
    change(&mut options);
    Network::start(options).await.unwrap_or_else(|error| panic!("{error}"))
}

/// Starts a network and waits until every node finalizes. `change` may adapt the options.
pub async fn start(change: impl FnOnce(&mut Options)) -> Network {
    let mut network = started(change).await;
    network.wait_until_finalizing().await.unwrap_or_else(|error| panic!("{error}"));
    network
}

/// Where a node takes JSON-RPC.
pub fn url(network: &Network, name: &str) -> String {
    network.node(name).unwrap_or_else(|error| panic!("{error}")).url().to_owned()
}
