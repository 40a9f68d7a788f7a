//! A node of a network that neither validates nor provides: it follows the chain and answers.

use crate::command::{binary, free_port};
use std::{process::Stdio, time::Duration};
use strike_chain::Chain;
use strike_localnet::Network;
use subxt::rpcs::client::rpc_params;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// A node that runs; it ends when this is dropped.
pub struct Observer {
    /// Where it takes JSON-RPC.
    pub url: String,
    /// A connection to it.
    pub chain: Chain,
    _node: Child,
    _base_path: TempDir,
}

impl Observer {
    /// Starts a node that follows the chain through one node of the network alone, and waits until it takes connections.
    pub async fn start(network: &mut Network, known: &str) -> Self {
        let chain = network.connect(known).await.unwrap_or_else(|error| panic!("{error}"));
        let addresses: Vec<String> =
            chain.rpc().request("system_localListenAddresses", rpc_params![]).await.expect("a node has addresses");
        let address = addresses.iter().find(|address| address.starts_with("/ip4/127.0.0.1/tcp/"));
        let address = address.unwrap_or_else(|| panic!("{known} listens on {addresses:?}"));
        let base_path = TempDir::new().expect("a temporary folder");
        let port = free_port().to_string();
        let mut node = Command::new(binary("strike-node"));
        node.arg("--chain")
            .arg(network.base_path().join("chain-spec.json"))
            .arg("--base-path")
            .arg(base_path.path())
            .args(["--bootnodes", address, "--reserved-only", "--reserved-nodes", address])
            .args(["--rpc-port", &port, "--listen-addr", "/ip4/127.0.0.1/tcp/0"])
            .args(["--name", "observer", "--no-mdns", "--no-prometheus", "--no-telemetry"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut node = node.spawn().expect("the node starts");
        let url = format!("ws://127.0.0.1:{port}");
        loop {
            match Chain::connect(&url).await {
                Ok(chain) => return Self { url, chain, _node: node, _base_path: base_path },
                // It is still opening its port.
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
            if let Some(status) = node.try_wait().expect("a child can be asked") {
                panic!("the node ended: {status}");
            }
        }
    }
}
