//! `config.json`: what is read of it, and the bounds every number must keep.

use serde::Deserialize;

use crate::{ModelError, CONFIG_FILE};

const MAX_VOCAB: u64 = 1 << 19;
const MAX_CONTEXT: u64 = 1 << 17;
const MAX_PARAMETERS: u64 = 8_000_000_000;

/// The fields of interest, as they stand in the file.
#[derive(Deserialize)]
struct Raw {
    model_type: String,
    hidden_size: u64,
    intermediate_size: u64,
    num_hidden_layers: u64,
    num_attention_heads: u64,
    num_key_value_heads: Option<u64>,
    head_dim: Option<u64>,
    vocab_size: u64,
    max_position_embeddings: u64,
    rms_norm_eps: f64,
    rope_theta: Option<f64>,
    rope_parameters: Option<RopeParameters>,
    rope_scaling: Option<serde_json::Value>,
    #[serde(default)]
    tie_word_embeddings: bool,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    mlp_bias: bool,
    hidden_act: Option<String>,
    bos_token_id: Option<u32>,
    eos_token_id: Option<OneOrMany>,
}

#[derive(Deserialize)]
struct RopeParameters {
    rope_theta: Option<f64>,
    rope_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(u32),
    Many(Vec<u32>),
}

/// Checked shapes and constants of a Llama-architecture model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
    pub hidden_size: usize,
    pub intermediate_size: usize,
    pub layers: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub head_dim: usize,
    pub vocab_size: usize,
    pub context_length: usize,
    pub rms_norm_eps: f32,
    pub rope_theta: f64,
    pub tied_embeddings: bool,
    pub bos: Option<u32>,
    pub eos: Vec<u32>,
}

impl Config {
    /// Parses and checks. Every accepted configuration is small enough that no size derived from it
    /// overflows.
    pub fn parse(contents: &[u8]) -> Result<Self, ModelError> {
        let raw: Raw = serde_json::from_slice(contents)
            .map_err(|error| ModelError::Malformed { file: CONFIG_FILE, reason: error.to_string() })?;
        if raw.model_type != "llama" {
            return unsupported("model_type", raw.model_type);
        }
        if let Some(activation) = raw.hidden_act.filter(|name| name != "silu") {
            return unsupported("hidden_act", activation);
        }
        if let Some(scaling) = raw.rope_scaling.filter(|value| !value.is_null()) {
            return unsupported("rope_scaling", scaling.to_string());
        }
        if raw.attention_bias {
            return unsupported("attention_bias", "true".to_owned());
        }
        if raw.mlp_bias {
            return unsupported("mlp_bias", "true".to_owned());
        }
        let nested = raw.rope_parameters.unwrap_or(RopeParameters { rope_theta: None, rope_type: None });
        if let Some(kind) = nested.rope_type.filter(|kind| kind != "default") {
            return unsupported("rope_parameters.rope_type", kind);
        }
        let heads = bounded("num_attention_heads", raw.num_attention_heads, 1, 256)?;
        let hidden_size = bounded("hidden_size", raw.hidden_size, 2, 1 << 15)?;
        let kv_heads = raw.num_key_value_heads.unwrap_or(raw.num_attention_heads);
        let kv_heads = bounded("num_key_value_heads", kv_heads, 1, heads as u64)?;
        if heads % kv_heads != 0 {
            return out_of_range("num_key_value_heads", kv_heads, format!("a divisor of {heads}"));
        }
        let head_dim = bounded("head_dim", raw.head_dim.unwrap_or((hidden_size / heads) as u64), 2, 1024)?;
        if head_dim % 2 != 0 {
            return out_of_range("head_dim", head_dim, "an even number".to_owned());
        }
        let rope_theta = raw.rope_theta.or(nested.rope_theta).unwrap_or(10_000.0);
        if !(1.0..=1e9).contains(&rope_theta) {
            return out_of_range("rope_theta", rope_theta, "1 to 1e9".to_owned());
        }
        if !(1e-12..=1.0).contains(&raw.rms_norm_eps) {
            return out_of_range("rms_norm_eps", raw.rms_norm_eps, "1e-12 to 1".to_owned());
        }
        let vocab_size = bounded("vocab_size", raw.vocab_size, 1, MAX_VOCAB)?;
        let eos = match raw.eos_token_id {
            None => Vec::new(),
            Some(OneOrMany::One(id)) => vec![id],
            Some(OneOrMany::Many(ids)) if ids.len() <= 64 => ids,
            Some(OneOrMany::Many(ids)) => return out_of_range("eos_token_id", ids.len(), "at most 64 ids".to_owned()),
        };
        for (field, id) in
            eos.iter().map(|id| ("eos_token_id", id)).chain(raw.bos_token_id.iter().map(|id| ("bos_token_id", id)))
        {
            if *id as usize >= vocab_size {
                return out_of_range(field, id, format!("below the vocab_size {vocab_size}"));
            }
        }
        let config = Self {
            hidden_size,
            intermediate_size: bounded("intermediate_size", raw.intermediate_size, 1, 1 << 17)?,
            layers: bounded("num_hidden_layers", raw.num_hidden_layers, 1, 256)?,
            heads,
            kv_heads,
            head_dim,
            vocab_size,
            context_length: bounded("max_position_embeddings", raw.max_position_embeddings, 1, MAX_CONTEXT)?,
            rms_norm_eps: raw.rms_norm_eps as f32,
            rope_theta,
            tied_embeddings: raw.tie_word_embeddings,
            bos: raw.bos_token_id,
            eos,
        };
        if config.parameters() > MAX_PARAMETERS {
            return out_of_range("the number of parameters", config.parameters(), format!("at most {MAX_PARAMETERS}"));
        }
        Ok(config)
    }

    /// Width of all query heads.
    pub fn query_width(&self) -> usize {
        self.heads * self.head_dim
    }

    /// Width of all key heads, and of all value heads.
    pub fn kv_width(&self) -> usize {
        self.kv_heads * self.head_dim
    }

    /// Parameters that follow from the shapes.
    pub fn parameters(&self) -> u64 {
        let [h, i, q, kv, v, l] = [
            self.hidden_size,
            self.intermediate_size,
            self.query_width(),
            self.kv_width(),
            self.vocab_size,
            self.layers,
        ]
        .map(|n| n as u64);
        // Bounded above: 2^15 * (2^18 + 2^19 + 2^19) * 2^8 stays far below 2^64.
        let layer = 2 * h + 2 * h * q + 2 * h * kv + 3 * h * i;
        let tables = if self.tied_embeddings { 1 } else { 2 };
        l * layer + tables * v * h + h
    }
}

fn bounded(field: &'static str, found: u64, low: u64, high: u64) -> Result<usize, ModelError> {
    if (low..=high).contains(&found) {
        Ok(found as usize)
    } else {
        out_of_range(field, found, format!("{low} to {high}"))
    }
}

fn out_of_range<T>(field: &'static str, found: impl ToString, expected: String) -> Result<T, ModelError> {
    Err(ModelError::ConfigOutOfRange { field, found: found.to_string(), expected })
}

fn unsupported<T>(field: &'static str, found: String) -> Result<T, ModelError> {
    Err(ModelError::UnsupportedConfig { field, found })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(edit: impl Fn(&mut serde_json::Map<String, serde_json::Value>)) -> Result<Config, ModelError> {
        let mut value: serde_json::Value = serde_json::from_slice(include_bytes!("../../models/builtin/config.json"))
            .expect("the built-in config is JSON");
        edit(value.as_object_mut().expect("the built-in config is an object"));
        Config::parse(value.to_string().as_bytes())
    }

    #[test]
    fn huge_numbers_are_refused_by_field() {
        for field in [
            "hidden_size",
            "intermediate_size",
            "num_hidden_layers",
            "num_attention_heads",
            "vocab_size",
            "max_position_embeddings",
        ] {
            for number in [0u64, u64::MAX, 1 << 40] {
                match edited(|config| drop(config.insert(field.into(), number.into()))) {
                    Err(ModelError::ConfigOutOfRange { field: named, .. }) => assert_eq!(named, field),
                    other => panic!("{field} = {number}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn many_parameters_are_refused_although_each_field_is_in_range() {
        let result = edited(|config| {
            config.insert("hidden_size".into(), (1u64 << 15).into());
            config.insert("intermediate_size".into(), (1u64 << 17).into());
            config.insert("num_hidden_layers".into(), 256u64.into());
        });
        assert!(
            matches!(result, Err(ModelError::ConfigOutOfRange { field: "the number of parameters", .. })),
            "{result:?}"
        );
    }

    #[test]
    fn other_architectures_are_refused() {
        let result = edited(|config| drop(config.insert("model_type".into(), "mamba".into())));
        assert!(matches!(result, Err(ModelError::UnsupportedConfig { field: "model_type", .. })));
        let result = edited(|config| drop(config.insert("rope_scaling".into(), serde_json::json!({"factor": 8.0}))));
        assert!(matches!(result, Err(ModelError::UnsupportedConfig { field: "rope_scaling", .. })));
    }
}
