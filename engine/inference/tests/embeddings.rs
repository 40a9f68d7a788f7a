//! Embeddings against transformers in float32 (`bench/encoder.py` wrote the fixture), and what is refused.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use strike_inference::exact::{AnyModel, CacheUse, Engine, ExactEncoder, ExactModel, JobError, LoadError, OpenOptions};
use strike_inference::{Control, Isa};

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    text: String,
    tokens: Vec<u32>,
    mean: Vec<f32>,
    cls: Vec<f32>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/families/bert")
}

fn options() -> OpenOptions<'static> {
    OpenOptions { cache: CacheUse::Off, ..OpenOptions::default() }
}

fn cases() -> Vec<Case> {
    let contents = std::fs::read(folder().join("tokens.json")).expect("tokens");
    serde_json::from_slice::<Fixture>(&contents).expect("a fixture").cases
}

/// A copy of the model in which one file is another.
fn changed(file: &str, contents: &str) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(copy.path().join("1_Pooling")).expect("a folder");
    for name in ["config.json", "model.safetensors", "modules.json", "sentence_bert_config.json", "tokenizer.json"] {
        std::fs::copy(folder().join(name), copy.path().join(name)).expect("a copy");
    }
    std::fs::write(copy.path().join(file), contents).expect("a file");
    copy
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn embeddings_are_those_of_transformers() {
    let engine = Engine::new(2).expect("an engine");
    let first = changed("1_Pooling/config.json", r#"{"pooling_mode_cls_token": true}"#);
    for (path, cls) in [(folder(), false), (first.path().to_owned(), true)] {
        let encoder = ExactEncoder::open(&path, &options()).expect("an encoder");
        let cases = cases();
        let texts: Vec<&str> = cases.iter().map(|case| case.text.as_str()).collect();
        for case in &cases {
            assert_eq!(encoder.tokens(&case.text).expect("tokens"), case.tokens, "{:?}", case.text);
        }
        let vectors = engine.embed_texts(&encoder, &texts, &Control::default()).expect("embeddings");
        assert_eq!(vectors.len(), cases.len());
        let mut worst = 1.0f64;
        for (case, vector) in cases.iter().zip(&vectors) {
            assert_eq!(vector.len(), encoder.dimensions());
            assert!((cosine(vector, vector) - 1.0).abs() < 1e-6);
            let cosine = cosine(vector, if cls { &case.cls } else { &case.mean });
            worst = worst.min(cosine);
        }
        eprintln!("least cosine: {worst:.6}");
        assert!(worst > 0.999, "{worst}");
    }
}

#[test]
fn every_machine_and_every_batch_gives_one_result() {
    let encoder = ExactEncoder::open(&folder(), &options()).expect("an encoder");
    let mut texts: Vec<Vec<u32>> = cases().into_iter().map(|case| case.tokens).collect();
    for round in 0..40 {
        texts.push(texts[round].iter().map(|token| (token * 7 + 5) % 120).collect());
    }
    let scalar = Engine::with_isa(1, Isa::Scalar).expect("an engine");
    let expected = scalar.embed(&encoder, &texts, &Control::default()).expect("embeddings");
    for isa in Isa::available() {
        for threads in [1, 3] {
            let engine = Engine::with_isa(threads, isa).expect("an engine");
            let found = engine.embed(&encoder, &texts, &Control::default()).expect("embeddings");
            assert!(found == expected, "{} {threads}", isa.name());
            for (text, expected) in texts.iter().zip(&expected) {
                let alone = engine.embed(&encoder, std::slice::from_ref(text), &Control::default()).expect("one");
                assert!(alone[0] == *expected, "{} {threads}", isa.name());
            }
        }
    }
}

#[test]
fn a_trace_depends_on_the_texts_alone() {
    let AnyModel::Encoder(encoder) = AnyModel::open(&folder(), &options()).expect("a model") else { panic!("decoder") };
    // Several passes, and texts on both sides of their bounds.
    let texts: Vec<Vec<u32>> = (0..3).flat_map(|_| cases()).map(|case| case.tokens).take(60).collect();
    let control = Control::default();
    let scalar = Engine::with_isa(1, Isa::Scalar).expect("an engine");
    let vectors = scalar.embed(&encoder, &texts, &control).expect("embeddings");
    let (traced, trace) = scalar.embed_traced(&encoder, &texts, &control).expect("embeddings");
    assert!(traced == vectors);
    let tokens: Vec<u32> = texts.concat();
    assert_eq!(trace.tokens().iter().map(|position| position.token).collect::<Vec<_>>(), tokens);
    assert!((0..tokens.len()).all(|position| trace.cells(position).iter().all(|cell| *cell != [0; 32])));
    for isa in Isa::available() {
        let engine = Engine::with_isa(3, isa).expect("an engine");
        let (found, other) = engine.embed_traced(&encoder, &texts, &control).expect("embeddings");
        assert!(found == vectors && other == trace, "{}", isa.name());
    }
    // A text's first cells are its own; what stands before it changes only where it lies.
    let (_, alone) = scalar.embed_traced(&encoder, &texts[..1], &control).expect("embeddings");
    assert_eq!(alone.cells(0), trace.cells(0));
    let (_, swapped) = scalar.embed_traced(&encoder, &[&texts[1..2], &texts[..1]].concat(), &control).expect("both");
    assert_ne!(swapped.root(), trace.root());
    let mut changed = texts.clone();
    *changed.last_mut().and_then(|text| text.first_mut()).expect("a token") ^= 1;
    assert_ne!(scalar.embed_traced(&encoder, &changed, &control).expect("embeddings").1.root(), trace.root());
}

#[test]
fn models_are_opened_as_what_they_are() {
    let decoder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/families/smollm2");
    assert!(matches!(AnyModel::open(&decoder, &options()), Ok(AnyModel::Decoder(_))));
    assert!(matches!(AnyModel::open(&folder(), &options()), Ok(AnyModel::Encoder(_))));
}

#[test]
fn long_texts_are_cut_in_front_of_the_last_token() {
    let encoder = ExactEncoder::open(&folder(), &options()).expect("an encoder");
    assert_eq!((encoder.max_tokens(), encoder.context_length()), (48, 64));
    let long = "a ".repeat(1000);
    let tokens = encoder.tokens(&long).expect("tokens");
    assert_eq!((tokens.len(), tokens[0], tokens[47]), (48, 2, 3));

    let whole = changed("sentence_bert_config.json", r#"{"max_seq_length": null}"#);
    let encoder = ExactEncoder::open(whole.path(), &options()).expect("an encoder");
    assert_eq!(encoder.tokens(&long).expect("tokens").len(), 64);
    let beyond = changed("sentence_bert_config.json", r#"{"max_seq_length": 4096}"#);
    assert_eq!(ExactEncoder::open(beyond.path(), &options()).expect("an encoder").max_tokens(), 64);
    let none = changed("sentence_bert_config.json", r#"{"max_seq_length": 0}"#);
    assert!(matches!(ExactEncoder::open(none.path(), &options()), Err(LoadError::SentenceConfig(_))));
}

#[test]
fn what_cannot_be_embedded_is_named() {
    let encoder = ExactEncoder::open(&folder(), &options()).expect("an encoder");
    let engine = Engine::new(1).expect("an engine");
    let embed = |texts: &[Vec<u32>]| engine.embed(&encoder, texts, &Control::default());
    assert!(embed(&[]).expect("nothing").is_empty());
    assert!(matches!(embed(&[vec![2, 3], vec![]]), Err(JobError::TextEmpty { text: 1 })));
    assert!(matches!(embed(&[vec![2; 65]]), Err(JobError::TextTooLong { text: 0, tokens: 65, context_length: 64 })));
    assert!(matches!(embed(&[vec![2, 120]]), Err(JobError::TokenOutOfRange { id: 120, .. })));
    let control = Control::default();
    control.cancel();
    assert!(matches!(engine.embed(&encoder, &[vec![2, 3]], &control), Err(JobError::Cancelled)));
    assert!(matches!(ExactModel::open(&folder(), &options()), Err(LoadError::Network(_))));
}
