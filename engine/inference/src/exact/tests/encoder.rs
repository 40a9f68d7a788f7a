//! The forward pass of an encoder against a plain reference over `strike-arithmetic`, and its independence of everything but
//! the text.

use std::sync::Arc;

use strike_arithmetic::attention::{attend, Cache};
use strike_arithmetic::half::f32_to_f16;
use strike_arithmetic::{equalization, functions, norm, pooling};
use strike_models::architecture::{Activation, Architecture, Encoder, Pooling};
use strike_models::tensors::{LayerTensor as T, TensorName};

use crate::exact::encoder::forward::{EncoderForward, EncoderWorkspace};
use crate::exact::encoder::network::EncoderNetwork;
use crate::exact::error::JobError;
use crate::exact::tests::definitions::{bits, Random, RandomTensors};
use crate::exact::threads::parallel::Parallel;
use crate::exact::threads::thread_pool::ThreadPool;
use crate::isa::Isa;

fn encoder() -> Encoder {
    Encoder {
        vocab_size: 100,
        hidden_size: 96,
        ffn_size: 160,
        layers: 2,
        heads: 3,
        context_length: 300,
        token_types: 2,
        norm_epsilon: 1e-12,
        activation: Activation::GeluErf,
        position_offset: 0,
        pooling: Pooling::Mean,
        normalize: true,
    }
}

fn tensors(encoder: &Encoder, seed: u64) -> RandomTensors {
    let mut random = Random(seed);
    let mut tensors = RandomTensors::empty(Architecture::Encoder(encoder.clone()));
    let (hidden, ffn) = (encoder.hidden_size, encoder.ffn_size);
    tensors.matrix_of(TensorName::Embedding, encoder.vocab_size, hidden, &mut random);
    tensors.matrix_of(
        TensorName::PositionEmbedding,
        encoder.position_offset + encoder.context_length,
        hidden,
        &mut random,
    );
    tensors.matrix_of(TensorName::TypeEmbedding, encoder.token_types, hidden, &mut random);
    tensors.vector_of(TensorName::EmbeddingNorm, hidden, 1.0, &mut random);
    tensors.vector_of(TensorName::EmbeddingNormBias, hidden, 0.0, &mut random);
    for layer in 0..encoder.layers as u16 {
        for (weight, bias, rows, columns) in [
            (T::Query, T::QueryBias, hidden, hidden),
            (T::Key, T::KeyBias, hidden, hidden),
            (T::Value, T::ValueBias, hidden, hidden),
            (T::AttentionOutput, T::AttentionOutputBias, hidden, hidden),
            (T::Up, T::UpBias, ffn, hidden),
            (T::Down, T::DownBias, hidden, ffn),
        ] {
            tensors.matrix_of(TensorName::Layer(layer, weight), rows, columns, &mut random);
            tensors.vector_of(TensorName::Layer(layer, bias), rows, 0.0, &mut random);
        }
        for (tensor, mean) in
            [(T::AttentionNorm, 1.0), (T::AttentionNormBias, 0.0), (T::FfnNorm, 1.0), (T::FfnNormBias, 0.0)]
        {
            tensors.vector_of(TensorName::Layer(layer, tensor), hidden, mean, &mut random);
        }
    }
    tensors
}

fn add(x: &mut [f32], y: &[f32]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
}

/// The vector of one text, from the definitions.
fn reference(tensors: &RandomTensors, tokens: &[u32]) -> Vec<f32> {
    use strike_models::architecture::Architecture;
    let Architecture::Encoder(encoder) = crate::exact::tensors::Tensors::architecture(tensors) else { panic!() };
    let vector = |name| &tensors.vectors[&name][..];
    let layer_norm =
        |row: &mut [f32], gain, shift| norm::layer_norm(row, vector(gain), vector(shift), encoder.norm_epsilon);
    let mut states: Vec<Vec<f32>> = Vec::new();
    for (position, token) in tokens.iter().enumerate() {
        let mut state = tensors.row(TensorName::Embedding, *token as usize);
        add(&mut state, &tensors.row(TensorName::PositionEmbedding, encoder.position_offset + position));
        add(&mut state, &tensors.row(TensorName::TypeEmbedding, 0));
        layer_norm(&mut state, TensorName::EmbeddingNorm, TensorName::EmbeddingNormBias);
        states.push(state);
    }
    let gains: Vec<&[f32]> =
        (0..encoder.layers as u16).map(|layer| vector(TensorName::Layer(layer, T::AttentionNorm))).collect();
    let exponents = equalization::exponents(&gains);
    assert!(exponents.iter().any(|exponent| *exponent > 0));
    let equalized = |x: &[f32]| -> Vec<f32> {
        x.iter().zip(&exponents).map(|(x, exponent)| x * equalization::factor::<f32>(*exponent)).collect()
    };
    let width = encoder.hidden_size / encoder.heads;
    let scale = (1.0 / (width as f64).sqrt()) as f32;
    for layer in 0..encoder.layers as u16 {
        let name = |tensor| TensorName::Layer(layer, tensor);
        let linear = |x: &[f32], weight, bias| {
            let mut y = tensors.product(name(weight), x);
            add(&mut y, vector(name(bias)));
            y
        };
        let project = |weight, bias| states.iter().map(|x| linear(&equalized(x), weight, bias)).collect::<Vec<_>>();
        let queries = project(T::Query, T::QueryBias);
        let [keys, values] = [project(T::Key, T::KeyBias), project(T::Value, T::ValueBias)];
        let half = |rows: &[Vec<f32>], head: usize| -> Vec<u16> {
            rows.iter().flat_map(|row| row[head * width..][..width].iter().map(|x| f32_to_f16(*x))).collect()
        };
        let mut attended = vec![Vec::new(); states.len()];
        for head in 0..encoder.heads {
            let (keys, values) = (half(&keys, head), half(&values, head));
            let cache = Cache { keys: &keys, values: &values, width };
            for (query, attended) in queries.iter().zip(&mut attended) {
                attended.extend(attend(&query[head * width..][..width], &cache, 0, tokens.len(), scale, None));
            }
        }
        for (state, attended) in states.iter_mut().zip(&attended) {
            add(state, &linear(attended, T::AttentionOutput, T::AttentionOutputBias));
            layer_norm(state, name(T::AttentionNorm), name(T::AttentionNormBias));
            let function = match encoder.activation {
                Activation::Silu => functions::silu,
                Activation::GeluErf => functions::gelu_erf,
                Activation::GeluTanh => functions::gelu_tanh,
            };
            let inner: Vec<f32> = linear(&equalized(state), T::Up, T::UpBias).into_iter().map(function).collect();
            add(state, &linear(&inner, T::Down, T::DownBias));
            layer_norm(state, name(T::FfnNorm), name(T::FfnNormBias));
        }
    }
    let rows: Vec<&[f32]> = states.iter().map(Vec::as_slice).collect();
    let mut pooled = match encoder.pooling {
        Pooling::Cls => rows[0].to_vec(),
        Pooling::Mean => pooling::mean(&rows),
    };
    if encoder.normalize {
        pooling::normalize(&mut pooled).expect("finite");
    }
    pooled
}

fn text(length: usize, random: &mut Random) -> Vec<u32> {
    (0..length).map(|_| (random.next() % 100) as u32).collect()
}

fn embed(forward: &EncoderForward<'_>, texts: &[Vec<u32>], workspace: &mut EncoderWorkspace) -> Vec<Vec<u32>> {
    let vectors = forward.embed(texts, workspace, &|| Ok(()), &mut |_, _| {}).expect("finite");
    vectors.iter().map(|vector| bits(vector)).collect()
}

#[test]
fn every_batch_gives_the_bits_of_the_reference() {
    let plain = encoder();
    let wide = Encoder {
        heads: 4,
        activation: Activation::GeluTanh,
        position_offset: 2,
        pooling: Pooling::Cls,
        normalize: false,
        ..encoder()
    };
    let one_type = Encoder { heads: 1, activation: Activation::Silu, token_types: 1, ..encoder() };
    for encoder in [plain, wide, one_type] {
        let tensors = Arc::new(tensors(&encoder, 0x2468_ace1));
        let mut random = Random(9);
        // Beside the edges of vectors, tiles and groups of queries, more rows than the feed-forward layer takes at once.
        let lengths = [1, 2, 15, 16, 17, 31, 33, 127, 128, 129, 1, 3, 260];
        let texts: Vec<Vec<u32>> = lengths.iter().map(|length| text(*length, &mut random)).collect();
        let expected: Vec<Vec<u32>> = texts.iter().map(|text| bits(&reference(&tensors, text))).collect();
        let network = EncoderNetwork::new(tensors).expect("a network");
        for isa in Isa::available() {
            for threads in [1, 2, 3] {
                let pool = ThreadPool::new(threads).expect("threads");
                let forward = EncoderForward { parallel: Parallel { isa, pool: &pool }, network: &network };
                // The same memory for all, so that what is left in it would show.
                let mut workspace = EncoderWorkspace::default();
                for size in [1, 2, 3, 5, texts.len()] {
                    let found = texts.chunks(size).flat_map(|texts| embed(&forward, texts, &mut workspace));
                    for (at, (found, expected)) in found.zip(&expected).enumerate() {
                        assert!(found == *expected, "{} {threads} {size} text {at}", isa.name());
                    }
                }
                let reversed: Vec<Vec<u32>> = texts.iter().rev().cloned().collect();
                let found = embed(&forward, &reversed, &mut workspace);
                assert!(found.iter().eq(expected.iter().rev()), "{} {threads} reversed", isa.name());
            }
        }
    }
}

#[test]
fn numbers_that_are_not_finite_are_an_error() {
    let encoder = encoder();
    // In keys it is binary16 that overflows, in the last norm nothing is left but the vector to show it.
    let last = TensorName::Layer(1, T::FfnNorm);
    for (name, value) in [(TensorName::Layer(0, T::KeyBias), 70_000.0), (last, f32::NAN), (last, 1e38)] {
        for pooling in [Pooling::Mean, Pooling::Cls] {
            for normalize in [true, false] {
                if value == 1e38 && !normalize {
                    continue;
                }
                let encoder = Encoder { pooling, normalize, ..encoder.clone() };
                let mut tensors = tensors(&encoder, 5);
                tensors.vectors.get_mut(&name).expect("a vector").fill(value);
                let network = EncoderNetwork::new(Arc::new(tensors)).expect("a network");
                let pool = ThreadPool::new(1).expect("threads");
                for isa in Isa::available() {
                    let forward = EncoderForward { parallel: Parallel { isa, pool: &pool }, network: &network };
                    let mut workspace = EncoderWorkspace::default();
                    let found = forward.embed(&[vec![1, 2, 3]], &mut workspace, &|| Ok(()), &mut |_, _| {});
                    assert!(matches!(found, Err(JobError::NotFinite)), "{name:?} {value} {}", isa.name());
                }
            }
        }
    }
}

#[test]
fn a_cancellation_ends_a_pass() {
    let encoder = encoder();
    let network = EncoderNetwork::new(Arc::new(tensors(&encoder, 5))).expect("a network");
    let pool = ThreadPool::new(1).expect("threads");
    let forward = EncoderForward { parallel: Parallel { isa: Isa::Scalar, pool: &pool }, network: &network };
    let mut workspace = EncoderWorkspace::default();
    let found = forward.embed(&[vec![1]], &mut workspace, &|| Err(JobError::Cancelled), &mut |_, _| {});
    assert!(matches!(found, Err(JobError::Cancelled)));
}

#[test]
fn a_tensor_that_is_missing_is_named() {
    let mut tensors = tensors(&encoder(), 1);
    tensors.vectors.remove(&TensorName::Layer(1, T::DownBias));
    let error = EncoderNetwork::new(Arc::new(tensors)).err().expect("refused");
    assert!(error.contains("DownBias"), "{error}");
}
