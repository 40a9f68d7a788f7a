//! Rotary position embedding: `docs/arithmetic.md`, "Rotary embedding".

use crate::{Double, Float};

/// Positions are below this.
pub const MAX_POSITION: u32 = 1 << 20;

const TWO_OVER_PI: f64 = f64::from_bits(0x3fe4_5f30_6dc9_c883);
/// `pi/2` in two parts: the first 33 bits, whose products with integers below 2^20 are exact, and the rest.
const HALF_PI_HIGH: f64 = f64::from_bits(0x3ff9_21fb_5440_0000);
const HALF_PI_LOW: f64 = f64::from_bits(0x3dd0_b461_1a62_6331);
/// `1.5 * 2^52`: adding it leaves the nearest integer in the low bits.
const SHIFT: f64 = 6_755_399_441_055_744.0;
/// Coefficients of sine and cosine within ±pi/4 (fdlibm), highest power first.
const SINE: [f64; 6] = [
    f64::from_bits(0x3de5_d93a_5acf_d57c),
    f64::from_bits(0xbe5a_e5e6_8a2b_9ceb),
    f64::from_bits(0x3ec7_1de3_57b1_fe7d),
    f64::from_bits(0xbf2a_01a0_19c1_61d5),
    f64::from_bits(0x3f81_1111_1110_f8a6),
    f64::from_bits(0xbfc5_5555_5555_5549),
];
const COSINE: [f64; 6] = [
    f64::from_bits(0xbda8_fae9_be88_38d4),
    f64::from_bits(0x3e21_ee9e_bdb4_b1c4),
    f64::from_bits(0xbe92_7e4f_809c_52ad),
    f64::from_bits(0x3efa_01a0_19cb_1590),
    f64::from_bits(0xbf56_c16c_16c1_5177),
    f64::from_bits(0x3fa5_5555_5555_554c),
];

/// Sine and cosine of `position * inv_freq`, each times `factor`.
///
/// `inv_freq` is within 0..=1 and the position below [`MAX_POSITION`], so the angle is exact in binary64.
pub fn sine_cosine<F: Float>(position: u32, inv_freq: F, factor: F) -> (F, F) {
    let angle = F::Double::widened(inv_freq).times(F::Double::widened(F::of_integer(position as i32)));
    let turns = angle.times(F::Double::of(TWO_OVER_PI)).plus(F::Double::of(SHIFT));
    let quadrant = turns.to_bits() & 3;
    let turns = turns.minus(F::Double::of(SHIFT));
    let r = angle.minus(turns.times(F::Double::of(HALF_PI_HIGH))).minus(turns.times(F::Double::of(HALF_PI_LOW)));
    let square = r.times(r);
    let horner = |coefficients: &[f64; 6]| {
        let mut sum = F::Double::of(coefficients[0]);
        for coefficient in &coefficients[1..] {
            sum = sum.times(square).plus(F::Double::of(*coefficient));
        }
        sum
    };
    let sine = r.plus(r.times(square).times(horner(&SINE)));
    let half = square.times(F::Double::of(0.5));
    let cosine = F::Double::of(1.0).minus(half).plus(square.times(square).times(horner(&COSINE)));
    let (sine, cosine) = (sine.rounded(), cosine.rounded());
    let (sine, cosine) = match quadrant {
        0 => (sine, cosine),
        1 => (cosine, sine.negated()),
        2 => (sine.negated(), cosine.negated()),
        _ => (cosine.negated(), sine),
    };
    (sine.times(factor), cosine.times(factor))
}

/// Rotates one head in place: pair `(i, i + dims/2)` by the `i`-th angle. `angles` holds `(sine, cosine)` of `dims/2` pairs;
/// elements from `dims` on stay.
pub fn rotate<F: Float>(head: &mut [F], angles: &[(F, F)]) {
    let pairs = angles.len();
    for (at, (sine, cosine)) in angles.iter().enumerate() {
        let (x, y) = (head[at], head[at + pairs]);
        head[at] = x.times(*cosine).minus(y.times(*sine));
        head[at + pairs] = y.times(*cosine).plus(x.times(*sine));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sine_and_cosine_are_those_of_the_exact_angle() {
        for pair in 0..64u32 {
            let inv_freq = 10_000f64.powf(-f64::from(pair) / 64.0) as f32;
            for position in (0..MAX_POSITION).step_by(4099).chain(0..300) {
                let (sine, cosine) = sine_cosine(position, inv_freq, 1.0f32);
                let angle = f64::from(inv_freq) * f64::from(position);
                assert!((f64::from(sine) - angle.sin()).abs() < 6.1e-8, "sin {angle}");
                assert!((f64::from(cosine) - angle.cos()).abs() < 6.1e-8, "cos {angle}");
            }
        }
    }

    #[test]
    fn position_zero_does_not_rotate() {
        assert_eq!(sine_cosine(0, 1.0f32, 1.0), (0.0, 1.0));
        let mut head = [1.0f32, 2.0, 3.0, 4.0, 5.0];
        rotate(&mut head, &[(0.0, 1.0), (1.0, 0.0)]);
        assert_eq!(head, [1.0, -4.0, 3.0, 2.0, 5.0]);
    }
}
