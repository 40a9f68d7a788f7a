//! A model's tensors on a device.

use candle_core::{Device, Tensor};
use strike_models::architecture::Architecture;
use strike_models::tensors::{LayerTensor, TensorName};
use strike_models::{FloatModel, Model, SpecialTokens};

use super::error::ReferenceError;
use super::linear::{Linear, Norm};
use super::rounding::Rounding;
use crate::exact::LoadError;
use crate::kernels::embedding::embed;

/// Where the numbers come from.
pub(super) enum Source {
    /// The files, as they are.
    Files(FloatModel),
    /// The canonical blocks.
    Blocks(Model),
}

/// Reads tensors one after the other.
pub(super) struct Loader<'a> {
    pub source: &'a Source,
    pub device: &'a Device,
    pub rounding: Rounding,
}

impl Source {
    pub fn architecture(&self) -> &Architecture {
        match self {
            Self::Files(model) => model.architecture(),
            Self::Blocks(model) => model.architecture(),
        }
    }

    pub fn special_tokens(&self) -> &SpecialTokens {
        match self {
            Self::Files(model) => model.special_tokens(),
            Self::Blocks(model) => model.special_tokens(),
        }
    }

    fn matrix(&self, name: TensorName) -> Result<Option<(usize, usize, Vec<f32>)>, ReferenceError> {
        match self {
            Self::Files(model) => Ok(model.matrix(name)?.map(|matrix| (matrix.rows, matrix.columns, matrix.values))),
            Self::Blocks(model) => Ok(model.matrix(name).map(|matrix| {
                let mut values = vec![0.0; matrix.rows * matrix.columns];
                for (row, values) in values.chunks_exact_mut(matrix.columns).enumerate() {
                    embed(&matrix, row, values);
                }
                (matrix.rows, matrix.columns, values)
            })),
        }
    }

    fn vector(&self, name: TensorName) -> Result<Option<Vec<f32>>, ReferenceError> {
        match self {
            Self::Files(model) => Ok(model.vector(name)?),
            Self::Blocks(model) => Ok(model.vector(name).map(<[f32]>::to_vec)),
        }
    }
}

/// The architecture has the tensors that its flags promise, so this cannot happen with an opened model.
fn missing(name: TensorName) -> ReferenceError {
    LoadError::Network(format!("tensor {name} is missing")).into()
}

impl Loader<'_> {
    pub fn matrix(&self, name: TensorName) -> Result<Tensor, ReferenceError> {
        let (rows, columns, values) = self.source.matrix(name)?.ok_or_else(|| missing(name))?;
        Ok(Tensor::from_vec(values, (rows, columns), self.device)?)
    }

    pub fn vector(&self, name: TensorName) -> Result<Tensor, ReferenceError> {
        self.optional(name)?.ok_or_else(|| missing(name))
    }

    fn optional(&self, name: TensorName) -> Result<Option<Tensor>, ReferenceError> {
        let values = self.source.vector(name)?;
        Ok(values.map(|values| Tensor::new(values, self.device)).transpose()?)
    }

    /// A matrix of a layer, with its bias if the architecture has one.
    pub fn linear(&self, layer: usize, weight: LayerTensor, bias: LayerTensor) -> Result<Linear, ReferenceError> {
        let name = |tensor| TensorName::Layer(layer as u16, tensor);
        let (weight, bias) = (self.matrix(name(weight))?, self.optional(name(bias))?);
        Ok(Linear { weight, bias, rounding: self.rounding })
    }

    /// RMSNorm of a layer, if the architecture has it.
    pub fn rms_norm(&self, name: TensorName, epsilon: f32) -> Result<Option<Norm>, ReferenceError> {
        Ok(self.optional(name)?.map(|gain| Norm { gain, epsilon }))
    }
}
