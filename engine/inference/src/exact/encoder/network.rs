//! An encoder's tensors as the forward pass uses them: looked up and checked once.

use std::sync::Arc;

use strike_arithmetic::equalization;
use strike_models::architecture::{Architecture, Encoder};
use strike_models::tensors::{LayerTensor, Matrix, TensorName};

use crate::exact::tensors::{lookup_matrix, lookup_vector, Tensors};
use crate::kernels::embedding::embed;

/// A matrix and what is added to its products.
pub(crate) struct Linear {
    pub weight: Matrix<'static>,
    pub bias: &'static [f32],
}

/// Factor and shift of a LayerNorm.
pub(crate) struct Norm {
    pub gain: &'static [f32],
    pub shift: &'static [f32],
}

/// A layer of an encoder.
pub(crate) struct EncoderLayer {
    pub query: Linear,
    pub key: Linear,
    pub value: Linear,
    pub attention_output: Linear,
    pub attention_norm: Norm,
    pub up: Linear,
    pub down: Linear,
    pub ffn_norm: Norm,
}

/// An encoder with its tensors.
pub(crate) struct EncoderNetwork {
    pub encoder: Encoder,
    pub embedding: Matrix<'static>,
    pub positions: Matrix<'static>,
    /// The row of type 0, which every token has.
    pub token_type: Vec<f32>,
    pub embedding_norm: Norm,
    /// What each channel of the hidden states is multiplied by before it is quantized: powers of two.
    pub factors: Vec<f32>,
    pub layers: Vec<EncoderLayer>,
    /// Factor of the scores: `1/sqrt(head width)`, computed in binary64 and rounded once.
    pub attention_scale: f32,
    /// Keeps what the references above point to; dropped after them.
    _tensors: Arc<dyn Tensors>,
}

impl EncoderNetwork {
    /// Looks up all tensors. The name of one that is missing or of another size is the error.
    pub fn new(tensors: Arc<dyn Tensors>) -> Result<Self, String> {
        // SAFETY: the tensors are immutable and live in `_tensors` as long as the references; nothing of this type is given out
        // with the extended lifetime.
        let source: &'static dyn Tensors = unsafe { &*Arc::as_ptr(&tensors) };
        let Architecture::Encoder(encoder) = source.architecture() else {
            return Err("the model is a decoder, it does not embed".to_owned());
        };
        let encoder = encoder.clone();
        let (hidden, ffn) = (encoder.hidden_size, encoder.ffn_size);
        let norm = |gain, shift| -> Result<Norm, String> {
            Ok(Norm { gain: lookup_vector(source, gain, hidden)?, shift: lookup_vector(source, shift, hidden)? })
        };
        let layer = |index: u16| {
            use LayerTensor as T;
            let name = |tensor| TensorName::Layer(index, tensor);
            let linear = |weight, bias, rows, columns| -> Result<Linear, String> {
                let weight = lookup_matrix(source, name(weight), rows, columns)?;
                Ok(Linear { weight, bias: lookup_vector(source, name(bias), rows)? })
            };
            Ok(EncoderLayer {
                query: linear(T::Query, T::QueryBias, hidden, hidden)?,
                key: linear(T::Key, T::KeyBias, hidden, hidden)?,
                value: linear(T::Value, T::ValueBias, hidden, hidden)?,
                attention_output: linear(T::AttentionOutput, T::AttentionOutputBias, hidden, hidden)?,
                attention_norm: norm(name(T::AttentionNorm), name(T::AttentionNormBias))?,
                up: linear(T::Up, T::UpBias, ffn, hidden)?,
                down: linear(T::Down, T::DownBias, hidden, ffn)?,
                ffn_norm: norm(name(T::FfnNorm), name(T::FfnNormBias))?,
            })
        };
        let rows = encoder.position_offset + encoder.context_length;
        let types = lookup_matrix(source, TensorName::TypeEmbedding, encoder.token_types, hidden)?;
        let mut token_type = vec![0.0; hidden];
        embed(&types, 0, &mut token_type);
        let layers: Vec<EncoderLayer> = (0..encoder.layers as u16).map(layer).collect::<Result<_, String>>()?;
        let gains: Vec<&[f32]> = layers.iter().map(|layer| layer.attention_norm.gain).collect();
        Ok(Self {
            embedding: lookup_matrix(source, TensorName::Embedding, encoder.vocab_size, hidden)?,
            positions: lookup_matrix(source, TensorName::PositionEmbedding, rows, hidden)?,
            token_type,
            embedding_norm: norm(TensorName::EmbeddingNorm, TensorName::EmbeddingNormBias)?,
            factors: equalization::exponents(&gains).into_iter().map(equalization::factor).collect(),
            layers,
            attention_scale: (1.0 / libm::sqrt((hidden / encoder.heads) as f64)) as f32,
            encoder,
            _tensors: tensors,
        })
    }
}
