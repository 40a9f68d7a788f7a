//! Damaged and hostile model files: an error that names the file, never a panic.

use std::borrow::Cow;

use proptest::prelude::*;
use strike_inference::exact::LoadError;
use strike_inference::{builtin_files, Control, GenerateRequest, Model, ModelError, ModelFiles, Sampler};
use strike_tokenizers::TokenizerError;

fn load(edit: impl FnOnce(&mut Vec<u8>, &mut Vec<u8>, &mut Vec<u8>)) -> Result<Model, LoadError> {
    let ModelFiles { config, weights, tokenizer } = builtin_files();
    let (mut config, mut weights, mut tokenizer) = (config.into_owned(), weights.into_owned(), tokenizer.into_owned());
    edit(&mut config, &mut weights, &mut tokenizer);
    Model::from_files(&ModelFiles {
        config: Cow::Owned(config),
        weights: Cow::Owned(weights),
        tokenizer: Cow::Owned(tokenizer),
    })
}

/// A model that loads although its files were changed must still answer, if only with an error.
fn try_out(result: Result<Model, LoadError>) {
    if let Ok(model) = result {
        let request = GenerateRequest {
            prompt: "Tell me about the harbour. ñ".into(),
            max_tokens: 3,
            sampler: Sampler {
                temperature_milli: 800,
                min_p_milli: 20,
                repetition_penalty_milli: 1200,
                repetition_window: 8,
            },
            seed: [3; 32],
            stop: vec![vec![5, 6]],
        };
        let made = model.generate(&request, &Control::default(), &mut |_| {});
        if let Ok(made) = made {
            assert!(model.check(&request, &made.tokens, &Control::default()).is_ok_and(|outcome| outcome.is_match()));
        }
    }
}

fn replaced(contents: &mut Vec<u8>, from: &str, to: &str) {
    let text = String::from_utf8(std::mem::take(contents)).expect("a JSON file");
    assert!(text.contains(from), "the file has {from}");
    *contents = text.replacen(from, to, 1).into_bytes();
}

/// The safetensors header as JSON, and the data behind it.
fn with_header(weights: &mut Vec<u8>, edit: impl FnOnce(&mut serde_json::Value)) {
    let length = u64::from_le_bytes(weights[..8].try_into().expect("eight bytes")) as usize;
    let mut header: serde_json::Value = serde_json::from_slice(&weights[8..8 + length]).expect("a JSON header");
    let data = weights.split_off(8 + length);
    edit(&mut header);
    let header = header.to_string();
    *weights = (header.len() as u64).to_le_bytes().to_vec();
    weights.extend_from_slice(header.as_bytes());
    weights.extend_from_slice(&data);
}

#[test]
fn truncated_files_are_refused() {
    for keep in [0, 1, 7, 8, 9, 100, 5000] {
        assert!(load(|_, weights, _| weights.truncate(keep)).is_err(), "weights of {keep} bytes");
        assert!(load(|config, _, _| config.truncate(keep.min(config.len() - 5))).is_err(), "config of {keep} bytes");
        assert!(load(|_, _, tokenizer| tokenizer.truncate(keep)).is_err(), "tokenizer of {keep} bytes");
    }
    assert!(matches!(
        load(|_, weights, _| weights.truncate(weights.len() - 1)),
        Err(LoadError::Model(ModelError::Malformed { ref file, .. })) if file == "model.safetensors"
    ));
}

#[test]
fn a_header_longer_than_the_file_is_refused_before_it_is_read() {
    for claimed in [u64::MAX, 1 << 40, 1 << 25] {
        let result = load(|_, weights, _| weights[..8].copy_from_slice(&claimed.to_le_bytes()));
        assert!(
            matches!(result, Err(LoadError::Model(ModelError::Malformed { ref file, ref reason })) if file == "model.safetensors" && reason.contains("claims")),
            "{result:?}"
        );
    }
}

#[test]
fn a_missing_tensor_is_named() {
    let result = load(|_, weights, _| {
        with_header(weights, |header| {
            let entry = header["model.norm.weight"].take();
            let header = header.as_object_mut().expect("an object");
            header.remove("model.norm.weight");
            header.insert("model.norm.other".into(), entry);
        });
    });
    assert!(
        matches!(result, Err(LoadError::Model(ModelError::MissingTensor { ref tensor, .. })) if tensor == "model.norm.weight"),
        "{result:?}"
    );
}

#[test]
fn a_wrong_shape_is_named_with_both_shapes() {
    let result = load(|_, weights, _| {
        with_header(weights, |header| {
            let shape = &mut header["model.layers.0.self_attn.q_proj.weight"]["shape"];
            let (rows, columns) = (shape[0].as_u64().expect("a number"), shape[1].as_u64().expect("a number"));
            *shape = serde_json::json!([rows * 2, columns / 2]);
        });
    });
    match result {
        Err(LoadError::Model(ModelError::ShapeMismatch { tensor, expected, found, .. })) => {
            assert_eq!(tensor, "model.layers.0.self_attn.q_proj.weight");
            assert_eq!(found, [expected[0] * 2, expected[1] / 2]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn shapes_that_overflow_are_refused() {
    let result = load(|_, weights, _| {
        with_header(weights, |header| header["model.norm.weight"]["shape"] = serde_json::json!([u64::MAX, 4]));
    });
    assert!(matches!(result, Err(LoadError::Model(ModelError::Malformed { .. }))), "{result:?}");
}

#[test]
fn a_weight_that_is_not_finite_is_named() {
    let result = load(|_, weights, _| {
        let length = weights.len();
        weights[length - 2..].copy_from_slice(&0x7E00u16.to_le_bytes());
    });
    assert!(matches!(result, Err(LoadError::Model(ModelError::NotFiniteWeight { .. }))), "{result:?}");
}

#[test]
fn tokenizers_that_disagree_with_themselves_are_refused() {
    let result = load(|_, _, tokenizer| replaced(tokenizer, "\"dropout\":null", "\"dropout\":0.1"));
    assert!(
        matches!(result, Err(LoadError::Tokenizer(TokenizerError::Unsupported { component: "model.dropout", .. }))),
        "{result:?}"
    );
    let result = load(|_, _, tokenizer| replaced(tokenizer, "\"!\":2", "\"!\":1024"));
    assert!(
        matches!(result, Err(LoadError::Tokenizer(TokenizerError::TokenOutOfRange { id: 1024, vocab_size: 1024 }))),
        "{result:?}"
    );
    let result = load(|_, _, tokenizer| replaced(tokenizer, "\"!\":2", "\"!\":3"));
    assert!(matches!(result, Err(LoadError::Tokenizer(TokenizerError::Malformed { .. }))), "{result:?}");
    let result = load(|_, _, tokenizer| replaced(tokenizer, "\"ids\":[0]", "\"ids\":[70000]"));
    assert!(
        matches!(result, Err(LoadError::Tokenizer(TokenizerError::TokenOutOfRange { id: 70000, .. }))),
        "{result:?}"
    );
    let result = load(|_, _, tokenizer| replaced(tokenizer, "\"type\":\"BPE\"", "\"type\":\"Unigram\""));
    assert!(matches!(result, Err(LoadError::Tokenizer(TokenizerError::Malformed { .. }))), "{result:?}");
}

#[test]
fn a_directory_without_a_file_names_it() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    assert!(
        matches!(Model::load(directory.path()), Err(LoadError::Model(ModelError::Unreadable { ref file, .. })) if file == "config.json")
    );
    for (name, contents) in builtin_files().named() {
        std::fs::write(directory.path().join(name), contents).expect("the file is written");
    }
    assert!(Model::load(directory.path()).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn flipped_bits_never_panic(flips in prop::collection::vec((0usize..3, any::<prop::sample::Index>(), 0u8..8), 1..6)) {
        try_out(load(|config, weights, tokenizer| {
            for (file, at, bit) in flips {
                let contents = [&mut *config, &mut *weights, &mut *tokenizer];
                let contents = &mut *contents[file];
                let at = at.index(contents.len());
                contents[at] ^= 1 << bit;
            }
        }));
    }

    #[test]
    fn damaged_headers_never_panic(at in 0usize..4000, bytes in prop::collection::vec(any::<u8>(), 1..16)) {
        try_out(load(|_, weights, _| {
            for (to, byte) in weights[at..].iter_mut().zip(bytes) {
                *to = byte;
            }
        }));
    }

    #[test]
    fn cut_and_random_files_never_panic(file in 0usize..3, at in any::<prop::sample::Index>(), tail in prop::collection::vec(any::<u8>(), 0..64)) {
        try_out(load(|config, weights, tokenizer| {
            let contents = [config, weights, tokenizer];
            let contents = &mut *contents[file];
            let at = at.index(contents.len());
            contents.truncate(at);
            contents.extend(tail);
        }));
    }

    #[test]
    fn edited_numbers_never_panic(field in 0usize..12, number in prop_oneof![any::<i64>(), -4i64..600]) {
        try_out(load(|config, _, _| {
            let mut value: serde_json::Value = serde_json::from_slice(config).expect("the built-in config is JSON");
            let fields = value.as_object_mut().expect("the built-in config is an object");
            let name = fields.keys().nth(field % fields.len()).expect("a field").clone();
            fields.insert(name, number.into());
            *config = value.to_string().into_bytes();
        }));
    }
}
