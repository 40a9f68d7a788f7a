//! From logits to a token: `docs/arithmetic.md`, "Sampler".
//!
//! Everything behind the comparison with the largest logit is integers, so that "this token was not the winner" is refuted by
//! one other token.

use crate::{Float, NotFinite};

/// Parameters of the choice. All are integers, so that they travel and hash exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampler {
    /// Temperature in thousandths; 0 is greedy and makes no use of seed and min-p.
    pub temperature_milli: u16,
    /// min-p in thousandths, at most 1000; 0 is off.
    pub min_p_milli: u16,
    /// Repetition penalty in thousandths; 1000 is off, 0 is invalid.
    pub repetition_penalty_milli: u16,
    /// Tokens the penalty looks back, at most [`MAX_REPETITION_WINDOW`]; 0 is off.
    pub repetition_window: u8,
}

/// Longest window of the repetition penalty.
pub const MAX_REPETITION_WINDOW: u8 = 64;

impl Sampler {
    /// The largest logit every time.
    pub const GREEDY: Self =
        Self { temperature_milli: 0, min_p_milli: 0, repetition_penalty_milli: 1000, repetition_window: 0 };
}

/// Fraction bits of scores.
pub const SCORE_BITS: u32 = 16;
/// Tokens further below the best than this are never drawn: 16 in units of `2^-16`.
pub const MAX_CUT: i32 = 16 << SCORE_BITS;
/// Domain tag of the noise.
pub const NOISE_TAG: &[u8] = b"strike/1/noise";

/// A chosen token, and the token with the largest logit it was measured against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The chosen token.
    pub token: u32,
    /// The token with the largest logit after the penalty, the lowest id among equals.
    pub best: u32,
}

/// Divides positive logits of the tokens in `window` by the penalty, multiplies the others; each token once.
pub fn penalize<F: Float>(logits: &mut [F], window: &[u32], penalty_milli: u16) {
    if penalty_milli == 1000 {
        return;
    }
    let penalty = F::of_integer(i32::from(penalty_milli)).over(F::of(1000.0));
    for (at, token) in window.iter().enumerate() {
        if window[..at].contains(token) {
            continue;
        }
        if let Some(logit) = logits.get_mut(*token as usize) {
            let positive = logit.to_bits() as i32 > 0;
            *logit = if positive { logit.over(penalty) } else { logit.times(penalty) };
        }
    }
}

/// Chooses the token at `position` (prompt included, from 0) from logits, which it may change.
///
/// `history` holds the tokens before it. An error where a logit is not finite before or after the penalty.
pub fn choose<F: Float>(
    sampler: &Sampler,
    logits: &mut [F],
    history: &[u32],
    seed: &[u8; 32],
    position: u32,
) -> Result<Choice, NotFinite> {
    if !logits.iter().all(|logit| logit.is_finite()) {
        return Err(NotFinite);
    }
    let window = history.len().saturating_sub(usize::from(sampler.repetition_window));
    penalize(logits, &history[window..], sampler.repetition_penalty_milli);
    let mut best = 0;
    for (token, logit) in logits.iter().enumerate() {
        if logits[best].below(*logit) {
            best = token;
        }
    }
    let max = *logits.get(best).ok_or(NotFinite)?;
    // The penalty of at least 1/1000 may overflow upwards; what overflows downwards is out of reach below anyway.
    if !max.is_finite() {
        return Err(NotFinite);
    }
    let best = best as u32;
    let tokens = logits.iter().enumerate().map(|(token, logit)| (token as u32, *logit));
    Ok(draw(sampler, best, max, tokens, seed, position))
}

/// The last part of [`choose`]: draws among `tokens`, which are in ascending order and hold at least all those within the cut
/// below `max`, the logit of `best`.
pub fn draw<F: Float>(
    sampler: &Sampler,
    best: u32,
    max: F,
    tokens: impl Iterator<Item = (u32, F)>,
    seed: &[u8; 32],
    position: u32,
) -> Choice {
    if sampler.temperature_milli == 0 {
        return Choice { token: best, best };
    }
    let scale = Scale::new(sampler);
    let mut noise = Noise::new(seed, position);
    let mut winner = (best, noise.of(best));
    for (token, logit) in tokens {
        let Some(score) = scale.score(logit, max) else { continue };
        if token == best || !may_beat(winner.1 - i64::from(score), noise.uniform(token)) {
            continue;
        }
        let key = i64::from(score) + noise.of(token);
        if key > winner.1 || (key == winner.1 && token < winner.0) {
            winner = (token, key);
        }
    }
    Choice { token: winner.0, best }
}

/// A difference to the largest logit that is certainly beyond the cut: what lies further below is never drawn.
pub fn reach(sampler: &Sampler) -> f32 {
    let scale = Scale::<f32>::new(sampler);
    // One unit for the rounding of the score, and a little for the roundings of the scaling.
    (scale.cut + 1) as f32 / 65_536.0 * f32::from(sampler.temperature_milli) / 1000.0 * 1.001
}

/// Key of one token, `score + Gumbel noise` in units of `2^-16`, or `None` where min-p or the cut leaves it out. The token with
/// the largest key is drawn, the lowest id among equals.
pub fn key<F: Float>(sampler: &Sampler, logit: F, max: F, seed: &[u8; 32], position: u32, token: u32) -> Option<i64> {
    let score = Scale::new(sampler).score(logit, max)?;
    Some(i64::from(score) + Noise::new(seed, position).of(token))
}

/// `1 / temperature` and the cut.
struct Scale<F> {
    inverse_temperature: F,
    cut: i32,
}

impl<F: Float> Scale<F> {
    fn new(sampler: &Sampler) -> Self {
        let inverse_temperature = F::of(1000.0).over(F::of_integer(i32::from(sampler.temperature_milli)));
        let cut = match sampler.min_p_milli {
            0 => MAX_CUT,
            // -ln(min_p) = ln 1000 - ln(min_p_milli), rounded down to the score's units.
            milli => ((ln(1000) - ln(u64::from(milli))) >> (LOG_BITS - SCORE_BITS)).clamp(0, MAX_CUT as u64) as i32,
        };
        Self { inverse_temperature, cut }
    }

    /// `rne((logit - max) / temperature * 2^16)`, or `None` below the cut. At most 0.
    fn score(&self, logit: F, max: F) -> Option<i32> {
        let scaled = logit.minus(max).times(self.inverse_temperature);
        // Below -16 is out whatever min-p says, and the rounding below needs the bound.
        if scaled.below(F::of(-16.0)) || !scaled.is_finite() {
            return None;
        }
        let score = scaled.times(F::of(65_536.0)).nearest();
        (score >= -self.cut).then_some(score)
    }
}

/// Noise of tokens at one position: eight tokens share a digest.
struct Noise {
    message: [u8; NOISE_MESSAGE],
    group: Option<u32>,
    digest: [u8; 32],
}

const NOISE_MESSAGE: usize = 1 + NOISE_TAG.len() + 32 + 4 + 4;

impl Noise {
    fn new(seed: &[u8; 32], position: u32) -> Self {
        let mut message = [0; NOISE_MESSAGE];
        message[0] = NOISE_TAG.len() as u8;
        message[1..][..NOISE_TAG.len()].copy_from_slice(NOISE_TAG);
        message[1 + NOISE_TAG.len()..][..32].copy_from_slice(seed);
        message[33 + NOISE_TAG.len()..][..4].copy_from_slice(&position.to_le_bytes());
        Self { message, group: None, digest: [0; 32] }
    }

    /// 32 uniform bits.
    fn uniform(&mut self, token: u32) -> u32 {
        let group = token / 8;
        if self.group != Some(group) {
            self.message[NOISE_MESSAGE - 4..].copy_from_slice(&group.to_le_bytes());
            let digest = blake2b_simd::Params::new().hash_length(32).hash(&self.message);
            self.digest.copy_from_slice(digest.as_bytes());
            self.group = Some(group);
        }
        let at = (token % 8) as usize * 4;
        u32::from_le_bytes([self.digest[at], self.digest[at + 1], self.digest[at + 2], self.digest[at + 3]])
    }

    fn of(&mut self, token: u32) -> i64 {
        gumbel(self.uniform(token))
    }
}

/// `-ln(-ln u)` in units of `2^-16`, rounded down, for `u = (2n + 1) / 2^33`.
pub fn gumbel(n: u32) -> i64 {
    // -ln u = 33 ln 2 - ln(2n + 1), in units of 2^-56: at least 2^22.
    let exponential = (33 * LN_2) - ln(2 * u64::from(n) + 1);
    // ln of that number is ln(exponential as an integer) - 56 ln 2.
    let logarithm = ln(exponential) as i64 - (LOG_BITS as i64 * LN_2 as i64);
    -logarithm >> (LOG_BITS - SCORE_BITS)
}

/// Whether noise made from `n` can reach `needed`; never false where it can. Spares most tokens the logarithms.
fn may_beat(needed: i64, n: u32) -> bool {
    // gumbel(n) >= g requires u >= exp(-exp(-g)) >= 1 - exp(-g), that is 1 - u <= exp(-g) <= 2^-floor(g / ln 2).
    if needed <= 0 {
        return true;
    }
    let bits = (needed * 94_548) >> (16 + SCORE_BITS);
    // 94,548 / 2^16 lies below 1 / ln 2. One more unit covers the roundings.
    !(1..=33).contains(&bits) || u64::from(!n) <= (1u64 << (33 - bits)) + 1
}

/// Fraction bits of [`ln`].
const LOG_BITS: u32 = 56;
/// `ln 2` in units of `2^-56`, rounded down.
const LN_2: u64 = 0x00b1_7217_f7d1_cf79;

/// Natural logarithm of an integer from 1 on, in units of `2^-56`: `(log2 x * LN_2)` rounded down, with `log2 x` from 56
/// repeated squarings, each rounded down.
fn ln(x: u64) -> u64 {
    let whole = 63 - x.leading_zeros();
    // Mantissa within 1..2, in units of 2^-63.
    let mut mantissa = x << x.leading_zeros();
    let mut log2 = u128::from(whole);
    for _ in 0..LOG_BITS {
        let square = (u128::from(mantissa) * u128::from(mantissa)) >> 63;
        let carry = (square >> 64) as u32;
        log2 = log2 << 1 | u128::from(carry);
        mantissa = (square >> carry) as u64;
    }
    ((log2 * u128::from(LN_2)) >> LOG_BITS) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: f64 = 65_536.0;

    fn sampler(temperature_milli: u16, min_p_milli: u16) -> Sampler {
        Sampler { temperature_milli, min_p_milli, ..Sampler::GREEDY }
    }

    #[test]
    fn logarithms_are_those_of_the_numbers() {
        assert_eq!(LN_2, (core::f64::consts::LN_2 * (1u64 << 56) as f64) as u64 & !0x7 | LN_2 & 0x7);
        assert_eq!(ln(1), 0);
        for x in [2u64, 3, 10, 1000, 65_537, u64::from(u32::MAX), 1 << 33, u64::MAX] {
            let found = ln(x) as f64 / (1u64 << 56) as f64;
            assert!((found - (x as f64).ln()).abs() < 1e-13, "{x}: {found}");
        }
    }

    #[test]
    fn gumbel_is_the_double_logarithm() {
        for n in (0..=u32::MAX).step_by(999_983).chain([0, 1, u32::MAX - 1, u32::MAX]) {
            let one_minus = (2.0 * f64::from(!n) + 1.0) / 2f64.powi(33);
            let truth = -(-(-one_minus).ln_1p()).ln();
            let found = gumbel(n) as f64 / UNIT;
            assert!((found - truth).abs() < 3e-5, "{n}: {found} {truth}");
        }
    }

    #[test]
    fn the_shortcut_never_drops_noise_that_reaches() {
        for n in (0..=u32::MAX).step_by(65_521).chain((0..3000).map(|n| !n)) {
            let reached = gumbel(n);
            for needed in [reached, reached - 1, reached - 70_000] {
                assert!(may_beat(needed, n), "{n}: {needed}");
            }
        }
        assert!(!may_beat(10 << SCORE_BITS, 1 << 31));
    }

    #[test]
    fn greedy_takes_the_lowest_of_equals() {
        let choice = choose(&Sampler::GREEDY, &mut [1.0f32, 3.0, 3.0, -0.0], &[], &[0; 32], 0).unwrap();
        assert_eq!(choice, Choice { token: 1, best: 1 });
        let choice = choose(&Sampler::GREEDY, &mut [-0.0f32, 0.0], &[], &[0; 32], 0).unwrap();
        assert_eq!(choice.token, 0);
    }

    #[test]
    fn draws_follow_the_softmax() {
        let logits = [2.0f32, 1.0, 0.0, -1.0];
        let total: f64 = logits.iter().map(|l| f64::from(*l).exp()).sum();
        let mut counts = [0u32; 4];
        let draws = 40_000;
        for position in 0..draws {
            let choice = choose(&sampler(1000, 0), &mut logits.clone(), &[], &[7; 32], position).unwrap();
            counts[choice.token as usize] += 1;
        }
        for (count, logit) in counts.iter().zip(logits) {
            let expected = f64::from(logit).exp() / total * f64::from(draws);
            assert!((f64::from(*count) - expected).abs() < 5.0 * expected.sqrt(), "{counts:?}");
        }
    }

    #[test]
    fn the_choice_has_the_largest_key_of_all() {
        let sampler = sampler(800, 1);
        for position in 0..200u32 {
            let logits: alloc::vec::Vec<f32> =
                (0..500u32).map(|t| ((t * 7919 + position * 104_729) % 1000) as f32 / 120.0).collect();
            let choice = choose(&sampler, &mut logits.clone(), &[], &[9; 32], position).unwrap();
            let max = logits[choice.best as usize];
            let keys =
                (0..500u32).filter_map(|t| Some((key(&sampler, logits[t as usize], max, &[9; 32], position, t)?, t)));
            let winner = keys.max_by_key(|(key, token)| (*key, u32::MAX - token)).unwrap();
            assert_eq!(winner.1, choice.token);
        }
    }

    #[test]
    fn min_p_leaves_out_what_is_unlikely() {
        for position in 0..2000 {
            let choice = choose(&sampler(1000, 500), &mut [1.0f32, 0.9, 0.2], &[], &[1; 32], position).unwrap();
            assert!(choice.token < 2);
            let choice = choose(&sampler(1000, 1000), &mut [1.0f32, 1.0, 0.9], &[], &[1; 32], position).unwrap();
            assert!(choice.token < 2);
        }
    }

    #[test]
    fn the_penalty_counts_each_token_once_and_moves_both_signs_down() {
        let mut logits = [2.0f32, -2.0, 2.0];
        penalize(&mut logits, &[0, 1, 0, 9], 2000);
        assert_eq!(logits, [1.0, -4.0, 2.0]);
    }

    #[test]
    fn logits_that_are_not_finite_are_an_error() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!(choose(&Sampler::GREEDY, &mut [0.0, bad], &[], &[0; 32], 0), Err(NotFinite));
        }
        let penalized = Sampler { repetition_penalty_milli: 1, repetition_window: 8, ..Sampler::GREEDY };
        assert_eq!(choose(&penalized, &mut [3e38f32, 0.0], &[0], &[0; 32], 0), Err(NotFinite));
    }
}
