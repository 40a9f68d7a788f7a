//! Inputs travel: what is too long to ride in an order is fetched from the node that it was left with, and what nobody can have
//! costs nobody anything.

use serde_json::Value;
use std::path::{Path, PathBuf};
use strike_chain::{outcome::is_valid, Chain};
use strike_cli::commands::localnet::offer;
use strike_e2e::{
    command::{binary, strike, Answer},
    faults::{account, receipt, Beginning, REQUESTER},
    jobs::{closed, order, submit_all},
    network,
    observer::Observer,
};
use strike_localnet::{Network, VALIDATORS};
use strike_primitives::{
    api::JobInfo,
    artifact::file_root,
    commitment::StopReason,
    embedding::encode_texts,
    job::{Input, JobOrder, JobOrderV1, WorkSpec},
    receipt::CloseReason,
    verdict::Verdict,
    JobId, H256,
};
use tempfile::NamedTempFile;

/// A small model of BERT's family, of 64 dimensions.
const MODEL: &str = "bert";
/// Tokens that it reads of a text; it cuts off the rest.
const READ: u64 = 48;
/// What a validator says that could not have the input either.
const CONFIRMED: Verdict = Verdict::Valid { units: 0 };
/// Blocks for a job whose input nobody has: half of them are for looking for it.
const DEADLINE: u32 = 40;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/inference/tests/families").join(MODEL)
}

/// A text of three chunks.
fn long_text(word: &str) -> String {
    format!("{word} ").repeat(150_000 / (word.len() + 1)).trim_end().to_owned()
}

fn file_with(text: &str) -> NamedTempFile {
    let file = NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), text).expect("the file is written");
    file
}

/// Orders a text that goes on from a long prompt.
async fn generate(url: &str, text: &str) -> JobId {
    let file = file_with(text);
    let path = file.path().to_str().expect("a path in UTF-8");
    let args = ["job", "generate", "--prompt-file", path, "--max-input-tokens", "1000", "--key", REQUESTER];
    submitted(strike(url, &args).await)
}

fn submitted(answer: Answer) -> JobId {
    answer.succeeded().json()["job"].as_u64().expect("a job id")
}

/// Whether a node of the network keeps an input.
fn keeps(network: &Network, node: &str, root: &H256) -> bool {
    let name = format!("{root:?}");
    let name = name.trim_start_matches("0x");
    network.base_path().join(format!("{node}/chains/strike_local/blobs/file/{}/{name}", &name[..2])).exists()
}

fn stop(info: &JobInfo) -> StopReason {
    info.commitment.as_ref().expect("a commitment").v1().stop
}

/// A job that ended without its input, confirmed, at no cost to anybody.
fn assert_confirmed(info: &JobInfo) {
    let receipt = receipt(info);
    assert_eq!((stop(info), receipt.reason), (StopReason::InputUnavailable, CloseReason::Settled), "{info:?}");
    assert_eq!((receipt.verdict, receipt.fee, receipt.slashed), (Some(CONFIRMED), 0, 0), "{info:?}");
    assert!(receipt.payments.is_empty(), "{info:?}");
}

/// An order for work on a blob.
fn order_of(root: H256, length: u64) -> JobOrder {
    let JobOrder::V1(JobOrderV1 { work: WorkSpec::Generate(mut work), model, class, max_price, deadline }) =
        order("", DEADLINE)
    else {
        panic!("not a generation")
    };
    work.input = Input::Blob { root, length };
    work.max_input_tokens = 1_000;
    JobOrder::V1(JobOrderV1 { work: WorkSpec::Generate(work), model, class, max_price, deadline })
}

async fn connect(network: &mut Network, name: &str) -> Chain {
    network.connect(name).await.unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test]
async fn an_input_travels_from_where_it_was_left_and_one_that_nobody_has_costs_nothing() {
    let mut network = network::start(|options| options.models = vec![folder()]).await;
    let observer = Observer::start(&mut network, "alice").await;
    let chain = connect(&mut network, "alice").await;
    offer(&chain, &folder(), "eve").await.unwrap_or_else(|error| panic!("{error}"));
    let beginning = Beginning::of(&chain).await;

    // The observer has one peer and announces the input; that peer is no provider.
    let (text, prompt) = (long_text("tide"), long_text("harbour"));
    let file = file_with(&text);
    let path = file.path().to_str().expect("a path in UTF-8");
    let args = ["job", "embed", "--model", MODEL, "--file", path, "--key", REQUESTER];
    let embedded = submitted(strike(&observer.url, &args).await);
    let generated = generate(&observer.url, &prompt).await;
    // Nobody has the first. Of the second there is a file with the root, and with another length.
    let (root, length) = (file_root(prompt.as_bytes()), prompt.len() as u64);
    let orders = [order_of(H256::repeat_byte(7), 100_000), order_of(root, length + 1)];
    let unavailable = submit_all(&observer.chain, &orders, REQUESTER).await;

    let jobs = [&[embedded, generated][..], &unavailable].concat();
    let infos = closed(&observer.chain, &jobs).await;
    // The encoder read what it takes of the text, and that was paid.
    assert!(is_valid(&infos[0]), "{:?}", infos[0]);
    assert_eq!((stop(&infos[0]), receipt(&infos[0]).units), (StopReason::Complete, READ));
    let alice = network::url(&network, "alice");
    let output = strike(&alice, &["job", "output", &embedded.to_string()]).await.succeeded().json();
    assert_eq!(output["vectors"][0].as_array().map(Vec::len), Some(64));
    // The built-in model takes 512 tokens: to say that these are more, one has to have them.
    assert_eq!((stop(&infos[1]), receipt(&infos[1]).verdict), (StopReason::InputTooLong, Some(CONFIRMED)));
    for root in [file_root(&encode_texts(&[&text])), root] {
        assert!(keeps(&network, "eve", &root), "{root:?}");
        let validators = VALIDATORS.iter().filter(|node| keeps(&network, node, &root)).count();
        assert!(validators >= 3, "a majority checked {root:?}, {validators} have it");
    }
    for info in &infos[2..] {
        assert_confirmed(info);
    }
    // The provider's offer may not have been final at the beginning.
    beginning.check(&chain, &infos, &[account(REQUESTER), account("eve")]).await;

    let read: Value = chain
        .rpc()
        .request("strike_input", subxt::rpcs::client::rpc_params![generated])
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(read["text"].as_str(), Some(prompt.as_str()));
}

#[tokio::test]
async fn garbage_is_no_input_and_whoever_sends_it_is_dropped() {
    let mut network = network::start(|options| {
        let dave = options.validators.iter_mut().find(|validator| validator.name == "dave").expect("dave");
        dave.binary = Some(binary("faulty-node"));
        dave.env = vec![("STRIKE_FAULT".into(), "garbage".into())];
    })
    .await;
    let chain = connect(&mut network, "alice").await;
    let beginning = Beginning::of(&chain).await;
    let prompt = long_text("harbour");
    let dave = network::url(&network, "dave");
    let (file, deadline) = (file_with(&prompt), DEADLINE.to_string());
    let path = file.path().to_str().expect("a path in UTF-8");
    let args = ["job", "generate", "--prompt-file", path, "--max-input-tokens", "1000", "--key", REQUESTER];
    let job = submitted(strike(&dave, &[&args[..], &["--deadline", &deadline]].concat()).await);

    let infos = closed(&chain, &[job]).await;
    assert_confirmed(&infos[0]);
    assert_eq!(receipt(&infos[0]).verdicts, 3, "only dave has it");
    beginning.check(&chain, &infos, &[account(REQUESTER)]).await;
    let root = file_root(prompt.as_bytes());
    assert!(keeps(&network, "dave", &root));
    for node in ["eve", "alice", "bob", "charlie"] {
        assert!(!keeps(&network, node, &root), "{node}");
        let log = network.node(node).unwrap_or_else(|error| panic!("{error}")).log();
        let log = std::fs::read_to_string(log).expect("a log is read");
        assert!(log.contains("sends what is no blob, and is dropped"), "{node}");
    }
}

#[tokio::test]
async fn a_provider_that_says_it_cannot_have_what_all_others_have_is_paid_nothing() {
    let mut network = network::start(|options| {
        let eve = options.providers.first_mut().expect("a provider");
        eve.binary = Some(binary("faulty-node"));
        eve.env = vec![("STRIKE_FAULT".into(), "no-input".into())];
    })
    .await;
    let chain = connect(&mut network, "alice").await;
    let beginning = Beginning::of(&chain).await;
    let job = generate(&network::url(&network, "bob"), &long_text("harbour")).await;
    let infos = closed(&chain, &[job]).await;
    let receipt = receipt(&infos[0]);
    assert_eq!((stop(&infos[0]), receipt.reason), (StopReason::InputUnavailable, CloseReason::Undecided));
    assert_eq!((receipt.verdict, receipt.fee, receipt.slashed), (None, 0, 0));
    beginning.check(&chain, &infos, &[account(REQUESTER)]).await;
}
