//! The network is cut between two halves of two validators each, and joined again: neither half finalizes, one chain is left, and
//! all jobs of both halves settle once.

use strike_chain::{outcome::is_valid, Chain};
use strike_e2e::{
    faults::{account, receipt, Beginning},
    jobs::{closed, final_block, order, submit_all},
    namespaces::Halves,
    network,
};
use strike_localnet::Network;
use strike_primitives::{api::JobInfo, BlockNumber, JobId};

/// One half has the provider, the other none; somebody orders in each.
const HALVES: [&[&str]; 2] = [&["alice", "bob", "eve"], &["charlie", "dave"]];
/// Who orders in them.
const REQUESTERS: [&str; 2] = ["ferdie", "one"];
/// Jobs of each, before and during the cut.
const JOBS: usize = 4;
/// Longer than the cut, in blocks.
const DEADLINE: BlockNumber = 200;
/// Blocks in which what was on its way to being final may still become so.
const SETTLING: BlockNumber = 2;
/// Blocks of the cut.
const CUT: BlockNumber = 8;

async fn connect(network: &mut Network, name: &str) -> Chain {
    network.connect(name).await.unwrap_or_else(|error| panic!("{error}"))
}

/// Waits until the best block of a half is so many blocks higher than now.
async fn blocks(chain: &Chain, count: BlockNumber) {
    let mut blocks = chain.client().stream_best_blocks().await.expect("a node streams blocks");
    let mut first = None;
    loop {
        let number = blocks.next().await.expect("the stream goes on").expect("a block").number();
        if number >= *first.get_or_insert(number) + u64::from(count) {
            return;
        }
    }
}

async fn order_some(chain: &Chain, requester: &str, when: &str) -> Vec<JobId> {
    let orders: Vec<_> =
        (0..JOBS).map(|index| order(format!("{requester} asks for story {index} {when}."), DEADLINE)).collect();
    submit_all(chain, &orders, requester).await
}

/// The jobs that somebody ordered, as soon as a final block has all of them. The half that gives way has other ids then, and
/// its own until then: also for a while after blocks are finalized again, because those come first that both halves have.
async fn ordered(chain: &Chain, requester: &str, count: usize) -> Vec<JobId> {
    let mut finalized = chain.client().stream_blocks().await.expect("a node streams blocks");
    loop {
        let jobs = chain.jobs(Some(account(requester)), u32::MAX).await.unwrap_or_else(|error| panic!("{error}"));
        let (block, _) = final_block(chain).await;
        let mut ids = Vec::new();
        for JobInfo { job, .. } in jobs {
            let info = chain.job(job, Some(block)).await.unwrap_or_else(|error| panic!("{error}"));
            ids.extend(info.filter(|info| info.requester == account(requester)).map(|info| info.job));
        }
        if ids.len() == count {
            return ids;
        }
        finalized.next().await.expect("the stream goes on").expect("a block");
    }
}

#[tokio::test]
async fn a_cut_network_goes_on_as_one_when_it_is_joined() {
    let halves = match Halves::make(HALVES) {
        Ok(halves) => halves,
        Err(why) => {
            eprintln!("skipped: a network cut needs root, the command ip and network namespaces: {why}");
            return;
        }
    };
    let mut network = network::start(|options| options.hosts = halves.hosts()).await;
    let chains = [connect(&mut network, "alice").await, connect(&mut network, "charlie").await];
    let beginning = Beginning::of(&chains[0]).await;

    order_some(&chains[0], REQUESTERS[0], "before").await;
    halves.cut();
    for (chain, requester) in chains.iter().zip(REQUESTERS) {
        order_some(chain, requester, "during the cut").await;
    }
    blocks(&chains[0], SETTLING).await;
    let stalled = [final_block(&chains[0]).await.1, final_block(&chains[1]).await.1];
    blocks(&chains[0], CUT).await;
    assert_eq!(
        [final_block(&chains[0]).await.1, final_block(&chains[1]).await.1],
        stalled,
        "half of four finalize nothing"
    );
    halves.heal();
    network.wait_until_finalizing().await.unwrap_or_else(|error| panic!("{error}"));

    let mut all = Vec::new();
    for (requester, count) in REQUESTERS.into_iter().zip([2 * JOBS, JOBS]) {
        all.extend(ordered(&chains[0], requester, count).await);
    }
    let infos = closed(&chains[0], &all).await;
    for info in &infos {
        assert!(is_valid(info), "{info:?}");
        assert_eq!(receipt(info).slashed, 0, "{info:?}");
    }
    let history = beginning.check(&chains[0], &infos, &REQUESTERS.map(account)).await;
    assert!(history.failures.is_empty(), "no attempt failed: {:?}", history.failures);
    let (block, height) = final_block(&chains[0]).await;
    let number = subxt::rpcs::methods::legacy::NumberOrHex::Number(height.into());
    let mut others = chains[1].client().stream_blocks().await.expect("a node streams blocks");
    while final_block(&chains[1]).await.1 < height {
        others.next().await.expect("the stream goes on").expect("a block");
    }
    let other = chains[1].methods().chain_get_block_hash(Some(number)).await.expect("a node knows its blocks");
    assert_eq!(other.map(|hash| strike_primitives::H256(hash.0)), Some(block), "both halves have one chain");
    network.stop().await;
}
