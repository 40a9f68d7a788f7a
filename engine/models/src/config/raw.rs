//! The fields of `config.json` as they stand in the file.

use serde::Deserialize;

use super::bounds::Bounds;
use super::special::Ids;
use crate::architecture::Activation;
use crate::error::ModelError;

/// Shapes and constants of the model.
pub(crate) const CONFIG_FILE: &str = "config.json";
/// Longest accepted [`CONFIG_FILE`].
pub(crate) const CONFIG_LIMIT: u64 = 1 << 20;

pub(super) const BOUNDS: Bounds<'static> = Bounds { file: CONFIG_FILE };

/// The fields of interest, as they stand in the file.
#[derive(Deserialize)]
pub(crate) struct Raw {
    pub model_type: Option<String>,
    /// The language model of a multimodal one.
    pub text_config: Option<Box<Raw>>,
    pub hidden_size: Option<u64>,
    pub intermediate_size: Option<u64>,
    pub num_hidden_layers: Option<u64>,
    pub num_attention_heads: Option<u64>,
    pub num_key_value_heads: Option<u64>,
    pub head_dim: Option<u64>,
    pub vocab_size: Option<u64>,
    pub max_position_embeddings: Option<u64>,
    pub original_max_position_embeddings: Option<u64>,
    pub rms_norm_eps: Option<f64>,
    pub layer_norm_eps: Option<f64>,
    pub type_vocab_size: Option<u64>,
    pub position_embedding_type: Option<String>,
    pub is_decoder: Option<bool>,
    pub pad_token_id: Option<u64>,
    pub rope_theta: Option<f64>,
    pub rope_local_base_freq: Option<f64>,
    pub rope_parameters: Option<serde_json::Value>,
    pub rope_scaling: Option<serde_json::Value>,
    pub partial_rotary_factor: Option<f64>,
    pub sliding_window: Option<u64>,
    pub sliding_window_pattern: Option<u64>,
    #[serde(rename = "_sliding_window_pattern")]
    pub hidden_sliding_window_pattern: Option<u64>,
    pub use_sliding_window: Option<bool>,
    pub max_window_layers: Option<u64>,
    pub layer_types: Option<Vec<String>>,
    pub query_pre_attn_scalar: Option<f64>,
    /// Absent is the family's default, null is none.
    #[serde(default, deserialize_with = "present")]
    pub attn_logit_softcapping: Option<Option<f64>>,
    #[serde(default, deserialize_with = "present")]
    pub final_logit_softcapping: Option<Option<f64>>,
    pub use_bidirectional_attention: Option<bool>,
    pub tie_word_embeddings: Option<bool>,
    pub hidden_act: Option<String>,
    pub hidden_activation: Option<String>,
    #[serde(flatten)]
    pub ids: Ids,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<f64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// One kind of rotary embedding.
#[derive(Clone, Default, Deserialize)]
pub(super) struct Rope {
    pub rope_theta: Option<f64>,
    #[serde(alias = "type")]
    pub rope_type: Option<String>,
    pub factor: Option<f64>,
    pub low_freq_factor: Option<f64>,
    pub high_freq_factor: Option<f64>,
    pub original_max_position_embeddings: Option<u64>,
    pub beta_fast: Option<f64>,
    pub beta_slow: Option<f64>,
    pub truncate: Option<bool>,
    pub attention_factor: Option<f64>,
    pub mscale: Option<f64>,
    pub mscale_all_dim: Option<f64>,
    pub short_factor: Option<Vec<f32>>,
    pub long_factor: Option<Vec<f32>>,
    pub partial_rotary_factor: Option<f64>,
}

pub(super) struct Ropes {
    pub full: Rope,
    pub local: Option<Rope>,
}

/// `rope_scaling` as transformers 4 writes it, or `rope_parameters` of transformers 5: one, or one for each kind of layer.
pub(super) fn ropes(raw: &Raw) -> Result<Ropes, ModelError> {
    let parse = |field: &str, value: &serde_json::Value| {
        Rope::deserialize(value).map_err(|error| ModelError::malformed(CONFIG_FILE, format!("{field}: {error}")))
    };
    // By reference: a hostile value may be large.
    fn given(value: &Option<serde_json::Value>) -> Option<&serde_json::Value> {
        value.as_ref().filter(|value| !value.is_null())
    }
    if let Some(parameters) = given(&raw.rope_parameters) {
        return match parameters.get("full_attention") {
            Some(full) => Ok(Ropes {
                full: parse("rope_parameters", full)?,
                local: parameters.get("sliding_attention").map(|rope| parse("rope_parameters", rope)).transpose()?,
            }),
            None => Ok(Ropes { full: parse("rope_parameters", parameters)?, local: None }),
        };
    }
    let full = given(&raw.rope_scaling).map(|value| parse("rope_scaling", value)).transpose()?;
    Ok(Ropes { full: full.unwrap_or_default(), local: None })
}

/// The activation functions by the names of transformers.
pub(super) fn activation_of(name: &str) -> Result<Activation, ModelError> {
    match name {
        "silu" | "swish" => Ok(Activation::Silu),
        "gelu" => Ok(Activation::GeluErf),
        "gelu_pytorch_tanh" | "gelu_new" => Ok(Activation::GeluTanh),
        _ => BOUNDS.unsupported("hidden_act", name),
    }
}
