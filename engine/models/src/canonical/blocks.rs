//! Canonical blocks, fast: bit-equal to [`strike_arithmetic::weights::quantize`].
//!
//! The functions are written so that the compiler vectorizes them; `containers/encoding.rs` runs them compiled for the widest
//! instruction set of the machine. Division stays division: a reciprocal would round differently.

use strike_arithmetic::half::{f16_to_f32, f32_to_f16};

use crate::canonical::matrix::BLOCK;

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
