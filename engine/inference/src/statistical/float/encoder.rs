//! Encoders of the BERT family: the formulas are those of [`strike_models::architecture::Encoder`].

use candle_core::{Device, Tensor};
use strike_arithmetic::equalization::{exponents, factor};
use strike_models::architecture::{self, Pooling};
use strike_models::tensors::{LayerTensor as T, TensorName};

use super::attention::{split_heads, Scores};
use super::error::ReferenceError;
use super::linear::{activate, Linear};
use super::loader::{Loader, Source};
use super::rounding::Rounding;

/// An encoder with its tensors.
pub(super) struct Encoder {
    pub architecture: architecture::Encoder,
    embedding: Tensor,
    positions: Tensor,
    types: Tensor,
    embedding_norm: LayerNorm,
    layers: Vec<Layer>,
    /// The factors of the channels that canonical weights ask for: `docs/arithmetic.md`, "Equalization". Those of the files ask
    /// for none.
    factors: Option<Tensor>,
    rounding: Rounding,
    device: Device,
}

struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    attention_output: Linear,
    attention_norm: LayerNorm,
    up: Linear,
    down: Linear,
    ffn_norm: LayerNorm,
}

struct LayerNorm {
    gain: Tensor,
    shift: Tensor,
    epsilon: f32,
}

impl LayerNorm {
    fn apply(&self, rows: &Tensor) -> candle_core::Result<Tensor> {
        candle_nn::ops::layer_norm(&rows.contiguous()?, &self.gain, &self.shift, self.epsilon)
    }
}

impl Encoder {
    pub fn load(architecture: &architecture::Encoder, loader: &Loader<'_>) -> Result<Self, ReferenceError> {
        let epsilon = architecture.norm_epsilon;
        let norm = |gain, shift| {
            Ok::<_, ReferenceError>(LayerNorm { gain: loader.vector(gain)?, shift: loader.vector(shift)?, epsilon })
        };
        let layer = |index: usize| {
            let name = |tensor| TensorName::Layer(index as u16, tensor);
            Ok::<_, ReferenceError>(Layer {
                query: loader.linear(index, T::Query, T::QueryBias)?,
                key: loader.linear(index, T::Key, T::KeyBias)?,
                value: loader.linear(index, T::Value, T::ValueBias)?,
                attention_output: loader.linear(index, T::AttentionOutput, T::AttentionOutputBias)?,
                attention_norm: norm(name(T::AttentionNorm), name(T::AttentionNormBias))?,
                up: loader.linear(index, T::Up, T::UpBias)?,
                down: loader.linear(index, T::Down, T::DownBias)?,
                ffn_norm: norm(name(T::FfnNorm), name(T::FfnNormBias))?,
            })
        };
        let layers: Vec<Layer> = (0..architecture.layers).map(layer).collect::<Result<_, ReferenceError>>()?;
        let factors = match loader.source {
            Source::Files(_) => None,
            Source::Blocks(_) => {
                let gains = layers.iter().map(|layer| layer.attention_norm.gain.to_vec1());
                let gains: Vec<Vec<f32>> = gains.collect::<candle_core::Result<_>>()?;
                let gains: Vec<&[f32]> = gains.iter().map(Vec::as_slice).collect();
                let factors: Vec<f32> = exponents(&gains).into_iter().map(factor).collect();
                Some(Tensor::new(factors, loader.device)?)
            }
        };
        Ok(Self {
            embedding: loader.matrix(TensorName::Embedding)?,
            positions: loader.matrix(TensorName::PositionEmbedding)?,
            types: loader.matrix(TensorName::TypeEmbedding)?,
            embedding_norm: norm(TensorName::EmbeddingNorm, TensorName::EmbeddingNormBias)?,
            layers,
            factors,
            architecture: architecture.clone(),
            rounding: loader.rounding,
            device: loader.device.clone(),
        })
    }

    /// The vector of a text, `pooling` in place of the architecture's.
    pub fn embed(&self, tokens: &[u32], pooling: Pooling) -> Result<Vec<f32>, ReferenceError> {
        let states = self.states(tokens)?;
        let pooled = match pooling {
            Pooling::Cls => states.get(0)?,
            Pooling::Mean => states.mean(0)?,
        };
        let mut vector = pooled.to_vec1::<f32>()?;
        if self.architecture.normalize {
            let length = vector.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
            // The smallest divisor is that of torch's `normalize`.
            vector.iter_mut().for_each(|value| *value = (f64::from(*value) / length.max(1e-12)) as f32);
        }
        Ok(vector)
    }

    /// Hidden states as the matrices of a layer take them.
    fn equalized_and_rounded(&self, hidden: &Tensor) -> Result<Tensor, ReferenceError> {
        match &self.factors {
            Some(factors) => self.rounding.activations(&hidden.broadcast_mul(factors)?),
            None => self.rounding.activations(hidden),
        }
    }

    /// The last states, a row a token.
    fn states(&self, tokens: &[u32]) -> Result<Tensor, ReferenceError> {
        let architecture = &self.architecture;
        let ids = Tensor::new(tokens, &self.device)?;
        let positions = self.positions.narrow(0, architecture.position_offset, tokens.len())?;
        let sum = (self.embedding.index_select(&ids, 0)? + positions)?.broadcast_add(&self.types.get(0)?)?;
        let mut hidden = self.embedding_norm.apply(&sum)?;
        let width = architecture.hidden_size / architecture.heads;
        let scores = Scores { scale: (1.0 / (width as f64).sqrt()) as f32, cap: None };
        for layer in &self.layers {
            let input = self.equalized_and_rounded(&hidden)?;
            let heads = |linear: &Linear| -> Result<Tensor, ReferenceError> {
                Ok(split_heads(&linear.apply(&input)?, architecture.heads)?)
            };
            let (keys, values) = (heads(&layer.key)?, heads(&layer.value)?);
            let (keys, values) = (self.rounding.cache(&keys)?, self.rounding.cache(&values)?);
            let mixed = scores.attend(&heads(&layer.query)?, &keys, &values, None)?;
            let attended = layer.attention_output.round_and_apply(&mixed)?;
            hidden = layer.attention_norm.apply(&(hidden + attended)?)?;
            let inner = layer.up.apply(&self.equalized_and_rounded(&hidden)?)?;
            let inner = activate(architecture.activation, &inner)?;
            let output = layer.down.round_and_apply(&inner)?;
            hidden = layer.ffn_norm.apply(&(hidden + output)?)?;
        }
        Ok(hidden)
    }
}
