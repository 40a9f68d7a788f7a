//! A validator whose clock is far behind is as one that is away; a provider whose clock is a little behind works as ever.

use std::time::Duration;
use strike_chain::outcome::is_valid;
use strike_e2e::{
    faults::{account, orders, receipt, Beginning, DEADLINE, REQUESTER},
    jobs::{closed, submit_all},
    network, slow_clock,
};

/// More than three slots: no block of the others is from the present.
const FAR: Duration = Duration::from_secs(10);
/// Less than a slot.
const A_LITTLE: Duration = Duration::from_secs(2);
/// Jobs.
const JOBS: usize = 6;

#[tokio::test]
async fn jobs_settle_though_clocks_are_late() {
    let folder = std::env::temp_dir().join(format!("strike-slow-clock-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let late = |lag| slow_clock::environment(&folder, lag);
    let (far, a_little) = match (late(FAR), late(A_LITTLE)) {
        (Ok(far), Ok(a_little)) => (far, a_little),
        (Err(why), _) | (_, Err(why)) => {
            eprintln!("skipped: {why}");
            return;
        }
    };
    let mut network = network::started(|options| {
        options.providers[0].env.extend(a_little);
        options.validators[3].env.extend(far);
    })
    .await;
    let chain = network.connect("alice").await.unwrap_or_else(|error| panic!("{error}"));
    let beginning = Beginning::of(&chain).await;
    let jobs = submit_all(&chain, &orders(None, JOBS, DEADLINE), REQUESTER).await;
    let infos = closed(&chain, &jobs).await;
    for info in &infos {
        assert!(is_valid(info) && receipt(info).slashed == 0, "{info:?}");
        assert!(receipt(info).verdicts >= 3, "{info:?}");
    }
    let history = beginning.check(&chain, &infos, &[account(REQUESTER)]).await;
    assert!(history.failures.is_empty(), "no attempt failed: {:?}", history.failures);
    let verdicts: Vec<u32> = infos.iter().map(|info| receipt(info).verdicts).collect();
    eprintln!("verdicts: {verdicts:?}");
    network.stop().await;
    std::fs::remove_dir_all(&folder).expect("it is there");
}
