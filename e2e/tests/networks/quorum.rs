//! Two validators of four away: nothing becomes final, nobody is punished for what could not be done, and with their return all
//! jobs settle. That one of four may be away is shown by `settlement`.

use strike_chain::{outcome::is_valid, Chain};
use strike_e2e::{
    faults::{account, orders, receipt, Beginning, REQUESTER, SHORT_DEADLINE},
    jobs::{closed, final_block, submit_all},
    network,
};
use strike_primitives::BlockNumber;

/// Jobs ordered before, and again while the two are away.
const JOBS: usize = 5;
/// Blocks in which what was on its way to being final may still become so.
const SETTLING: BlockNumber = 3;

/// Waits until the best block is so many blocks higher than now.
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

#[tokio::test]
async fn with_two_of_four_away_nothing_is_final_and_nobody_is_punished() {
    let mut network = network::start(|_| {}).await;
    let chain = network.connect("alice").await.unwrap_or_else(|error| panic!("{error}"));
    let beginning = Beginning::of(&chain).await;

    let mut jobs = submit_all(&chain, &orders(None, JOBS, SHORT_DEADLINE), REQUESTER).await;
    for name in ["charlie", "dave"] {
        network.node_mut(name).unwrap_or_else(|error| panic!("{error}")).kill().await;
    }
    blocks(&chain, SETTLING).await;
    let (_, stalled) = final_block(&chain).await;
    jobs.extend(submit_all(&chain, &orders(None, JOBS, SHORT_DEADLINE), REQUESTER).await);
    // Every deadline passes meanwhile.
    blocks(&chain, SHORT_DEADLINE + 2).await;
    assert_eq!(final_block(&chain).await.1, stalled, "two of four finalize nothing");

    for name in ["charlie", "dave"] {
        network.node_mut(name).unwrap_or_else(|error| panic!("{error}")).restart().await.expect("it starts again");
    }
    network.wait_until_finalizing().await.unwrap_or_else(|error| panic!("{error}"));
    let infos = closed(&chain, &jobs).await;
    for info in &infos {
        assert_eq!(receipt(info).slashed, 0, "nobody could have done better: {info:?}");
        assert!(is_valid(info), "{info:?}");
    }
    let history = beginning.check(&chain, &infos, &[account(REQUESTER)]).await;
    assert!(history.failures.is_empty(), "no attempt failed: {:?}", history.failures);
    network.stop().await;
}
