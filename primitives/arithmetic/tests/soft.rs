//! Native and software floats give the same bits, for random inputs of every operation.
#![cfg(feature = "soft")]

extern crate alloc;

mod operations;

use operations::{apply, OPERATIONS};
use proptest::prelude::*;
use strike_arithmetic::soft::{Soft32, Soft64};
use strike_arithmetic::{Double, Float};

/// Bits of numbers: any, of a magnitude that occurs, near the smallest and the largest, and such with few digits, whose results
/// are ties more often.
fn number() -> impl Strategy<Value = u32> {
    let within = |low: u32, high: u32| {
        (low..high, any::<u32>()).prop_map(|(exponent, rest)| (rest & 0x807f_ffff) | exponent << 23)
    };
    prop_oneof![
        2 => any::<u32>(),
        6 => within(110, 140),
        2 => within(0, 30),
        2 => within(50, 75),
        1 => within(225, 255),
        2 => within(90, 160).prop_map(|bits| bits & 0xfff8_0000),
        1 => prop_oneof![Just(0), Just(0x8000_0000), Just(0x7f80_0000), Just(0xff80_0000), Just(0x7fc0_0000), Just(1)],
    ]
}

/// A number of a magnitude that occurs.
fn usual() -> impl Strategy<Value = u32> {
    (115u32..137, any::<u32>()).prop_map(|(exponent, rest)| (rest & 0x807f_ffff) | exponent << 23)
}

fn half() -> impl Strategy<Value = u32> {
    prop_oneof![any::<u16>().prop_map(|bits| if bits & 0x7c00 == 0x7c00 { 0 } else { bits }), 0x2000..0x4800u16]
        .prop_map(u32::from)
}

fn row(
    number: impl Strategy<Value = u32>,
    length: impl Into<prop::collection::SizeRange>,
) -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(number, length)
}

fn same(operation: &str, input: &[u32]) -> Result<(), TestCaseError> {
    prop_assert_eq!(apply::<f32>(operation, input), apply::<Soft32>(operation, input), "{}", operation);
    Ok(())
}

fn bits64(value: f64) -> u64 {
    if value.is_nan() {
        0x7ff8_0000_0000_0000
    } else {
        value.to_bits()
    }
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(100_000))]

    #[test]
    fn binary32(x in number(), y in number()) {
        for operation in ["add", "subtract", "multiply", "divide", "root"] {
            same(operation, &[x, y])?;
        }
    }

    #[test]
    fn binary64(x in any::<u64>(), y in any::<u64>(), distance in 0u64..140, z in number()) {
        // One pair of any bits, and one that is close together or whose product is subnormal.
        let near = (y & 0x800f_ffff_ffff_ffff) | ((x >> 52 & 0x7ff).wrapping_add(70).wrapping_sub(distance) & 0x7ff) << 52;
        let small = (y & 0x800f_ffff_ffff_ffff) | (1023u64.wrapping_sub(x >> 52 & 0x7ff).wrapping_add(distance / 3) & 0x7ff) << 52;
        for y in [y, near, small] {
            let (a, b) = (f64::from_bits(x), f64::from_bits(y));
            let (c, d) = (Soft64::of(a), Soft64::of(b));
            prop_assert_eq!(bits64(a + b), Double::to_bits(c.plus(d)));
            prop_assert_eq!(bits64(a - b), Double::to_bits(c.minus(d)));
            prop_assert_eq!(bits64(a * b), Double::to_bits(c.times(d)));
        }
        let single = f32::from_bits(z);
        let wide = Soft64::widened(Soft32::from_bits(z));
        prop_assert_eq!(bits64(f64::from(single)), Double::to_bits(wide));
        // A binary64 number in and around the range of binary32.
        let x = (x & 0x800f_ffff_ffff_ffff) | (850 + (x >> 52 & 0x1ff)) << 52;
        let rounded = Float::to_bits(Soft64::of(f64::from_bits(x)).rounded());
        prop_assert_eq!((f64::from_bits(x) as f32).to_bits(), rounded);
    }

    #[test]
    fn functions_of_one_number(x in number(), y in usual()) {
        for operation in ["silu", "tanh", "erf", "gelu_erf", "gelu_tanh"] {
            same(operation, &[x])?;
            same(operation, &[y])?;
        }
        same("exp", &[x | 0x8000_0000])?;
        same("exp", &[y | 0x8000_0000])?;
        same("soft_cap", &[x, 0x4248_0000])?;
    }

    #[test]
    fn conversions(x in usual(), integer in -(1i32 << 24)..=1 << 24, scale in half(), q in any::<i8>()) {
        same("nearest", &[x])?;
        same("of_integer", &[integer as u32])?;
        same("dequantize", &[scale, i32::from(q) as u32])?;
    }

    #[test]
    fn angles(position in 0u32..1 << 20, exponent in 87u32..128, rest in 0u32..1 << 23, factor in usual()) {
        same("sine_cosine", &[position, (exponent << 23 | rest).min(0x3f80_0000), factor])?;
    }
}

proptest! {
    #![proptest_config(config(20_000))]

    #[test]
    fn blocks(values in row(number(), 32), scales in row(usual(), 32), low in 1u32..255) {
        same("quantize_weights", &values)?;
        same("quantize_activations", &values)?;
        same("quantize_weights", &scales)?;
        same("quantize_activations", &scales)?;
        // Blocks of one magnitude, whichever.
        let values: Vec<u32> = values.iter().map(|x| (x & 0x807f_ffff) | low << 23).collect();
        same("quantize_weights", &values)?;
        same("quantize_activations", &values)?;
    }

    #[test]
    fn products(
        blocks in prop::collection::vec((half(), any::<[i8; 32]>(), number(), any::<[i8; 32]>()), 0..12),
    ) {
        let mut input = vec![blocks.len() as u32];
        for (scale, weights, activation_scale, activations) in blocks {
            input.push(scale);
            input.extend(weights.map(|q| i32::from(q) as u32));
            input.push(activation_scale & 0x7fff_f000);
            input.extend(activations.map(|q| i32::from(q) as u32));
        }
        same("dot", &input)?;
    }

    #[test]
    fn norms(
        (values, gain, shift) in (1usize..70).prop_flat_map(|length| {
            (row(usual(), length), row(usual(), length), row(usual(), length))
        }),
        extreme in number(),
        epsilon in 1e-6f32..1e-4,
    ) {
        let mut values = values;
        for extreme in [None, Some(extreme)] {
            if let Some(extreme) = extreme {
                values[0] = extreme;
            }
            let header = [epsilon.to_bits(), values.len() as u32];
            same("lane_sum", &values)?;
            same("rms_factor", &[&header[..1], &values].concat())?;
            same("rms_norm", &[&header, &values[..], &gain].concat())?;
            same("layer_norm", &[&header, &values[..], &gain, &shift].concat())?;
            // Gains of a model are finite.
            if values[0] & 0x7f80_0000 != 0x7f80_0000 {
                same("equalization", &[&[2], &values[..], &gain].concat())?;
            }
        }
    }

    #[test]
    fn rotations(pairs in 1usize..20, rest in 0usize..5, numbers in row(number(), 80), angle in row(usual(), 40)) {
        let length = 2 * pairs + rest;
        let header = [length as u32, pairs as u32];
        same("rotate", &[&header, &numbers[..length], &angle[..2 * pairs]].concat())?;
    }

    #[test]
    fn choices(
        logits in row(prop_oneof![8 => usual(), 1 => number()], 1..60),
        history in row(0u32..60, 0..80),
        temperature in prop_oneof![Just(0u32), 1..3000u32, Just(65_535)],
        min_p in 0u32..=1000,
        penalty in prop_oneof![Just(1000u32), 1..3000u32],
        window in 0u32..=64,
        seed in any::<[u32; 8]>(),
        position in any::<u32>(),
    ) {
        let header = [temperature, min_p, penalty, window];
        same("choose", &[&header, &seed[..], &[position, history.len() as u32], &history, &logits].concat())?;
        same("penalize", &[&[penalty, history.len() as u32], &history[..], &logits].concat())?;
        let header = [temperature.max(1), min_p, penalty, window];
        for (token, logit) in logits.iter().enumerate() {
            if (logit & 0x7fff_ffff) < 0x7f80_0000 {
                let max = f32::from_bits(*logit).max(f32::from_bits(logits[0] & 0x7f7f_ffff)).to_bits();
                same("key", &[&header[..], &[*logit, max], &seed, &[position, token as u32]].concat())?;
            }
        }
    }
}

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn attention(
        width in 1usize..9,
        first in 0usize..260,
        length in 1usize..200,
        capped in any::<bool>(),
        query in row(prop_oneof![30 => usual(), 1 => number()], 8),
        cache in row(half(), 32),
        stir in any::<u32>(),
    ) {
        let end = first + length;
        let word = |at: usize| {
            let bits = cache[(at.wrapping_mul(2_654_435_761) ^ stir as usize) % cache.len()] ^ (at as u32 * 37 % 256);
            if bits & 0x7c00 == 0x7c00 {
                bits & 0x83ff
            } else {
                bits
            }
        };
        let header = [width as u32, first as u32, end as u32, 0x3eb5_04f3, u32::from(capped), 0x41a0_0000];
        let cache: Vec<u32> = (0..2 * end * width).map(word).collect();
        same("attend", &[&header, &query[..width], &cache].concat())?;
    }
}

#[test]
fn every_operation_has_random_inputs() {
    let text = include_str!("soft.rs");
    // Half precision and the noise are integers alone.
    let integers = ["f16_to_f32", "f32_to_f16", "gumbel"];
    for (operation, ..) in OPERATIONS {
        assert!(integers.contains(&operation) || text.contains(&format!("\"{operation}\"")), "{operation}");
    }
}
