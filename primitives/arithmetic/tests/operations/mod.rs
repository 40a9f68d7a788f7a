//! Every operation of the arithmetic as a function from words to words, so that the same inputs can be given to any build of
//! it: native, with software floats, in Wasm. The words are those of `docs/arithmetic-vectors.json`.

use alloc::vec;
use alloc::vec::Vec;

use strike_arithmetic::activations::{self, ActivationBlock};
use strike_arithmetic::attention::{attend, Cache};
use strike_arithmetic::sampler::{self, Sampler};
use strike_arithmetic::weights::{self, WeightBlock, BLOCK};
use strike_arithmetic::{equalization, functions, half, linear, norm, rotary, Float};

/// Name, words in, words out. `[n]` is a row of `n` words, `8 seed` are 32 bytes as eight little-endian words.
pub const OPERATIONS: [(&str, &str, &str); 32] = [
    ("add", "x y", "x + y"),
    ("subtract", "x y", "x - y"),
    ("multiply", "x y", "x * y"),
    ("divide", "x y", "x / y"),
    ("root", "x", "square root of x"),
    ("nearest", "x", "i32"),
    ("of_integer", "i32", "x"),
    ("f16_to_f32", "f16", "x"),
    ("f32_to_f16", "x", "f16"),
    ("quantize_weights", "x[32]", "scale: f16, q[32]: i8 as i32"),
    ("quantize_activations", "x[32]", "scale, q[32]: i8 as i32"),
    ("dequantize", "scale: f16, q: i8 as i32", "x"),
    ("dot", "blocks, for each: weight scale: f16, q[32], activation scale, q[32]", "sum"),
    ("lane_sum", "x[n]", "sum"),
    ("rms_factor", "epsilon, x[n]", "factor"),
    ("rms_norm", "epsilon, n, x[n], gain[n]", "x[n]"),
    ("layer_norm", "epsilon, n, x[n], gain[n], shift[n]", "x[n]"),
    ("exp", "x", "e^x"),
    ("silu", "x", "silu(x)"),
    ("tanh", "x", "tanh(x)"),
    ("erf", "x", "erf(x)"),
    ("gelu_erf", "x", "gelu(x)"),
    ("gelu_tanh", "x", "gelu(x)"),
    ("soft_cap", "x, cap", "x"),
    ("sine_cosine", "position, inv_freq, factor", "sine, cosine"),
    ("rotate", "n, pairs, head[n], sine[pairs], cosine[pairs]", "head[n]"),
    (
        "attend",
        "width, first, end, scale, 1 if capped, cap, query[width], keys[end * width]: f16, values[end * width]: f16",
        "output[width]",
    ),
    ("gumbel", "n", "i64, low word first"),
    (
        "key",
        "temperature, min-p, penalty, window, logit, max, 8 seed, position, token",
        "i64, low word first; no words if cut",
    ),
    ("penalize", "penalty, tokens, token[tokens], logit[n]", "logit[n]"),
    (
        "choose",
        "temperature, min-p, penalty, window, 8 seed, position, tokens, history[tokens], logit[n]",
        "token, best",
    ),
    ("equalization", "layers, gains[layers * n]", "exponent[n]"),
];

/// The words that `operation` gives for `input`, or `None` where it is an error. Every NaN is 0x7fc00000.
pub fn apply<F: Float>(operation: &str, input: &[u32]) -> Option<Vec<u32>> {
    let x = |at: usize| F::from_bits(input[at]);
    let row = |words: &[u32]| -> Vec<F> { words.iter().map(|bits| F::from_bits(*bits)).collect() };
    let one = |value: F| Some(vec![canonical(value)]);
    let many = |values: &[F]| Some(values.iter().map(|value| canonical(*value)).collect());
    let sampler = || Sampler {
        temperature_milli: input[0] as u16,
        min_p_milli: input[1] as u16,
        repetition_penalty_milli: input[2] as u16,
        repetition_window: input[3] as u8,
    };
    match operation {
        "add" => one(x(0).plus(x(1))),
        "subtract" => one(x(0).minus(x(1))),
        "multiply" => one(x(0).times(x(1))),
        "divide" => one(x(0).over(x(1))),
        "root" => one(x(0).root()),
        "nearest" => Some(vec![x(0).nearest() as u32]),
        "of_integer" => one(F::of_integer(input[0] as i32)),
        "f16_to_f32" => one(F::from_bits(half::f16_to_f32_bits(input[0] as u16))),
        "f32_to_f16" => Some(vec![u32::from(half::f32_bits_to_f16(input[0]))]),
        "quantize_weights" => {
            let values: [F; BLOCK] = row(input).try_into().ok()?;
            let block = weights::quantize(&values)?;
            Some(core::iter::once(u32::from(block.scale)).chain(block.q.iter().map(|q| i32::from(*q) as u32)).collect())
        }
        "quantize_activations" => {
            let values: [F; BLOCK] = row(input).try_into().ok()?;
            let block = activations::quantize(&values).ok()?;
            Some(core::iter::once(block.scale.to_bits()).chain(block.q.iter().map(|q| i32::from(*q) as u32)).collect())
        }
        "dequantize" => one(linear::dequantize(input[0] as u16, input[1] as i8)),
        "dot" => {
            let integers = |words: &[u32]| -> [i8; BLOCK] { core::array::from_fn(|at| words[at] as i8) };
            let blocks = || input[1..].chunks_exact(2 * BLOCK + 2).take(input[0] as usize);
            let weights: Vec<_> =
                blocks().map(|words| WeightBlock { scale: words[0] as u16, q: integers(&words[1..]) }).collect();
            let activations: Vec<_> = blocks()
                .map(|words| &words[1 + BLOCK..])
                .map(|words| ActivationBlock { scale: F::from_bits(words[0]), q: integers(&words[1..]) })
                .collect();
            one(linear::dot(&weights, &activations))
        }
        "lane_sum" => one(norm::lane_sum(row(input).into_iter())),
        "rms_factor" => one(norm::rms_factor(&row(&input[1..]), x(0))),
        "rms_norm" => {
            let (values, gain) = input[2..].split_at(input[1] as usize);
            let mut values = row(values);
            norm::rms_norm(&mut values, &row(gain), x(0));
            many(&values)
        }
        "layer_norm" => {
            let (values, rest) = input[2..].split_at(input[1] as usize);
            let (gain, shift) = rest.split_at(values.len());
            let mut values = row(values);
            norm::layer_norm(&mut values, &row(gain), &row(shift), x(0));
            many(&values)
        }
        "exp" => one(functions::exp(x(0))),
        "silu" => one(functions::silu(x(0))),
        "tanh" => one(functions::tanh(x(0))),
        "erf" => one(functions::erf(x(0))),
        "gelu_erf" => one(functions::gelu_erf(x(0))),
        "gelu_tanh" => one(functions::gelu_tanh(x(0))),
        "soft_cap" => one(functions::soft_cap(x(0), x(1))),
        "sine_cosine" => {
            let (sine, cosine) = rotary::sine_cosine(input[0], x(1), x(2));
            many(&[sine, cosine])
        }
        "rotate" => {
            let (head, angles) = input[2..].split_at(input[0] as usize);
            let (sines, cosines) = angles.split_at(input[1] as usize);
            let angles: Vec<(F, F)> = row(sines).into_iter().zip(row(cosines)).collect();
            let mut head = row(head);
            rotary::rotate(&mut head, &angles);
            many(&head)
        }
        "attend" => {
            let [width, first, end] = [0, 1, 2].map(|at| input[at] as usize);
            let (query, cache) = input[6..].split_at(width);
            let halves: Vec<u16> = cache.iter().map(|bits| *bits as u16).collect();
            let (keys, values) = halves.split_at(end * width);
            let cap = (input[4] == 1).then(|| x(5));
            many(&attend(&row(query), &Cache { keys, values, width }, first, end, x(3), cap))
        }
        "gumbel" => Some(wide(sampler::gumbel(input[0]))),
        "key" => {
            let key = sampler::key(&sampler(), x(4), x(5), &bytes(&input[6..14]), input[14], input[15]);
            Some(key.map_or(Vec::new(), wide))
        }
        "penalize" => {
            let (window, logits) = input[2..].split_at(input[1] as usize);
            let mut logits = row(logits);
            sampler::penalize(&mut logits, window, input[0] as u16);
            many(&logits)
        }
        "choose" => {
            let (history, logits) = input[14..].split_at(input[13] as usize);
            let seed = bytes(&input[4..12]);
            let choice = sampler::choose(&sampler(), &mut row(logits), history, &seed, input[12]).ok()?;
            Some(vec![choice.token, choice.best])
        }
        "equalization" => {
            let gains = row(&input[1..]);
            let layers: Vec<&[F]> = gains.chunks_exact(gains.len() / input[0] as usize).collect();
            Some(equalization::exponents(&layers).into_iter().map(u32::from).collect())
        }
        _ => panic!("no operation of this name"),
    }
}

fn canonical<F: Float>(value: F) -> u32 {
    if value.magnitude() > 0x7f80_0000 {
        0x7fc0_0000
    } else {
        value.to_bits()
    }
}

fn wide(value: i64) -> Vec<u32> {
    vec![value as u32, (value >> 32) as u32]
}

fn bytes(words: &[u32]) -> [u8; 32] {
    core::array::from_fn(|at| words[at / 4].to_le_bytes()[at % 4])
}
