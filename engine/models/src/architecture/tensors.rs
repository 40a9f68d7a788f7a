//! The tensors of an architecture and their canonical names, which the weights root hashes: `FORMATS.md`, "Tensor names".

use std::fmt;

/// A tensor of a model. The order of the variants, then of the layers, is the order of the tensors in the weights root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TensorName {
    /// Token embedding, `vocab × hidden`.
    Embedding,
    /// Encoder: position embedding, `positions × hidden`.
    PositionEmbedding,
    /// Encoder: token type embedding, `types × hidden`.
    TypeEmbedding,
    /// Encoder: scale and shift of the embedding norm.
    EmbeddingNorm,
    /// Encoder: shift of the embedding norm.
    EmbeddingNormBias,
    /// A tensor of layer `.0`.
    Layer(u16, LayerTensor),
    /// Final norm of a decoder.
    OutputNorm,
    /// Output head of a decoder whose embedding is not tied, `vocab × hidden`.
    Output,
}

/// A tensor of one layer. Matrices are `outputs × inputs`, vectors have one number an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LayerTensor {
    /// Norm before attention (decoder), norm behind attention (encoder).
    AttentionNorm,
    /// Its shift (encoder).
    AttentionNormBias,
    /// `heads · head_dim × hidden`; rows in half-split rotary order (element `i` pairs with `i + dims/2`).
    Query,
    /// Bias of the queries.
    QueryBias,
    /// `kv_heads · head_dim × hidden`, rows as the queries'.
    Key,
    /// Bias of the keys.
    KeyBias,
    /// `kv_heads · head_dim × hidden`.
    Value,
    /// Bias of the values.
    ValueBias,
    /// Norm of a head's query.
    QueryNorm,
    /// Norm of a head's key.
    KeyNorm,
    /// `hidden × heads · head_dim`.
    AttentionOutput,
    /// Bias of the attention output.
    AttentionOutputBias,
    /// Norm on the attention output (Gemma 2 and 3).
    PostAttentionNorm,
    /// Norm before the feed-forward layer (decoder), norm behind it (encoder).
    FfnNorm,
    /// Its shift (encoder).
    FfnNormBias,
    /// `ffn × hidden`; decoders only.
    Gate,
    /// Bias of the gate.
    GateBias,
    /// `ffn × hidden`.
    Up,
    /// Bias of up.
    UpBias,
    /// `hidden × ffn`.
    Down,
    /// Bias of down.
    DownBias,
    /// Norm on the feed-forward output (Gemma 2 and 3).
    PostFfnNorm,
}

impl fmt::Display for TensorName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedding => formatter.write_str("embedding"),
            Self::PositionEmbedding => formatter.write_str("position_embedding"),
            Self::TypeEmbedding => formatter.write_str("type_embedding"),
            Self::EmbeddingNorm => formatter.write_str("embedding_norm"),
            Self::EmbeddingNormBias => formatter.write_str("embedding_norm.bias"),
            Self::Layer(layer, tensor) => write!(formatter, "layer.{layer}.{tensor}"),
            Self::OutputNorm => formatter.write_str("output_norm"),
            Self::Output => formatter.write_str("output"),
        }
    }
}

impl fmt::Display for LayerTensor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::AttentionNorm => "attention_norm",
            Self::AttentionNormBias => "attention_norm.bias",
            Self::Query => "query",
            Self::QueryBias => "query.bias",
            Self::Key => "key",
            Self::KeyBias => "key.bias",
            Self::Value => "value",
            Self::ValueBias => "value.bias",
            Self::QueryNorm => "query_norm",
            Self::KeyNorm => "key_norm",
            Self::AttentionOutput => "attention_output",
            Self::AttentionOutputBias => "attention_output.bias",
            Self::PostAttentionNorm => "post_attention_norm",
            Self::FfnNorm => "ffn_norm",
            Self::FfnNormBias => "ffn_norm.bias",
            Self::Gate => "gate",
            Self::GateBias => "gate.bias",
            Self::Up => "up",
            Self::UpBias => "up.bias",
            Self::Down => "down",
            Self::DownBias => "down.bias",
            Self::PostFfnNorm => "post_ffn_norm",
        })
    }
}
