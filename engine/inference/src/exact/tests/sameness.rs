//! The kernels against the definitions on every instruction set, as many times as `STRIKE_SAMENESS_ROWS`, `STRIKE_SAMENESS_LAYERS`
//! and `STRIKE_SAMENESS_TOKENS` say.

use strike_arithmetic::activations::{quantize_row, ActivationBlock};
use strike_arithmetic::linear::dot;
use strike_arithmetic::weights::WeightBlock;
use strike_models::architecture::{Activation, Decoder};
use strike_models::synthetic::DecoderShape;
use strike_models::tensors::{TensorName, BLOCK};
use strike_models::SpecialTokens;

use crate::control::Control;
use crate::exact::engine::Engine;
use crate::exact::generate::{Batch, ExactGeneration};
use crate::exact::job::{Job, Sampler};
use crate::exact::operators::weights;
use crate::exact::tests::adversaries::{by_definition, Lies};
use crate::exact::tests::fixtures::{count, job, Random, Recipe};
use crate::exact::threads::float_state::FloatState;
use crate::exact::threads::parallel::Parallel;
use crate::exact::threads::thread_pool::ThreadPool;
use crate::exact::verify::Verification;
use crate::isa::Isa;
use crate::kernels::activations::Activations;

const SHAPE: DecoderShape = DecoderShape {
    vocab_size: 64,
    hidden_size: 64,
    ffn_size: 96,
    layers: 3,
    heads: 4,
    kv_heads: 2,
    head_dim: 32,
    context_length: 512,
};

/// Runs with the thread set to flush subnormal numbers, where it can be.
fn flushing<T>(run: impl FnOnce() -> T) -> T {
    #[cfg(target_arch = "x86_64")]
    let set = |state: u32| {
        // SAFETY: sets this thread's control of floats; kernels set their own, and it is put back.
        unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &state, options(nostack)) };
    };
    #[cfg(not(target_arch = "x86_64"))]
    let set = |_: u32| {};
    set(0x9fc0);
    let result = run();
    set(0x1f80);
    result
}

/// Canonical bytes of a row with the edges in: -128, scales that are negative, subnormal, zero; or integers of four bits.
fn weight_row(random: &mut Random, four_bits: bool, row: &mut [u8]) {
    for block in row.as_chunks_mut::<34>().0 {
        let scale = match random.below(8) {
            0 => 0x8000 | random.below(0x4000) as u16,
            1 => random.below(0x400) as u16,
            2 => 0,
            3 => 0x8000 | random.below(0x400) as u16,
            4 => random.below(0x7c00) as u16,
            _ => 0x1000 + random.below(0x2000) as u16,
        };
        block[..2].copy_from_slice(&scale.to_le_bytes());
        for q in &mut block[2..] {
            *q = match (four_bits, random.below(16)) {
                (true, nibble) => (nibble as u8).wrapping_sub(8),
                (false, 0) => 0x80,
                (false, 1) => 127,
                (false, 2) => 0x81,
                (false, _) => random.next() as u8,
            };
        }
    }
}

/// A row of activations with the edges in: blocks at and around the limit of the zero block, ties, subnormal numbers, zeros of
/// both signs, large numbers.
fn activation_row(random: &mut Random, columns: usize) -> Vec<f32> {
    let mut row = Vec::with_capacity(columns);
    for _ in 0..columns / BLOCK {
        let limit = 2f32.powi(-40).to_bits();
        let kind = random.below(12);
        let largest = match kind {
            0 => f32::from_bits(limit),
            1 => f32::from_bits(limit - 1),
            2 => f32::from_bits(limit + 1),
            3 => 0.0,
            4 => 1e30,
            5 => f32::from_bits(random.below(0x80_0000) as u32),
            6 => 127.0,
            // Just below and above a tie of the scale's eleven bits.
            7 => f32::from_bits(0x3f80_07ff + random.below(3) as u32) * 127.0,
            _ => f32::from_bits(0x3c00_0000 + random.below(0x0600_0000) as u32),
        };
        for at in 0..BLOCK {
            let sign = if random.once_in(2) { -1.0 } else { 1.0 };
            let share = (random.next() >> 40) as f32 / (1 << 24) as f32;
            row.push(match (kind, random.below(32)) {
                // The scale is 1: halves are ties.
                (6, _) if at > 0 => sign * (random.below(127) as f32 + 0.5),
                (_, 0) => sign * 0.0,
                (_, 1) => sign * largest,
                _ if at == 0 => sign * largest,
                _ => sign * largest * share,
            });
        }
    }
    row
}

#[test]
fn rows_are_quantized_and_multiplied_as_defined() {
    let wanted = count("STRIKE_SAMENESS_ROWS", 10_000);
    let teams = [1, 2, 3, 8].map(|threads| ThreadPool::new(threads).expect("threads"));
    let _state = FloatState::standard();
    let mut random = Random::new(60);
    let mut done = 0;
    while done < wanted {
        let (columns, outputs) = (BLOCK * random.within(1..=12), random.within(1..=70));
        let decoder = DecoderShape { hidden_size: columns, vocab_size: outputs, layers: 1, ..SHAPE }.architecture();
        let recipe = Recipe { decoder, special: SpecialTokens::default(), seed: random.next() };
        let four_bits = random.once_in(4);
        let seed = random.next();
        let model = recipe.changed(&|name, row, bytes| {
            if name == TensorName::Embedding {
                weight_row(&mut Random::new(seed ^ row as u64), four_bits, bytes);
            }
        });
        let matrix = &model.network.embedding;
        let blocks: Vec<Vec<WeightBlock>> = (0..outputs).map(|row| weights(matrix, row)).collect();
        for _ in 0..20 {
            let count = random.within(1..=40);
            let values: Vec<f32> = (0..count).flat_map(|_| activation_row(&mut random, columns)).collect();
            let rows: Vec<Vec<ActivationBlock<f32>>> =
                values.chunks_exact(columns).map(|row| quantize_row(row).expect("finite")).collect();
            let expected: Vec<u32> =
                rows.iter().flat_map(|row| blocks.iter().map(|weights| dot(weights, row).to_bits())).collect();
            let pool = if random.once_in(8) { random.below(teams.len()) } else { 0 };
            for isa in Isa::available() {
                let parallel = Parallel { isa, pool: &teams[pool] };
                let mut quantized = Activations::default();
                parallel.quantize_rows(&values, columns, &mut quantized).expect("finite");
                for (at, block) in rows.iter().flatten().enumerate() {
                    assert_eq!(quantized.q()[at * BLOCK..][..BLOCK], block.q, "{}", isa.name());
                    assert_eq!(quantized.scales()[at].to_bits(), block.scale.to_bits(), "{}", isa.name());
                }
                let mut found = vec![f32::NAN; count * outputs];
                parallel.linear(&quantized, [(matrix, &mut found[..])]);
                for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
                    let same = found.to_bits() == *expected || (found.is_nan() && f32::from_bits(*expected).is_nan());
                    assert!(same, "{} {outputs}x{columns} number {at} of {count} rows", isa.name());
                }
            }
            done += count;
        }
    }
    eprintln!("{done} rows on {} instruction sets", Isa::available().count());
}

#[test]
fn layers_of_every_kind_give_the_trace_of_the_definitions() {
    let wanted = count("STRIKE_SAMENESS_LAYERS", 30);
    let engines: Vec<Engine> = Isa::available().map(|isa| Engine::with_isa(1, isa).expect("an engine")).collect();
    let parallel = Engine::with_isa(3, Isa::best()).expect("an engine");
    let mut random = Random::new(61);
    let (mut layers, mut cells) = (0, 0);
    while layers < wanted {
        let mut recipe = Recipe::new(&mut random);
        recipe.decoder.context_length = 160;
        let window = recipe.decoder.windows.iter().flatten().next().copied().unwrap_or(1);
        let model = recipe.model();
        let mut job = job(&mut random, &recipe.decoder);
        let length = match random.below(4) {
            // Around the end of the first tile, and of the window.
            0 => random.within(126..=130),
            1 => (window + random.below(3)).saturating_sub(1).max(1),
            _ => random.within(1..=40),
        };
        job.prompt = random.tokens(length, recipe.decoder.vocab_size);
        job.max_tokens = 4;
        let Ok(expected) = by_definition(&model, &job, Lies::default()) else { panic!("{:?}", recipe.decoder) };
        let claim = expected.claim();
        let several = random.once_in(8).then_some(&parallel);
        for (at, engine) in engines.iter().chain(several).enumerate() {
            let control = Control::default();
            let both = || {
                let made = engine.generate(&model, &job, true, &control, |_, _| {}).expect("finite");
                let checked = engine.verify(&model, &job, &claim, Some(&expected.trace), &control).expect("a check");
                (made, checked)
            };
            let (made, checked) = if (layers + at) % 3 == 0 { flushing(both) } else { both() };
            let made_trace = made.trace.expect("a trace");
            assert_eq!(checked, Verification::Valid { trace_root: expected.trace.root() }, "{:?}", engine.isa());
            assert_eq!((&made.tokens, made.stop), (&expected.tokens, expected.stop), "{:?}", engine.isa());
            assert!(made_trace == expected.trace, "{:?} {:?}", engine.isa(), recipe.decoder);
        }
        layers += recipe.decoder.layers;
        cells += expected.trace.tokens().len() * recipe.decoder.layers;
    }
    eprintln!("{layers} layers with {cells} cells on {} instruction sets", engines.len());
}

/// As Llama, Qwen 3 and Gemma 3 are.
fn architectures() -> [Decoder; 3] {
    let plain = SHAPE.architecture();
    let queries = Decoder { qk_norm: true, qkv_bias: true, tied_embeddings: false, ..plain.clone() };
    let capped = Decoder {
        activation: Activation::GeluTanh,
        windows: vec![Some(37), None, Some(37)],
        attention_softcap: Some(50.0),
        logit_softcap: Some(30.0),
        embedding_scale: Some(8.0),
        post_norms: true,
        ..plain.clone()
    };
    [plain, queries, capped]
}

fn together(engine: &Engine, model: &crate::exact::ExactModel, jobs: &[Job]) -> Vec<ExactGeneration> {
    let mut batch = Batch::new(engine, model);
    let mut made: Vec<Option<ExactGeneration>> = vec![None; jobs.len()];
    for job in jobs {
        batch.admit(job.clone(), true).expect("a job");
    }
    while made.iter().any(Option::is_none) {
        for event in batch.step().expect("a step") {
            if let Some(generation) = event.finished {
                made[event.id as usize] = Some(generation.expect("finite"));
            }
        }
    }
    made.into_iter().flatten().collect()
}

#[test]
fn generations_do_not_depend_on_machine_threads_or_company() {
    let all = std::env::var("STRIKE_SAMENESS_TOKENS").is_ok();
    let tokens = count("STRIKE_SAMENESS_TOKENS", 6);
    let mut random = Random::new(62);
    let mut runs = 0;
    for (index, decoder) in architectures().into_iter().enumerate() {
        let recipe = Recipe { decoder, special: SpecialTokens::default(), seed: index as u64 };
        let model = recipe.model();
        let mut jobs: Vec<Job> = (0..32).map(|_| job(&mut random, &recipe.decoder)).collect();
        for (at, job) in jobs.iter_mut().enumerate() {
            job.max_tokens = tokens as u32;
            job.stop.clear();
            if at % 8 == 0 {
                job.sampler = Sampler::GREEDY;
            }
        }
        let alone = Engine::with_isa(1, Isa::Scalar).expect("an engine");
        let expected: Vec<ExactGeneration> = jobs
            .iter()
            .map(|job| alone.generate(&model, job, true, &Control::default(), |_, _| {}).expect("finite"))
            .collect();
        assert!(expected.iter().all(|made| made.tokens.len() == tokens));
        for isa in Isa::available() {
            for threads in [1, 2, 3, 8] {
                for batch in [1, 2, 7, 32] {
                    runs += 1;
                    // Each pair of a number of threads and of jobs comes once in a short run.
                    if !all && runs % 7 != 0 {
                        continue;
                    }
                    // A new engine has no beginnings from before.
                    let engine = Engine::with_isa(threads, isa).expect("an engine");
                    let from = random.below(jobs.len() - batch + 1);
                    let made = together(&engine, &model, &jobs[from..][..batch]);
                    let same = made.iter().zip(&expected[from..]).all(|(made, expected)| made == expected);
                    assert!(same, "{} {threads} {batch} {:?}", isa.name(), recipe.decoder);
                }
            }
        }
    }
    eprintln!("{runs} runs of {tokens} tokens{}", if all { "" } else { ", of which a seventh was made" });
}
