//! The "K" encodings of GGUF files as f32, by the formulas of `ggml-quants.c` (`dequantize_row_q4_K`, `dequantize_row_q6_K`).
//!
//! Every product is rounded before the difference is taken, as in ggml's plain C code.

use strike_arithmetic::half::f16_to_f32;

/// Weights of one unit.
pub(crate) const SUPER_BLOCK: usize = 256;
/// Scale and minimum as f16, 12 bytes of 6-bit scales and minimums, 128 bytes of nibbles.
pub(crate) const Q4_K_BYTES: usize = 144;
/// 128 bytes of low nibbles, 64 of high bit pairs, 16 signed scales, the f16 scale.
pub(crate) const Q6_K_BYTES: usize = 210;

fn half_at(bytes: &[u8], at: usize) -> f32 {
    f16_to_f32(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
}

#[inline(always)]
pub(crate) fn dequantize_q4_k(unit: &[u8; Q4_K_BYTES], values: &mut [f32; SUPER_BLOCK]) {
    let (scale, minimum) = (half_at(unit, 0), half_at(unit, 2));
    let packed = &unit[4..16];
    let pair = |at: usize| -> (f32, f32) {
        let (sub_scale, sub_minimum) = match at {
            0..4 => (packed[at] & 63, packed[at + 4] & 63),
            _ => ((packed[at + 4] & 15) | (packed[at - 4] >> 6) << 4, (packed[at + 4] >> 4) | (packed[at] >> 6) << 4),
        };
        (scale * f32::from(sub_scale), minimum * f32::from(sub_minimum))
    };
    let (nibbles, _) = unit[16..].as_chunks::<32>();
    for (group, (values, nibbles)) in values.as_chunks_mut::<64>().0.iter_mut().zip(nibbles).enumerate() {
        let (low_scale, low_minimum) = pair(2 * group);
        let (high_scale, high_minimum) = pair(2 * group + 1);
        for (at, byte) in nibbles.iter().enumerate() {
            values[at] = low_scale * f32::from(byte & 15) - low_minimum;
            values[32 + at] = high_scale * f32::from(byte >> 4) - high_minimum;
        }
    }
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
    use crate::merkle::plain;

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
