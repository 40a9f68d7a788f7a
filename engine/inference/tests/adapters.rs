//! LoRA adapters in the exact engine: against the float path and transformers, sameness, and liars.

use std::path::Path;

use crate::fixtures::{folder, Fixture};
use strike_inference::exact::{
    Batch, CacheUse, Claim, Divergence, Engine, ExactGeneration, ExactModel, Job, LoadError, OpenOptions, Sampler,
    Verification,
};
use strike_inference::{Control, Isa, Reference, ReferenceError, ReferenceOptions, Rounding};

const RANK: usize = 8;
/// Widths of the built-in model.
const CONFIG: &str = include_str!("../models/builtin/config.json");

/// Random numbers in -1..1, the same on every machine.
struct Random(u64);

impl Random {
    fn number(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

/// An adapter of every matrix of the built-in model; all of `B` is multiplied with `size`.
fn write_adapter(seed: u64, size: f32) -> tempfile::TempDir {
    let config: serde_json::Value = serde_json::from_str(CONFIG).expect("a configuration");
    let number = |field: &str| config[field].as_u64().unwrap_or_else(|| panic!("{field}")) as usize;
    let (hidden, ffn, heads) = (number("hidden_size"), number("intermediate_size"), number("num_attention_heads"));
    let width = config["head_dim"].as_u64().map_or(hidden / heads, |width| width as usize);
    let (query, kv) = (heads * width, number("num_key_value_heads") * width);
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut tensors = Vec::new();
    for layer in 0..number("num_hidden_layers") {
        for (module, outputs, inputs) in [
            ("self_attn.q_proj", query, hidden),
            ("self_attn.k_proj", kv, hidden),
            ("self_attn.v_proj", kv, hidden),
            ("self_attn.o_proj", hidden, query),
            ("mlp.gate_proj", ffn, hidden),
            ("mlp.up_proj", ffn, hidden),
            ("mlp.down_proj", hidden, ffn),
        ] {
            let name = |part| format!("base_model.model.model.layers.{layer}.{module}.lora_{part}.weight");
            let mut numbers = |count: usize, size: f32| -> Vec<u8> {
                (0..count).flat_map(|_| (size * random.number()).to_le_bytes()).collect()
            };
            let a = numbers(RANK * inputs, 1.0 / (inputs as f32).sqrt());
            tensors.push((name("A"), vec![RANK, inputs], a));
            tensors.push((name("B"), vec![outputs, RANK], numbers(outputs * RANK, size)));
        }
    }
    let views = tensors.iter().map(|(name, shape, bytes)| {
        (name, safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), bytes).expect("a tensor"))
    });
    let folder = tempfile::tempdir().expect("a folder");
    let config = serde_json::json!({"peft_type": "LORA", "r": RANK, "lora_alpha": 16});
    std::fs::write(folder.path().join("adapter_config.json"), config.to_string()).expect("a file");
    let file = safetensors::serialize(views, None).expect("a file");
    std::fs::write(folder.path().join("adapter_model.safetensors"), file).expect("a file");
    folder
}

/// The built-in model, without and with an adapter.
fn models(seed: u64, size: f32) -> [ExactModel; 2] {
    let base = ExactModel::builtin().expect("the built-in model");
    let adapted = base.open_adapter(write_adapter(seed, size).path()).expect("an adapter");
    [base, adapted]
}

fn job(model: &ExactModel, prompt: &str, max_tokens: u32, seed: u8) -> Job {
    let sampler =
        Sampler { temperature_milli: 900, min_p_milli: 30, repetition_penalty_milli: 1100, repetition_window: 32 };
    let prompt = model.prompt(prompt).expect("a prompt");
    Job { prompt, max_tokens, sampler, seed: [seed; 32], stop: Vec::new(), json_schema: None }
}

fn generate(engine: &Engine, model: &ExactModel, job: &Job) -> ExactGeneration {
    engine.generate(model, job, true, &Control::default(), |_, _| {}).expect("a generation")
}

fn claim(generation: &ExactGeneration) -> Claim {
    let trace_root = generation.trace.as_ref().map(strike_inference::exact::Trace::root);
    Claim { tokens: generation.tokens.clone(), stop: generation.stop, trace_root }
}

#[test]
fn every_machine_and_every_batch_gives_one_result() {
    let [base, adapted] = models(1, 0.3);
    let jobs: Vec<Job> = (0..4).map(|seed| job(&adapted, "The fisher said", 6 + 7 * u32::from(seed), seed)).collect();
    let scalar = Engine::with_isa(1, Isa::Scalar).expect("an engine");
    let expected: Vec<ExactGeneration> = jobs.iter().map(|job| generate(&scalar, &adapted, job)).collect();
    for isa in Isa::available() {
        for threads in [1, 2, 5] {
            let engine = Engine::with_isa(threads, isa).expect("an engine");
            // The base model's computed beginnings must not serve the adapted one.
            generate(&engine, &base, &jobs[0]);
            assert_eq!(generate(&engine, &adapted, &jobs[0]), expected[0], "{} {threads}", isa.name());
            let mut batch = Batch::new(&engine, &adapted);
            for job in &jobs {
                batch.admit(job.clone(), true).expect("a job");
            }
            let mut finished = 0;
            while !batch.is_empty() {
                for event in batch.step().expect("a step") {
                    if let Some(generation) = event.finished {
                        assert_eq!(generation.expect("a generation"), expected[event.id as usize]);
                        finished += 1;
                    }
                }
            }
            assert_eq!(finished, jobs.len());
        }
    }
    let validator = Engine::new(2).expect("an engine");
    for (job, generation) in jobs.iter().zip(&expected) {
        let trace = generation.trace.as_ref().expect("a trace");
        let found = validator.verify(&adapted, job, &claim(generation), Some(trace), &Control::default());
        assert_eq!(found.expect("a check"), Verification::Valid { trace_root: trace.root() });
    }
}

#[test]
fn an_adapter_of_zeros_changes_the_root_alone() {
    let [base, adapted] = models(2, 0.0);
    let adapter = adapted.adapter().expect("an adapter");
    assert_eq!(adapted.model_root(), strike_models::adapted_model_root(&base.model_root(), &adapter.root()));
    assert_ne!(adapted.model_root(), base.model_root());
    assert_eq!(adapted.weights_root(), base.weights_root());
    assert_eq!(adapted.weight_bytes(), base.weight_bytes() + adapter.bytes());
    let engine = Engine::new(2).expect("an engine");
    let job = job(&base, "The old woman", 30, 5);
    assert_eq!(generate(&engine, &adapted, &job), generate(&engine, &base, &job));
    let [_, other] = models(2, 0.1);
    assert_ne!(other.model_root(), adapted.model_root());
}

#[test]
fn work_without_the_adapter_is_found() {
    let [base, adapted] = models(3, 0.3);
    let engine = Engine::new(2).expect("an engine");
    let (mut handed_in, mut found, mut seed) = (0, 0, 0u64);
    while handed_in < 100 {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let job = Job { seed: bytes, ..job(&base, "The children went to the", 8, 0) };
        seed += 1;
        let (lie, truth) = (generate(&engine, &base, &job), generate(&engine, &adapted, &job));
        // Where both give the same tokens, only the trace tells.
        let trace = lie.trace.as_ref().expect("a trace");
        let with_trace = engine.verify(&adapted, &job, &claim(&lie), Some(trace), &Control::default());
        assert!(matches!(
            with_trace.expect("a check"),
            Verification::Diverged(Divergence::Cell { position: 0, layer: 0 })
        ));
        if lie.tokens == truth.tokens {
            continue;
        }
        handed_in += 1;
        let claim = Claim { trace_root: None, ..claim(&lie) };
        let first = lie.tokens.iter().zip(&truth.tokens).take_while(|(lie, truth)| lie == truth).count();
        let outcome = engine.verify(&adapted, &job, &claim, None, &Control::default()).expect("a check");
        if matches!(outcome, Verification::Diverged(Divergence::Token { index, .. }) if index == first) {
            found += 1;
        }
    }
    assert_eq!((found, handed_in), (100, 100), "of {seed} jobs");
}

#[test]
fn adapters_that_do_not_fit_are_refused() {
    let [base, adapted] = models(4, 0.1);
    let smollm2 = folder("smollm2").join("adapter");
    assert!(matches!(base.open_adapter(&smollm2), Err(LoadError::Model(_))));
    assert!(matches!(base.open_adapter(Path::new("/nowhere")), Err(LoadError::Model(_))));
    let again = adapted.open_adapter(write_adapter(4, 0.1).path());
    assert!(matches!(again, Err(LoadError::AlreadyAdapted)));
    // Read for a model of other shapes.
    let other = open("smollm2").open_adapter(&smollm2).expect("an adapter");
    assert_eq!(other.adapter().expect("an adapter").rank(), 4);
    let options = ReferenceOptions { adapter: Some(&smollm2), ..ReferenceOptions::default() };
    assert!(matches!(Reference::open(&folder("bert"), &options), Err(ReferenceError::Load(LoadError::Model(_)))));
}

fn open(family: &str) -> ExactModel {
    let options = OpenOptions { cache: CacheUse::Off, ..OpenOptions::default() };
    ExactModel::open(&folder(family), &options).expect("a model")
}

/// Logits of the exact engine and of the float path with a rounding.
fn reference(rounding: Rounding) -> Reference {
    let adapter = folder("smollm2").join("adapter");
    let options = ReferenceOptions { rounding, adapter: Some(&adapter), ..ReferenceOptions::default() };
    Reference::open(&folder("smollm2"), &options).expect("a model")
}

fn exact_rows(model: &ExactModel, tokens: &[u32]) -> Vec<Vec<f32>> {
    let mut rows = Vec::new();
    Engine::new(2)
        .expect("an engine")
        .score(model, tokens, 0, tokens.len(), &Control::default(), |_, row| rows.push(row.to_vec()))
        .expect("logits");
    rows
}

fn float_rows(model: &Reference, tokens: &[u32]) -> Vec<Vec<f32>> {
    let mut rows = Vec::new();
    model.score(tokens, 0, tokens.len(), &Control::default(), |_, row| rows.push(row.to_vec())).expect("logits");
    rows
}

fn relative(truth: &[f32], found: &[f32]) -> f64 {
    let square = |x: f32| f64::from(x).powi(2);
    let difference: f64 = truth.iter().zip(found).map(|(a, b)| square(a - b)).sum();
    (difference / truth.iter().map(|a| square(*a)).sum::<f64>()).sqrt()
}

fn divergence(truth: &[f32], found: &[f32]) -> f64 {
    let softmax = |logits: &[f32]| {
        let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let weights: Vec<f64> = logits.iter().map(|x| f64::from(x - max).exp()).collect();
        let total: f64 = weights.iter().sum();
        weights.into_iter().map(move |weight| weight / total).collect::<Vec<_>>()
    };
    softmax(truth).iter().zip(softmax(found)).map(|(p, q)| p * (p / q).ln()).sum()
}

#[test]
fn the_float_path_computes_what_transformers_computes() {
    let (fixture, model) = (Fixture::read("smollm2"), reference(Rounding::None));
    let plain = Reference::open(&folder("smollm2"), &ReferenceOptions::default()).expect("a model");
    for case in fixture.adapter_cases() {
        let (rows, without) = (float_rows(&model, &case.tokens), float_rows(&plain, &case.tokens));
        for position in &case.positions {
            let truth = fixture.row(case, *position).expect("a row");
            assert!(relative(truth, &rows[*position]) < 1e-5);
            assert!(relative(truth, &without[*position]) > 1e-2);
        }
    }
}

#[test]
fn the_distance_from_transformers_is_that_of_the_roundings() {
    let fixture = Fixture::read("smollm2");
    let exact = open("smollm2").open_adapter(&folder("smollm2").join("adapter")).expect("an adapter");
    let rounded = reference(Rounding::WeightsAndActivations);
    let (mut found, mut predicted, mut rows) = (0.0, 0.0, 0);
    for case in fixture.adapter_cases() {
        let (exact, rounded) = (exact_rows(&exact, &case.tokens), float_rows(&rounded, &case.tokens));
        for position in &case.positions {
            let truth = fixture.row(case, *position).expect("a row");
            found += divergence(truth, &exact[*position]);
            predicted += divergence(truth, &rounded[*position]);
            rows += 1;
        }
    }
    let (found, predicted) = (found / f64::from(rows), predicted / f64::from(rows));
    eprintln!("divergence {found:.2e} of {predicted:.2e} predicted");
    assert!(found < 1.25 * predicted && predicted < 0.025);
}

#[test]
fn the_exact_engine_computes_what_the_float_path_does_with_its_roundings() {
    let exact = open("smollm2").open_adapter(&folder("smollm2").join("adapter")).expect("an adapter");
    let rounded = reference(Rounding::WeightsAndActivations);
    // As in `families.rs`: until an activation lies so close between two integers that it is rounded the other way.
    let mut best = 0;
    for seed in 0..64u64 {
        let mut random = Random((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let tokens: Vec<u32> = (0..40).map(|_| ((random.number() + 1.0) * 136.0) as u32 % 272).collect();
        let rows = exact_rows(&exact, &tokens).into_iter().zip(float_rows(&rounded, &tokens));
        best = best.max(rows.take_while(|(exact, rounded)| relative(rounded, exact) < 2e-6).count());
        if best == tokens.len() {
            return;
        }
    }
    panic!("no text agrees beyond row {best}");
}
