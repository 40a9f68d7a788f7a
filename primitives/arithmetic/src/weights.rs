//! Weight blocks: `docs/arithmetic.md`, "Weights".

use crate::half::{f16_to_f32, f32_to_f16};

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
pub fn quantize(values: &[f32; BLOCK]) -> Option<WeightBlock> {
    let amax = values.iter().map(|value| value.to_bits() & 0x7fff_ffff).max()?;
    if amax >= 0x7f80_0000 {
        return None;
    }
    let scale = f32_to_f16(f32::from_bits(amax) / 127.0);
    if scale >= 0x7c00 {
        return None;
    }
    let divisor = f16_to_f32(scale);
    let mut q = [0; BLOCK];
    if scale != 0 {
        for (q, value) in q.iter_mut().zip(values) {
            *q = round_to_i8(value / divisor);
        }
    }
    Some(WeightBlock { scale, q })
}

/// Nearest integer, ties to even, within -127..=127.
fn round_to_i8(value: f32) -> i8 {
    // Adding and taking away 1.5 * 2^23 rounds to an integer in the current mode, which is to nearest even.
    const SHIFT: f32 = 12_582_912.0;
    let rounded = (value.clamp(-127.0, 127.0) + SHIFT) - SHIFT;
    rounded as i8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beyond_the_scale_are_clamped_and_ties_go_to_even() {
        let mut values = [0.0; BLOCK];
        values[0] = 127.0;
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
        assert_eq!(quantize(&[1e-12; BLOCK]).unwrap(), WeightBlock { scale: 0, q: [0; BLOCK] });
    }
}
