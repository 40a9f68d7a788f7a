//! How much memory work takes, in bytes, before anything of a model is read: from shapes alone.
//!
//! Each number is an upper bound of what the engine allocates, but for allocations that do not grow with the model or the work.
//! Sums saturate, so that files which claim absurd shapes are only too large.

use strike_arithmetic::attention::TILE;
use strike_models::architecture::{Architecture, Decoder, Encoder};
use strike_models::ModelSize;

use crate::exact::{TokenTrace, LOGIT_ROWS, PREFIX_MEMORY, ROWS};
use crate::kernels::attention::{padded, MAX_QUERIES};
use crate::statistical::CHUNK;

/// What an engine keeps between jobs beside models: computed beginnings.
pub const KEPT: u64 = PREFIX_MEMORY as u64;

/// A tokenizer takes this many bytes for each of its file: tables of tokens and merges by text and by number.
const TOKENIZER_FACTOR: u64 = 12;

/// What a job reads and writes at most, in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// Read. Of embeddings, all texts together.
    pub input: u64,
    /// Written; 0 for embeddings.
    pub output: u64,
}

/// Bytes of a model of the exact class while it is loaded and afterwards, with a tokenizer whose file has `tokenizer` bytes.
///
/// Weights count whole, whether they are mapped from the cache or not: a machine that has no room for them reads them from disk
/// for every token. An import holds some rows beside them, or builds them in memory where no cache file can be written.
pub fn exact_model(size: &ModelSize, tokenizer: u64) -> u64 {
    size.canonical_bytes.saturating_add(tokenizer.saturating_mul(TOKENIZER_FACTOR))
}

/// Likewise of the statistical class: every weight as f32.
pub fn statistical_model(size: &ModelSize, tokenizer: u64) -> u64 {
    size.parameters.saturating_mul(4).saturating_add(tokenizer.saturating_mul(TOKENIZER_FACTOR))
}

/// Bytes of a job of the exact class on an engine of `threads` threads, beside the model: keys and values, the trace, and what a
/// pass works in.
pub fn exact_work(architecture: &Architecture, tokens: Tokens, threads: usize) -> u64 {
    match architecture {
        Architecture::Decoder(decoder) => decoder_work(decoder, tokens, threads),
        Architecture::Encoder(encoder) => encoder_work(encoder, tokens, threads),
    }
}

/// Bytes of a generation of the statistical class beside the model. Its keys and values grow by doubling: three times as much is
/// allocated for a moment. An encoder is refused before it takes any.
pub fn statistical_work(architecture: &Architecture, tokens: Tokens) -> u64 {
    let Architecture::Decoder(decoder) = architecture else { return 0 };
    let positions = positions(decoder, tokens);
    let keys = product(&[decoder.layers, decoder.kv_heads, decoder.head_dim, 2 * 4 * 3]);
    let wide = decoder.hidden_size.saturating_mul(6).saturating_add(decoder.ffn_size.saturating_mul(3));
    let wide =
        wide.saturating_add(decoder.vocab_size).saturating_add(product_of(&[decoder.heads, decoder.head_dim, 6]));
    positions
        .saturating_mul(keys.saturating_add(product(&[decoder.heads, 4])).saturating_add(16))
        .saturating_add(product(&[CHUNK, wide, 4]))
}

/// Positions that a generation fills at most.
fn positions(decoder: &Decoder, tokens: Tokens) -> u64 {
    tokens.input.saturating_add(tokens.output).min(decoder.context_length as u64)
}

fn decoder_work(decoder: &Decoder, tokens: Tokens, threads: usize) -> u64 {
    let positions = positions(decoder, tokens);
    let width = decoder.head_dim.saturating_add(padded(decoder.head_dim));
    let block = product(&[decoder.layers, decoder.kv_heads, width, TILE, 2]);
    // A beginning that is shared with another sequence becomes this one's own, block by block.
    let cache = positions.div_ceil(TILE as u64).saturating_mul(block);
    let trace = positions.saturating_mul(trace_bytes(decoder.layers));
    let queries = product_of(&[decoder.heads, decoder.head_dim]);
    let keys = product_of(&[decoder.kv_heads, decoder.head_dim]);
    // The residual stream, its norm and the result; queries and what they attend to; keys and values; gate and up; the largest of
    // them quantized, with scales.
    let row = [decoder.hidden_size.saturating_mul(4), queries.saturating_mul(3), keys.saturating_mul(2)];
    let row = row.iter().fold(decoder.ffn_size.saturating_mul(3), |sum, part| sum.saturating_add(*part));
    let pass = product(&[ROWS, row, 4]);
    let scores = positions.saturating_add(TILE as u64).saturating_mul(product(&[threads, MAX_QUERIES, 8]));
    let logits = product(&[LOGIT_ROWS.max(1), decoder.vocab_size, 4]);
    [cache, trace, pass, scores, logits].into_iter().fold(positions.saturating_mul(16), u64::saturating_add)
}

fn encoder_work(encoder: &Encoder, tokens: Tokens, threads: usize) -> u64 {
    // A pass takes texts of as many rows, or one that has more.
    let rows = (ROWS as u64).max(encoder.context_length as u64).min(tokens.input.max(1));
    let row = product(&[encoder.hidden_size, 4 * 6 + 2 * 2 + 4]).saturating_add(product(&[encoder.ffn_size, 8]));
    let scores = rows.saturating_add(TILE as u64).saturating_mul(product(&[MAX_QUERIES, 8]));
    let pass = rows.saturating_mul(row).saturating_add(scores).saturating_mul(threads.max(1) as u64);
    // A text has a token at least, and gives a vector.
    let each = trace_bytes(encoder.layers).saturating_add(product(&[encoder.hidden_size, 4 * 2])).saturating_add(16);
    pass.saturating_add(tokens.input.saturating_mul(each))
}

/// Bytes of a position's cells and what is kept beside them; twice, because the root is hashed from a copy of each level.
fn trace_bytes(layers: usize) -> u64 {
    product(&[layers, 32]).saturating_add(size_of::<TokenTrace>() as u64).saturating_mul(2)
}

fn product(factors: &[usize]) -> u64 {
    product_of(factors) as u64
}

fn product_of(factors: &[usize]) -> usize {
    factors.iter().fold(1, |product: usize, factor| product.saturating_mul(*factor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::{CacheShape, Engine, ExactModel, Job, Sampler, Sequence};
    use crate::{builtin_files, Control, Model};

    fn builtin() -> (ModelSize, u64) {
        let files = builtin_files();
        (ModelSize::of_files(&files).expect("the built-in model"), files.tokenizer.len() as u64)
    }

    #[test]
    fn a_model_takes_no_more_than_its_headers_say() {
        let (size, tokenizer) = builtin();
        let exact = ExactModel::builtin().expect("the built-in model").weight_bytes();
        let estimated = exact_model(&size, tokenizer);
        assert!(exact <= size.canonical_bytes && size.canonical_bytes <= exact + exact / 4, "{exact}: {size:?}");
        assert!(estimated >= exact + tokenizer);
        let float = Model::builtin().expect("the built-in model").info().memory_bytes;
        assert!(statistical_model(&size, 0) == float && statistical_model(&size, tokenizer) > float + tokenizer);
    }

    #[test]
    fn keys_values_and_trace_of_a_generation_are_within_its_estimate() {
        let (size, _) = builtin();
        let model = ExactModel::builtin().expect("the built-in model");
        let engine = Engine::new(2).expect("an engine");
        let prompt = model.prompt("Once upon a time").expect("tokens");
        for max_tokens in [1, 100, 300] {
            let tokens = Tokens { input: prompt.len() as u64, output: max_tokens.into() };
            let sampler = Sampler {
                temperature_milli: 900,
                min_p_milli: 0,
                repetition_penalty_milli: 1_000,
                repetition_window: 0,
            };
            let job =
                Job { prompt: prompt.clone(), max_tokens, sampler, seed: [1; 32], stop: Vec::new(), json_schema: None };
            let done = engine.generate(&model, &job, true, &Control::default(), |_, _| {}).expect("a text");
            let trace = done.trace.expect("a trace");
            let mut sequence = Sequence::new(shape(&size.architecture));
            sequence.reserve(prompt.len() + done.tokens.len());
            let taken = (sequence.bytes() + trace.bytes()) as u64;
            let estimated = exact_work(&size.architecture, tokens, 2);
            assert!(taken <= estimated, "{taken} of {estimated}");
        }
    }

    fn shape(architecture: &Architecture) -> CacheShape {
        let Architecture::Decoder(decoder) = architecture else { panic!("a decoder") };
        CacheShape { layers: decoder.layers, kv_heads: decoder.kv_heads, width: decoder.head_dim }
    }

    /// The memory that matters: of a long job of a large model, keys and values. Half as much again is for all else.
    #[test]
    fn the_estimate_of_a_long_job_is_that_of_its_keys_and_values() {
        let (size, _) = builtin();
        let Architecture::Decoder(mut decoder) = size.architecture else { panic!("a decoder") };
        (decoder.layers, decoder.kv_heads, decoder.heads, decoder.head_dim) = (32, 8, 32, 128);
        (decoder.hidden_size, decoder.ffn_size, decoder.vocab_size, decoder.context_length) =
            (4_096, 14_336, 128_256, 131_072);
        let tokens = Tokens { input: 100_000, output: 31_072 };
        let mut sequence = Sequence::new(CacheShape { layers: 1, kv_heads: 8, width: 128 });
        sequence.reserve(TILE);
        let keys = (sequence.bytes() * 32 * (131_072 / TILE)) as u64;
        let estimated = exact_work(&Architecture::Decoder(decoder), tokens, 8);
        assert!(keys <= estimated && estimated <= keys + keys / 2, "{keys}: {estimated}");
    }

    #[test]
    fn absurd_shapes_are_only_too_large() {
        let (size, _) = builtin();
        let Architecture::Decoder(mut decoder) = size.architecture else { panic!("a decoder") };
        (decoder.layers, decoder.kv_heads, decoder.vocab_size) = (usize::MAX, usize::MAX, usize::MAX);
        let absurd = Architecture::Decoder(decoder);
        let tokens = Tokens { input: u64::MAX, output: u64::MAX };
        assert_eq!(exact_work(&absurd, tokens, 256), u64::MAX);
        assert_eq!(statistical_work(&absurd, tokens), u64::MAX);
    }
}
