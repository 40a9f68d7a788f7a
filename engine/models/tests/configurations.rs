//! What configurations become, against values that transformers 4.57 computes.

use crate::common::families::{all, Sample};
use crate::common::{gguf, safetensors, Type};
use strike_models::architecture::{Activation, Architecture, Decoder, Encoder, Pooling};
use strike_models::{vocab_size, CacheUse, Model, ModelError, ModelFiles, OpenOptions};

fn sample(name: &str) -> Sample {
    all().into_iter().find(|sample| sample.name == name).unwrap()
}

fn model(sample: &Sample) -> Model {
    Model::from_files(&ModelFiles {
        config: sample.config.to_string().into_bytes().into(),
        weights: safetensors(&sample.tensors, Type::F16).into(),
        tokenizer: Vec::new().into(),
    })
    .unwrap_or_else(|error| panic!("{}: {error}", sample.name))
}

fn decoder(sample: &Sample) -> Decoder {
    match model(sample).architecture() {
        Architecture::Decoder(decoder) => decoder.clone(),
        other => panic!("{other:?}"),
    }
}

fn assert_close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 3e-6 * expected, "{found} {expected}");
    }
}

#[test]
fn the_rows_of_the_embedding_table_are_told_by_the_configuration_alone() {
    for sample in all() {
        let expected = match model(&sample).architecture() {
            Architecture::Decoder(decoder) => decoder.vocab_size,
            Architecture::Encoder(encoder) => encoder.vocab_size,
        };
        assert_eq!(vocab_size(sample.config.to_string().as_bytes()).unwrap(), expected, "{}", sample.name);
    }
    assert_eq!(vocab_size(br#"{"model_type": "gemma3", "text_config": {}}"#).unwrap(), 262_208);
    assert_eq!(vocab_size(br#"{"model_type": "gemma2"}"#).unwrap(), 256_000);
    let refused = |config: &str| vocab_size(config.as_bytes()).unwrap_err();
    assert!(matches!(refused(r#"{"model_type": "llama"}"#), ModelError::MissingField { .. }));
    assert!(matches!(refused(r#"{"model_type": "gpt2"}"#), ModelError::UnsupportedConfig { .. }));
    let many = r#"{"model_type": "llama", "vocab_size": 18446744073709551615}"#;
    assert!(matches!(refused(many), ModelError::ConfigOutOfRange { .. }));
    assert!(matches!(refused(&" ".repeat((1 << 20) + 1)), ModelError::FileTooLarge { .. }));
    assert!(matches!(refused("{"), ModelError::Malformed { .. }));
}

/// Every angle by `ROPE_INIT_FUNCTIONS["linear"]` of factor 4, times 4: head 32, theta 500,000.
const PLAIN: [f32; 16] = [
    1.0,
    0.440_366_63,
    0.193_922_76,
    0.085_397_1,
    0.037_606_03,
    0.016_560_44,
    0.007_292_665,
    0.003_211_446,
    0.001_414_213_4,
    0.000_622_772_4,
    0.000_274_248_2,
    0.000_120_769_74,
    5.318_296e-5,
    2.341_999e-5,
    1.031_338_5e-5,
    4.541_670_5e-6,
];

#[test]
fn rotary_angles_are_those_of_transformers() {
    assert_close(&decoder(&sample("llama")).rotary.inv_freq, &PLAIN);
    assert_close(&decoder(&sample("llama linear")).rotary.inv_freq, &PLAIN.map(|angle| angle / 4.0));

    let mut llama_3 = PLAIN;
    llama_3[8] = 0.000_429_556_7;
    llama_3[9..].iter_mut().for_each(|angle| *angle /= 32.0);
    assert_close(&decoder(&sample("llama 3")).rotary.inv_freq, &llama_3);

    let yarn = decoder(&sample("llama yarn")).rotary;
    let mut expected = PLAIN.map(|angle| angle / 4.0);
    expected[..3].copy_from_slice(&[1.0, 0.330_274_94, 0.096_961_38]);
    assert_close(&yarn.inv_freq, &expected);
    assert_close(&[yarn.attention_factor], &[1.138_629_4]);

    let phi = decoder(&sample("phi 3")).rotary;
    let short = [
        1.0,
        0.176_293_4,
        0.031_338_356,
        0.005_609_742_4,
        0.001_010_152_5,
        0.000_182_832_11,
        3.323_934_7e-5,
        6.066_697e-6,
    ];
    let long = [
        0.5,
        0.071_823_24,
        0.011_060_597,
        0.001_778_698_8,
        0.000_294_627_8,
        4.986_330_5e-5,
        8.577_897e-6,
        1.494_693_5e-6,
    ];
    assert_close(&phi.inv_freq, &short);
    assert_close(&[phi.attention_factor], &[1.154_700_5]);
    let stretched = phi.long.unwrap();
    assert_close(&stretched.inv_freq, &long);
    assert_eq!(stretched.original_context, 64);
}

#[test]
fn windows_follow_the_families_patterns() {
    assert_eq!(decoder(&sample("gemma 2")).windows, [Some(100), None]);
    assert_eq!(decoder(&sample("gemma 3")).windows, [Some(100), Some(100)]);
    assert_eq!(decoder(&sample("phi 3")).windows, [Some(100), Some(100)]);
    let mut qwen = sample("qwen 2");
    assert_eq!(decoder(&qwen).windows, [None, None]);
    qwen.config["use_sliding_window"] = true.into();
    assert_eq!(decoder(&qwen).windows, [None, Some(100)]);
    qwen.config["layer_types"] = serde_json::json!(["sliding_attention", "full_attention"]);
    assert_eq!(decoder(&qwen).windows, [Some(100), None]);
    let mut mistral = sample("mistral");
    mistral.config["sliding_window"] = 100.into();
    assert_eq!(decoder(&mistral).windows, [Some(100), Some(100)]);
    // It hides nothing.
    mistral.config["sliding_window"] = 256.into();
    assert_eq!(decoder(&mistral).windows, [None, None]);
}

#[test]
fn gemma_has_its_scales_and_caps() {
    let mut gemma = sample("gemma 2");
    let found = decoder(&gemma);
    assert_eq!((found.attention_softcap, found.logit_softcap), (Some(50.0), Some(30.0)));
    assert_eq!((found.embedding_scale, found.activation), (Some(8.0), Activation::GeluTanh));
    assert!(found.post_norms && found.tied_embeddings && !found.qk_norm);
    gemma.config["query_pre_attn_scalar"] = 144.into();
    gemma.config["attn_logit_softcapping"] = serde_json::Value::Null;
    gemma.config.as_object_mut().unwrap().remove("final_logit_softcapping");
    let found = decoder(&gemma);
    assert_eq!((found.attention_softcap, found.logit_softcap), (None, Some(30.0)));
    assert_eq!(found.attention_scale, 1.0 / 12.0);
    let found = decoder(&sample("gemma 3"));
    assert_eq!((found.attention_softcap, found.logit_softcap, found.qk_norm), (None, None, true));
    assert_close(&found.rotary.inv_freq, &PLAIN.map(|angle| angle / 8.0));
    assert_eq!(found.local_rotary.unwrap().inv_freq[8], 0.01);
}

#[test]
fn a_multimodal_gemma_3_is_its_language_model() {
    let alone = sample("gemma 3");
    let mut inside = sample("gemma 3");
    let mut text = inside.config.clone();
    for field in ["bos_token_id", "eos_token_id"] {
        text.as_object_mut().unwrap().remove(field);
    }
    inside.config =
        serde_json::json!({"model_type": "gemma3", "text_config": text, "bos_token_id": 1, "eos_token_id": [2, 3]});
    for tensor in &mut inside.tensors {
        tensor.name = format!("language_model.{}", tensor.name);
    }
    let [alone, inside] = [alone, inside].map(|sample| model(&sample));
    assert_eq!(alone.model_root(&[0; 32]), inside.model_root(&[0; 32]));
}

#[test]
fn rope_parameters_of_transformers_5_say_the_same() {
    let old = sample("gemma 3");
    let mut new = sample("gemma 3");
    let config = new.config.as_object_mut().unwrap();
    for field in ["rope_theta", "rope_scaling", "rope_local_base_freq"] {
        config.remove(field);
    }
    let parameters = serde_json::json!({
        "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 500_000.0},
        "sliding_attention": {"rope_type": "default", "rope_theta": 10_000.0}
    });
    config.insert("rope_parameters".to_owned(), parameters);
    assert_eq!(decoder(&old), decoder(&new));
}

fn encoder(sample: &Sample, files: &[(&str, &str)]) -> Encoder {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("1_Pooling")).unwrap();
    std::fs::write(folder.path().join("config.json"), sample.config.to_string()).unwrap();
    std::fs::write(folder.path().join("model.safetensors"), safetensors(&sample.tensors, Type::F32)).unwrap();
    for (name, contents) in files {
        std::fs::write(folder.path().join(name), contents).unwrap();
    }
    let options = OpenOptions { cache: CacheUse::Off, ..OpenOptions::default() };
    match Model::open(folder.path(), &options).unwrap().architecture() {
        Architecture::Encoder(encoder) => encoder.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn pooling_is_that_of_sentence_transformers() {
    let bert = sample("bert");
    let usual = encoder(&bert, &[]);
    assert_eq!((usual.pooling, usual.normalize, usual.activation), (Pooling::Mean, true, Activation::GeluErf));
    let modules = r#"[{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},
        {"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.models.Pooling"}]"#;
    let cls = r#"{"word_embedding_dimension":64,"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":false}"#;
    let found = encoder(&bert, &[("modules.json", modules), ("1_Pooling/config.json", cls)]);
    assert_eq!((found.pooling, found.normalize), (Pooling::Cls, false));
    // As newer versions write it.
    for (mode, pooling) in [
        (r#"{"pooling_mode":"cls"}"#, Pooling::Cls),
        (r#"{"pooling_mode":["cls"],"embedding_dimension":64}"#, Pooling::Cls),
        (r#"{"pooling_mode":"mean","pooling_mode_mean_tokens":true}"#, Pooling::Mean),
        (r#"{"word_embedding_dimension":64}"#, Pooling::Mean),
    ] {
        assert_eq!(encoder(&bert, &[("1_Pooling/config.json", mode)]).pooling, pooling, "{mode}");
    }
}

#[test]
fn pooling_that_is_not_computed_is_refused_by_name() {
    let refused = |file: &str, contents: &str| {
        let (bert, folder) = (sample("bert"), tempfile::tempdir().unwrap());
        std::fs::create_dir(folder.path().join("1_Pooling")).unwrap();
        std::fs::write(folder.path().join("config.json"), bert.config.to_string()).unwrap();
        std::fs::write(folder.path().join("model.safetensors"), safetensors(&bert.tensors, Type::F32)).unwrap();
        std::fs::write(folder.path().join(file), contents).unwrap();
        let options = OpenOptions { cache: CacheUse::Off, ..OpenOptions::default() };
        Model::open(folder.path(), &options).map(drop).unwrap_err().to_string()
    };
    for (mode, name) in [
        (r#"{"pooling_mode":"max"}"#, "max"),
        (r#"{"pooling_mode":["cls","mean"]}"#, "cls, mean"),
        (r#"{"pooling_mode":"lasttoken"}"#, "lasttoken"),
        (r#"{"pooling_mode":"cls","pooling_mode_mean_tokens":true}"#, "pooling_mode_mean_tokens"),
        (r#"{"pooling_mode_mean_tokens":false,"pooling_mode_cls_token":false}"#, "pooling mode"),
        (r#"{"pooling_mode_max_tokens":true}"#, "pooling_mode_max_tokens"),
    ] {
        assert!(refused("1_Pooling/config.json", mode).contains(name), "{mode}");
    }
    let elsewhere = r#"[{"path":"","type":"sentence_transformers.models.Transformer"},
        {"path":"2_Pooling","type":"sentence_transformers.models.Pooling"}]"#;
    assert!(refused("modules.json", elsewhere).contains("2_Pooling"));
}

#[test]
fn the_end_of_a_turn_is_found_by_its_text() {
    let sample = sample("llama");
    let ends = |kind: i32, text: &str| {
        let texts = (0..40).map(|id| if id == 5 { text.to_owned() } else { format!("t{id}") }).collect();
        let kinds = (0..40).map(|id| if id == 5 { kind } else { 1 }).collect();
        let mut metadata = sample.metadata.clone();
        metadata.push(("tokenizer.ggml.tokens".to_owned(), gguf::Value::Strings(texts)));
        metadata.push(("tokenizer.ggml.token_type".to_owned(), gguf::Value::Integers(kinds)));
        let tensors: Vec<_> = sample.gguf.iter().map(|tensor| gguf::Stored::new(tensor, Type::F32)).collect();
        let model = Model::from_gguf_bytes("model.gguf", gguf::write(&metadata, &tensors)).unwrap();
        model.special_tokens().eos.clone()
    };
    for text in ["<|im_end|>", "<|end|>", "<|eot_id|>", "<end_of_turn>"] {
        assert_eq!(ends(3, text), [2, 3, 5], "{text}");
        assert_eq!(ends(4, text), [2, 3, 5], "{text}");
        assert_eq!(ends(1, text), [2, 3], "an ordinary token");
    }
    assert_eq!(ends(3, "<|im_start|>"), [2, 3]);
}

#[test]
fn rows_before_the_first_position_are_left_out() {
    let found = encoder(&sample("roberta"), &[]);
    assert_eq!((found.context_length, found.position_offset, found.token_types), (256, 0, 2));
}

#[test]
fn the_built_in_model_opens() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../inference/models/builtin");
    let read = |file: &str| std::fs::read(folder.join(file)).unwrap().into();
    let [config, weights, tokenizer] = ["config.json", "model.safetensors", "tokenizer.json"].map(read);
    let memory = Model::from_files(&ModelFiles { config, weights, tokenizer }).unwrap();
    let options = OpenOptions { cache: CacheUse::Off, ..OpenOptions::default() };
    assert_eq!(Model::open(&folder, &options).unwrap().weights_root(), memory.weights_root());
    assert_eq!((memory.special_tokens().bos, memory.special_tokens().eos.as_slice()), (Some(0), [1].as_slice()));
}

#[test]
fn end_of_text_ids_of_all_files_are_joined() {
    let sample = sample("llama");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.json"), sample.config.to_string()).unwrap();
    std::fs::write(folder.path().join("model.safetensors"), safetensors(&sample.tensors, Type::F32)).unwrap();
    std::fs::write(folder.path().join("generation_config.json"), r#"{"eos_token_id": [7, 3], "bos_token_id": 9}"#)
        .unwrap();
    let options = OpenOptions { cache: CacheUse::Off, ..OpenOptions::default() };
    let special = Model::open(folder.path(), &options).unwrap().special_tokens().clone();
    assert_eq!((special.bos, special.eos), (Some(1), vec![2, 3, 7]));
}
