//! Activation blocks: `docs/arithmetic.md`, "Activations".

use crate::weights::BLOCK;
use crate::{Float, NotFinite};

/// Magnitudes below 2^-40 make a zero block.
pub const ZERO_BELOW: u32 = 0x2b80_0000;

/// 32 activations: activation `i` is `scale * q[i]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActivationBlock<F> {
    /// `amax / 127` rounded to 11 significant bits; +0 in a zero block.
    pub scale: F,
    /// The integers, within -127..=127.
    pub q: [i8; BLOCK],
}

/// Quantizes a block. An error where a number is not finite.
///
/// `scale * f16` is exact for every finite f16 because both have 11 significant bits.
pub fn quantize<F: Float>(values: &[F; BLOCK]) -> Result<ActivationBlock<F>, NotFinite> {
    // As integers: the machine's maximum of floats differs on NaN between instruction sets.
    let amax = values.iter().map(|value| value.magnitude()).fold(0, u32::max);
    if amax >= 0x7f80_0000 {
        return Err(NotFinite);
    }
    if amax < ZERO_BELOW {
        return Ok(ActivationBlock { scale: F::of(0.0), q: [0; BLOCK] });
    }
    let scale = round_to_11_bits(F::from_bits(amax).over(F::of(127.0)));
    let inverse = F::of(1.0).over(scale);
    let q = values.map(|value| value.times(inverse).nearest().clamp(-127, 127) as i8);
    Ok(ActivationBlock { scale, q })
}

/// Rounds a positive normal number to 11 significant bits, ties to even. A carry runs into the exponent as it should.
fn round_to_11_bits<F: Float>(value: F) -> F {
    let bits = value.to_bits();
    F::from_bits((bits + 0x7ff + ((bits >> 12) & 1)) & !0xfff)
}

/// Quantizes a row whose length is a multiple of 32. An error where a number is not finite.
pub fn quantize_row<F: Float>(row: &[F]) -> Result<alloc::vec::Vec<ActivationBlock<F>>, NotFinite> {
    row.as_chunks::<BLOCK>().0.iter().map(quantize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zero_block_begins_below_two_to_the_minus_forty() {
        let threshold = f32::from_bits(ZERO_BELOW);
        assert_eq!(threshold, 2f32.powi(-40));
        let below = f32::from_bits(ZERO_BELOW - 1);
        assert_eq!(quantize(&[below; BLOCK]).unwrap().q, [0; BLOCK]);
        assert_eq!(quantize(&[-threshold; BLOCK]).unwrap().q, [-127; BLOCK]);
    }

    #[test]
    fn scales_have_eleven_bits_and_integers_stay_in_range() {
        for seed in 1u32..5000 {
            let value = f32::from_bits(0x3000_0000 + seed * 120_011);
            let block = quantize(&[value; BLOCK]).unwrap();
            assert_eq!(block.scale.to_bits() & 0xfff, 0);
            assert!((block.scale * 127.0 - value).abs() <= value * 2f32.powi(-11));
            assert!(block.q.iter().all(|q| *q == 127));
        }
    }

    #[test]
    fn one_number_that_is_not_finite_is_an_error() {
        for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut values = [1.0; BLOCK];
            values[31] = bad;
            assert_eq!(quantize(&values), Err(NotFinite));
        }
    }
}
