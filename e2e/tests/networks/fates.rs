//! Transactions of which nothing more is heard: every command says so by an exit code of its own, names the transaction, and another
//! command finds out what became of it. Nothing is ordered or sent twice.

use serde_json::Value;
use std::{path::Path, time::Duration};
use strike_chain::{calls, follow, keys, outcome::is_valid, Chain, Fate, Patience, TransactionQuery, Whereabouts};
use strike_cli::commands::localnet::offer;
use strike_e2e::{
    command::{javascript, strike, Answer},
    development::Development,
    faults::account,
    proxy::{Fault, Proxy},
};
use strike_primitives::TOKEN;

/// How transactions reach a node.
const SUBMIT: &str = "author_submitAndWatchExtrinsic";
/// The exit code of a command whose transaction may have acted.
const SENT: i32 = 3;
/// A small model of BERT's family.
const MODEL: &str = "bert";

async fn node() -> Development {
    Development::start("strike-node", &[], &[]).await
}

/// The failure of a command that does not know what became of its transaction; the transaction as the error names it.
fn unknown(answer: &Answer) -> Value {
    assert_eq!(answer.code, Some(SENT), "{answer:?}");
    let error = answer.json()["error"].clone();
    assert_eq!(error["name"], "TransactionUnknown", "{answer:?}");
    let hint = error["hint"].as_str().expect("a hint");
    assert!(hint.contains("strike account transaction"), "{hint}");
    assert!(answer.stderr.contains(error["transaction"]["hash"].as_str().expect("a hash")), "{answer:?}");
    error["transaction"].clone()
}

/// Looks a transaction up, by the command, until it is known what became of it.
async fn looked_up(node: &Development, sent: &Value) -> Answer {
    let [nonce, first] = ["nonce", "first_block"].map(|name| sent[name].to_string());
    let [hash, account] = ["hash", "account"].map(|name| sent[name].as_str().expect("a text").to_owned());
    let args = ["account", "transaction", &hash, "--account", &account, "--nonce", &nonce, "--from", &first];
    let mut blocks = node.chain.client().stream_blocks().await.expect("a node streams blocks");
    loop {
        let answer = strike(&node.url, &args).await;
        if answer.code != Some(SENT) {
            return answer;
        }
        blocks.next().await.expect("the stream goes on").expect("a block");
    }
}

async fn free(chain: &Chain, name: &str) -> u128 {
    chain.holdings(&account(name), None).await.unwrap_or_else(|error| panic!("{error}")).free
}

#[tokio::test]
async fn an_order_whose_answer_is_lost_is_found_again_and_ordered_once() {
    let node = node().await;
    let proxy = Proxy::start(&node.url, SUBMIT, 1, Fault::Unanswered).await;
    let order = ["job", "generate", "--prompt", "Once upon a time", "--max-tokens", "8", "--wait", "--key", "bob"];
    let sent = unknown(&strike(&proxy.url, &order).await);

    let found = looked_up(&node, &sent).await.succeeded().json();
    assert_eq!(found["state"], "succeeded", "{found}");
    let job = found["job"].as_u64().expect("the job that it ordered");
    let info = follow(&node.chain, job, None, |_| {}).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(is_valid(&info), "{info:?}");
    let jobs = node.chain.jobs(Some(account("bob")), 10).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(jobs.len(), 1, "{jobs:?}");
}

#[tokio::test]
async fn a_transfer_that_never_arrived_is_known_to_be_none_once_another_has_its_nonce() {
    let node = node().await;
    let before = free(&node.chain, "dave").await;
    let transfer = ["account", "transfer", "dave", "1", "--key", "charlie"];
    let lost = Proxy::start(&node.url, SUBMIT, 1, Fault::Lost).await;
    let sent = unknown(&strike(&lost.url, &transfer).await);
    // One that arrived is known likewise, and takes the nonce.
    let unanswered = Proxy::start(&node.url, SUBMIT, 1, Fault::Unanswered).await;
    let second = unknown(&strike(&unanswered.url, &transfer).await);
    assert_eq!(second["nonce"], sent["nonce"]);

    assert_eq!(looked_up(&node, &second).await.succeeded().json()["state"], "succeeded");
    let answer = looked_up(&node, &sent).await;
    assert_eq!((answer.code, &answer.json()["state"]), (Some(1), &Value::from("never")), "{answer:?}");
    assert_eq!(free(&node.chain, "dave").await, before + TOKEN, "one of the two came");
}

#[tokio::test]
async fn a_call_that_the_chain_refuses_is_an_ordinary_failure_with_its_transaction() {
    let node = node().await;
    let cancel = ["job", "cancel", "4711", "--key", "bob"];
    let answer = strike(&node.url, &cancel).await;
    assert_eq!((answer.code, &answer.json()["error"]["name"]), (Some(1), &Value::from("JobNotFound")), "{answer:?}");
    let sent = answer.json()["error"]["transaction"].clone();
    let answer = looked_up(&node, &sent).await;
    assert_eq!((answer.code, &answer.json()["state"]), (Some(1), &Value::from("failed")), "{answer:?}");
}

/// Two texts, each too long to ride in an order with the other.
fn texts() -> [String; 2] {
    ["harbour ", "lighthouse "].map(|word| word.repeat(3_000 / word.len()))
}

/// The lines of a command's standard output that have a field.
fn with<'a>(lines: &'a [Value], field: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line.get(field).is_some()).collect()
}

fn lines(answer: &Answer) -> Vec<Value> {
    answer.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[tokio::test]
async fn what_is_ordered_is_followed_and_printed_although_a_later_order_fails() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/inference/tests/families").join(MODEL);
    let node = Development::start("strike-node", &[&folder], &[]).await;
    offer(&node.chain, &folder, "eve").await.unwrap_or_else(|error| panic!("{error}"));
    let texts = texts();
    let embed = |more: &[&str]| {
        let args = ["job", "embed", "--model", MODEL, "--text", &texts[0], "--text", &texts[1]];
        [&args[..], more].concat().into_iter().map(str::to_owned).collect::<Vec<String>>()
    };
    let run = |url: String, args: Vec<String>| async move {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        strike(&url, &args).await
    };

    // An account that has enough for one job alone.
    let poor = keys::account_of(&keys::key_pair("//Poor").unwrap_or_else(|error| panic!("{error}"))).to_string();
    strike(&node.url, &["account", "transfer", &poor, "3", "--key", "alice"]).await.succeeded();
    let answer = run(node.url.clone(), embed(&["--max-price", "2", "--wait", "--key", "//Poor"])).await;
    assert_eq!(answer.code, Some(SENT), "{answer:?}");
    let told = lines(&answer);
    let (orders, vectors) = (with(&told, "transaction"), with(&told, "vector"));
    assert_eq!((orders.len(), vectors.len()), (1, 1), "{answer:?}");
    assert_eq!((&vectors[0]["job"], &vectors[0]["text"]), (&orders[0]["job"], &Value::from(1)));
    let error = &told.last().expect("a failure")["error"];
    assert_eq!(error["jobs"], Value::Array(vec![orders[0]["job"].clone()]), "{error}");
    assert!(error["hint"].as_str().is_some_and(|hint| hint.ends_with("give these alone: text 2")), "{error}");

    // The connection goes with the second order: the first is named, and what became of the second can be found out.
    let proxy = Proxy::start(&node.url, SUBMIT, 2, Fault::Unanswered).await;
    let answer = run(proxy.url.clone(), embed(&["--wait", "--key", "charlie"])).await;
    assert_eq!(answer.code, Some(SENT), "{answer:?}");
    let told = lines(&answer);
    let first = with(&told, "transaction")[0]["job"].as_u64().expect("a job id");
    let error = &told.last().expect("a failure")["error"];
    assert_eq!(error["jobs"], Value::Array(vec![first.into()]), "{error}");
    let jobs = node.chain.jobs(Some(account("charlie")), 10).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(jobs.iter().any(|info| info.job == first), "{jobs:?}");
    assert!(jobs.len() <= 2, "nothing is ordered twice: {jobs:?}");
}

#[tokio::test]
async fn a_node_that_falls_silent_ends_the_wait() {
    let node = node().await;
    let proxy = Proxy::start(&node.url, SUBMIT, 1, Fault::Silent).await;
    let patience = Patience { quiet: Duration::from_secs(1), answer: Duration::from_secs(1) };
    let chain = Chain::connect(&proxy.url).await.unwrap_or_else(|error| panic!("{error}")).with_patience(patience);
    let signer = keys::key_pair("charlie").unwrap_or_else(|error| panic!("{error}"));
    let call = calls::transfer(&account("dave"), TOKEN);
    let submitted = tokio::time::timeout(Duration::from_secs(20), chain.submit(&call, &signer)).await;
    let error = submitted.expect("the wait ends").err().expect("nothing is known");
    let Fate::Unknown(sent) = error.fate.clone() else { panic!("{error:?}") };

    let query = TransactionQuery {
        hash: sent.hash,
        signed: Some((sent.account.clone(), sent.nonce)),
        from: Some(sent.signed_at),
    };
    let found = node.chain.transaction(&query).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(matches!(found, Whereabouts::InBlock(_) | Whereabouts::Waiting), "{found:?}");
}

#[tokio::test]
async fn the_javascript_client_names_the_transaction_of_an_order_that_it_heard_nothing_of() {
    let node = node().await;
    let proxy = Proxy::start(&node.url, SUBMIT, 1, Fault::Unanswered).await;
    let answer = javascript(&proxy.url, &["--suri", "//Bob"]).await;
    assert_eq!(answer.code, Some(SENT), "{answer:?}");
    assert!(answer.stderr.contains("Do not order again"), "{answer:?}");
    let hash = answer.stderr.split("transaction ").nth(1).and_then(|rest| rest.get(..66)).expect("a hash");
    let sent = serde_json::json!({ "hash": hash, "account": account("bob").to_string(), "nonce": 0, "first_block": 0 });
    let found = looked_up(&node, &sent).await.succeeded().json();
    assert!(found["job"].is_u64(), "{found}");
}
