//! The choice of a token from logits.
//!
//! 1. **Repetition penalty** (CTRL): every token among the last `repetition_window` tokens of prompt
//!    and output has its logit divided by the penalty if positive, multiplied if not, in f32.
//! 2. **Greedy** if the temperature is 0: the largest logit wins, the lowest id among equals.
//! 3. **Temperature**: `s = logit / T`, in f64 from here on.
//! 4. **min-p**: tokens with `s < max(s) + ln(min_p)` are out; these have less than `min_p` times the
//!    probability of the most probable token.
//! 5. **Gumbel-max**: the largest `s - ln(-ln(u))` wins, the lowest id among equals. This draws from
//!    the softmax of `s` without computing it, and one token's noise is checked without the others'.
//!
//! `u` of a token `t` chosen for position `p` of the sequence (prompt included, from 0): bytes
//! `8 (t mod 8) ..` of `BLAKE2b-512(personal = "strike-gumbel-v1", seed | p as u64 | t / 8 as u64)`,
//! all integers little-endian, as a u64 `n`; `u = ((n >> 11) + 0.5) / 2^53`. `ln` is that of `libm`.

use blake2b_simd::Params;

use super::error::GenerateError;

/// Longest window of the repetition penalty.
pub const MAX_REPETITION_WINDOW: u8 = 64;

/// Parameters of the choice of tokens. All are integers, so that they travel and hash exactly.
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

impl Sampler {
    /// The most probable token every time.
    pub const GREEDY: Self =
        Self { temperature_milli: 0, min_p_milli: 0, repetition_penalty_milli: 1000, repetition_window: 0 };

    pub(crate) fn validate(&self) -> Result<(), GenerateError> {
        let invalid = |field, found, expected| Err(GenerateError::InvalidSampler { field, found, expected });
        if self.min_p_milli > 1000 {
            return invalid("min_p_milli", u32::from(self.min_p_milli), "at most 1000");
        }
        if self.repetition_penalty_milli == 0 {
            return invalid("repetition_penalty_milli", 0, "at least 1");
        }
        if self.repetition_window > MAX_REPETITION_WINDOW {
            return invalid("repetition_window", u32::from(self.repetition_window), "at most 64");
        }
        Ok(())
    }

    /// Chooses the token that follows `history`; the logits are those after its last token.
    pub(crate) fn choose(&self, logits: &mut [f32], history: &[u32], seed: &[u8; 32]) -> Result<u32, GenerateError> {
        let position = history.len();
        self.penalize(logits, history);
        if logits.iter().any(|logit| !logit.is_finite()) {
            return Err(GenerateError::NotFinite { position });
        }
        let mut best = (0usize, f32::NEG_INFINITY);
        for (token, logit) in logits.iter().enumerate() {
            if *logit > best.1 {
                best = (token, *logit);
            }
        }
        if self.temperature_milli == 0 {
            return Ok(best.0 as u32);
        }
        let temperature = f64::from(self.temperature_milli) / 1000.0;
        let floor = match self.min_p_milli {
            0 => f64::NEG_INFINITY,
            min_p => f64::from(best.1) / temperature + libm::log(f64::from(min_p) / 1000.0),
        };
        let mut noise = Noise::new(seed, position);
        let mut winner = (best.0, f64::NEG_INFINITY);
        for (token, logit) in logits.iter().enumerate() {
            let score = f64::from(*logit) / temperature;
            if score < floor {
                continue;
            }
            let score = score + noise.gumbel(token);
            if score > winner.1 {
                winner = (token, score);
            }
        }
        Ok(winner.0 as u32)
    }

    fn penalize(&self, logits: &mut [f32], history: &[u32]) {
        if self.repetition_penalty_milli == 1000 {
            return;
        }
        let penalty = f32::from(self.repetition_penalty_milli) / 1000.0;
        let window = &history[history.len().saturating_sub(usize::from(self.repetition_window))..];
        for (at, token) in window.iter().enumerate() {
            // Once for each distinct token.
            if window[..at].contains(token) {
                continue;
            }
            if let Some(logit) = logits.get_mut(*token as usize) {
                *logit = if *logit > 0.0 { *logit / penalty } else { *logit * penalty };
            }
        }
    }
}

/// Gumbel noise of one position, eight tokens a hash.
struct Noise {
    input: [u8; 48],
    group: Option<usize>,
    hash: [u8; 64],
}

impl Noise {
    fn new(seed: &[u8; 32], position: usize) -> Self {
        let mut input = [0; 48];
        input[..32].copy_from_slice(seed);
        input[32..40].copy_from_slice(&(position as u64).to_le_bytes());
        Self { input, group: None, hash: [0; 64] }
    }

    fn gumbel(&mut self, token: usize) -> f64 {
        let group = token / 8;
        if self.group != Some(group) {
            self.input[40..].copy_from_slice(&(group as u64).to_le_bytes());
            self.hash = *Params::new().hash_length(64).personal(b"strike-gumbel-v1").hash(&self.input).as_array();
            self.group = Some(group);
        }
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.hash[8 * (token % 8)..][..8]);
        let uniform = ((u64::from_le_bytes(bytes) >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0;
        -libm::log(-libm::log(uniform))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLED: Sampler =
        Sampler { temperature_milli: 1000, min_p_milli: 0, repetition_penalty_milli: 1000, repetition_window: 0 };

    #[test]
    fn greedy_takes_the_lowest_of_equal_logits() {
        let chosen = Sampler::GREEDY.choose(&mut [1.0, 3.0, 3.0, -2.0], &[], &[0; 32]);
        assert_eq!(chosen.expect("finite logits"), 1);
    }

    #[test]
    fn samples_follow_the_softmax() {
        let logits = [0.0f32, 1.0, 2.0];
        let mut counts = [0f64; 3];
        let rounds = 20_000usize;
        for at in 0..rounds {
            let mut seed = [0; 32];
            seed[..8].copy_from_slice(&(at as u64).to_le_bytes());
            counts[SAMPLED.choose(&mut logits.clone(), &[0], &seed).expect("finite logits") as usize] += 1.0;
        }
        let total: f64 = logits.iter().map(|l| f64::from(*l).exp()).sum();
        for (count, logit) in counts.iter().zip(logits) {
            let expected = f64::from(logit).exp() / total;
            assert!((count / rounds as f64 - expected).abs() < 0.012, "{counts:?}");
        }
    }

    #[test]
    fn min_p_leaves_only_probable_tokens() {
        let sampler = Sampler { min_p_milli: 500, temperature_milli: 2000, ..SAMPLED };
        for at in 0..200u8 {
            // exp(-1.2 / 2) is above one half, exp(-1.6 / 2) below.
            let chosen = sampler.choose(&mut [0.0, -1.2, -1.6], &[], &[at; 32]).expect("finite logits");
            assert_ne!(chosen, 2);
        }
    }

    #[test]
    fn the_penalty_counts_a_token_once_and_only_in_its_window() {
        let sampler = Sampler { repetition_penalty_milli: 2000, repetition_window: 2, ..Sampler::GREEDY };
        let mut logits = [4.0, 3.0, -1.0, 3.0];
        sampler.penalize(&mut logits, &[3, 0, 0, 2]);
        assert_eq!(logits, [2.0, 3.0, -2.0, 3.0]);
    }

    #[test]
    fn not_finite_logits_are_an_error() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let result = SAMPLED.choose(&mut [0.0, bad], &[1, 2], &[0; 32]);
            assert!(matches!(result, Err(GenerateError::NotFinite { position: 2 })));
        }
    }

    #[test]
    fn noise_is_frozen() {
        let mut noise = Noise::new(&[7; 32], 5);
        let found: Vec<u64> = [0, 9, 1000].iter().map(|token| noise.gumbel(*token).to_bits()).collect();
        assert_eq!(found, NOISE);
    }

    const NOISE: [u64; 3] = [13822176755614925412, 13820391146871485086, 4601334688694280305];
}
