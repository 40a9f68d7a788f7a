//! Rotary embeddings: the angles of position 1.
//!
//! The formulas are those of `modeling_rope_utils.py` of transformers, computed in f64 by `libm` (the same on every machine)
//! and rounded to f32 once. Constants are rounded to f32 before, because that is what GGUF files hold.

use super::bounds::Bounds;
use crate::architecture::{LongRotary, Rotary};
use crate::error::ModelError;

/// How angles are stretched for longer contexts.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scaling {
    None,
    Linear {
        factor: f64,
    },
    Llama3 {
        factor: f64,
        low: f64,
        high: f64,
        original: u64,
    },
    Yarn {
        factor: f64,
        original: Option<u64>,
        beta_fast: f64,
        beta_slow: f64,
        truncate: bool,
        attention_factor: Option<f64>,
    },
    Long {
        short: Vec<f32>,
        long: Vec<f32>,
        original: u64,
        attention_factor: Option<f64>,
    },
    /// Each angle is divided by its factor.
    Factors(Vec<f32>),
}

/// The angles of `dims` elements of a head.
pub(super) fn rotary(
    bounds: Bounds<'_>,
    dims: usize,
    theta: f64,
    context: usize,
    scaling: &Scaling,
) -> Result<Rotary, ModelError> {
    let theta = bounds.number("rope_theta", theta, 1.0, 1e12)?;
    let plain: Vec<f64> = (0..dims / 2).map(|pair| 1.0 / libm::pow(theta, 2.0 * pair as f64 / dims as f64)).collect();
    let factor_of = |factor: f64| bounds.number("rope_scaling.factor", factor, 1e-3, 1e6);
    let context_of = |original: u64| {
        let field = "rope_scaling.original_max_position_embeddings";
        Ok(bounds.integer(field, original, 2, super::bounds::MAX_CONTEXT)? as f64)
    };
    let mut attention = 1.0;
    let mut long_angles = None;
    let angles: Vec<f64> = match scaling {
        Scaling::None => plain,
        Scaling::Linear { factor } => {
            let factor = factor_of(*factor)?;
            plain.iter().map(|angle| angle / factor).collect()
        }
        Scaling::Llama3 { factor, low, high, original } => {
            let factor = factor_of(*factor)?;
            let low = bounds.number("rope_scaling.low_freq_factor", *low, 1e-3, 1e6)?;
            let high = bounds.number("rope_scaling.high_freq_factor", *high, 1e-3, 1e6)?;
            if high <= low {
                return bounds.out_of_range("rope_scaling.high_freq_factor", high, format!("above {low}"));
            }
            let original = context_of(*original)?;
            plain.iter().map(|angle| angle / llama3_factor(*angle, factor, low, high, original)).collect()
        }
        Scaling::Yarn { factor, original, beta_fast, beta_slow, truncate, attention_factor } => {
            let factor = factor_of(*factor)?;
            attention = attention_factor.unwrap_or(if factor > 1.0 { 0.1 * libm::log(factor) + 1.0 } else { 1.0 });
            let original = context_of(original.unwrap_or(context as u64))?;
            let fast = bounds.number("rope_scaling.beta_fast", *beta_fast, 1e-3, 1e6)?;
            let slow = bounds.number("rope_scaling.beta_slow", *beta_slow, 1e-3, 1e6)?;
            if theta <= 1.0 {
                return bounds.out_of_range("rope_theta", theta, "above 1".to_owned());
            }
            yarn(&plain, dims as f64, theta, factor, original, (fast, slow), *truncate)
        }
        Scaling::Long { short, long, original, attention_factor } => {
            let original_context = context_of(*original)?;
            let stretch = context as f64 / original_context;
            let usual = match stretch > 1.0 {
                true => libm::sqrt(1.0 + libm::log(stretch) / libm::log(original_context)),
                false => 1.0,
            };
            attention = attention_factor.unwrap_or(usual);
            long_angles = Some(LongRotary {
                inv_freq: rounded(bounds, divided(bounds, "rope_scaling.long_factor", &plain, long)?)?,
                original_context: *original as usize,
            });
            divided(bounds, "rope_scaling.short_factor", &plain, short)?
        }
        Scaling::Factors(factors) => divided(bounds, "rope_freqs.weight", &plain, factors)?,
    };
    let attention_factor = bounds.number("rope_scaling.attention_factor", attention, 1e-3, 1e3)? as f32;
    // A model that never leaves the short angles has no long ones.
    let long = long_angles.filter(|long| long.original_context < context);
    Ok(Rotary { inv_freq: rounded(bounds, angles)?, long, attention_factor })
}

fn rounded(bounds: Bounds<'_>, angles: Vec<f64>) -> Result<Vec<f32>, ModelError> {
    angles.into_iter().map(|angle| bounds.number("a rotary angle", angle, 0.0, 1e6).map(|angle| angle as f32)).collect()
}

fn divided(bounds: Bounds<'_>, field: &str, angles: &[f64], factors: &[f32]) -> Result<Vec<f64>, ModelError> {
    if factors.len() != angles.len() {
        return bounds.out_of_range(field, format!("{} numbers", factors.len()), format!("{} numbers", angles.len()));
    }
    angles
        .iter()
        .zip(factors)
        .map(|(angle, factor)| Ok(angle / bounds.number(field, f64::from(*factor), 1e-6, 1e6)?))
        .collect()
}

/// What Llama 3 divides an angle by.
fn llama3_factor(angle: f64, factor: f64, low: f64, high: f64, original: f64) -> f64 {
    let wave = 2.0 * std::f64::consts::PI / angle;
    if wave < original / high {
        return 1.0;
    }
    if wave > original / low {
        return factor;
    }
    let smooth = (original / wave - low) / (high - low);
    1.0 / ((1.0 - smooth) / factor + smooth)
}

/// GGUF files hold Llama 3's factors as f32 that another program computed in f32. Where they are those of the published
/// models, `low 1, high 4, original 8192`, the parameters are put in their place, so that `config.json` and GGUF give the
/// same bits.
pub(super) fn recognized(theta: f64, factors: Vec<f32>) -> Scaling {
    let (low, high, original) = (1.0, 4.0, 8192);
    let Some(factor) = factors.last().copied().map(f64::from).filter(|factor| *factor > 1.0) else {
        return Scaling::Factors(factors);
    };
    let dims = 2.0 * factors.len() as f64;
    let same = factors.iter().enumerate().all(|(pair, found)| {
        let angle = 1.0 / libm::pow(f64::from(theta as f32), 2.0 * pair as f64 / dims);
        let expected = llama3_factor(angle, factor, low, high, original as f64);
        (f64::from(*found) - expected).abs() <= 1e-5 * expected
    });
    match same {
        true => Scaling::Llama3 { factor, low, high, original },
        false => Scaling::Factors(factors),
    }
}

fn yarn(
    plain: &[f64],
    dims: f64,
    theta: f64,
    factor: f64,
    original: f64,
    (fast, slow): (f64, f64),
    truncate: bool,
) -> Vec<f64> {
    let correction = |rotations: f64| {
        dims * libm::log(original / (rotations * 2.0 * std::f64::consts::PI)) / (2.0 * libm::log(theta))
    };
    let (low, high) = match truncate {
        true => (libm::floor(correction(fast)), libm::ceil(correction(slow))),
        false => (correction(fast), correction(slow)),
    };
    let (low, high) = (low.max(0.0), high.min(dims - 1.0));
    let high = if low == high { high + 0.001 } else { high };
    let angle = |(pair, angle): (usize, &f64)| {
        let ramp = ((pair as f64 - low) / (high - low)).clamp(0.0, 1.0);
        angle / factor * ramp + angle * (1.0 - ramp)
    };
    plain.iter().enumerate().map(angle).collect()
}
