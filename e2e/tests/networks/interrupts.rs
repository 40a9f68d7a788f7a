//! Ctrl-C in commands of the engine, which run on this machine alone.

use serde_json::{json, Value};
use std::{collections::BTreeMap, fs::File, io::Write, path::Path, process::Stdio};
use strike_e2e::command::{binary, run};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// The exit code of what Ctrl-C ended.
const INTERRUPTED: i32 = 130;

fn engine(cache: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(binary("strike"));
    command.env("STRIKE_CACHE", cache).args(["--json", "engine"]).args(args);
    command
}

/// Starts a command and interrupts it as soon as it says something on standard error; returns its exit code.
async fn interrupted_at(mut command: Command, part: &str) -> Option<i32> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child: Child = command.spawn().expect("the command starts");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    loop {
        let line = lines.next_line().await.expect("a pipe is read");
        let line = line.unwrap_or_else(|| panic!("the command ended and never said '{part}'"));
        if line.contains(part) {
            break;
        }
    }
    let process = child.id().expect("it runs").to_string();
    let mut kill = Command::new("kill");
    kill.args(["-INT", &process]);
    run(kill).await.succeeded();
    // What else it says must find a reader.
    let rest = async { while lines.next_line().await.expect("a pipe is read").is_some() {} };
    let (status, ()) = tokio::join!(child.wait(), rest);
    status.expect("it ended").code()
}

#[tokio::test]
async fn a_measurement_ends_in_order() {
    let cache = TempDir::new().expect("a folder");
    // Of the built-in model: minutes, by the second line.
    let args = ["bench", "--prompt-tokens", "384", "--tokens", "100", "--batch", "256", "--trace"];
    assert_eq!(interrupted_at(engine(cache.path(), &args), "measuring").await, Some(INTERRUPTED));
}

/// A model with an embedding table of half a gigabyte, of zeros that take no room on the disk.
fn sparse_model(folder: &Path) {
    let (vocab, hidden, ffn) = (1usize << 18, 1_024usize, 64usize);
    let config = json!({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": vocab, "hidden_size": hidden,
        "intermediate_size": ffn, "num_hidden_layers": 1, "num_attention_heads": 16, "num_key_value_heads": 16,
        "max_position_embeddings": 256, "rms_norm_eps": 1e-5, "hidden_act": "silu", "bos_token_id": 0, "eos_token_id": 1,
        "tie_word_embeddings": true, "rope_theta": 10_000.0, "torch_dtype": "float16",
    });
    std::fs::write(folder.join("config.json"), config.to_string()).expect("a file");
    let square = |name: &str| (format!("model.layers.0.self_attn.{name}_proj.weight"), vec![hidden, hidden]);
    let mut shapes = vec![
        ("model.embed_tokens.weight".to_owned(), vec![vocab, hidden]),
        ("model.norm.weight".to_owned(), vec![hidden]),
        ("model.layers.0.input_layernorm.weight".to_owned(), vec![hidden]),
        ("model.layers.0.post_attention_layernorm.weight".to_owned(), vec![hidden]),
        ("model.layers.0.mlp.gate_proj.weight".to_owned(), vec![ffn, hidden]),
        ("model.layers.0.mlp.up_proj.weight".to_owned(), vec![ffn, hidden]),
        ("model.layers.0.mlp.down_proj.weight".to_owned(), vec![hidden, ffn]),
    ];
    shapes.extend(["q", "k", "v", "o"].map(square));
    let mut end = 0;
    let mut header = BTreeMap::new();
    for (name, shape) in shapes {
        let start = end;
        end += 2 * shape.iter().product::<usize>();
        header.insert(name, json!({ "dtype": "F16", "shape": shape, "data_offsets": [start, end] }));
    }
    let header = serde_json::to_vec(&header).expect("JSON");
    let mut file = File::create(folder.join("model.safetensors")).expect("a file");
    file.write_all(&(header.len() as u64).to_le_bytes()).and_then(|()| file.write_all(&header)).expect("a file");
    file.set_len((8 + header.len() + end) as u64).expect("a file of holes");
}

async fn listed(cache: &Path, args: &[&str]) -> Vec<Value> {
    let view = run(engine(cache, &[&["cache"][..], args].concat())).await.succeeded().json();
    view["files"].as_array().expect("files").clone()
}

#[tokio::test]
async fn an_import_ends_at_once_and_what_it_leaves_is_removed() {
    let (cache, model) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    sparse_model(model.path());
    let path = model.path().to_str().expect("a path in UTF-8");
    let bench = engine(cache.path(), &["bench", "--model", path]);
    assert_eq!(interrupted_at(bench, "importing the model").await, Some(INTERRUPTED));
    let files = listed(cache.path(), &[]).await;
    assert!(files.iter().all(|file| file["state"] == "abandoned"), "nothing that looks whole: {files:?}");
    listed(cache.path(), &["--clean"]).await;
    let left: Vec<_> = std::fs::read_dir(cache.path()).expect("a folder").collect();
    assert!(left.is_empty(), "{left:?}");
}
