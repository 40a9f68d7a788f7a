//! `strike-node --dev`: the whole chain in one process, with a provider and a validator that checks it.

use strike_chain::{follow, outcome::is_valid};
use strike_e2e::{command::strike, development::Development};

#[tokio::test]
async fn one_process_serves_checks_and_settles() {
    let node = Development::start("strike-node", &[], &[]).await;
    let args = ["job", "generate", "--prompt", "Once upon a time", "--max-tokens", "16", "--key", "bob"];
    let job = strike(&node.url, &args).await.succeeded().json()["job"].as_u64().expect("a job id");
    let info = follow(&node.chain, job, None, |_| {}).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(is_valid(&info), "{info:?}");
    assert_eq!(info.receipt.expect("a closed job has a receipt").verdicts, 1);
}
