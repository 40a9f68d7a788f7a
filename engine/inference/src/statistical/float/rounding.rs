//! Rounding what the exact class rounds, in f32: shows how much of a difference is quantization and how much would be an error.

use candle_core::{DType, Tensor};
use strike_arithmetic::activations::quantize;
use strike_models::tensors::BLOCK;

use super::error::ReferenceError;

/// Which numbers are rounded as the exact class rounds them ("fake quantization"): the arithmetic stays f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rounding {
    /// None: the weights of the files.
    #[default]
    None,
    /// Weights are those of the canonical blocks.
    Weights,
    /// Weights, activations before every matrix (8 bits, a scale for 32), keys and values (binary16).
    WeightsAndActivations,
}

impl Rounding {
    /// Rows before they are multiplied with a matrix.
    pub fn activations(self, rows: &Tensor) -> Result<Tensor, ReferenceError> {
        if self != Self::WeightsAndActivations {
            return Ok(rows.clone());
        }
        // On the host: an option for comparisons has to be right, not fast.
        let mut values = rows.flatten_all()?.to_vec1::<f32>()?;
        for values in values.as_chunks_mut::<BLOCK>().0 {
            let block = quantize(values)?;
            *values = block.q.map(|q| f32::from(q) * block.scale);
        }
        Ok(Tensor::from_vec(values, rows.shape(), rows.device())?)
    }

    /// Keys or values before they are kept.
    pub fn cache(self, rows: &Tensor) -> Result<Tensor, ReferenceError> {
        match self {
            Self::WeightsAndActivations => Ok(rows.to_dtype(DType::F16)?.to_dtype(DType::F32)?),
            Self::None | Self::Weights => Ok(rows.clone()),
        }
    }
}
