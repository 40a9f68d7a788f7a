//! exp and what is built on it: `docs/arithmetic.md`, "Functions".
//!
//! Only `exp` of numbers that are not positive is needed. A NaN gives a NaN everywhere here.

use crate::Float;

/// Arguments below this give +0.
pub const EXP_LOW: f32 = -87.0;
/// Coefficients of `exp` (Cephes `expf`), highest power first.
pub const EXP: [f32; 6] = [
    f32::from_bits(0x3950_6967), // 1.9875691500e-4
    f32::from_bits(0x3ab7_43ce), // 1.3981999507e-3
    f32::from_bits(0x3c08_8908), // 8.3334519073e-3
    f32::from_bits(0x3d2a_a9c1), // 4.1665795894e-2
    f32::from_bits(0x3e2a_aaaa), // 1.6666665459e-1
    f32::from_bits(0x3f00_0000), // 5.0000001201e-1
];
/// `1 / ln 2`.
pub const LOG2_E: f32 = f32::from_bits(0x3fb8_aa3b);
/// The part of `ln 2` whose products with small integers are exact: 0.693359375.
pub const LN2_HIGH: f32 = f32::from_bits(0x3f31_8000);
/// `ln 2 - LN2_HIGH`: -2.12194440e-4.
pub const LN2_LOW: f32 = f32::from_bits(0xb95e_8083);
/// Coefficients of the error function (Abramowitz and Stegun 7.1.26), highest power first, and the factor of `|x|`.
pub const ERF: [f32; 5] = [1.061_405_4, -1.453_152_1, 1.421_413_8, -0.284_496_72, 0.254_829_6];
/// See [`ERF`].
pub const ERF_P: f32 = 0.327_591_1;
/// `1 / sqrt 2`.
pub const SQRT_HALF: f32 = f32::from_bits(0x3f35_04f3);
/// `sqrt(2 / pi)`.
pub const SQRT_TWO_OVER_PI: f32 = f32::from_bits(0x3f4c_422a);
/// The cubic coefficient of GELU by tanh.
pub const GELU_CUBIC: f32 = 0.044_715;

/// `e^x` for `x <= 0`; +0 below [`EXP_LOW`].
pub fn exp<F: Float>(x: F) -> F {
    if x.below(F::of(EXP_LOW)) && x.magnitude() <= 0x7f80_0000 {
        return F::of(0.0);
    }
    if x.magnitude() > 0x7f80_0000 {
        return x;
    }
    let n = x.times(F::of(LOG2_E)).nearest();
    let whole = F::of_integer(n);
    let r = x.minus(whole.times(F::of(LN2_HIGH))).minus(whole.times(F::of(LN2_LOW)));
    let mut y = F::of(EXP[0]);
    for coefficient in &EXP[1..] {
        y = y.times(r).plus(F::of(*coefficient));
    }
    let y = y.times(r.times(r)).plus(r).plus(F::of(1.0));
    y.times(F::from_bits(((n + 127) as u32) << 23))
}

/// `x * sigmoid(x)` as `x * ((x < 0 ? e : 1) / (1 + e))`, `e = exp(-|x|)`.
pub fn silu<F: Float>(x: F) -> F {
    let e = exp(F::from_bits(x.magnitude() | 0x8000_0000));
    let one = F::of(1.0);
    let numerator = if is_negative(x) { e } else { one };
    x.times(numerator.over(one.plus(e)))
}

/// `(1 - e) / (1 + e)` with the sign of `x`, `e = exp(-2|x|)`.
pub fn tanh<F: Float>(x: F) -> F {
    let doubled = F::from_bits(x.magnitude()).times(F::of(-2.0));
    let e = exp(doubled);
    let one = F::of(1.0);
    with_sign(one.minus(e).over(one.plus(e)), x)
}

/// The error function: `1 - (polynomial(t) * t) * exp(-x²)` with the sign of `x`, `t = 1 / (1 + 0.3275911 |x|)`.
pub fn erf<F: Float>(x: F) -> F {
    let one = F::of(1.0);
    let magnitude = F::from_bits(x.magnitude());
    let t = one.over(one.plus(magnitude.times(F::of(ERF_P))));
    let mut y = F::of(ERF[0]);
    for coefficient in &ERF[1..] {
        y = y.times(t).plus(F::of(*coefficient));
    }
    let e = exp(x.times(x).negated());
    with_sign(one.minus(y.times(t).times(e)), x)
}

/// `(0.5 * x) * (1 + erf(x / sqrt 2))`.
pub fn gelu_erf<F: Float>(x: F) -> F {
    x.times(F::of(0.5)).times(F::of(1.0).plus(erf(x.times(F::of(SQRT_HALF)))))
}

/// `(0.5 * x) * (1 + tanh(sqrt(2/pi) * (x * (1 + 0.044715 * (x * x)))))`.
pub fn gelu_tanh<F: Float>(x: F) -> F {
    let one = F::of(1.0);
    let inner = x.times(one.plus(x.times(x).times(F::of(GELU_CUBIC))));
    x.times(F::of(0.5)).times(one.plus(tanh(inner.times(F::of(SQRT_TWO_OVER_PI)))))
}

/// `cap * tanh(x / cap)`.
pub fn soft_cap<F: Float>(x: F, cap: F) -> F {
    tanh(x.over(cap)).times(cap)
}

/// `x < 0`: the sign bit of what is neither zero nor NaN.
fn is_negative<F: Float>(x: F) -> bool {
    x.to_bits() > 0x8000_0000
}

/// `magnitude` (which is not negative) with the sign of `x`.
fn with_sign<F: Float>(magnitude: F, x: F) -> F {
    F::from_bits(magnitude.to_bits() | (x.to_bits() & 0x8000_0000))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Distance in units of the last place of the true value.
    fn ulps(found: f32, truth: f64) -> f64 {
        let nearest = truth as f32;
        let unit = f64::from(f32::from_bits(nearest.abs().to_bits() + 1)) - f64::from(nearest.abs());
        (f64::from(found) - truth).abs() / unit
    }

    #[test]
    fn constants_are_those_of_cephes() {
        for (found, truth) in EXP.iter().zip([
            1.987_569_15e-4f64,
            1.398_199_950_7e-3,
            8.333_451_907_3e-3,
            4.166_579_589_4e-2,
            1.666_666_545_9e-1,
            5.000_000_120_1e-1,
        ]) {
            assert_eq!(*found, truth as f32);
        }
        assert_eq!(LOG2_E, core::f32::consts::LOG2_E);
        assert_eq!((f64::from(LN2_HIGH), LN2_LOW), (0.693_359_375, -2.121_944_4e-4));
        assert_eq!(SQRT_HALF, core::f32::consts::FRAC_1_SQRT_2);
        assert_eq!(SQRT_TWO_OVER_PI, (2.0 / core::f64::consts::PI).sqrt() as f32);
    }

    #[test]
    fn exp_is_within_one_unit_of_the_last_place() {
        let mut worst = 0.0f64;
        for bits in (0x8000_0000..=0xc2ae_0000u32).step_by(1009) {
            let x = f32::from_bits(bits);
            worst = worst.max(ulps(exp(x), f64::from(x).exp()));
        }
        assert!(worst < 1.0, "{worst}");
        assert!(exp(-87.0f32) >= f32::MIN_POSITIVE);
        assert_eq!(exp(f32::from_bits((-87.0f32).to_bits() + 1)).to_bits(), 0);
        assert_eq!(exp(f32::NEG_INFINITY).to_bits(), 0);
        assert_eq!(exp(-0.0f32), 1.0);
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn the_others_are_close_to_the_true_functions() {
        let mut x = -30.0f64;
        while x < 30.0 {
            let single = x as f32;
            let wide = f64::from(single);
            let close = |found: f32, truth: f64| (f64::from(found) - truth).abs() <= 4e-7 * wide.abs().max(1.0);
            assert!(close(silu(single), wide / (1.0 + (-wide).exp())), "silu {x}");
            assert!(close(tanh(single), wide.tanh()), "tanh {x}");
            assert!(close(erf(single), libm::erf(wide)), "erf {x}");
            assert!(close(gelu_erf(single), 0.5 * wide * (1.0 + libm::erf(wide / 2f64.sqrt()))), "gelu_erf {x}");
            let inner = (2.0 / core::f64::consts::PI).sqrt() * (wide + 0.044715 * wide.powi(3));
            assert!(close(gelu_tanh(single), 0.5 * wide * (1.0 + inner.tanh())), "gelu_tanh {x}");
            x += 0.0137;
        }
        assert_eq!(gelu_tanh(1e30f32), 1e30);
        assert_eq!(gelu_erf(-1e30f32), 0.0);
        assert_eq!(silu(-200.0f32), 0.0);
    }
}
