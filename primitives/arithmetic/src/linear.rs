//! Products of an activation row with weight rows: `docs/arithmetic.md`, "Linear layers".

use crate::activations::ActivationBlock;
use crate::half::f16_to_f32;
use crate::weights::WeightBlock;
use crate::Float;

/// `sum over blocks of f32(integer dot) * (weight scale * activation scale)`, from +0, blocks in order.
///
/// Both slices have the same length.
pub fn dot<F: Float>(weights: &[WeightBlock], activations: &[ActivationBlock<F>]) -> F {
    weights.iter().zip(activations).fold(F::of(0.0), |sum, (weights, activations)| {
        let integer: i32 = weights.q.iter().zip(&activations.q).map(|(w, a)| i32::from(*w) * i32::from(*a)).sum();
        let scale = F::of(f16_to_f32(weights.scale)).times(activations.scale);
        sum.plus(F::of_integer(integer).times(scale))
    })
}

/// A weight as a number, for embedding rows: `f32(q) * scale`.
pub fn dequantize<F: Float>(scale: u16, q: i8) -> F {
    F::of_integer(i32::from(q)).times(F::of(f16_to_f32(scale)))
}
