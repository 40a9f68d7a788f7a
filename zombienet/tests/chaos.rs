//! Jobs settle while nodes are paused, killed and started again.

use anyhow::{ensure, Result};
use serde_json::Value;
use std::time::Duration;
use strike_zombienet::{start, strike, PROVIDER};
use tokio::task::JoinSet;

/// Jobs ordered with each disturbance.
const JOBS: usize = 3;
/// For how long a node is away.
const OUTAGE: Duration = Duration::from_secs(5);

/// Orders jobs, each by a command that ends when its receipt is final, and fails unless it settled as valid.
fn order(jobs: &mut JoinSet<Result<Value>>, url: &str) {
    for _ in 0..JOBS {
        let url = url.to_owned();
        jobs.spawn(async move {
            let order = ["--prompt", "Once upon a time", "--max-tokens", "8", "--deadline", "100", "--key", "ferdie"];
            strike(&url, &[&["job", "generate"][..], &order, &["--wait"]].concat()).await
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_settle_while_nodes_are_paused_killed_and_restarted() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let network = start(folder.path()).await?;
    let url = network.get_node("alice")?.ws_uri().to_owned();
    let mut jobs = JoinSet::new();

    // A validator and the provider hang, one after the other.
    for name in ["charlie", PROVIDER] {
        order(&mut jobs, &url);
        let node = network.get_node(name)?;
        node.pause().await?;
        ensure!(!node.is_responsive().await, "{name} hangs, and answers");
        tokio::time::sleep(OUTAGE).await;
        node.resume().await?;
    }
    // They are killed and come back: zombienet kills with SIGKILL, and starts the node again on the data that it had.
    for name in [PROVIDER, "bob"] {
        order(&mut jobs, &url);
        network.get_node(name)?.restart(Some(OUTAGE)).await?;
    }
    // At once after it.
    order(&mut jobs, &url);
    network.get_node(PROVIDER)?.restart(None).await?;

    let mut ids = Vec::new();
    while let Some(receipt) = jobs.join_next().await {
        ids.push(receipt??["job"].as_u64());
    }
    ids.sort_unstable();
    ids.dedup();
    ensure!(ids.len() == 5 * JOBS && ids.iter().all(Option::is_some), "each order is a job of its own: {ids:?}");
    let listed = strike(&url, &["job", "list", "--limit", "100"]).await?;
    let states = listed["jobs"].as_array().into_iter().flatten().map(|job| &job["status"]["state"]);
    ensure!(states.filter(|state| *state == "closed").count() == ids.len(), "no job is left open: {listed}");
    for name in network.node_names() {
        network.get_node(name.as_str())?.wait_until_is_up(OUTAGE.as_secs()).await?;
    }
    eprintln!("{} jobs settled", ids.len());
    network.destroy().await?;
    Ok(())
}
