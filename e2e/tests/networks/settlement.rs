//! The main job on a network of five processes: jobs settle, the money moves as the receipts say, one validator may die.

use serde_json::Value;
use std::collections::BTreeMap;
use strike_chain::{follow, keys, outcome::is_valid, Chain};
use strike_e2e::{
    command::{javascript, strike},
    faults::{orders, DEADLINE, REQUESTER},
    jobs::submit_all,
    ledger::{assert_moved, Ledger},
    network,
};
use strike_localnet::Network;
use strike_primitives::{api::JobInfo, receipt::Receipt, Balance, JobId, H256};

async fn submit(url: &str, prompt: &str) -> JobId {
    let args = ["job", "generate", "--prompt", prompt, "--max-tokens", "24", "--key", REQUESTER];
    strike(url, &args).await.succeeded().json()["job"].as_u64().expect("a job id")
}

/// Follows jobs until all of them are closed in a final block.
async fn closed(chain: &Chain, jobs: &[JobId]) -> Vec<JobInfo> {
    let mut infos = Vec::new();
    for job in jobs {
        infos.push(follow(chain, *job, None, |_| {}).await.unwrap_or_else(|error| panic!("{error}")));
    }
    infos
}

async fn final_ledger(chain: &Chain) -> Ledger {
    let (block, _) = chain.finalized().await.unwrap_or_else(|error| panic!("{error}"));
    Ledger::read(chain, block).await
}

fn receipt(info: &JobInfo) -> &Receipt {
    info.receipt.as_ref().expect("a closed job has a receipt")
}

fn assert_valid(info: &JobInfo) {
    assert!(is_valid(info), "{info:?}");
    let receipt = receipt(info);
    assert_eq!(receipt.fee + receipt.refunded, info.escrow_at_order(), "the escrow is spent or returned");
    let paid: Balance = receipt.payments.iter().map(|payment| payment.amount).sum();
    assert_eq!(receipt.fee, paid + receipt.burned, "the fee is paid out or burned");
    assert_eq!(receipt.slashed, 0);
}

/// What the order allowed to be spent.
trait EscrowAtOrder {
    fn escrow_at_order(&self) -> Balance;
}

impl EscrowAtOrder for JobInfo {
    fn escrow_at_order(&self) -> Balance {
        let strike_primitives::job::JobOrder::V1(order) = &self.order;
        order.max_price
    }
}

async fn connect(network: &mut Network, name: &str) -> Chain {
    network.connect(name).await.unwrap_or_else(|error| panic!("{error}"))
}

/// Waits until a block above `number` is final.
async fn finalized_beyond(chain: &Chain, number: u32) -> H256 {
    let mut blocks = chain.client().stream_blocks().await.expect("a node streams blocks");
    loop {
        let block = blocks.next().await.expect("the stream goes on").expect("a block");
        if block.number() > u64::from(number) {
            return H256(block.hash().0);
        }
    }
}

#[tokio::test]
async fn jobs_settle_and_the_money_moves_as_receipts_say() {
    let mut network = network::start(|_| {}).await;
    let url = network::url(&network, "alice");
    let chain = connect(&mut network, "alice").await;
    let requester = keys::account(REQUESTER).unwrap_or_else(|error| panic!("{error}"));

    // Twenty jobs: some in a row by the command, the others at once.
    let before = final_ledger(&chain).await;
    let mut jobs = Vec::new();
    for index in 0..4 {
        jobs.push(submit(&url, &format!("Question: Who lives in house {index}? Answer:")).await);
    }
    jobs.extend(submit_all(&chain, &orders(None, 16, DEADLINE), REQUESTER).await);
    let infos = closed(&chain, &jobs).await;
    infos.iter().for_each(assert_valid);
    assert!(infos.iter().all(|info| receipt(info).verdicts == 4), "all four validators agree");
    let after = final_ledger(&chain).await;
    let receipts: Vec<&Receipt> = infos.iter().map(receipt).collect();
    assert!(receipts.iter().all(|receipt| receipt.slashed == 0), "nobody was let down");
    assert_moved(&before, &after, receipts, &BTreeMap::new(), &[requester]);
    assert_eq!(before.totals.len(), after.totals.len(), "no account came or went");

    // The text is the same wherever it is read, and the command shows the receipt.
    let mut texts = Vec::new();
    for name in ["alice", "bob", "eve"] {
        let url = network::url(&network, name);
        let job = jobs[0].to_string();
        texts.push(strike(&url, &["job", "output", &job]).await.succeeded().json()["output"].clone());
    }
    assert!(texts[0].as_str().is_some_and(|text| !text.is_empty()), "{texts:?}");
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");

    // Five jobs by polkadot.js, which checks blocks, events and balances by itself.
    let summary = javascript(&url, &["--count", "5"]).await.succeeded().json();
    let listed = summary["jobs"].as_array().expect("a list of jobs");
    assert_eq!(listed.len(), 5);
    assert!(listed.iter().all(|job| job["verdict"] == "valid"), "{summary}");
    assert_eq!(summary["conserved"], Value::Bool(true), "{summary}");
    for step in ["commit", "seal", "reveal"] {
        assert!(summary["attestations"][step].as_u64() >= Some(5), "{summary}");
    }

    // One validator dies: blocks are finalized and jobs settle all the same.
    network.node_mut("dave").unwrap_or_else(|error| panic!("{error}")).kill().await;
    let (_, height) = chain.finalized().await.unwrap_or_else(|error| panic!("{error}"));
    let mut jobs = Vec::new();
    for prompt in ["Once upon a time", "Tell me about the harbour."] {
        jobs.push(submit(&url, prompt).await);
    }
    let infos = closed(&chain, &jobs).await;
    infos.iter().for_each(assert_valid);
    assert!(infos.iter().all(|info| receipt(info).verdicts == 3), "the three that live agree");
    let block = finalized_beyond(&chain, height + 5).await;
    Ledger::read(&chain, block).await.assert_balanced();
    network.stop().await;
}
