//! Outputs travel: a node that neither made nor checked one reads it from the others.

use serde_json::Value;
use std::path::{Path, PathBuf};
use strike_chain::{follow, outcome::is_valid};
use strike_cli::commands::localnet::offer;
use strike_e2e::{command::strike, network, observer::Observer};
use strike_primitives::JobId;

/// A small model of BERT's family, of 64 dimensions.
const MODEL: &str = "bert";
/// Texts whose vectors are as long as a chunk: 256 of 64 dimensions, 4 bytes each.
const TEXTS: usize = 256;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/inference/tests/families").join(MODEL)
}

/// What `strike job output` says of a job at a node.
async fn output(url: &str, job: JobId) -> Value {
    strike(url, &["job", "output", &job.to_string()]).await.succeeded().json()
}

#[tokio::test]
async fn an_output_is_read_through_a_node_that_did_not_make_it() {
    let mut network = network::start(|options| options.models = vec![folder()]).await;
    let observer = Observer::start(&mut network, "alice").await;
    let alice = network::url(&network, "alice");
    let chain = network.connect("alice").await.unwrap_or_else(|error| panic!("{error}"));
    offer(&chain, &folder(), "eve").await.unwrap_or_else(|error| panic!("{error}"));

    let args = ["job", "generate", "--prompt", "Once upon a time", "--max-tokens", "24", "--key", "ferdie"];
    let text = strike(&alice, &args).await.succeeded().json()["job"].as_u64().expect("a job id");
    let texts: Vec<String> = (0..TEXTS).map(|index| char::from(b'a' + (index % 26) as u8).to_string()).collect();
    let mut args = vec!["job", "embed", "--model", MODEL, "--key", "ferdie", "--wait"];
    args.extend(texts.iter().flat_map(|text| ["--text", text]));
    strike(&alice, &args).await.succeeded();
    let vectors = text + 1;

    for job in [text, vectors] {
        // Closed in a block that is final at the observer too.
        let info = follow(&observer.chain, job, None, |_| {}).await.unwrap_or_else(|error| panic!("{error}"));
        assert!(is_valid(&info), "{info:?}");
    }
    let (made, read) = (output(&alice, text).await, output(&observer.url, text).await);
    assert!(made["output"].as_str().is_some_and(|text| !text.is_empty()), "{made}");
    assert_eq!(read, made);

    // Alice, the only peer that the observer follows the chain through, loses its copy: the provider's node is found by its account.
    let made = output(&alice, vectors).await;
    assert_eq!(made["vectors"].as_array().map(Vec::len), Some(TEXTS));
    let copies = network.base_path().join("alice/chains/strike_local/blobs/output");
    std::fs::remove_dir_all(&copies).unwrap_or_else(|error| panic!("{}: {error}", copies.display()));
    assert_eq!(output(&observer.url, vectors).await, made);

    // What it fetched it keeps: it answers when all the others are gone.
    network.stop().await;
    assert_eq!(output(&observer.url, vectors).await, made);
}
