//! Nodes whose last writes are lost while jobs are open: results that were sent already, results that were not, and a torn log.
//! Whatever is lost is found out again from the chain: every job settles, nothing counts twice, nobody is punished.

use std::time::Duration;
use strike_chain::{outcome::is_valid, Chain};
use strike_e2e::{
    faults::{account, orders, receipt, Beginning, DEADLINE, REQUESTER},
    jobs::{closed, seen, submit_all},
    network,
    snapshot::{tear, Snapshot},
};
use strike_localnet::Network;
use strike_primitives::{
    api::{JobInfo, JobStatus},
    JobId,
};

/// The provider.
const PROVIDER: &str = "eve";
/// The validator that loses its writes.
const LOSER: &str = "dave";
/// The validator that is late, so that the others wait with their reveals.
const LATE: &str = "charlie";
/// Jobs of each loss.
const JOBS: usize = 4;
/// Bytes of the database's log: a few blocks, and no whole number of records.
const TORN: u64 = 100_001;
/// Between two looks at a log.
const LOOK: Duration = Duration::from_millis(20);

async fn order(chain: &Chain) -> Vec<JobId> {
    submit_all(chain, &orders(None, JOBS, DEADLINE), REQUESTER).await
}

fn is_committed(info: &JobInfo) -> bool {
    info.commitment.is_some()
}

/// Validators that have sealed.
fn sealed(info: &JobInfo) -> u32 {
    match info.status {
        JobStatus::Committed { sealed, .. } => sealed,
        _ => 0,
    }
}

/// Waits until a node's log says that the result of each job is in the mailbox.
async fn published(network: &Network, node: &str, jobs: &[JobId]) {
    let log = network.node(node).unwrap_or_else(|error| panic!("{error}")).log();
    loop {
        let text = std::fs::read_to_string(log).expect("a node has a log");
        if jobs.iter().all(|job| text.contains(&format!("Published job {job}, "))) {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Kills a node, does something to what it has on disk, and starts it again.
async fn lose(network: &mut Network, node: &str, damage: impl FnOnce(&Network)) {
    network.node_mut(node).unwrap_or_else(|error| panic!("{error}")).kill().await;
    damage(network);
    network.node_mut(node).unwrap_or_else(|error| panic!("{error}")).restart().await.expect("it starts again");
}

#[tokio::test]
async fn what_a_node_has_lost_it_finds_out_again() {
    let mut network = network::start(|_| {}).await;
    let chain = network.connect("alice").await.unwrap_or_else(|error| panic!("{error}"));
    let beginning = Beginning::of(&chain).await;
    let mut all = Vec::new();

    // The provider has committed, and knows nothing of it any more: neither the results nor the blocks.
    let jobs = order(&chain).await;
    let before = Snapshot::take(&network, PROVIDER);
    seen(&chain, &jobs, is_committed).await;
    lose(&mut network, PROVIDER, |_| before.restore()).await;
    all.extend(closed(&chain, &jobs).await);

    // Its results were in the mailbox, perhaps in pools, and it has to make them again.
    let jobs = order(&chain).await;
    let before = Snapshot::take(&network, PROVIDER);
    published(&network, PROVIDER, &jobs).await;
    lose(&mut network, PROVIDER, |_| before.restore()).await;
    all.extend(closed(&chain, &jobs).await);

    // The end of its database's log is torn away.
    let jobs = order(&chain).await;
    published(&network, PROVIDER, &jobs).await;
    lose(&mut network, PROVIDER, |network| tear(network, PROVIDER, TORN)).await;
    all.extend(closed(&chain, &jobs).await);

    // A validator has sealed, and has lost its verdict and its salt when it is to reveal.
    let jobs = order(&chain).await;
    let before = Snapshot::take(&network, LOSER);
    network.node(LATE).unwrap_or_else(|error| panic!("{error}")).pause();
    seen(&chain, &jobs, |info| sealed(info) == 3).await;
    lose(&mut network, LOSER, |_| before.restore()).await;
    network.node(LATE).unwrap_or_else(|error| panic!("{error}")).resume();
    let infos = closed(&chain, &jobs).await;
    assert!(infos.iter().all(|info| receipt(info).verdicts >= 3), "{infos:?}");
    all.extend(infos);

    // Likewise with a torn log.
    let jobs = order(&chain).await;
    published(&network, LOSER, &jobs).await;
    lose(&mut network, LOSER, |network| tear(network, LOSER, TORN)).await;
    all.extend(closed(&chain, &jobs).await);

    network.wait_until_finalizing().await.unwrap_or_else(|error| panic!("{error}"));
    for info in &all {
        assert!(is_valid(info), "{info:?}");
    }
    let history = beginning.check(&chain, &all, &[account(REQUESTER)]).await;
    assert!(history.failures.is_empty(), "nobody did anything wrong: {:?}", history.failures);
    // Whoever sealed has revealed, with the salt of the seal, though some had lost it.
    let sealed: Vec<_> = history.seals.keys().collect();
    let revealed: Vec<_> = history.reveals.keys().collect();
    assert_eq!(sealed, revealed);
    eprintln!("{} jobs, {} offences reported", all.len(), history.offences);
    network.stop().await;
}
