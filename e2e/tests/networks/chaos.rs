//! Random kills and pauses of provider, validators and the node that takes the orders, while jobs come in: nothing is lost,
//! nothing counts twice, nobody is punished who was there.
//!
//! `STRIKE_CHAOS_SEED`, `STRIKE_CHAOS_DISTURBANCES` and `STRIKE_CHAOS_JOBS` change what is done: `docs/faults.md`.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use strike_chain::{calls, keys, Chain};
use strike_e2e::{
    chaos::{schedule, Action, Downtime, Harness, LONG_OUTAGE, PROVIDER, RPC},
    history::{Failure, History},
    jobs::{self, final_block, order},
    ledger::{assert_moved, Ledger},
    network,
};
use strike_primitives::{api::JobInfo, job::JobOrder, receipt::CloseReason, BlockNumber, H256};
use tokio::sync::watch;

/// Who orders. One has a royalty in the model, which the books show.
const REQUESTERS: [&str; 2] = ["ferdie", "one"];
/// Blocks for the provider: longer than any outage …
const LONG_DEADLINE: BlockNumber = 200;
/// … and longer than a job takes, but shorter than [`LONG_OUTAGE`].
const SHORT_DEADLINE: BlockNumber = 30;
/// How long an order may take before it is given up and made again: its node may be gone.
const PATIENCE: Duration = Duration::from_secs(30);
/// Before it is tried again.
const PAUSE: Duration = Duration::from_millis(500);

fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|error| panic!("{name}={text} is no number: {error}")),
        Err(_) => default,
    }
}

/// Orders jobs over the RPC node, whatever is done to it, and keeps pace with the share of disturbances carried out.
async fn keep_ordering(url: String, requester: &'static str, count: usize, mut pace: watch::Receiver<f64>) {
    let signer = keys::key_pair(requester).unwrap_or_else(|error| panic!("{error}"));
    for index in 0..count {
        let share = index as f64 / count as f64;
        pace.wait_for(|now| *now >= share).await.expect("the harness outlives the orders");
        let deadline = if index % 2 == 0 { LONG_DEADLINE } else { SHORT_DEADLINE };
        let call = calls::submit_job(&order(format!("{requester} asks for story {index}."), deadline));
        let submit = || async { Chain::connect(&url).await?.submit(&call, &signer).await };
        while !matches!(tokio::time::timeout(PATIENCE, submit()).await, Ok(Ok(_))) {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

#[tokio::test]
async fn nothing_is_lost_under_random_kills_and_pauses() {
    let (seed, disturbances, count) = (
        setting("STRIKE_CHAOS_SEED", 4),
        setting("STRIKE_CHAOS_DISTURBANCES", 10) as usize,
        setting("STRIKE_CHAOS_JOBS", 12) as usize,
    );
    eprintln!("STRIKE_CHAOS_SEED={seed} STRIKE_CHAOS_DISTURBANCES={disturbances} STRIKE_CHAOS_JOBS={count}");
    let began = Instant::now();
    let mut network = network::start(|options| {
        options.full_nodes.push(RPC.into());
        // The whole history is read at the end.
        options.node_args.extend(["--state-pruning", "archive"].map(str::to_owned));
    })
    .await;
    let chain = connect(&mut network, "alice").await;
    let (block, first) = final_block(&chain).await;
    let before = Ledger::read(&chain, block).await;
    drop(chain);

    let url = network::url(&network, RPC);
    let plan = schedule(seed, disturbances);
    let (pace, _) = watch::channel(if disturbances == 0 { 1.0 } else { 0.0 });
    let each = count.div_ceil(REQUESTERS.len());
    let ordering = REQUESTERS.map(|requester| keep_ordering(url.clone(), requester, each, pace.subscribe()));
    let [first_orders, second_orders] = ordering;
    let mut harness = Harness::new(network);
    let disturbing = async {
        for disturbance in &plan {
            harness.disturb(disturbance).await;
            pace.send_replace(harness.done as f64 / plan.len() as f64);
        }
        harness.recover().await;
    };
    tokio::join!(disturbing, first_orders, second_orders);

    // Whatever was ordered, twice if the first answer was lost, is closed.
    let mut network = harness.network;
    let chain = connect(&mut network, "alice").await;
    let mut ids = Vec::new();
    for requester in REQUESTERS {
        let account = keys::account(requester).unwrap_or_else(|error| panic!("{error}"));
        let all = chain.jobs(Some(account), u32::MAX).await.unwrap_or_else(|error| panic!("{error}"));
        ids.extend(all.into_iter().map(|info| info.job));
    }
    assert!(ids.len() >= count, "{} of {count} jobs were ordered", ids.len());
    let infos = jobs::closed(&chain, &ids).await;

    let (block, last) = final_block(&chain).await;
    let after = Ledger::read(&chain, block).await;
    let history = History::read(&chain, first, last).await;
    let kills = plan.iter().filter(|one| one.action == Action::Kill).count();
    let mut reasons: BTreeMap<String, u32> = BTreeMap::new();
    infos.iter().for_each(|info| *reasons.entry(format!("{:?}", reason(info))).or_default() += 1);
    eprintln!(
        "{} jobs: {reasons:?}; {kills} kills, {} pauses; {} attempts failed; {} offences reported; {} blocks, {} s",
        infos.len(),
        plan.len() - kills,
        history.failures.len(),
        history.offences,
        last - first,
        began.elapsed().as_secs(),
    );
    history.assert_nothing_twice();
    assert!(ids.iter().all(|job| history.closings.get(job) == Some(&1)), "every job is closed once");
    for info in &infos {
        assert_ended_well(info, disturbances > 0);
    }
    for failure in &history.failures {
        let info = infos.iter().find(|info| info.job == failure.job).expect("a job of this test");
        assert_legitimate(failure, info, &harness.downtimes);
    }
    let receipts = infos.iter().filter_map(|info| info.receipt.as_ref());
    let payers = REQUESTERS.map(|name| keys::account(name).unwrap_or_else(|error| panic!("{error}")));
    assert_moved(&before, &after, receipts, &history.losses(), &payers);
    assert_one_chain(&mut network, block, last).await;
    assert_outputs_are_kept(&mut network, &infos).await;
    network.stop().await;
}

async fn connect(network: &mut strike_localnet::Network, name: &str) -> Chain {
    network.connect(name).await.unwrap_or_else(|error| panic!("{error}"))
}

fn reason(info: &JobInfo) -> CloseReason {
    info.receipt.as_ref().expect("a closed job has a receipt").reason
}

/// Settled by an honest majority, or refunded in full.
fn assert_ended_well(info: &JobInfo, disturbed: bool) {
    let receipt = info.receipt.as_ref().expect("a closed job has a receipt");
    let JobOrder::V1(order) = &info.order;
    assert_eq!(receipt.fee + receipt.refunded, order.max_price, "{receipt:?}");
    match receipt.reason {
        CloseReason::Settled => assert!(receipt.verdicts >= 3 && receipt.fee > 0, "{receipt:?}"),
        CloseReason::Undecided | CloseReason::ProviderLate => {
            assert!(disturbed, "nothing was disturbed: {receipt:?}");
            assert_eq!(receipt.fee, 0, "{receipt:?}");
        }
        reason => panic!("{reason:?}, though everybody is honest: {receipt:?}"),
    }
}

/// One penalty is legitimate: that of a provider that was away between the order and a deadline of [`SHORT_DEADLINE`] blocks, which
/// it let pass. No outage, and no row of them, lasts for [`LONG_DEADLINE`] blocks. Nobody else loses anything.
fn assert_legitimate(failure: &Failure, info: &JobInfo, downtimes: &[Downtime]) {
    let JobOrder::V1(order) = &info.order;
    match failure.reason {
        CloseReason::Undecided => assert_eq!((failure.burned, failure.compensated), (0, 0), "{failure:?}"),
        CloseReason::ProviderLate => {
            assert_eq!(order.deadline, SHORT_DEADLINE, "no outage is longer than {LONG_DEADLINE} blocks: {failure:?}");
            let end = info.receipt.as_ref().expect("a closed job has a receipt").closed_at;
            let was_away = |downtime: &&Downtime| {
                downtime.node == PROVIDER && downtime.from <= end && downtime.to >= info.submitted_at
            };
            assert!(downtimes.iter().any(|downtime| was_away(&downtime)), "{failure:?}, and it was there all the time");
            eprintln!(
                "job {}: late because the provider was away, for {} s at most",
                failure.job,
                LONG_OUTAGE.as_secs()
            );
        }
        reason => panic!("{reason:?}, though everybody is honest: {failure:?}"),
    }
}

/// Every node has the same final block.
async fn assert_one_chain(network: &mut strike_localnet::Network, block: H256, height: BlockNumber) {
    let names: Vec<String> = network.nodes().iter().map(|node| node.name().to_owned()).collect();
    for name in names {
        let chain = connect(network, &name).await;
        let mut blocks = chain.client().stream_blocks().await.expect("a node streams blocks");
        while final_block(&chain).await.1 < height {
            blocks.next().await.expect("the stream goes on").expect("a block");
        }
        let number = subxt::rpcs::methods::legacy::NumberOrHex::Number(height.into());
        let own = chain.methods().chain_get_block_hash(Some(number)).await.expect("a node knows its blocks");
        assert_eq!(own.map(|hash| H256(hash.0)), Some(block), "{name} has another block at {height}");
    }
}

/// Somebody still has each text that was paid for.
async fn assert_outputs_are_kept(network: &mut strike_localnet::Network, infos: &[JobInfo]) {
    let mut missing: Vec<u64> =
        infos.iter().filter(|info| reason(info) == CloseReason::Settled).map(|info| info.job).collect();
    for name in ["alice", "bob", "charlie", "dave", PROVIDER] {
        let chain = connect(network, name).await;
        let mut still = Vec::new();
        for job in missing {
            if chain.text(job).await.unwrap_or_else(|error| panic!("{error}")).is_none() {
                still.push(job);
            }
        }
        missing = still;
    }
    assert!(missing.is_empty(), "paid, and nobody has the text: {missing:?}");
}
