//! `strike-node --dev`: the whole chain in one process, with a provider and a validator that checks it.

use std::{process::Stdio, time::Duration};
use strike_cli::{
    chain::{self, Chain},
    commands::job::is_valid,
};
use strike_e2e::command::{binary, free_port, strike};
use tokio::process::Command;

#[tokio::test]
async fn one_process_serves_checks_and_settles() {
    let port = free_port().to_string();
    let mut node = Command::new(binary("strike-node"))
        .args(["--dev", "--tmp", "--no-prometheus", "--no-telemetry"])
        .args(["--rpc-port", &port, "--listen-addr", "/ip4/127.0.0.1/tcp/0"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("the node starts");
    let url = format!("ws://127.0.0.1:{port}");
    let chain = loop {
        match Chain::connect(&url).await {
            Ok(chain) => break chain,
            // It is still opening its port.
            Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
        }
        if let Some(status) = node.try_wait().expect("a child can be asked") {
            panic!("the node ended: {status}");
        }
    };
    let args = ["job", "generate", "--prompt", "Once upon a time", "--max-tokens", "16", "--key", "bob"];
    let job = strike(&url, &args).await.succeeded().json()["job"].as_u64().expect("a job id");
    let info = chain::follow(&chain, job, None, |_| {}).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(is_valid(&info), "{info:?}");
    assert_eq!(info.receipt.expect("a closed job has a receipt").verdicts, 1);
    drop(node);
}
