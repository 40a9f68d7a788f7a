//! Every family against the logits of transformers in float32: `bench/oracle.py` wrote the fixtures.

use std::path::Path;

use serde::Deserialize;
use strike_inference::exact::{CacheUse, Engine, ExactModel, OpenOptions};
use strike_inference::Control;

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    tokens: Vec<u32>,
    positions: Vec<usize>,
    first_row: usize,
    #[serde(default)]
    adapter: bool,
}

const VOCABULARY: usize = 272;

fn softmax(logits: &[f32]) -> Vec<f64> {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f64> = logits.iter().map(|x| f64::from(x - max).exp()).collect();
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}

/// Mean KL divergence of our distribution from that of the oracle, and the cosine of the logits at their worst.
fn compare(family: &str) -> (f64, f64) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/families").join(family);
    let options = OpenOptions { cache: CacheUse::Off, ..OpenOptions::default() };
    let model = ExactModel::open(&folder, &options).unwrap_or_else(|error| panic!("{family}: {error}"));
    let fixture: Fixture =
        serde_json::from_slice(&std::fs::read(folder.join("tokens.json")).expect("tokens")).expect("a fixture");
    let oracle: Vec<f32> = std::fs::read(folder.join("logits.bin"))
        .expect("logits")
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect();
    let engine = Engine::new(2).expect("an engine");
    let (mut divergence, mut count, mut worst) = (0.0, 0, 1.0f64);
    for case in fixture.cases.iter().filter(|case| !case.adapter) {
        engine
            .score(&model, &case.tokens, 0, case.tokens.len(), &Control::default(), |position, logits| {
                let Some(at) = case.positions.iter().position(|wanted| *wanted == position) else { return };
                let truth = &oracle[(case.first_row + at) * VOCABULARY..][..VOCABULARY];
                let (p, q) = (softmax(truth), softmax(logits));
                divergence += p.iter().zip(&q).map(|(p, q)| p * (p / q).ln()).sum::<f64>();
                count += 1;
                let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
                worst = worst.min(dot(truth, logits) / (dot(truth, truth) * dot(logits, logits)).sqrt());
            })
            .unwrap_or_else(|error| panic!("{family}: {error}"));
    }
    assert!(count > 0, "{family} has no cases");
    (divergence / f64::from(count), worst)
}

macro_rules! families {
    ($($test:ident $folder:literal),*) => {
        $(
            #[test]
            fn $test() {
                let (divergence, cosine) = compare($folder);
                eprintln!("{}: KL {divergence:.2e}, cosine {cosine:.5}", $folder);
                assert!(divergence < 2e-3 && cosine > 0.995, "{}: KL {divergence:e}, cosine {cosine}", $folder);
            }
        )*
    };
}

families! {
    llama_2 "llama2",
    llama_3_with_scaled_angles "llama3",
    smollm2 "smollm2",
    mistral_with_a_window "mistral",
    qwen2 "qwen2",
    qwen2_with_a_window "qwen2-window",
    qwen3 "qwen3",
    phi3 "phi3",
    phi3_with_long_angles "phi3-longrope",
    phi4_mini "phi4-mini",
    gemma2 "gemma2",
    gemma3 "gemma3"
}
