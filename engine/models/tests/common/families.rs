//! One small model of each family, as transformers writes it and as llama.cpp's converter would.

use serde_json::{json, Value as Json};

use super::gguf::Value;
use super::{tensor, Tensor};

pub const LAYERS: usize = 2;
const HIDDEN: usize = 64;
const FFN: usize = 96;
const HEADS: usize = 4;
const KV_HEADS: usize = 2;
const HEAD: usize = 32;
const VOCAB: usize = 40;
const CONTEXT: usize = 256;

pub struct Sample {
    pub name: &'static str,
    pub config: Json,
    pub tensors: Vec<Tensor>,
    pub metadata: Vec<(String, Value)>,
    pub gguf: Vec<Tensor>,
}

pub fn all() -> Vec<Sample> {
    vec![
        llama("llama", json!({}), &[]),
        llama(
            "llama linear",
            json!({"rope_scaling": {"type": "linear", "factor": 4.0}}),
            &[("rope.scaling.type", "linear".into()), ("rope.scaling.factor", 4f32.into())],
        ),
        llama(
            "llama yarn",
            json!({"rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}}),
            &[
                ("rope.scaling.type", "yarn".into()),
                ("rope.scaling.factor", 4f32.into()),
                ("rope.scaling.original_context_length", 64u32.into()),
            ],
        ),
        llama_3(),
        mistral(),
        qwen_2(),
        qwen_3(),
        phi_3(),
        gemma_2(),
        gemma_3(),
        bert(),
        roberta(),
    ]
}

fn with(mut config: Json, more: Json) -> Json {
    if let (Some(config), Json::Object(more)) = (config.as_object_mut(), more) {
        config.extend(more);
    }
    config
}

fn decoder_config(family: &str) -> Json {
    json!({
        "model_type": family, "hidden_size": HIDDEN, "intermediate_size": FFN, "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS, "head_dim": HEAD, "vocab_size": VOCAB,
        "max_position_embeddings": CONTEXT, "rms_norm_eps": 1e-5, "rope_theta": 500_000.0, "bos_token_id": 1,
        "eos_token_id": [2, 3], "torch_dtype": "float16",
    })
}

fn metadata(arch: &str, more: &[(&str, Value)]) -> Vec<(String, Value)> {
    let mut list = vec![
        ("general.architecture".to_owned(), arch.into()),
        ("tokenizer.ggml.bos_token_id".to_owned(), 1u32.into()),
        ("tokenizer.ggml.eos_token_id".to_owned(), 2u32.into()),
        ("tokenizer.ggml.eot_token_id".to_owned(), 3u32.into()),
    ];
    let usual: [(&str, Value); 10] = [
        ("context_length", (CONTEXT as u32).into()),
        ("embedding_length", (HIDDEN as u32).into()),
        ("block_count", (LAYERS as u32).into()),
        ("feed_forward_length", (FFN as u32).into()),
        ("attention.head_count", (HEADS as u32).into()),
        ("attention.head_count_kv", (KV_HEADS as u32).into()),
        ("attention.key_length", (HEAD as u32).into()),
        ("attention.value_length", (HEAD as u32).into()),
        ("attention.layer_norm_rms_epsilon", 1e-5f32.into()),
        ("rope.freq_base", 500_000f32.into()),
    ];
    list.extend(usual.iter().chain(more).map(|(key, value)| (format!("{arch}.{key}"), value.clone())));
    list
}

/// Names of a layer's tensors in both containers, with their shapes.
fn layer(norms: bool) -> Vec<(&'static str, &'static str, Vec<usize>)> {
    let (queries, keys) = (HEADS * HEAD, KV_HEADS * HEAD);
    let ffn_norm = if norms { "pre_feedforward_layernorm" } else { "post_attention_layernorm" };
    let mut list = vec![
        ("input_layernorm.weight", "attn_norm.weight", vec![HIDDEN]),
        ("self_attn.q_proj.weight", "attn_q.weight", vec![queries, HIDDEN]),
        ("self_attn.k_proj.weight", "attn_k.weight", vec![keys, HIDDEN]),
        ("self_attn.v_proj.weight", "attn_v.weight", vec![keys, HIDDEN]),
        ("self_attn.o_proj.weight", "attn_output.weight", vec![HIDDEN, queries]),
        (
            if norms { "pre_feedforward_layernorm.weight" } else { "post_attention_layernorm.weight" },
            "ffn_norm.weight",
            vec![HIDDEN],
        ),
        ("mlp.gate_proj.weight", "ffn_gate.weight", vec![FFN, HIDDEN]),
        ("mlp.up_proj.weight", "ffn_up.weight", vec![FFN, HIDDEN]),
        ("mlp.down_proj.weight", "ffn_down.weight", vec![HIDDEN, FFN]),
    ];
    assert!(list[5].0.starts_with(ffn_norm));
    if norms {
        list.push(("post_attention_layernorm.weight", "post_attention_norm.weight", vec![HIDDEN]));
        list.push(("post_feedforward_layernorm.weight", "post_ffw_norm.weight", vec![HIDDEN]));
    }
    list
}

const BIASES: [(&str, &str, usize); 3] = [
    ("self_attn.q_proj.bias", "attn_q.bias", HEADS * HEAD),
    ("self_attn.k_proj.bias", "attn_k.bias", KV_HEADS * HEAD),
    ("self_attn.v_proj.bias", "attn_v.bias", KV_HEADS * HEAD),
];

const HEAD_NORMS: [(&str, &str, usize); 2] =
    [("self_attn.q_norm.weight", "attn_q_norm.weight", HEAD), ("self_attn.k_norm.weight", "attn_k_norm.weight", HEAD)];

/// Both containers' tensors from the names of a layer.
fn pairs(
    layer: &[(&str, &str, Vec<usize>)],
    tied: bool,
    convert: impl Fn(&str, &Tensor) -> Vec<f32>,
) -> (Vec<Tensor>, Vec<Tensor>) {
    let mut names = vec![
        ("model.embed_tokens.weight".to_owned(), "token_embd.weight".to_owned(), vec![VOCAB, HIDDEN]),
        ("model.norm.weight".to_owned(), "output_norm.weight".to_owned(), vec![HIDDEN]),
    ];
    if !tied {
        names.push(("lm_head.weight".to_owned(), "output.weight".to_owned(), vec![VOCAB, HIDDEN]));
    }
    for index in 0..LAYERS {
        names.extend(layer.iter().map(|(first, second, shape)| {
            (format!("model.layers.{index}.{first}"), format!("blk.{index}.{second}"), shape.clone())
        }));
    }
    rename(names, convert)
}

fn rename(
    names: Vec<(String, String, Vec<usize>)>,
    convert: impl Fn(&str, &Tensor) -> Vec<f32>,
) -> (Vec<Tensor>, Vec<Tensor>) {
    names
        .into_iter()
        .map(|(first, second, shape)| {
            let own = tensor(&first, &shape);
            let values = convert(&first, &own);
            (own, Tensor { name: second, shape, values })
        })
        .unzip()
}

fn unchanged(_: &str, tensor: &Tensor) -> Vec<f32> {
    tensor.values.clone()
}

/// `LlamaModel.permute` of llama.cpp's converter.
fn permuted(name: &str, tensor: &Tensor) -> Vec<f32> {
    if !name.contains("q_proj") && !name.contains("k_proj") {
        return tensor.values.clone();
    }
    let columns = if tensor.shape.len() == 2 { tensor.shape[1] } else { 1 };
    let mut values = Vec::new();
    for head in 0..tensor.shape[0] / HEAD {
        for pair in 0..HEAD / 2 {
            for half in 0..2 {
                let row = head * HEAD + half * HEAD / 2 + pair;
                values.extend(&tensor.values[row * columns..][..columns]);
            }
        }
    }
    values
}

fn gemma_norm(name: &str, tensor: &Tensor) -> Vec<f32> {
    let add = if name.ends_with("norm.weight") { 1.0 } else { 0.0 };
    tensor.values.iter().map(|value| value + add).collect()
}

fn llama(name: &'static str, more: Json, keys: &[(&str, Value)]) -> Sample {
    let mut names = layer(false);
    names.extend(BIASES.map(|(first, second, width)| (first, second, vec![width])));
    let (tensors, gguf) = pairs(&names, false, permuted);
    let mut keys = keys.to_vec();
    keys.push(("rope.dimension_count", (HEAD as u32).into()));
    Sample { name, config: with(decoder_config("llama"), more), tensors, metadata: metadata("llama", &keys), gguf }
}

fn llama_3() -> Sample {
    let scaling = json!({"rope_scaling": {
        "rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192
    }});
    let mut sample = llama("llama 3", scaling, &[]);
    // As the converter does, in f32.
    let factors = (0..HEAD / 2).map(|pair| {
        let frequency = 1.0 / 500_000f32.powf(2.0 * pair as f32 / HEAD as f32);
        let wave = 2.0 * std::f32::consts::PI / frequency;
        if wave < 2048.0 {
            1.0
        } else if wave > 8192.0 {
            32.0
        } else {
            let smooth = (8192.0 / wave - 1.0) / 3.0;
            1.0 / ((1.0 - smooth) / 32.0 + smooth)
        }
    });
    let values = factors.collect();
    sample.gguf.push(Tensor { name: "rope_freqs.weight".to_owned(), shape: vec![HEAD / 2], values });
    sample
}

fn mistral() -> Sample {
    let (tensors, gguf) = pairs(&layer(false), false, permuted);
    let config = with(decoder_config("mistral"), json!({"sliding_window": null}));
    Sample { name: "mistral", config, tensors, metadata: metadata("llama", &[]), gguf }
}

fn qwen_2() -> Sample {
    let mut names = layer(false);
    names.extend(BIASES.map(|(first, second, width)| (first, second, vec![width])));
    let (tensors, gguf) = pairs(&names, true, unchanged);
    let more = json!({"tie_word_embeddings": true, "use_sliding_window": false, "sliding_window": 100, "max_window_layers": 1});
    Sample {
        name: "qwen 2",
        config: with(decoder_config("qwen2"), more),
        tensors,
        metadata: metadata("qwen2", &[]),
        gguf,
    }
}

fn qwen_3() -> Sample {
    let mut names = layer(false);
    names.extend(HEAD_NORMS.map(|(first, second, width)| (first, second, vec![width])));
    let (tensors, gguf) = pairs(&names, true, unchanged);
    let more = json!({"tie_word_embeddings": true, "attention_bias": false});
    Sample {
        name: "qwen 3",
        config: with(decoder_config("qwen3"), more),
        tensors,
        metadata: metadata("qwen3", &[]),
        gguf,
    }
}

fn phi_3() -> Sample {
    let names: Vec<_> = vec![
        ("input_layernorm.weight", "attn_norm.weight", vec![HIDDEN]),
        ("self_attn.qkv_proj.weight", "attn_qkv.weight", vec![(HEADS + 2 * KV_HEADS) * HEAD, HIDDEN]),
        ("self_attn.o_proj.weight", "attn_output.weight", vec![HIDDEN, HEADS * HEAD]),
        ("post_attention_layernorm.weight", "ffn_norm.weight", vec![HIDDEN]),
        ("mlp.gate_up_proj.weight", "ffn_up.weight", vec![2 * FFN, HIDDEN]),
        ("mlp.down_proj.weight", "ffn_down.weight", vec![HIDDEN, FFN]),
    ];
    let (tensors, mut gguf) = pairs(&names, false, unchanged);
    let dims = HEAD / 2;
    let short: Vec<f64> = (0..dims / 2).map(|pair| 1.0 + 0.1 * pair as f64).collect();
    let long: Vec<f64> = (0..dims / 2).map(|pair| 2.0 + 0.7 * pair as f64).collect();
    for (name, factors) in [("rope_factors_short.weight", &short), ("rope_factors_long.weight", &long)] {
        let values = factors.iter().map(|factor| *factor as f32).collect();
        gguf.push(Tensor { name: name.to_owned(), shape: vec![dims / 2], values });
    }
    let more = json!({
        "original_max_position_embeddings": 64, "partial_rotary_factor": 0.5, "sliding_window": 100,
        "rope_scaling": {"type": "longrope", "short_factor": short, "long_factor": long}
    });
    let attention = (1.0 + 4f64.ln() / 64f64.ln()).sqrt() as f32;
    let keys = [
        ("rope.dimension_count", (dims as u32).into()),
        ("rope.scaling.original_context_length", 64u32.into()),
        ("rope.scaling.attn_factor", attention.into()),
        ("attention.sliding_window", 100u32.into()),
    ];
    Sample {
        name: "phi 3",
        config: with(decoder_config("phi3"), more),
        tensors,
        metadata: metadata("phi3", &keys),
        gguf,
    }
}

fn gemma_2() -> Sample {
    let (tensors, gguf) = pairs(&layer(true), true, gemma_norm);
    let more = json!({
        "sliding_window": 100, "query_pre_attn_scalar": HEAD, "hidden_activation": "gelu_pytorch_tanh",
        "hidden_act": "gelu", "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0
    });
    let keys = [
        ("attention.sliding_window", 100u32.into()),
        ("attn_logit_softcapping", 50f32.into()),
        ("final_logit_softcapping", 30f32.into()),
    ];
    Sample {
        name: "gemma 2",
        config: with(decoder_config("gemma2"), more),
        tensors,
        metadata: metadata("gemma2", &keys),
        gguf,
    }
}

fn gemma_3() -> Sample {
    let mut names = layer(true);
    names.extend(HEAD_NORMS.map(|(first, second, width)| (first, second, vec![width])));
    let (tensors, gguf) = pairs(&names, true, gemma_norm);
    let more = json!({
        "sliding_window": 100, "query_pre_attn_scalar": HEAD, "rope_local_base_freq": 10_000.0,
        "rope_scaling": {"rope_type": "linear", "factor": 8.0}
    });
    let keys = [
        ("attention.sliding_window", 100u32.into()),
        ("rope.scaling.type", "linear".into()),
        ("rope.scaling.factor", 8f32.into()),
    ];
    let config = with(decoder_config("gemma3_text"), more);
    Sample { name: "gemma 3", config, tensors, metadata: metadata("gemma3", &keys), gguf }
}

fn encoder(name: &'static str, prefix: &str, positions_before: usize, config: Json) -> Sample {
    let mut names = vec![
        ("embeddings.word_embeddings.weight".to_owned(), "token_embd.weight".to_owned(), vec![VOCAB, HIDDEN]),
        ("embeddings.token_type_embeddings.weight".to_owned(), "token_types.weight".to_owned(), vec![2, HIDDEN]),
        ("embeddings.LayerNorm.weight".to_owned(), "token_embd_norm.weight".to_owned(), vec![HIDDEN]),
        ("embeddings.LayerNorm.bias".to_owned(), "token_embd_norm.bias".to_owned(), vec![HIDDEN]),
    ];
    for layer in 0..LAYERS {
        for (first, second, rows, columns) in [
            ("attention.self.query", "attn_q", HIDDEN, HIDDEN),
            ("attention.self.key", "attn_k", HIDDEN, HIDDEN),
            ("attention.self.value", "attn_v", HIDDEN, HIDDEN),
            ("attention.output.dense", "attn_output", HIDDEN, HIDDEN),
            ("attention.output.LayerNorm", "attn_output_norm", HIDDEN, 0),
            ("intermediate.dense", "ffn_up", FFN, HIDDEN),
            ("output.dense", "ffn_down", HIDDEN, FFN),
            ("output.LayerNorm", "layer_output_norm", HIDDEN, 0),
        ] {
            let own =
                |part: &str| (format!("encoder.layer.{layer}.{first}.{part}"), format!("blk.{layer}.{second}.{part}"));
            let (first_weight, second_weight) = own("weight");
            let shape = if columns == 0 { vec![rows] } else { vec![rows, columns] };
            names.push((first_weight, second_weight, shape));
            let (first_bias, second_bias) = own("bias");
            names.push((first_bias, second_bias, vec![rows]));
        }
    }
    let names = names.into_iter().map(|(first, second, shape)| (format!("{prefix}{first}"), second, shape)).collect();
    let (mut tensors, mut gguf) = rename(names, unchanged);
    let positions =
        tensor(&format!("{prefix}embeddings.position_embeddings.weight"), &[CONTEXT + positions_before, HIDDEN]);
    gguf.push(Tensor {
        name: "position_embd.weight".to_owned(),
        shape: vec![CONTEXT, HIDDEN],
        values: positions.values[positions_before * HIDDEN..].to_vec(),
    });
    tensors.push(positions);
    let metadata = vec![
        ("general.architecture".to_owned(), "bert".into()),
        ("bert.context_length".to_owned(), (CONTEXT as u32).into()),
        ("bert.embedding_length".to_owned(), (HIDDEN as u32).into()),
        ("bert.block_count".to_owned(), (LAYERS as u32).into()),
        ("bert.feed_forward_length".to_owned(), (FFN as u32).into()),
        ("bert.attention.head_count".to_owned(), (HEADS as u32).into()),
        ("bert.attention.layer_norm_epsilon".to_owned(), 1e-12f32.into()),
        ("bert.pooling_type".to_owned(), 1u32.into()),
    ];
    let usual = json!({
        "hidden_size": HIDDEN, "intermediate_size": FFN, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
        "vocab_size": VOCAB, "max_position_embeddings": CONTEXT + positions_before, "layer_norm_eps": 1e-12,
        "type_vocab_size": 2, "hidden_act": "gelu"
    });
    Sample { name, config: with(usual, config), tensors, metadata, gguf }
}

fn bert() -> Sample {
    encoder("bert", "", 0, json!({"model_type": "bert", "pad_token_id": 0}))
}

fn roberta() -> Sample {
    encoder("roberta", "roberta.", 2, json!({"model_type": "xlm-roberta", "pad_token_id": 1}))
}
