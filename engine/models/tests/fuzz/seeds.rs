//! What the fuzzing begins with: the files of the other tests, small.

use serde_json::{json, Value as Json};

use super::{adapter, folder, joined};
use crate::common::families::{all, Sample};
use crate::common::gguf::{self, Stored, Value};
use crate::common::{safetensors, tensor, Tensor, Type};

/// An input that its entry accepts.
pub struct Seed {
    /// Name of the entry.
    pub entry: &'static str,
    /// Name among the seeds of the entry.
    pub name: String,
    pub contents: Vec<u8>,
}

impl Seed {
    pub fn new(entry: &'static str, name: &str, contents: Vec<u8>) -> Self {
        Self { entry, name: name.replace([' ', '.', '/'], "-"), contents }
    }
}

pub fn seeds() -> Vec<Seed> {
    let mut list = Vec::new();
    let mut add = |entry, name: &str, contents| list.push(Seed::new(entry, name, contents));
    for (index, sample) in all().iter().map(small).enumerate() {
        add("gguf", sample.name, gguf_file(&sample, index));
        let kind = [Type::F16, Type::Bf16, Type::F32][index % 3];
        let config = sample.config.to_string();
        let weights = safetensors(&sample.tensors, kind);
        add("safetensors", sample.name, [joined(&[config.as_bytes()]), weights].concat());
        add("folder", sample.name, shards(&sample, index));
    }
    add("gguf", "wide", wide());
    for module in ["self_attn.q_proj", "self_attn.qkv_proj", "mlp.down_proj", "mlp.gate_up_proj"] {
        add("adapter", module, adapter_files(module));
    }
    for flags in 0..8u8 {
        let changes = [[20, 0, 0, 0, 1], [60, 1, 0, 0, 255], [0, 64, 0, 0, 2]];
        add("cache", &flags.to_string(), [&[flags][..], changes.as_flattened()].concat());
    }
    list
}

/// The sample with one layer of one head of 32, so that a file has a few thousand weights.
pub fn small(sample: &Sample) -> Sample {
    let resize = |tensors: &[Tensor]| -> Vec<Tensor> {
        let kept = tensors
            .iter()
            .filter(|tensor| !["layers.1.", "layer.1.", "blk.1."].iter().any(|layer| tensor.name.contains(layer)));
        let resized = kept.map(|tensor| {
            let queries = tensor.name.contains("qkv");
            let size = |size: &usize| match *size {
                40 => 4,
                64 | 96 | 128 => 32,
                192 => 64,
                256 | 258 if tensor.name.contains("position") => size - 256 + 96,
                256 if queries => 96,
                other => other,
            };
            let shape: Vec<usize> = tensor.shape.iter().map(size).collect();
            let values = tensor.values[..shape.iter().product()].to_vec();
            Tensor { name: tensor.name.clone(), shape, values }
        });
        resized.collect()
    };
    let mut config = sample.config.clone();
    let positions = config["max_position_embeddings"].as_u64().expect("a number") - 256 + 96;
    for (field, number) in [
        ("hidden_size", 32),
        ("intermediate_size", 32),
        ("num_hidden_layers", 1),
        ("num_attention_heads", 1),
        ("num_key_value_heads", 1),
        ("vocab_size", 4),
        ("max_position_embeddings", positions),
        ("sliding_window", 40),
    ] {
        if config[field].is_number() {
            config[field] = number.into();
        }
    }
    let metadata = sample.metadata.iter().map(|(key, value)| {
        let number = match key.split_once('.').map_or("", |(_, field)| field) {
            "context_length" => 96,
            "embedding_length" | "feed_forward_length" => 32,
            "block_count" | "attention.head_count" | "attention.head_count_kv" => 1,
            "attention.sliding_window" => 40,
            _ => return (key.clone(), value.clone()),
        };
        (key.clone(), Value::U32(number))
    });
    let (name, metadata) = (sample.name, metadata.collect());
    Sample { name, config, tensors: resize(&sample.tensors), metadata, gguf: resize(&sample.gguf) }
}

/// Number of a quantized type, and the numbers and bytes of its unit.
const QUANTIZED: [(u32, usize, usize); 10] = [
    (8, 32, 34),
    (2, 32, 18),
    (3, 32, 20),
    (6, 32, 22),
    (7, 32, 24),
    (10, 256, 84),
    (11, 256, 110),
    (12, 256, 144),
    (13, 256, 176),
    (14, 256, 210),
];

fn gguf_file(sample: &Sample, index: usize) -> Vec<u8> {
    let tensors: Vec<_> = sample
        .gguf
        .iter()
        .enumerate()
        .map(|(at, tensor)| {
            let plain = Stored::new(tensor, [Type::F16, Type::Bf16, Type::F32][index % 3]);
            let (kind, weights, bytes) = QUANTIZED[(index + at) % 5];
            if tensor.shape.len() == 1 || index < 3 || !tensor.shape[1].is_multiple_of(weights) {
                return plain;
            }
            let units = tensor.values.len() / weights;
            Stored { kind, bytes: (0..units * bytes).map(|at| (at * 41 % 60) as u8).collect(), ..plain }
        })
        .collect();
    let mut metadata = sample.metadata.clone();
    let tokens = ["<unk>", "a", "b", "ab"].map(str::to_owned).to_vec();
    metadata.extend([
        ("tokenizer.ggml.model".to_owned(), "llama".into()),
        ("tokenizer.ggml.tokens".to_owned(), Value::Strings(tokens)),
        ("tokenizer.ggml.scores".to_owned(), Value::Floats(vec![0.0, -1.0, -2.0, -0.5])),
        ("tokenizer.ggml.token_type".to_owned(), Value::Integers(vec![2, 1, 1, 1])),
    ]);
    gguf::write(&metadata, &tensors)
}

fn shards(sample: &Sample, index: usize) -> Vec<u8> {
    let (first, second) = sample.tensors.split_at(sample.tensors.len() / 2);
    let place = |tensors: &[Tensor], file: &str| -> Vec<(String, Json)> {
        tensors.iter().map(|tensor| (tensor.name.clone(), file.into())).collect()
    };
    let map = place(first, "first.safetensors").into_iter().chain(place(second, folder::LAST));
    let index_file = json!({"weight_map": map.collect::<serde_json::Map<_, _>>()}).to_string();
    let modules = json!([{"type": "sentence_transformers.models.Transformer"}, {"type": "x.Normalize"}]).to_string();
    let [generation, pooling] = [r#"{"eos_token_id": [1, 2]}"#, r#"{"pooling_mode_cls_token": true}"#];
    let config = sample.config.to_string();
    let parts: [&[u8]; 4] = match index % 2 {
        0 => [config.as_bytes(), generation.as_bytes(), modules.as_bytes(), pooling.as_bytes()],
        _ => [config.as_bytes(), b"", b"", b""],
    };
    let first = safetensors(first, Type::F16);
    let (index_file, single) = (index_file.as_bytes(), &b""[..]);
    [joined(&parts), joined(&[index_file, single, &first]), safetensors(second, Type::F16)].concat()
}

/// A decoder of 256 columns, with a matrix of each quantized type.
fn wide() -> Vec<u8> {
    let mut sample = small(&all()[7]);
    let mut at = 0;
    let mut stored = Vec::new();
    for tensor in &mut sample.gguf {
        // Queries, keys and values have other rows than columns here; the names tell inputs from outputs.
        let last = tensor.shape.len() - 1;
        let outputs = ["attn_output", "ffn_down"].iter().any(|name| tensor.name.contains(name));
        let hidden = if outputs && last == 1 { 0 } else { last };
        let vector = last == 0;
        let name = tensor.name.clone();
        if tensor.shape[hidden] == 32 {
            tensor.shape[hidden] = 256;
        }
        let count: usize = tensor.shape.iter().product();
        let (kind, weights, bytes) = QUANTIZED[at % QUANTIZED.len()];
        let columns = tensor.shape[last];
        if vector || !columns.is_multiple_of(weights) {
            stored.push(Stored::new(&Tensor { values: vec![0.25; count], ..tensor.clone() }, Type::F16));
        } else {
            at += 1;
            let bytes = (0..count / weights * bytes).map(|at| (at * 41 % 60) as u8).collect();
            stored.push(Stored { name, shape: tensor.shape.clone(), kind, bytes });
        }
    }
    for (key, value) in &mut sample.metadata {
        if key.ends_with("embedding_length") {
            *value = Value::U32(256);
        }
    }
    gguf::write(&sample.metadata, &stored)
}

fn adapter_files(module: &str) -> Vec<u8> {
    let base = adapter::BASE;
    let (queries, keys) = (base.heads * base.head_dim, base.kv_heads * base.head_dim);
    let (inputs, outputs) = match module {
        "self_attn.qkv_proj" => (base.hidden_size, queries + 2 * keys),
        "mlp.down_proj" => (base.ffn_size, base.hidden_size),
        "mlp.gate_up_proj" => (base.hidden_size, 2 * base.ffn_size),
        _ => (base.hidden_size, queries),
    };
    let name = |part| format!("base_model.model.model.layers.1.{module}.lora_{part}.weight");
    let tensors = [tensor(&name("A"), &[2, inputs]), tensor(&name("B"), &[outputs, 2])];
    let config = json!({"peft_type": "LORA", "r": 2, "lora_alpha": 32, "use_rslora": true, "bias": "none"}).to_string();
    [joined(&[config.as_bytes()]), safetensors(&tensors, Type::F16)].concat()
}
