//! The tensors that an architecture has, with their shapes.

use crate::architecture::tensors::{LayerTensor, TensorName};
use crate::architecture::{Architecture, Decoder, Encoder};

/// What a tensor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TensorKind {
    /// A weight matrix in blocks.
    Matrix,
    /// f32 numbers.
    Vector,
}

/// A tensor of an architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TensorShape {
    /// Its name.
    pub name: TensorName,
    /// Matrix or vector.
    pub kind: TensorKind,
    /// Outputs; 1 for a vector.
    pub rows: usize,
    /// Inputs, or the numbers of a vector.
    pub columns: usize,
}

/// The tensors of `architecture`, in the order of [`TensorName`].
pub fn layout(architecture: &Architecture) -> Vec<TensorShape> {
    let mut list = List(Vec::new());
    match architecture {
        Architecture::Decoder(decoder) => list.decoder(decoder),
        Architecture::Encoder(encoder) => list.encoder(encoder),
    }
    list.0.sort_by_key(|tensor| tensor.name);
    list.0
}

struct List(Vec<TensorShape>);

impl List {
    fn matrix(&mut self, name: TensorName, rows: usize, columns: usize) {
        self.0.push(TensorShape { name, kind: TensorKind::Matrix, rows, columns });
    }

    fn vector(&mut self, name: TensorName, columns: usize) {
        self.0.push(TensorShape { name, kind: TensorKind::Vector, rows: 1, columns });
    }

    fn vector_if(&mut self, present: bool, name: TensorName, columns: usize) {
        if present {
            self.vector(name, columns);
        }
    }

    fn decoder(&mut self, model: &Decoder) {
        use LayerTensor as T;
        let (hidden, ffn) = (model.hidden_size, model.ffn_size);
        let (queries, keys) = (model.heads * model.head_dim, model.kv_heads * model.head_dim);
        self.matrix(TensorName::Embedding, model.vocab_size, hidden);
        for layer in 0..model.layers {
            let name = |tensor| TensorName::Layer(layer as u16, tensor);
            self.vector(name(T::AttentionNorm), hidden);
            self.matrix(name(T::Query), queries, hidden);
            self.matrix(name(T::Key), keys, hidden);
            self.matrix(name(T::Value), keys, hidden);
            self.vector_if(model.qkv_bias, name(T::QueryBias), queries);
            self.vector_if(model.qkv_bias, name(T::KeyBias), keys);
            self.vector_if(model.qkv_bias, name(T::ValueBias), keys);
            self.vector_if(model.qk_norm, name(T::QueryNorm), model.head_dim);
            self.vector_if(model.qk_norm, name(T::KeyNorm), model.head_dim);
            self.matrix(name(T::AttentionOutput), hidden, queries);
            self.vector_if(model.attention_output_bias, name(T::AttentionOutputBias), hidden);
            self.vector_if(model.post_norms, name(T::PostAttentionNorm), hidden);
            self.vector(name(T::FfnNorm), hidden);
            self.matrix(name(T::Gate), ffn, hidden);
            self.matrix(name(T::Up), ffn, hidden);
            self.matrix(name(T::Down), hidden, ffn);
            self.vector_if(model.ffn_bias, name(T::GateBias), ffn);
            self.vector_if(model.ffn_bias, name(T::UpBias), ffn);
            self.vector_if(model.ffn_bias, name(T::DownBias), hidden);
            self.vector_if(model.post_norms, name(T::PostFfnNorm), hidden);
        }
        self.vector(TensorName::OutputNorm, hidden);
        if !model.tied_embeddings {
            self.matrix(TensorName::Output, model.vocab_size, hidden);
        }
    }

    fn encoder(&mut self, model: &Encoder) {
        use LayerTensor as T;
        let (hidden, ffn) = (model.hidden_size, model.ffn_size);
        self.matrix(TensorName::Embedding, model.vocab_size, hidden);
        self.matrix(TensorName::PositionEmbedding, model.position_offset + model.context_length, hidden);
        self.matrix(TensorName::TypeEmbedding, model.token_types, hidden);
        self.vector(TensorName::EmbeddingNorm, hidden);
        self.vector(TensorName::EmbeddingNormBias, hidden);
        for layer in 0..model.layers {
            let name = |tensor| TensorName::Layer(layer as u16, tensor);
            for (matrix, bias, rows, columns) in [
                (T::Query, T::QueryBias, hidden, hidden),
                (T::Key, T::KeyBias, hidden, hidden),
                (T::Value, T::ValueBias, hidden, hidden),
                (T::AttentionOutput, T::AttentionOutputBias, hidden, hidden),
                (T::Up, T::UpBias, ffn, hidden),
                (T::Down, T::DownBias, hidden, ffn),
            ] {
                self.matrix(name(matrix), rows, columns);
                self.vector(name(bias), rows);
            }
            for norm in [T::AttentionNorm, T::AttentionNormBias, T::FfnNorm, T::FfnNormBias] {
                self.vector(name(norm), hidden);
            }
        }
    }
}

/// First row and all rows of a part of a fused matrix: query, key and value, or gate and up.
pub(crate) fn fused(decoder: &Decoder, tensor: LayerTensor) -> Option<(usize, usize)> {
    let (queries, keys) = (decoder.heads * decoder.head_dim, decoder.kv_heads * decoder.head_dim);
    let attention = queries + 2 * keys;
    match tensor {
        LayerTensor::Query => Some((0, attention)),
        LayerTensor::Key => Some((queries, attention)),
        LayerTensor::Value => Some((queries + keys, attention)),
        LayerTensor::Gate => Some((0, 2 * decoder.ffn_size)),
        LayerTensor::Up => Some((decoder.ffn_size, 2 * decoder.ffn_size)),
        _ => None,
    }
}
