//! How tensors are encoded in files, and the same numbers as f32 or as canonical blocks.

use crate::canonical::blocks::{f16_block, quantize_block, CANONICAL_BLOCK};
use crate::canonical::matrix::BLOCK;
use crate::containers::quants::{
    dequantize_q2_k, dequantize_q3_k, dequantize_q4_1, dequantize_q4_k, dequantize_q5_0, dequantize_q5_1,
    dequantize_q5_k, dequantize_q6_k, Q2_K_BYTES, Q3_K_BYTES, Q4_1_BYTES, Q4_K_BYTES, Q5_0_BYTES, Q5_1_BYTES,
    Q5_K_BYTES, Q6_K_BYTES, SUPER_BLOCK,
};

/// The encodings that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    F32,
    F16,
    Bf16,
    Q8_0,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q2K,
    Q3K,
    Q4K,
    Q5K,
    Q6K,
}

impl Encoding {
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::Q8_0 => "Q8_0",
            Self::Q4_0 => "Q4_0",
            Self::Q4_1 => "Q4_1",
            Self::Q5_0 => "Q5_0",
            Self::Q5_1 => "Q5_1",
            Self::Q2K => "Q2_K",
            Self::Q3K => "Q3_K",
            Self::Q4K => "Q4_K",
            Self::Q5K => "Q5_K",
            Self::Q6K => "Q6_K",
        }
    }

    /// Weights and bytes of one unit of storage.
    pub fn unit(self) -> (usize, usize) {
        match self {
            Self::F32 => (1, 4),
            Self::F16 | Self::Bf16 => (1, 2),
            Self::Q8_0 => (BLOCK, 34),
            Self::Q4_0 => (BLOCK, 18),
            Self::Q4_1 => (BLOCK, Q4_1_BYTES),
            Self::Q5_0 => (BLOCK, Q5_0_BYTES),
            Self::Q5_1 => (BLOCK, Q5_1_BYTES),
            Self::Q2K => (SUPER_BLOCK, Q2_K_BYTES),
            Self::Q3K => (SUPER_BLOCK, Q3_K_BYTES),
            Self::Q4K => (SUPER_BLOCK, Q4_K_BYTES),
            Self::Q5K => (SUPER_BLOCK, Q5_K_BYTES),
            Self::Q6K => (SUPER_BLOCK, Q6_K_BYTES),
        }
    }

    /// Bytes of `count` weights; `None` if they are no whole number of units or too many.
    pub fn bytes(self, count: usize) -> Option<usize> {
        let (weights, bytes) = self.unit();
        match count % weights {
            0 => (count / weights).checked_mul(bytes),
            _ => None,
        }
    }

    /// The numbers of an unquantized encoding, which f32 holds exactly. `Err` for the others.
    pub fn widen(self, bytes: &[u8], values: &mut [f32]) -> Result<(), ()> {
        match self {
            Self::F32 => {
                for (value, bytes) in values.iter_mut().zip(bytes.as_chunks::<4>().0) {
                    *value = f32::from_le_bytes(*bytes);
                }
            }
            Self::F16 => {
                for (value, bytes) in values.iter_mut().zip(bytes.as_chunks::<2>().0) {
                    *value = strike_arithmetic::half::f16_to_f32(u16::from_le_bytes(*bytes));
                }
            }
            Self::Bf16 => {
                for (value, bytes) in values.iter_mut().zip(bytes.as_chunks::<2>().0) {
                    *value = f32::from_bits(u32::from(u16::from_le_bytes(*bytes)) << 16);
                }
            }
            _ => return Err(()),
        }
        Ok(())
    }

    /// The numbers of any encoding. `bytes` is whole units, `values` has the length of what is in them. `false` if one is not
    /// finite.
    pub fn dequantize(self, bytes: &[u8], values: &mut [f32]) -> bool {
        let blocks = values.as_chunks_mut::<BLOCK>().0;
        match self {
            Self::F32 | Self::F16 | Self::Bf16 => {
                if self.widen(bytes, values).is_err() {
                    return false;
                }
            }
            Self::Q8_0 | Self::Q4_0 => {
                let mut canonical = vec![0; blocks.len() * CANONICAL_BLOCK];
                self.canonical(bytes, &mut canonical);
                for (block, values) in canonical.as_chunks::<CANONICAL_BLOCK>().0.iter().zip(blocks) {
                    let scale = strike_arithmetic::half::f16_to_f32(u16::from_le_bytes([block[0], block[1]]));
                    for (value, integer) in values.iter_mut().zip(&block[2..]) {
                        *value = f32::from(*integer as i8) * scale;
                    }
                }
            }
            Self::Q4_1 => unit_values(bytes.as_chunks::<Q4_1_BYTES>().0, values, dequantize_q4_1),
            Self::Q5_0 => unit_values(bytes.as_chunks::<Q5_0_BYTES>().0, values, dequantize_q5_0),
            Self::Q5_1 => unit_values(bytes.as_chunks::<Q5_1_BYTES>().0, values, dequantize_q5_1),
            Self::Q2K => unit_values(bytes.as_chunks::<Q2_K_BYTES>().0, values, dequantize_q2_k),
            Self::Q3K => unit_values(bytes.as_chunks::<Q3_K_BYTES>().0, values, dequantize_q3_k),
            Self::Q4K => unit_values(bytes.as_chunks::<Q4_K_BYTES>().0, values, dequantize_q4_k),
            Self::Q5K => unit_values(bytes.as_chunks::<Q5_K_BYTES>().0, values, dequantize_q5_k),
            Self::Q6K => unit_values(bytes.as_chunks::<Q6_K_BYTES>().0, values, dequantize_q6_k),
        }
        values.iter().all(|value| value.is_finite())
    }

    /// One row as canonical blocks. `row` is whole units, `blocks` has [`CANONICAL_BLOCK`] bytes for 32 weights.
    ///
    /// `false` if a number or a scale is not finite or too large.
    #[inline(always)]
    pub fn canonical(self, row: &[u8], blocks: &mut [u8]) -> bool {
        let (blocks, _) = blocks.as_chunks_mut::<CANONICAL_BLOCK>();
        match self {
            Self::F32 => {
                let (units, _) = row.as_chunks::<{ 4 * BLOCK }>();
                each(units, blocks, |unit, block| {
                    let mut values = [0.0; BLOCK];
                    for (value, bytes) in values.iter_mut().zip(unit.as_chunks::<4>().0) {
                        *value = f32::from_le_bytes(*bytes);
                    }
                    quantize_block(&values, block)
                })
            }
            Self::F16 => {
                let (units, _) = row.as_chunks::<{ 2 * BLOCK }>();
                each(units, blocks, |unit, block| quantize_block(&f16_block(unit), block))
            }
            Self::Bf16 => {
                let (units, _) = row.as_chunks::<{ 2 * BLOCK }>();
                each(units, blocks, |unit, block| {
                    let mut values = [0.0; BLOCK];
                    for (value, bytes) in values.iter_mut().zip(unit.as_chunks::<2>().0) {
                        *value = f32::from_bits(u32::from(u16::from_le_bytes(*bytes)) << 16);
                    }
                    quantize_block(&values, block)
                })
            }
            Self::Q8_0 => {
                let (units, _) = row.as_chunks::<CANONICAL_BLOCK>();
                each(units, blocks, |unit, block| {
                    *block = *unit;
                    scale_is_finite(unit)
                })
            }
            Self::Q4_0 => {
                let (units, _) = row.as_chunks::<18>();
                each(units, blocks, |unit, block| {
                    block[..2].copy_from_slice(&unit[..2]);
                    // The first half of the block is in the low nibbles.
                    for (at, pair) in unit[2..].iter().enumerate() {
                        block[2 + at] = (pair & 15).wrapping_sub(8);
                        block[2 + BLOCK / 2 + at] = (pair >> 4).wrapping_sub(8);
                    }
                    scale_is_finite(unit)
                })
            }
            Self::Q4_1 => dequantized(row.as_chunks::<Q4_1_BYTES>().0, blocks, dequantize_q4_1),
            Self::Q5_0 => dequantized(row.as_chunks::<Q5_0_BYTES>().0, blocks, dequantize_q5_0),
            Self::Q5_1 => dequantized(row.as_chunks::<Q5_1_BYTES>().0, blocks, dequantize_q5_1),
            Self::Q2K => dequantized(row.as_chunks::<Q2_K_BYTES>().0, blocks, dequantize_q2_k),
            Self::Q3K => dequantized(row.as_chunks::<Q3_K_BYTES>().0, blocks, dequantize_q3_k),
            Self::Q4K => dequantized(row.as_chunks::<Q4_K_BYTES>().0, blocks, dequantize_q4_k),
            Self::Q5K => dequantized(row.as_chunks::<Q5_K_BYTES>().0, blocks, dequantize_q5_k),
            Self::Q6K => dequantized(row.as_chunks::<Q6_K_BYTES>().0, blocks, dequantize_q6_k),
        }
    }
}

#[inline(always)]
fn each<const UNIT: usize>(
    units: &[[u8; UNIT]],
    blocks: &mut [[u8; CANONICAL_BLOCK]],
    convert: impl Fn(&[u8; UNIT], &mut [u8; CANONICAL_BLOCK]) -> bool,
) -> bool {
    // Without an early exit: damaged files are rare.
    units.iter().zip(blocks).fold(true, |good, (unit, block)| good & convert(unit, block))
}

/// Units of `WEIGHTS` weights, each a number of blocks, by way of f32.
#[inline(always)]
fn dequantized<const UNIT: usize, const WEIGHTS: usize>(
    units: &[[u8; UNIT]],
    blocks: &mut [[u8; CANONICAL_BLOCK]],
    dequantize: impl Fn(&[u8; UNIT], &mut [f32; WEIGHTS]),
) -> bool {
    let mut values = [0.0; WEIGHTS];
    let mut good = true;
    for (unit, blocks) in units.iter().zip(blocks.chunks_exact_mut(WEIGHTS / BLOCK)) {
        dequantize(unit, &mut values);
        for (values, block) in values.as_chunks::<BLOCK>().0.iter().zip(blocks) {
            good &= quantize_block(values, block);
        }
    }
    good
}

fn unit_values<const UNIT: usize, const WEIGHTS: usize>(
    units: &[[u8; UNIT]],
    values: &mut [f32],
    dequantize: impl Fn(&[u8; UNIT], &mut [f32; WEIGHTS]),
) {
    for (unit, values) in units.iter().zip(values.as_chunks_mut::<WEIGHTS>().0) {
        dequantize(unit, values);
    }
}

fn scale_is_finite(block: &[u8]) -> bool {
    block[1] & 0x7c != 0x7c
}

/// One row of a file as canonical blocks; `false` if a number is not finite or too large.
pub(crate) fn canonical_row(encoding: Encoding, row: &[u8], blocks: &mut [u8]) -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
        {
            // SAFETY: the features were just detected.
            return unsafe { canonical_row_avx512(encoding, row, blocks) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the feature was just detected.
            return unsafe { canonical_row_avx2(encoding, row, blocks) };
        }
    }
    encoding.canonical(row, blocks)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
fn canonical_row_avx512(encoding: Encoding, row: &[u8], blocks: &mut [u8]) -> bool {
    encoding.canonical(row, blocks)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn canonical_row_avx2(encoding: Encoding, row: &[u8], blocks: &mut [u8]) -> bool {
    encoding.canonical(row, blocks)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use strike_arithmetic::half::f16_to_f32;
    use strike_arithmetic::weights::quantize;

    use super::*;

    fn check(values: &[f32; BLOCK]) {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let mut block = [0; CANONICAL_BLOCK];
        let good = canonical_row(Encoding::F32, &bytes, &mut block);
        match quantize(values) {
            None => assert!(!good),
            Some(reference) => {
                assert!(good);
                assert_eq!(block[..2], reference.scale.to_le_bytes());
                assert_eq!(block[2..].iter().map(|byte| *byte as i8).collect::<Vec<_>>(), reference.q);
            }
        }
    }

    proptest! {
        #[test]
        fn any_bits_give_the_block_of_the_reference(bits in proptest::array::uniform32(any::<u32>())) {
            check(&bits.map(f32::from_bits));
        }

        #[test]
        fn usual_weights_give_the_block_of_the_reference(
            integers in proptest::array::uniform32(-40_000i32..40_000),
            exponent in -45i32..12,
        ) {
            check(&integers.map(|integer| integer as f32 * 2f32.powi(exponent)));
        }

        #[test]
        fn halves_give_the_block_of_the_reference(bits in proptest::array::uniform32(any::<u16>()), brain: bool) {
            let bytes: Vec<u8> = bits.iter().flat_map(|bits| bits.to_le_bytes()).collect();
            let encoding = if brain { Encoding::Bf16 } else { Encoding::F16 };
            let values = match brain {
                true => bits.map(|bits| half::bf16::from_bits(bits).to_f32()),
                false => bits.map(|bits| half::f16::from_bits(bits).to_f32()),
            };
            let mut block = [0; CANONICAL_BLOCK];
            let good = canonical_row(encoding, &bytes, &mut block);
            match quantize(&values) {
                None => prop_assert!(!good),
                Some(reference) => {
                    prop_assert!(good);
                    prop_assert_eq!(&block[..2], reference.scale.to_le_bytes());
                    prop_assert_eq!(block[2..].iter().map(|byte| *byte as i8).collect::<Vec<_>>(), reference.q);
                }
            }
        }
    }

    #[test]
    fn every_half_widens_as_the_reference_says() {
        for bits in 0..=u16::MAX {
            let mut bytes = [0; 2 * BLOCK];
            bytes[..2].copy_from_slice(&bits.to_le_bytes());
            let (found, expected) = (f16_block(&bytes)[0], f16_to_f32(bits));
            assert!(
                found.to_bits() == expected.to_bits() || (!found.is_finite() && !expected.is_finite()),
                "{bits:#x}"
            );
        }
    }
}
