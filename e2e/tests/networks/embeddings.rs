//! Embedding jobs: vectors of an encoder that a provider offers, ordered, checked and paid like texts.

use serde_json::Value;
use std::path::{Path, PathBuf};
use strike_chain::{calls, follow, keys, outcome::is_valid, Chain};
use strike_cli::commands::localnet::offer;
use strike_e2e::{
    command::{javascript, strike},
    development::Development,
    jobs::builtin,
};
use strike_inference::{
    exact::{Engine, ExactEncoder, OpenOptions},
    Control,
};
use strike_primitives::{
    api::JobInfo,
    artifact::ArtifactId,
    commitment::StopReason,
    embedding::{encode_texts, vector_bytes},
    job::{Embed, Input, JobOrder, JobOrderV1, VerificationClass, WorkSpec},
    model_folder::ModelFolder,
    verdict::Verdict,
    JobId,
};

const TEXTS: [&str; 3] = ["Once upon a time", "", "The boats come back with the tide."];
/// The name under which the model of [`folder`] is registered: its folder's.
const MODEL: &str = "bert";

/// A small model of BERT's family, with random weights.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/inference/tests/families").join(MODEL)
}

/// What the engine gives by itself.
fn expected() -> Vec<Vec<f32>> {
    let encoder = ExactEncoder::open(&folder(), &OpenOptions::default()).expect("an encoder");
    Engine::new(1).expect("an engine").embed_texts(&encoder, &TEXTS, &Control::default()).expect("vectors")
}

async fn closed(chain: &Chain, job: JobId) -> JobInfo {
    follow(chain, job, None, |_| {}).await.unwrap_or_else(|error| panic!("{error}"))
}

/// A development chain whose provider offers the encoder.
async fn offering(binary: &str, env: &[(&str, &str)]) -> Development {
    let node = Development::start(binary, &[&folder()], env).await;
    offer(&node.chain, &folder(), "eve").await.unwrap_or_else(|error| panic!("{error}"));
    node
}

/// Orders [`TEXTS`] to be embedded by a model; returns the job, closed.
async fn embed(node: &Development, model: ArtifactId, deadline: u32) -> JobInfo {
    let input = Input::Plain(encode_texts(&TEXTS).try_into().expect("short texts"));
    let order = JobOrder::V1(JobOrderV1 {
        work: WorkSpec::Embed(Embed { input, max_input_tokens: 100 }),
        model,
        class: VerificationClass::Exact,
        max_price: 1_000_000_000_000,
        deadline,
    });
    let signer = keys::key_pair("bob").expect("a development key");
    let submitted = node.chain.submit(&calls::submit_job(&order), &signer).await;
    let (_, inclusion) = submitted.unwrap_or_else(|error| panic!("{error}"));
    closed(&node.chain, inclusion.job().unwrap_or_else(|error| panic!("{error}"))).await
}

fn arrays(vectors: &Value) -> Vec<Vec<f32>> {
    let number = |value: &Value| value.as_f64().expect("a number") as f32;
    let vector = |value: &Value| value.as_array().expect("a vector").iter().map(number).collect();
    vectors.as_array().expect("vectors").iter().map(vector).collect()
}

#[tokio::test]
async fn texts_are_embedded_checked_and_paid() {
    let node = offering("strike-node", &[]).await;
    let expected = expected();
    let mut args = vec!["job", "embed", "--model", MODEL, "--wait", "--key", "bob"];
    args.extend(TEXTS.iter().flat_map(|text| ["--text", text]));
    let answer = strike(&node.url, &args).await.succeeded();
    let lines: Vec<Value> = answer.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let (order, vectors) = lines.split_first().expect("the order comes first");
    assert_eq!(order["texts"], serde_json::json!({ "first": 1, "last": TEXTS.len() }));
    assert!(order["transaction"].as_str().is_some_and(|hash| hash.len() == 66), "{order}");
    assert!(vectors.iter().all(|line| line["job"] == order["job"]), "{lines:?}");
    assert!((1u64..).zip(vectors).all(|(text, line)| line["text"] == text), "{lines:?}");
    let found = vectors.iter().map(|line| line["vector"].clone()).collect();
    assert_eq!(vector_bytes(&arrays(&Value::Array(found))), vector_bytes(&expected), "to the bit");

    let jobs = strike(&node.url, &["job", "list"]).await.succeeded().json();
    let job = jobs["jobs"][0]["job"].as_u64().expect("a job id");
    let info = closed(&node.chain, job).await;
    assert!(is_valid(&info), "{info:?}");
    let claim = info.commitment.as_ref().expect("a commitment").v1();
    assert_eq!((claim.stop, claim.n_out, claim.trace_root.is_some()), (StopReason::Complete, 0, true));
    let receipt = info.receipt.expect("a closed job has a receipt");
    assert_eq!((receipt.units, receipt.verdicts), (claim.n_in.into(), 1));
    let output = strike(&node.url, &["job", "output", &job.to_string()]).await.succeeded().json();
    assert_eq!(arrays(&output["vectors"]), expected);
    let shown = strike(&node.url, &["job", "show", &job.to_string()]).await.succeeded().json();
    assert_eq!((&shown["work"]["kind"], &shown["work"]["texts"][2]), (&Value::from("embed"), &TEXTS[2].into()));

    // The same by polkadot.js, which decodes the call and every event by itself.
    let mut args = vec!["--model", MODEL];
    args.extend(TEXTS.iter().flat_map(|text| ["--embed", text]));
    let summary = javascript(&node.url, &args).await.succeeded().json();
    assert_eq!(arrays(&summary["jobs"][0]["vectors"]), expected);
    assert_eq!(summary["conserved"], Value::Bool(true), "{summary}");

    // A model of the other kind: nothing is delivered, nothing is paid, nobody is punished.
    let args = ["job", "generate", "--model", MODEL, "--prompt", "Once", "--wait", "--key", "charlie"];
    let (info, refused) = tokio::join!(embed(&node, builtin(), 50), strike(&node.url, &args));
    assert_eq!(info.commitment.as_ref().expect("a commitment").v1().stop, StopReason::WrongModel);
    let receipt = info.receipt.expect("a closed job has a receipt");
    assert_eq!((receipt.verdict, receipt.fee, receipt.slashed), (Some(Verdict::Valid { units: 0 }), 0, 0));
    assert_eq!(receipt.refunded, 1_000_000_000_000);
    assert_eq!(refused.code, Some(1));
    assert!(format!("{}{}", refused.stdout, refused.stderr).contains("WrongModel"), "{refused:?}");
    // What can be known before is refused before.
    let refused = strike(&node.url, &["job", "embed", "--model", "builtin", "--text", "a", "--key", "bob"]).await;
    assert_eq!(refused.code, Some(1));
    assert!(format!("{}{}", refused.stdout, refused.stderr).contains("WrongModel"), "{refused:?}");
}

#[cfg(feature = "fault-injection")]
#[tokio::test]
async fn one_flipped_bit_of_a_vector_is_found_invalid() {
    use strike_primitives::{receipt::CloseReason, verdict::InvalidReason};
    let node = offering("faulty-node", &[("STRIKE_FAULT", "other-text")]).await;
    let encoder = ModelFolder::read(&folder()).expect("a model").id;
    let info = embed(&node, encoder, 30).await;
    let receipt = info.receipt.expect("a closed job has a receipt");
    assert_eq!(receipt.reason, CloseReason::Invalid);
    assert_eq!(receipt.verdict, Some(Verdict::Invalid { reason: InvalidReason::OutputMismatch }));
    assert_eq!((receipt.fee, receipt.refunded), (0, 1_000_000_000_000));
    assert!(receipt.slashed > 0, "the provider's bond pays");
}
