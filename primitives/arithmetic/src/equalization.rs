//! Equalized inputs of an encoder's linear layers: `docs/arithmetic.md`, "Equalization".
//!
//! Few channels of a BERT's hidden states are many times larger than the rest, and the scale of their block leaves little of
//! its other numbers. Such a channel goes into the products smaller by a power of two, and its weights larger by the same, as
//! in SmoothQuant (Xiao et al., 2023); here the gains of the norms alone say which.

use alloc::vec;
use alloc::vec::Vec;

use crate::Float;

/// The largest exponent.
pub const MAX_EXPONENT: u8 = 3;

/// The exponent of each channel, from the gains of all attention norms, one row a layer and all of one width.
///
/// `g` is the sum of a channel's gains without their signs, in the order of the layers; with `r = g / median(g)` the result is
/// the exponent of the power of two that is nearest to `r^2` in logarithms, in `0..=MAX_EXPONENT`. Where the median is zero all
/// are 0.
pub fn exponents<F: Float>(gains: &[&[F]]) -> Vec<u8> {
    let width = gains.iter().map(|gains| gains.len()).min().unwrap_or(0);
    let mut sums = vec![F::of(0.0); width];
    for gains in gains {
        for (sum, gain) in sums.iter_mut().zip(*gains) {
            *sum = sum.plus(F::from_bits(gain.magnitude()));
        }
    }
    // None is negative, so bits are ordered as the numbers are.
    let mut ordered: Vec<u32> = sums.iter().map(|sum| sum.to_bits()).collect();
    ordered.sort_unstable();
    let median = ordered.get(width.saturating_sub(1) / 2).copied().unwrap_or(0);
    if median == 0 {
        return vec![0; width];
    }
    let exponent = |sum: &F| {
        let ratio = sum.over(F::from_bits(median));
        let square = ratio.times(ratio);
        // Twice the logarithm of the square, rounded down. Infinity and NaN have the largest exponent.
        let twice = (square.times(square).magnitude() >> 23).saturating_sub(127);
        twice.div_ceil(2).min(u32::from(MAX_EXPONENT)) as u8
    };
    sums.iter().map(exponent).collect()
}

/// `2^-exponent`, by which a channel is multiplied before it is quantized; exact.
pub fn factor<F: Float>(exponent: u8) -> F {
    F::from_bits((127 - u32::from(exponent)) << 23)
}

/// `2^exponent`, by which the weights of a channel are multiplied before they are quantized; exact.
pub fn weight_factor<F: Float>(exponent: u8) -> F {
    F::from_bits((127 + u32::from(exponent)) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_follow_the_square_of_the_ratio_to_the_median() {
        // Square roots of 2^(k - 1/2), where the exponent changes, and what lies just below them.
        let changes = [0.1f32, 1.189, 1.1893, 1.681, 1.682, 2.378, 2.379, 100.0, -2.0];
        let gains = [&changes[..], &[1.0; 9]].concat();
        assert_eq!(exponents(&[&gains])[..9], [0, 0, 1, 1, 2, 2, 3, 3, 2]);
    }

    #[test]
    fn layers_are_summed_without_their_signs() {
        assert_eq!(exponents(&[&[1.0f32, 1.0, -3.0], &[1.0, 1.0, 3.0]]), [0, 0, 3]);
    }

    #[test]
    fn every_gain_has_an_exponent() {
        assert_eq!(exponents::<f32>(&[]), []);
        assert_eq!(exponents(&[&[0.0f32, 0.0, 5.0]]), [0, 0, 0]);
        assert_eq!(exponents(&[&[f32::MAX, 1.0, 1.0], &[f32::MAX, 1.0, 1.0]]), [3, 0, 0]);
        assert_eq!(exponents(&[&[1e-45f32, 1e-45, 1.0]]), [0, 0, 3]);
        assert_eq!(exponents(&[&[f32::MAX; 3], &[f32::MAX; 3]]), [3, 3, 3]);
    }

    #[test]
    fn factors_are_powers_of_two() {
        for exponent in 0..=MAX_EXPONENT {
            assert_eq!(factor::<f32>(exponent) * f32::from(1u8 << exponent), 1.0);
            assert_eq!(weight_factor::<f32>(exponent), f32::from(1u8 << exponent));
        }
    }
}
