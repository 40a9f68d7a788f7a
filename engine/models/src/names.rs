//! Canonical names of tensors, as the weights root hashes them: `FORMATS.md`, "Tensor names".

use std::fmt;

use crate::tensors::{LayerTensor, TensorName};

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
