//! Work that needs more memory than a node gives its engine: it is refused by its headers, said once, and the node goes on.

use std::path::Path;
use strike_chain::{calls, outcome::is_valid, Chain};
use strike_e2e::{
    faults::{orders, receipt, DEADLINE, REQUESTER},
    jobs::{closed, seen, submit_all},
    key_holder::{bound, made_up, KeyHolder},
    network,
};
use strike_inference::builtin_files;
use strike_localnet::{Network, VALIDATORS};
use strike_primitives::{
    job::{Generate, Input, JobOrder, JobOrderV1, Sampler, VerificationClass, WorkSpec},
    model_folder::ModelFolder,
    JobId, TOKEN,
};

/// A provider without a node: this test signs for it.
const MALLORY: &str = "//Mallory";
/// What each node gives its engine. The job needs ten times as much.
const MEMORY: &str = "2GiB";
/// Shapes of a model that is small on disk, and whose keys and values are not: 160 KiB a token.
const LAYERS: usize = 40;
const HEADS: usize = 16;
const HEAD: usize = 64;
const HIDDEN: usize = 64;
/// Tokens of its context, and of the job.
const CONTEXT: u32 = 131_072;

/// A model of zeros in Llama's architecture, with the built-in model's tokenizer.
fn write_model(folder: &Path) {
    let files = builtin_files();
    let mut config: serde_json::Value = serde_json::from_slice(&files.config).expect("JSON");
    let vocabulary = config["vocab_size"].as_u64().expect("a number") as usize;
    for (key, value) in [
        ("num_hidden_layers", LAYERS),
        ("num_attention_heads", HEADS),
        ("num_key_value_heads", HEADS),
        ("head_dim", HEAD),
        ("hidden_size", HIDDEN),
        ("intermediate_size", HIDDEN),
        ("max_position_embeddings", CONTEXT as usize),
    ] {
        config[key] = value.into();
    }
    config["tie_word_embeddings"] = true.into();
    let mut tensors = vec![("model.embed_tokens.weight".to_owned(), vec![vocabulary, HIDDEN])];
    tensors.push(("model.norm.weight".to_owned(), vec![HIDDEN]));
    for layer in 0..LAYERS {
        let mut tensor = |name: &str, shape: &[usize]| {
            tensors.push((format!("model.layers.{layer}.{name}.weight"), shape.to_vec()));
        };
        for name in ["input_layernorm", "post_attention_layernorm"] {
            tensor(name, &[HIDDEN]);
        }
        for name in ["q_proj", "k_proj", "v_proj"] {
            tensor(&format!("self_attn.{name}"), &[HEADS * HEAD, HIDDEN]);
        }
        tensor("self_attn.o_proj", &[HIDDEN, HEADS * HEAD]);
        for name in ["gate_proj", "up_proj", "down_proj"] {
            tensor(&format!("mlp.{name}"), &[HIDDEN, HIDDEN]);
        }
    }
    let (mut header, mut end) = (serde_json::Map::new(), 0);
    for (name, shape) in tensors {
        let begin = end;
        end += 2 * shape.iter().product::<usize>();
        header.insert(name, serde_json::json!({ "dtype": "F16", "shape": shape, "data_offsets": [begin, end] }));
    }
    let header = serde_json::Value::Object(header).to_string();
    let mut weights = (header.len() as u64).to_le_bytes().to_vec();
    weights.extend(header.as_bytes());
    weights.resize(weights.len() + end, 0);
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).expect("the file is written");
    write("config.json", config.to_string().as_bytes());
    write("tokenizer.json", &files.tokenizer);
    write("model.safetensors", &weights);
}

/// Lines of a node's log that refuse work for its memory.
fn refusals(network: &Network, node: &str) -> Vec<String> {
    let log = network.node(node).unwrap_or_else(|error| panic!("{error}")).log();
    let log = std::fs::read_to_string(log).expect("a log is read");
    log.lines().filter(|line| line.contains("and leaves it")).map(str::to_owned).collect()
}

/// Ordinary jobs, checked by all validators.
async fn settle(chain: &Chain) {
    let jobs = submit_all(chain, &orders(None, 3, DEADLINE), REQUESTER).await;
    for info in closed(chain, &jobs).await {
        assert!(is_valid(&info) && receipt(&info).verdicts == 4, "{info:?}");
    }
}

/// Orders a text of as many tokens as the model can write, and lets its provider say that it wrote it.
async fn order_a_long_text(chain: &Chain, folder: &Path) -> JobId {
    let model = ModelFolder::read(folder).expect("a model").id;
    let mallory = KeyHolder::new(MALLORY, chain);
    KeyHolder::new("one", chain).send(&calls::register_model(&model, "wide", 1, 0)).await;
    mallory.register("one", &[model]).await;
    let ask = calls::place_ask(&model, VerificationClass::Exact, TOKEN / 100, 1, (2 * CONTEXT).into(), u32::MAX);
    mallory.send(&ask).await;
    let work = WorkSpec::Generate(Generate {
        input: Input::Plain(b"Once upon a time".to_vec().try_into().expect("a short prompt")),
        sampler: Sampler::GREEDY,
        max_input_tokens: 64,
        max_output_tokens: CONTEXT - 64,
        stop: Default::default(),
    });
    let class = VerificationClass::Exact;
    let order = JobOrder::V1(JobOrderV1 { work, model, class, max_price: 10 * TOKEN, deadline: 400 });
    let jobs = submit_all(chain, &[order], REQUESTER).await;
    loop {
        if let Some(duty) = mallory.to_provide().await.first() {
            let commitment = bound(&made_up(), &duty.binding);
            mallory.expect(Ok(()), async || mallory.commit(duty.binding.job, 0, &commitment).await).await;
            break;
        }
        mallory.next_block().await;
    }
    seen(chain, &jobs, |info| info.commitment.is_some()).await;
    jobs[0]
}

#[tokio::test]
async fn a_job_that_needs_ten_times_the_memory_is_refused_once_and_the_node_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    write_model(folder.path());
    let mut network = network::start(|options| {
        options.models = vec![folder.path().to_owned()];
        options.node_args = vec!["--engine-memory".into(), MEMORY.into()];
    })
    .await;
    let chain = network.connect("alice").await.unwrap_or_else(|error| panic!("{error}"));
    let job = order_a_long_text(&chain, folder.path()).await;
    settle(&chain).await;
    for node in VALIDATORS {
        let said = refusals(&network, node);
        assert_eq!(said.len(), 1, "{node} says it once: {said:#?}");
        assert!(said[0].contains(&format!("job {job}")) && said[0].contains("20."), "{said:?}");
    }

    // The duty is still there after a start.
    let charlie = network.node_mut("charlie").unwrap_or_else(|error| panic!("{error}"));
    charlie.kill().await;
    charlie.restart().await.unwrap_or_else(|error| panic!("{error}"));
    network.wait_until_finalizing().await.unwrap_or_else(|error| panic!("{error}"));
    settle(&chain).await;
    let info = chain.job(job, None).await.unwrap_or_else(|error| panic!("{error}")).expect("it is kept");
    assert!(info.receipt.is_none(), "it is open all the while: {info:?}");
    network.stop().await;
}
