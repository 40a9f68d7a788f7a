//! A model's tensors on a device.

use candle_core::{Device, Tensor};
use strike_models::architecture::Architecture;
use strike_models::tensors::{LayerTensor, Matrix, TensorName};
use strike_models::{Adapter, FloatAdapter, FloatModel, Model, SpecialTokens};

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

/// Where the factors of an adapter come from.
pub(super) enum AdapterSource {
    /// Its file, as it is.
    Files(FloatAdapter),
    /// The canonical blocks.
    Blocks(Adapter),
}

/// Reads tensors one after the other.
pub(super) struct Loader<'a> {
    pub source: &'a Source,
    pub adapter: Option<&'a AdapterSource>,
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
            Self::Blocks(model) => Ok(model.matrix(name).map(|matrix| numbers(&matrix))),
        }
    }

    fn vector(&self, name: TensorName) -> Result<Option<Vec<f32>>, ReferenceError> {
        match self {
            Self::Files(model) => Ok(model.vector(name)?),
            Self::Blocks(model) => Ok(model.vector(name).map(<[f32]>::to_vec)),
        }
    }
}

/// Rows, columns and numbers of canonical blocks.
fn numbers(matrix: &Matrix<'_>) -> (usize, usize, Vec<f32>) {
    let mut values = vec![0.0; matrix.rows * matrix.columns];
    for (row, values) in values.chunks_exact_mut(matrix.columns).enumerate() {
        embed(matrix, row, values);
    }
    (matrix.rows, matrix.columns, values)
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
        let adapter = self.factors(layer as u16, weight)?;
        let (weight, bias) = (self.matrix(name(weight))?, self.optional(name(bias))?);
        Ok(Linear { weight, adapter, bias, rounding: self.rounding })
    }

    fn factors(&self, layer: u16, tensor: LayerTensor) -> Result<Option<(Tensor, Tensor)>, ReferenceError> {
        let factors = match self.adapter {
            None => None,
            Some(AdapterSource::Files(adapter)) => {
                let factors = adapter.factors(TensorName::Layer(layer, tensor))?;
                factors.map(|factors| [factors.a, factors.b].map(|matrix| (matrix.rows, matrix.columns, matrix.values)))
            }
            Some(AdapterSource::Blocks(adapter)) => {
                adapter.factors(layer, tensor).map(|factors| [&factors.a, &factors.b].map(numbers))
            }
        };
        let Some([a, b]) = factors else { return Ok(None) };
        let tensor = |(rows, columns, values)| Tensor::from_vec(values, (rows, columns), self.device);
        Ok(Some((tensor(a)?, tensor(b)?)))
    }

    /// RMSNorm of a layer, if the architecture has it.
    pub fn rms_norm(&self, name: TensorName, epsilon: f32) -> Result<Option<Norm>, ReferenceError> {
        Ok(self.optional(name)?.map(|gain| Norm { gain, epsilon }))
    }
}
