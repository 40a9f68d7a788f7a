//! Matrices and norms.

use candle_core::{Result, Tensor};
use strike_models::architecture::Activation;

use super::error::ReferenceError;
use super::rounding::Rounding;

/// A weight matrix, outputs by inputs, and a bias.
pub(super) struct Linear {
    pub weight: Tensor,
    /// `A` and `B` of an adapter, with its scale in `B`.
    pub adapter: Option<(Tensor, Tensor)>,
    pub bias: Option<Tensor>,
    pub rounding: Rounding,
}

impl Linear {
    /// Rows of outputs for rows of inputs, which were rounded by [`Rounding::activations`].
    pub fn apply(&self, rows: &Tensor) -> std::result::Result<Tensor, ReferenceError> {
        let mut products = rows.matmul(&self.weight.t()?)?;
        if let Some((a, b)) = &self.adapter {
            let inner = self.rounding.activations(&rows.matmul(&a.t()?)?)?;
            products = (products + inner.matmul(&b.t()?)?)?;
        }
        match &self.bias {
            Some(bias) => Ok(products.broadcast_add(bias)?),
            None => Ok(products),
        }
    }

    /// As [`Self::apply`], of rows that were not rounded yet.
    pub fn round_and_apply(&self, rows: &Tensor) -> std::result::Result<Tensor, ReferenceError> {
        self.apply(&self.rounding.activations(rows)?)
    }
}

/// RMSNorm.
pub(super) struct Norm {
    pub gain: Tensor,
    pub epsilon: f32,
}

impl Norm {
    /// Of the last dimension.
    pub fn apply(&self, rows: &Tensor) -> Result<Tensor> {
        candle_nn::ops::rms_norm(rows, &self.gain, self.epsilon)
    }
}

pub(super) fn activate(activation: Activation, values: &Tensor) -> Result<Tensor> {
    match activation {
        Activation::Silu => values.silu(),
        Activation::GeluErf => values.gelu_erf(),
        Activation::GeluTanh => values.gelu(),
    }
}

/// `cap · tanh(x / cap)`.
pub(super) fn soft_cap(values: Tensor, cap: Option<f32>) -> Result<Tensor> {
    match cap {
        Some(cap) => (values / f64::from(cap))?.tanh()? * f64::from(cap),
        None => Ok(values),
    }
}
