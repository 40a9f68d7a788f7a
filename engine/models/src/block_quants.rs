//! The encodings of GGUF files with 32 weights a unit that are no canonical blocks, as f32, by the formulas of `ggml-quants.c`
//! (`dequantize_row_q4_1`, `dequantize_row_q5_0`, `dequantize_row_q5_1`).
//!
//! The first half of a unit is in the low nibbles, the second in the high ones; the fifth bits are one u32, weight `i` at bit
//! `i`. Every product is rounded before the sum is taken, as in ggml's plain C code.

use strike_arithmetic::half::f16_to_f32;

use crate::tensors::BLOCK;

/// Scale and minimum as f16, 16 bytes of nibbles.
pub(crate) const Q4_1_BYTES: usize = 20;
/// The f16 scale, 4 bytes of fifth bits, 16 bytes of nibbles.
pub(crate) const Q5_0_BYTES: usize = 22;
/// Scale and minimum as f16, 4 bytes of fifth bits, 16 bytes of nibbles.
pub(crate) const Q5_1_BYTES: usize = 24;

fn half_at(bytes: &[u8], at: usize) -> f32 {
    f16_to_f32(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
}

/// The integers 0..=31 of nibbles and fifth bits.
#[inline(always)]
fn integers(nibbles: &[u8], fifth: u32) -> [f32; BLOCK] {
    let mut integers = [0.0; BLOCK];
    for (at, byte) in nibbles.iter().enumerate() {
        let (low, high) = (fifth >> at & 1, fifth >> (at + BLOCK / 2) & 1);
        integers[at] = (u32::from(byte & 15) | low << 4) as f32;
        integers[at + BLOCK / 2] = (u32::from(byte >> 4) | high << 4) as f32;
    }
    integers
}

#[inline(always)]
pub(crate) fn dequantize_q4_1(unit: &[u8; Q4_1_BYTES], values: &mut [f32; BLOCK]) {
    let (scale, minimum) = (half_at(unit, 0), half_at(unit, 2));
    for (value, integer) in values.iter_mut().zip(integers(&unit[4..], 0)) {
        *value = scale * integer + minimum;
    }
}

#[inline(always)]
pub(crate) fn dequantize_q5_0(unit: &[u8; Q5_0_BYTES], values: &mut [f32; BLOCK]) {
    let scale = half_at(unit, 0);
    let fifth = u32::from_le_bytes([unit[2], unit[3], unit[4], unit[5]]);
    for (value, integer) in values.iter_mut().zip(integers(&unit[6..], fifth)) {
        *value = scale * (integer - 16.0);
    }
}

#[inline(always)]
pub(crate) fn dequantize_q5_1(unit: &[u8; Q5_1_BYTES], values: &mut [f32; BLOCK]) {
    let (scale, minimum) = (half_at(unit, 0), half_at(unit, 2));
    let fifth = u32::from_le_bytes([unit[4], unit[5], unit[6], unit[7]]);
    for (value, integer) in values.iter_mut().zip(integers(&unit[8..], fifth)) {
        *value = scale * integer + minimum;
    }
}
