//! Canonical blocks, fast: bit-equal to [`strike_arithmetic::weights::quantize`].
//!
//! The functions are written so that the compiler vectorizes them; [`canonical_row`] runs them compiled for the widest
//! instruction set of the machine. Division stays division: a reciprocal would round differently.

use strike_arithmetic::half::{f16_to_f32, f32_to_f16};

use crate::encoding::Encoding;
use crate::tensors::BLOCK;

/// Bytes of a block in rows that are hashed: the f16 scale, little-endian, then 32 signed bytes.
pub(crate) const CANONICAL_BLOCK: usize = 34;

/// Bytes of a canonical row.
pub(crate) fn row_bytes(columns: usize) -> usize {
    columns / BLOCK * CANONICAL_BLOCK
}

/// The canonical block of 32 numbers; `false` where the reference gives none.
#[inline(always)]
pub(crate) fn quantize_block(values: &[f32; BLOCK], block: &mut [u8; CANONICAL_BLOCK]) -> bool {
    let mut largest = 0;
    for value in values {
        largest = largest.max(value.to_bits() & 0x7fff_ffff);
    }
    if largest >= 0x7f80_0000 {
        return false;
    }
    let scale = f32_to_f16(f32::from_bits(largest) / 127.0);
    if scale >= 0x7c00 {
        return false;
    }
    block[..2].copy_from_slice(&scale.to_le_bytes());
    let integers = &mut block[2..];
    if scale == 0 {
        integers.fill(0);
        return true;
    }
    let divisor = f16_to_f32(scale);
    for (integer, value) in integers.iter_mut().zip(values) {
        // The sum has the unit in its last place, so its low byte is the integer in two's complement.
        *integer = ((value / divisor).clamp(-127.0, 127.0) + 12_582_912.0).to_bits() as u8;
    }
    true
}

/// 32 f16 numbers. Infinities and NaN become infinities or NaN, which is all that is asked of them.
#[inline(always)]
pub(crate) fn f16_block(bytes: &[u8; 2 * BLOCK]) -> [f32; BLOCK] {
    let mut values = [0.0; BLOCK];
    for (value, bytes) in values.iter_mut().zip(bytes.as_chunks::<2>().0) {
        let bits = u32::from(u16::from_le_bytes(*bytes));
        // Exponents are 112 apart. The product is exact, for subnormals too.
        let magnitude = f32::from_bits((bits & 0x7fff) << 13) * f32::from_bits((127 + 112) << 23);
        let special = if bits & 0x7c00 == 0x7c00 { 0x7f80_0000 } else { 0 };
        *value = f32::from_bits(magnitude.to_bits() | special | (bits & 0x8000) << 16);
    }
    values
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
