//! The choice of a token, fast where all logits are looked at: `docs/arithmetic.md`, "Sampler".

use strike_arithmetic::sampler::{draw, penalize, reach, Choice, Sampler};
use strike_arithmetic::{Float, NotFinite};

use super::lanes::{run, Kernel, Lanes, LANES};
use crate::isa::Isa;

/// As [`strike_arithmetic::sampler::choose`].
pub(crate) fn choose(
    isa: Isa,
    sampler: &Sampler,
    logits: &mut [f32],
    history: &[u32],
    seed: &[u8; 32],
    position: u32,
) -> Result<Choice, NotFinite> {
    if !all_finite(isa, logits) {
        return Err(NotFinite);
    }
    choose_finite(isa, sampler, logits, history, seed, position)
}

/// As [`choose`], of logits that were looked at: each is finite, or `-infinity` where its token is out.
pub(crate) fn choose_finite(
    isa: Isa,
    sampler: &Sampler,
    logits: &mut [f32],
    history: &[u32],
    seed: &[u8; 32],
    position: u32,
) -> Result<Choice, NotFinite> {
    let window = history.len().saturating_sub(usize::from(sampler.repetition_window));
    penalize(logits, &history[window..], sampler.repetition_penalty_milli);
    let max = run(isa, Max(logits));
    if !Float::is_finite(max) {
        return Err(NotFinite);
    }
    // Zeros of both signs are equal here too.
    let best = logits.iter().position(|logit| *logit == max).ok_or(NotFinite)? as u32;
    let threshold = max - if sampler.temperature_milli == 0 { 0.0 } else { reach(sampler) };
    let near = logits.iter().enumerate().filter(|(_, logit)| **logit >= threshold);
    Ok(draw(sampler, best, max, near.map(|(token, logit)| (token as u32, *logit)), seed, position))
}

/// Whether no number is infinite or NaN.
pub(crate) fn all_finite(isa: Isa, numbers: &[f32]) -> bool {
    run(isa, AllFinite(numbers))
}

struct AllFinite<'a>(&'a [f32]);

impl Kernel for AllFinite<'_> {
    type Output = bool;
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) -> bool {
        let (whole, rest) = self.0.as_chunks::<LANES>();
        // SAFETY: whole chunks have 16 numbers.
        let magnitudes = unsafe {
            let mut most = L::splat(0.0);
            for chunk in whole {
                most = most.max_bits(L::load(chunk.as_ptr()).and(0x7fff_ffff));
            }
            most.array()
        };
        magnitudes.iter().chain(rest).all(|number| Float::is_finite(*number))
    }
}

struct Max<'a>(&'a [f32]);

impl Kernel for Max<'_> {
    type Output = f32;
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) -> f32 {
        let (whole, rest) = self.0.as_chunks::<LANES>();
        // SAFETY: whole chunks have 16 numbers.
        let lanes = unsafe {
            let mut max = L::splat(f32::NEG_INFINITY);
            for chunk in whole {
                let logits = L::load(chunk.as_ptr());
                max = L::select_below(max, logits, logits, max);
            }
            max.array()
        };
        lanes.iter().chain(rest).fold(f32::NEG_INFINITY, |max, logit| if max < *logit { *logit } else { max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use strike_arithmetic::sampler;

    proptest! {
        #[test]
        fn the_choice_is_that_of_the_reference(
            mut logits in prop::collection::vec(prop_oneof![-12f32..12.0, Just(3.0), Just(0.0), Just(-0.0)], 1..300),
            temperature_milli in prop_oneof![Just(0u16), Just(1), 50..3000u16, Just(u16::MAX)],
            min_p_milli in prop_oneof![Just(0u16), 1..=1000u16],
            repetition_penalty_milli in prop_oneof![Just(1000u16), 500..2000u16],
            repetition_window in 0..=64u8,
            seed in any::<[u8; 32]>(),
            position in any::<u32>(),
            bad in prop_oneof![9 => Just(None), 1 => prop_oneof![Just(f32::NAN), Just(f32::INFINITY)].prop_map(Some)],
        ) {
            if let Some(bad) = bad {
                logits[0] = bad;
            }
            let sampler = Sampler { temperature_milli, min_p_milli, repetition_penalty_milli, repetition_window };
            let history: Vec<u32> = (0..90).map(|at| (at * 31 + position % 7) % 300).collect();
            let expected = sampler::choose(&sampler, &mut logits.clone(), &history, &seed, position);
            for isa in Isa::available() {
                prop_assert_eq!(choose(isa, &sampler, &mut logits.clone(), &history, &seed, position), expected);
            }
        }

        #[test]
        fn tokens_that_are_out_change_nothing_for_the_others(
            logits in prop::collection::vec((-12f32..12.0, any::<bool>()), 1..300),
            temperature_milli in prop_oneof![Just(0u16), 1..3000u16],
            min_p_milli in 0..=1000u16,
            seed in any::<[u8; 32]>(),
            position in any::<u32>(),
        ) {
            let sampler = Sampler { temperature_milli, min_p_milli, ..Sampler::GREEDY };
            let left: Vec<(u32, f32)> =
                (0..).zip(&logits).filter(|(_, (_, out))| !out).map(|(token, (logit, _))| (token, *logit)).collect();
            // The largest logit, then the largest key, the lowest id among equals, over the tokens that are left.
            let best = left.iter().copied().reduce(|best, other| if best.1 < other.1 { other } else { best });
            let expected = best.map(|(best, max)| {
                let key = |(token, logit): &(u32, f32)| {
                    Some((sampler::key(&sampler, *logit, max, &seed, position, *token)?, u32::MAX - token))
                };
                let drawn = left.iter().filter_map(key).max().map_or(best, |(_, token)| u32::MAX - token);
                Choice { token: if temperature_milli == 0 { best } else { drawn }, best }
            });
            let masked: Vec<f32> =
                logits.iter().map(|(logit, out)| if *out { f32::NEG_INFINITY } else { *logit }).collect();
            for isa in Isa::available() {
                let found = choose_finite(isa, &sampler, &mut masked.clone(), &[], &seed, position);
                prop_assert_eq!(found, expected.ok_or(NotFinite));
            }
        }
    }
}
