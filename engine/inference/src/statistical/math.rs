//! Elementary functions with a fixed result on every machine.
//!
//! The system's `expf`, `sinf` and the like differ between C libraries and even between processors
//! under one library, so none of them is used: `exp` is a polynomial here, and what is computed
//! once per model or once per token comes from the `libm` crate, which is plain Rust.

/// `e^x`; 0 below -87, where the result would be subnormal.
///
/// Range reduction with ln 2 in two parts and a polynomial of degree 5 (Cephes `expf`), within 1 ulp
/// on the range in use. For `x` above 88 the result is infinite.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    // Adding and subtracting 1.5 * 2^23 rounds to an integer, ties to even.
    const ROUND: f32 = 12_582_912.0;
    // Leaves a NaN as it is.
    let clamped = x.clamp(-87.0, 88.0);
    let n = (clamped * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = (clamped - n * LN2_HIGH) - n * LN2_LOW;
    let p = 1.987_569_2e-4;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let y = p * (r * r) + r + 1.0;
    let power = f32::from_bits(((n as i32 + 127) as u32) << 23);
    let y = y * power;
    if x < -87.0 {
        0.0
    } else if x > 88.0 {
        f32::INFINITY
    } else {
        y
    }
}

/// `x / (1 + e^-x)`, from `e^-|x|` so that nothing overflows.
#[inline(always)]
pub(crate) fn silu(x: f32) -> f32 {
    let e = exp(-x.abs());
    let numerator = if x < 0.0 { e } else { 1.0 };
    x * (numerator / (1.0 + e))
}

/// Frequencies of the rotary position embedding: `theta^(-2i / head_dim)`, one for each pair.
pub(crate) fn rope_frequencies(head_dim: usize, theta: f64) -> Vec<f64> {
    (0..head_dim / 2).map(|i| libm::pow(theta, -((2 * i) as f64) / head_dim as f64)).collect()
}

/// Cosine and sine of a position times a frequency, rounded to f32.
pub(crate) fn rotation(position: usize, frequency: f64) -> (f32, f32) {
    let angle = position as f64 * frequency;
    (libm::cos(angle) as f32, libm::sin(angle) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_two_ulp() {
        for at in -870_000..880_000 {
            let x = at as f32 * 1e-4;
            let (found, exact) = (f64::from(exp(x)), f64::from(x).exp());
            assert!(((found - exact) / exact).abs() < 2.4e-7, "exp({x}) = {found}, not {exact}");
        }
    }

    #[test]
    fn exp_and_silu_keep_their_edges() {
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(f32::INFINITY), f32::INFINITY);
        assert!(exp(f32::NAN).is_nan() && silu(f32::NAN).is_nan());
        assert_eq!(silu(1e30), 1e30);
        assert_eq!(silu(-1e30), -0.0);
    }

    #[test]
    fn exp_has_these_bits_everywhere() {
        let bits: Vec<u32> = [-50.0, -1.5, -0.1, 0.7, 20.0].iter().map(|x| exp(*x).to_bits()).collect();
        assert_eq!(bits, EXP_BITS);
    }

    const EXP_BITS: [u32; 5] = [459877355, 1046772796, 1063756653, 1073799507, 1307007044];
}
