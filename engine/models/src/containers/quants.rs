//! The encodings of GGUF files that are no canonical blocks, as f32, by the formulas of `ggml-quants.c`.
//!
//! - Units of 32 weights: `dequantize_row_q4_1`, `dequantize_row_q5_0`, `dequantize_row_q5_1`. The first half of a unit is in
//!   the low nibbles, the second in the high ones; the fifth bits are one u32, weight `i` at bit `i`.
//! - Units of 256 weights, the "K" encodings: `dequantize_row_q2_K` to `dequantize_row_q6_K`.
//!
//! Every product is rounded before the sum or the difference is taken, as in ggml's plain C code.

use strike_arithmetic::half::f16_to_f32;

use crate::canonical::matrix::BLOCK;

/// Scale and minimum as f16, 16 bytes of nibbles.
pub(crate) const Q4_1_BYTES: usize = 20;
/// The f16 scale, 4 bytes of fifth bits, 16 bytes of nibbles.
pub(crate) const Q5_0_BYTES: usize = 22;
/// Scale and minimum as f16, 4 bytes of fifth bits, 16 bytes of nibbles.
pub(crate) const Q5_1_BYTES: usize = 24;
/// Weights of one unit of the "K" encodings.
pub(crate) const SUPER_BLOCK: usize = 256;
/// 16 bytes of a 4-bit scale and a 4-bit minimum each, 64 bytes of bit pairs, scale and minimum as f16.
pub(crate) const Q2_K_BYTES: usize = 84;
/// 32 bytes of third bits, 64 of bit pairs, 12 bytes of 6-bit scales, the f16 scale.
pub(crate) const Q3_K_BYTES: usize = 110;
/// Scale and minimum as f16, 12 bytes of 6-bit scales and minimums, 128 bytes of nibbles.
pub(crate) const Q4_K_BYTES: usize = 144;
/// As [`Q4_K_BYTES`], with 32 bytes of fifth bits before the nibbles.
pub(crate) const Q5_K_BYTES: usize = 176;
/// 128 bytes of low nibbles, 64 of high bit pairs, 16 signed scales, the f16 scale.
pub(crate) const Q6_K_BYTES: usize = 210;

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

#[inline(always)]
pub(crate) fn dequantize_q2_k(unit: &[u8; Q2_K_BYTES], values: &mut [f32; SUPER_BLOCK]) {
    let (scale, minimum) = (half_at(unit, 80), half_at(unit, 82));
    for (group, values) in values.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let own = scale * f32::from(unit[group] & 15);
        let own_minimum = minimum * f32::from(unit[group] >> 4);
        let pairs = &unit[16 + pairs_of(group)..][..16];
        for (value, byte) in values.iter_mut().zip(pairs) {
            *value = own * f32::from(byte >> shift_of(group) & 3) - own_minimum;
        }
    }
}

#[inline(always)]
pub(crate) fn dequantize_q3_k(unit: &[u8; Q3_K_BYTES], values: &mut [f32; SUPER_BLOCK]) {
    let scale = half_at(unit, 108);
    let scales = &unit[96..108];
    for (group, values) in values.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let low = scales[group % 8] >> (group / 8 * 4) & 15;
        let high = scales[8 + group % 4] >> (group / 4 * 2) & 3;
        let own = scale * (f32::from(low | high << 4) - 32.0);
        let pairs = &unit[32 + pairs_of(group)..][..16];
        let third = &unit[16 * (group % 2)..][..16];
        for ((value, byte), third) in values.iter_mut().zip(pairs).zip(third) {
            // A set bit means that nothing is subtracted.
            let offset = if third >> (group / 2) & 1 == 1 { 0.0 } else { 4.0 };
            *value = own * (f32::from(byte >> shift_of(group) & 3) - offset);
        }
    }
}

/// Bit pairs of 16 weights of Q2_K and Q3_K: where they begin, and at which bit.
#[inline(always)]
fn pairs_of(group: usize) -> usize {
    32 * (group / 8) + 16 * (group % 2)
}

#[inline(always)]
fn shift_of(group: usize) -> usize {
    group % 8 / 2 * 2
}

/// Scale and minimum of 32 weights of Q4_K and Q5_K, of the 12 bytes that hold them.
#[inline(always)]
fn scale_and_minimum(packed: &[u8], at: usize) -> (f32, f32) {
    let (scale, minimum) = match at {
        0..4 => (packed[at] & 63, packed[at + 4] & 63),
        _ => ((packed[at + 4] & 15) | (packed[at - 4] >> 6) << 4, (packed[at + 4] >> 4) | (packed[at] >> 6) << 4),
    };
    (f32::from(scale), f32::from(minimum))
}

#[inline(always)]
fn dequantize_nibbles(
    (scale, minimum): (f32, f32),
    packed: &[u8],
    fifth: &[u8; 32],
    nibbles: &[u8],
    values: &mut [f32; SUPER_BLOCK],
) {
    let pair = |at: usize| -> (f32, f32) {
        let (own, own_minimum) = scale_and_minimum(packed, at);
        (scale * own, minimum * own_minimum)
    };
    let (nibbles, _) = nibbles.as_chunks::<32>();
    for (group, (values, nibbles)) in values.as_chunks_mut::<64>().0.iter_mut().zip(nibbles).enumerate() {
        let (low_scale, low_minimum) = pair(2 * group);
        let (high_scale, high_minimum) = pair(2 * group + 1);
        for (at, byte) in nibbles.iter().enumerate() {
            let bits = fifth[at] >> (2 * group);
            values[at] = low_scale * f32::from(byte & 15 | (bits & 1) << 4) - low_minimum;
            values[32 + at] = high_scale * f32::from(byte >> 4 | (bits >> 1 & 1) << 4) - high_minimum;
        }
    }
}

#[inline(always)]
pub(crate) fn dequantize_q4_k(unit: &[u8; Q4_K_BYTES], values: &mut [f32; SUPER_BLOCK]) {
    dequantize_nibbles((half_at(unit, 0), half_at(unit, 2)), &unit[4..16], &[0; 32], &unit[16..], values);
}

#[inline(always)]
pub(crate) fn dequantize_q5_k(unit: &[u8; Q5_K_BYTES], values: &mut [f32; SUPER_BLOCK]) {
    let Some(fifth) = unit[16..].first_chunk::<32>() else { return };
    dequantize_nibbles((half_at(unit, 0), half_at(unit, 2)), &unit[4..16], fifth, &unit[48..], values);
}

#[inline(always)]
pub(crate) fn dequantize_q6_k(unit: &[u8; Q6_K_BYTES], values: &mut [f32; SUPER_BLOCK]) {
    let scale = half_at(unit, 208);
    for half in 0..2 {
        let low = &unit[64 * half..][..64];
        let high = &unit[128 + 32 * half..][..32];
        let scales = &unit[192 + 8 * half..][..8];
        let values = &mut values[128 * half..][..128];
        for at in 0..32 {
            let pairs = high[at];
            let integers = [
                (low[at] & 15) | (pairs & 3) << 4,
                (low[at + 32] & 15) | (pairs >> 2 & 3) << 4,
                (low[at] >> 4) | (pairs >> 4 & 3) << 4,
                (low[at + 32] >> 4) | (pairs >> 6) << 4,
            ];
            for (quarter, integer) in integers.into_iter().enumerate() {
                let sub_scale = scales[at / 16 + 2 * quarter] as i8;
                values[at + 32 * quarter] = scale * f32::from(sub_scale) * (f32::from(integer) - 32.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::merkle::plain;

    fn pattern<const BYTES: usize>(index: usize, scales: &[usize]) -> [u8; BYTES] {
        let mut unit = std::array::from_fn(|at| (index * 97 + at * 61 + at * at * 7 + 13) as u8);
        for at in scales {
            unit[at + 1] = (16 + index % 8 * 3 + at % 5) as u8 & 0x3f;
        }
        unit
    }

    fn hash(dequantize: impl Fn(usize, &mut [f32; SUPER_BLOCK])) -> String {
        let mut bytes = Vec::new();
        for index in 0..8 {
            let mut values = [0.0; SUPER_BLOCK];
            dequantize(index, &mut values);
            bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        }
        plain(&bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The expected hashes are of what `gguf.quants.dequantize` of ggml's Python package gives for the same bytes.
    #[test]
    fn numbers_are_those_of_ggml() {
        let q4 = hash(|index, values| dequantize_q4_k(&pattern(index, &[0, 2]), values));
        assert_eq!(q4, "27ca3624fb182358483909e9eb3f66fc8f74a8d1ba47d03aad9bb906b4dc4a7c");
        let q6 = hash(|index, values| dequantize_q6_k(&pattern(index, &[208]), values));
        assert_eq!(q6, "e1e8f97418f231b927fd7f00ed8cf2090ec5f2983e085b7659aaf25201e1c877");
    }
}
