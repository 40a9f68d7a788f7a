//! Damaged files end in a model or an error, never in a panic.

use std::borrow::Cow;
use std::sync::LazyLock;

use crate::common::families::{all, Sample};
use crate::common::gguf::{self, Stored};
use crate::common::{safetensors, Type};
use proptest::prelude::*;
use strike_models::gguf::File;
use strike_models::{Model, ModelError, ModelFiles};

static SAMPLE: LazyLock<Sample> = LazyLock::new(|| all().remove(0));

static GGUF: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let tensors: Vec<_> = SAMPLE.gguf.iter().map(|tensor| Stored::new(tensor, Type::F16)).collect();
    let mut metadata = SAMPLE.metadata.clone();
    metadata.push(("tokenizer.ggml.tokens".to_owned(), gguf::Value::Strings(vec!["a".to_owned(), "bc".to_owned()])));
    gguf::write(&metadata, &tensors)
});

static SAFETENSORS: LazyLock<Vec<u8>> = LazyLock::new(|| safetensors(&SAMPLE.tensors, Type::F16));

/// Where the data begin in the GGUF file: the first tensor's bytes.
const HEADER: usize = 4000;

fn open_gguf(contents: Vec<u8>) -> Result<Model, ModelError> {
    Model::from_gguf_bytes("model.gguf", contents)
}

fn open_safetensors(config: &str, weights: impl Into<Cow<'static, [u8]>>) -> Result<Model, ModelError> {
    Model::from_files(&ModelFiles {
        config: config.to_owned().into_bytes().into(),
        weights: weights.into(),
        tokenizer: Vec::new().into(),
    })
}

#[test]
fn gguf_files_that_end_early_are_refused() {
    assert!(open_gguf(GGUF.clone()).is_ok());
    let ends = (0..HEADER).chain((HEADER..GGUF.len()).step_by(997)).chain([GGUF.len() - 1]);
    for end in ends {
        assert!(open_gguf(GGUF[..end].to_vec()).is_err(), "{end}");
    }
}

#[test]
fn safetensors_files_that_end_early_are_refused() {
    let config = SAMPLE.config.to_string();
    assert!(open_safetensors(&config, SAFETENSORS.clone()).is_ok());
    let ends = (0..HEADER).chain((HEADER..SAFETENSORS.len()).step_by(997)).chain([SAFETENSORS.len() - 1]);
    for end in ends {
        assert!(open_safetensors(&config, SAFETENSORS[..end].to_vec()).is_err(), "{end}");
    }
}

#[test]
fn huge_numbers_anywhere_in_the_headers_are_no_panic() {
    let config = SAMPLE.config.to_string();
    for at in 0..HEADER {
        for number in [u64::MAX, 1 << 63, 1 << 40, 1 << 31, u64::MAX - 31] {
            let mut contents = GGUF.clone();
            contents[at..at + 8].copy_from_slice(&number.to_le_bytes());
            // The data are not needed to read the header.
            contents.truncate(HEADER + 64);
            let _ = File::from_bytes("model.gguf", contents);
        }
    }
    for number in [u64::MAX, 1 << 63, 1 << 40, 100_000_000, SAFETENSORS.len() as u64] {
        let mut contents = SAFETENSORS.clone();
        contents[..8].copy_from_slice(&number.to_le_bytes());
        assert!(open_safetensors(&config, contents).is_err());
    }
}

#[test]
fn counts_are_refused_before_memory_is_taken_for_them() {
    for (at, what) in [(8, "tensors"), (16, "metadata entries")] {
        let mut contents = GGUF.clone();
        contents[at..at + 8].copy_from_slice(&u64::MAX.to_le_bytes());
        let error = File::from_bytes("model.gguf", contents).map(drop).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
}

#[test]
fn tensors_whose_data_overlap_are_refused() {
    let name = b"blk.1.attn_k.weight";
    let at = GGUF.windows(name.len()).position(|bytes| bytes == name).expect("the tensor is in the directory");
    let mut contents = GGUF.clone();
    // Behind the name: number of dimensions, two of them, type, and the offset.
    let offset = at + name.len() + 4 + 2 * 8 + 4;
    contents[offset..offset + 8].fill(0);
    let error = open_gguf(contents).map(drop).unwrap_err().to_string();
    assert!(error.contains("overlap"), "{error}");
}

#[test]
fn numbers_of_the_configuration_are_refused_by_field() {
    let mut fields = vec!["hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"];
    fields.extend(["vocab_size", "max_position_embeddings", "head_dim", "num_key_value_heads"]);
    for field in fields {
        for number in [0u64, u64::MAX, 1 << 40] {
            let mut config = SAMPLE.config.clone();
            config[field] = number.into();
            match open_safetensors(&config.to_string(), SAFETENSORS.clone()).map(drop) {
                Err(ModelError::ConfigOutOfRange { field: named, .. }) => assert_eq!(named, field),
                other => panic!("{field} = {number}: {other:?}"),
            }
        }
    }
    for (field, value) in [("rms_norm_eps", 0.0), ("rms_norm_eps", 2.0), ("rope_theta", 0.0), ("rope_theta", -1.0)] {
        let mut config = SAMPLE.config.clone();
        config[field] = value.into();
        let error = open_safetensors(&config.to_string(), SAFETENSORS.clone()).map(drop).unwrap_err();
        assert!(matches!(error, ModelError::ConfigOutOfRange { field: ref named, .. } if named == field), "{error}");
    }
}

#[test]
fn many_parameters_are_refused_although_each_field_is_in_range() {
    let mut config = SAMPLE.config.clone();
    for (field, number) in [("hidden_size", 1 << 15), ("intermediate_size", 1 << 17), ("num_hidden_layers", 256)] {
        config[field] = number.into();
    }
    let error = open_safetensors(&config.to_string(), SAFETENSORS.clone()).map(drop).unwrap_err();
    assert!(error.to_string().contains("the number of parameters"), "{error}");
}

#[test]
fn what_is_not_computed_is_refused_by_field() {
    for (field, value) in [
        ("model_type", serde_json::json!("mamba")),
        ("hidden_act", serde_json::json!("relu")),
        ("rope_scaling.rope_type", serde_json::json!({"rope_type": "dynamic", "factor": 2.0})),
        ("rope_scaling.rope_type", serde_json::json!({"factor": 2.0})),
    ] {
        let mut config = SAMPLE.config.clone();
        config[field.split('.').next().unwrap()] = value;
        let error = open_safetensors(&config.to_string(), SAFETENSORS.clone()).map(drop).unwrap_err();
        assert!(matches!(error, ModelError::UnsupportedConfig { field: ref named, .. } if named == field), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn changed_bytes_of_a_gguf_header_are_no_panic(changes in prop::collection::vec((0..HEADER, any::<u8>()), 1..4)) {
        let mut contents = GGUF.clone();
        for (at, byte) in changes {
            contents[at] = byte;
        }
        let _ = open_gguf(contents);
    }

    #[test]
    fn changed_bytes_of_a_safetensors_header_are_no_panic(changes in prop::collection::vec((0..HEADER, any::<u8>()), 1..4)) {
        let mut contents = SAFETENSORS.clone();
        for (at, byte) in changes {
            contents[at] = byte;
        }
        let _ = open_safetensors(&SAMPLE.config.to_string(), contents);
    }

    #[test]
    fn changed_bytes_of_a_configuration_are_no_panic(changes in prop::collection::vec((0usize..10_000, 32u8..127), 1..4)) {
        let mut config = SAMPLE.config.to_string().into_bytes();
        for (at, byte) in changes {
            let at = at % config.len();
            config[at] = byte;
        }
        if let Ok(config) = String::from_utf8(config) {
            let _ = open_safetensors(&config, SAFETENSORS.as_slice());
        }
    }
}
