//! IEEE 754 binary16: conversion to and from binary32, on bits. `docs/arithmetic.md`, "Half precision".

/// The binary32 number with the value of a binary16 number; exact. NaN payloads are shifted, infinities kept.
pub const fn f16_to_f32(bits: u16) -> f32 {
    f32::from_bits(f16_to_f32_bits(bits))
}

/// As [`f16_to_f32`], giving the bits.
pub const fn f16_to_f32_bits(bits: u16) -> u32 {
    let sign = ((bits & 0x8000) as u32) << 16;
    let exponent = ((bits >> 10) & 0x1f) as u32;
    let fraction = (bits & 0x3ff) as u32;
    match exponent {
        0 if fraction == 0 => sign,
        0 => {
            // Subnormal: fraction * 2^-24. The leading one moves to bit 10.
            let shift = fraction.leading_zeros() - 21;
            sign | (113 - shift) << 23 | ((fraction << shift) & 0x3ff) << 13
        }
        31 => sign | 0x7f80_0000 | fraction << 13,
        _ => sign | (exponent + 112) << 23 | fraction << 13,
    }
}

/// The nearest binary16 number, ties to even; magnitudes from 65,520 on become infinity. A NaN stays a NaN.
pub const fn f32_to_f16(value: f32) -> u16 {
    f32_bits_to_f16(value.to_bits())
}

/// As [`f32_to_f16`], from the bits.
pub const fn f32_bits_to_f16(bits: u32) -> u16 {
    let sign = ((bits >> 16) & 0x8000) as u16;
    let magnitude = bits & 0x7fff_ffff;
    if magnitude > 0x7f80_0000 {
        return sign | 0x7e00;
    }
    if magnitude >= 0x477f_f000 {
        return sign | 0x7c00;
    }
    if magnitude >= 0x3880_0000 {
        // Normal: round the low 13 bits, ties to even; a carry runs into the exponent as it should.
        let rounded = magnitude + 0xfff + ((magnitude >> 13) & 1);
        return sign | ((rounded - 0x3800_0000) >> 13) as u16;
    }
    if magnitude < 0x3300_0000 {
        // Below half of the smallest subnormal, 2^-25.
        return sign;
    }
    let shift = 126 - (magnitude >> 23);
    let significand = (magnitude & 0x7f_ffff) | 0x80_0000;
    let kept = significand >> shift;
    let rest = significand & ((1 << shift) - 1);
    let half = 1 << (shift - 1);
    let up = rest > half || (rest == half && kept & 1 == 1);
    sign | (kept + up as u32) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_converts_as_the_half_crate_does() {
        for bits in 0..=u16::MAX {
            let reference = half::f16::from_bits(bits);
            let ours = f16_to_f32(bits);
            if reference.is_nan() {
                assert!(ours.is_nan());
            } else {
                assert_eq!(ours.to_bits(), reference.to_f32().to_bits(), "{bits:#x}");
                assert_eq!(f32_to_f16(ours), bits);
            }
        }
    }

    #[test]
    fn rounding_agrees_with_the_half_crate_at_and_around_every_tie() {
        for bits in 0..0x7c00u16 {
            let (low, high) = (f16_to_f32(bits), f16_to_f32(bits + 1));
            let tie = if high.is_infinite() { 65_520.0 } else { (low + high) / 2.0 };
            for value in [tie, f32::from_bits(tie.to_bits() - 1), f32::from_bits(tie.to_bits() + 1)] {
                for value in [value, -value] {
                    assert_eq!(f32_to_f16(value), half::f16::from_f32(value).to_bits(), "{value:e}");
                }
            }
        }
    }
}
