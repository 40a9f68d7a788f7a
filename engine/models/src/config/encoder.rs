//! The description of an encoder, and its checks.

use super::bounds::{Bounds, MAX_CONTEXT, MAX_FFN, MAX_HEADS, MAX_HIDDEN, MAX_LAYERS, MAX_VOCAB};
use super::decoder::check_parameters;
use crate::architecture::{Activation, Architecture, Encoder, Pooling};
use crate::error::ModelError;

/// What a configuration says of an encoder; nothing is checked yet.
pub(super) struct Description {
    pub vocab_size: u64,
    pub hidden_size: u64,
    pub ffn_size: u64,
    pub layers: u64,
    pub heads: u64,
    /// Without the rows before the first position.
    pub context_length: u64,
    pub token_types: u64,
    pub norm_epsilon: f64,
    pub activation: Activation,
    pub pooling: Pooling,
    pub normalize: bool,
}

impl Description {
    pub fn check(self, bounds: Bounds<'_>) -> Result<Encoder, ModelError> {
        let heads = bounds.integer("num_attention_heads", self.heads, 1, MAX_HEADS)?;
        let hidden_size = bounds.integer("hidden_size", self.hidden_size, 2, MAX_HIDDEN)?;
        if hidden_size % heads != 0 {
            return bounds.out_of_range("hidden_size", hidden_size, format!("a multiple of {heads}"));
        }
        let encoder = Encoder {
            vocab_size: bounds.integer("vocab_size", self.vocab_size, 1, MAX_VOCAB)?,
            hidden_size,
            ffn_size: bounds.integer("intermediate_size", self.ffn_size, 1, MAX_FFN)?,
            layers: bounds.integer("num_hidden_layers", self.layers, 1, MAX_LAYERS)?,
            heads,
            context_length: bounds.integer("max_position_embeddings", self.context_length, 1, MAX_CONTEXT)?,
            token_types: bounds.integer("type_vocab_size", self.token_types, 1, 1 << 10)?,
            norm_epsilon: bounds.number("layer_norm_eps", self.norm_epsilon, 1e-13, 1.0)? as f32,
            activation: self.activation,
            position_offset: 0,
            pooling: self.pooling,
            normalize: self.normalize,
        };
        check_parameters(bounds, &Architecture::Encoder(encoder.clone()))?;
        Ok(encoder)
    }
}
