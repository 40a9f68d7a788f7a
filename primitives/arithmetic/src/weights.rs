//! Weight blocks: `docs/arithmetic.md`, "Weights".

use crate::half::{f16_to_f32_bits, f32_bits_to_f16};
use crate::Float;

/// Weights that share one scale.
pub const BLOCK: usize = 32;

/// 32 weights: weight `i` is `f16(scale) * q[i]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightBlock {
    /// Bits of the binary16 scale; finite, of either sign.
    pub scale: u16,
    /// The integers. -128 occurs only in blocks that a Q8_0 file brought.
    pub q: [i8; BLOCK],
}

/// The canonical block of 32 numbers, or `None` where one of them is not finite or the scale overflows binary16.
///
/// `scale = f16(amax / 127)`, ties to even; `q = clamp(rne(x / scale), -127, 127)`, and all zero where the scale is zero.
pub fn quantize<F: Float>(values: &[F; BLOCK]) -> Option<WeightBlock> {
    let amax = values.iter().map(|value| value.magnitude()).max()?;
    if amax >= 0x7f80_0000 {
        return None;
    }
    let scale = f32_bits_to_f16(F::from_bits(amax).over(F::of(127.0)).to_bits());
    if scale >= 0x7c00 {
        return None;
    }
    if scale == 0 {
        return Some(WeightBlock { scale, q: [0; BLOCK] });
    }
    // Quotients reach 190 where the scale is the smallest binary16 number.
    let divisor = F::from_bits(f16_to_f32_bits(scale));
    let q = values.map(|value| value.over(divisor).nearest().clamp(-127, 127) as i8);
    Some(WeightBlock { scale, q })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::half::f16_to_f32;

    #[test]
    fn numbers_beyond_the_scale_are_clamped_and_ties_go_to_even() {
        let mut values = [0.0f32; BLOCK];
        values[0] = 127.0f32;
        values[1] = 0.5;
        values[2] = 1.5;
        values[3] = -2.5;
        let block = quantize(&values).unwrap();
        assert_eq!(f16_to_f32(block.scale), 1.0);
        assert_eq!(block.q[..4], [127, 0, 2, -2]);
    }

    #[test]
    fn what_is_not_finite_or_too_large_has_no_block() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 3e38] {
            let mut values = [1.0; BLOCK];
            values[7] = bad;
            assert_eq!(quantize(&values), None);
        }
        assert_eq!(quantize(&[1e-12f32; BLOCK]).unwrap(), WeightBlock { scale: 0, q: [0; BLOCK] });
    }
}
