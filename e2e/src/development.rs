//! Chains of one process: `--dev`, with Alice as the validator and Eve as the provider.

use crate::command::{binary, free_port};
use std::{path::Path, process::Stdio, time::Duration};
use strike_chain::Chain;
use tokio::process::{Child, Command};

/// A node that runs; it ends when this is dropped.
pub struct Development {
    /// Where it takes JSON-RPC.
    pub url: String,
    /// A connection to it.
    pub chain: Chain,
    _node: Child,
}

impl Development {
    /// Starts a binary with models beside the built-in one and environment variables, and waits until it takes connections.
    pub async fn start(name: &str, models: &[&Path], env: &[(&str, &str)]) -> Self {
        let port = free_port().to_string();
        let mut node = Command::new(binary(name));
        node.args(["--dev", "--tmp", "--no-prometheus", "--no-telemetry"])
            .args(["--rpc-port", &port, "--listen-addr", "/ip4/127.0.0.1/tcp/0"])
            .args(models.iter().flat_map(|folder| [Path::new("--model-dir"), folder]))
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut node = node.spawn().expect("the node starts");
        let url = format!("ws://127.0.0.1:{port}");
        loop {
            match Chain::connect(&url).await {
                Ok(chain) => return Self { url, chain, _node: node },
                // It is still opening its port.
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
            if let Some(status) = node.try_wait().expect("a child can be asked") {
                panic!("the node ended: {status}");
            }
        }
    }
}
