//! Which models the statistical class computes: decoders as Llama's, read by `strike-models`.

use strike_models::architecture::{Activation, Architecture, Decoder};
use strike_models::{layout, FloatModel, ModelError, CONFIG_FILE};

/// 32 GB of f32 weights.
const MAX_PARAMETERS: u64 = 8_000_000_000;

/// Shapes and constants of a Llama-architecture model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
    pub hidden_size: usize,
    pub layers: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub head_dim: usize,
    pub vocab_size: usize,
    pub context_length: usize,
    pub rms_norm_eps: f32,
    pub rope_theta: f64,
    pub tied_embeddings: bool,
    /// Numbers of all tensors.
    pub parameters: u64,
    pub bos: Option<u32>,
    pub eos: Vec<u32>,
}

impl Config {
    /// The configuration of an open model; an error if this class does not compute it.
    pub fn of(model: &FloatModel) -> Result<Self, ModelError> {
        let Architecture::Decoder(decoder) = model.architecture() else {
            return Err(unsupported("model_type", "an encoder"));
        };
        let rope_theta = model.rotary_base().ok_or_else(|| unsupported("rope_scaling", "scaled angles"))?;
        if let Some(field) = extra(decoder) {
            return Err(unsupported(field, "a value other than Llama's"));
        }
        let tensors = layout(model.architecture());
        let parameters: u64 = tensors.iter().map(|tensor| tensor.rows as u64 * tensor.columns as u64).sum();
        if parameters > MAX_PARAMETERS {
            return Err(ModelError::ConfigOutOfRange {
                file: CONFIG_FILE.to_owned(),
                field: "the number of parameters".to_owned(),
                found: parameters.to_string(),
                expected: format!("at most {MAX_PARAMETERS}"),
            });
        }
        let special = model.special_tokens();
        Ok(Self {
            hidden_size: decoder.hidden_size,
            layers: decoder.layers,
            heads: decoder.heads,
            kv_heads: decoder.kv_heads,
            head_dim: decoder.head_dim,
            vocab_size: decoder.vocab_size,
            context_length: decoder.context_length,
            rms_norm_eps: decoder.norm_epsilon,
            rope_theta,
            tied_embeddings: decoder.tied_embeddings,
            parameters,
            bos: special.bos,
            eos: special.eos.clone(),
        })
    }

    /// Width of all query heads.
    pub fn query_width(&self) -> usize {
        self.heads * self.head_dim
    }

    /// Width of all key heads, and of all value heads.
    pub fn kv_width(&self) -> usize {
        self.kv_heads * self.head_dim
    }
}

/// The first thing about a decoder that Llama does not have, by its field in `config.json`.
fn extra(decoder: &Decoder) -> Option<&'static str> {
    let scale = (1.0 / libm::sqrt(decoder.head_dim as f64)) as f32;
    let found = [
        ("hidden_act", decoder.activation != Activation::Silu),
        ("partial_rotary_factor", 2 * decoder.rotary.inv_freq.len() != decoder.head_dim),
        ("sliding_window", decoder.windows.iter().any(Option::is_some)),
        ("query_pre_attn_scalar", decoder.attention_scale != scale),
        ("attn_logit_softcapping", decoder.attention_softcap.is_some()),
        ("final_logit_softcapping", decoder.logit_softcap.is_some()),
        ("attention_bias", decoder.qkv_bias || decoder.attention_output_bias),
        ("mlp_bias", decoder.ffn_bias),
        ("model_type", decoder.qk_norm || decoder.post_norms || decoder.embedding_scale.is_some()),
    ];
    found.into_iter().find(|(_, extra)| *extra).map(|(field, _)| field)
}

fn unsupported(field: &str, found: &str) -> ModelError {
    ModelError::UnsupportedConfig { file: CONFIG_FILE.to_owned(), field: field.to_owned(), found: found.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin_files;

    fn edited(edit: impl Fn(&mut serde_json::Map<String, serde_json::Value>)) -> Result<Config, ModelError> {
        let mut files = builtin_files();
        let mut value: serde_json::Value = serde_json::from_slice(&files.config).expect("the built-in config is JSON");
        edit(value.as_object_mut().expect("the built-in config is an object"));
        files.config = value.to_string().into_bytes().into();
        Config::of(&FloatModel::from_files(&files)?)
    }

    #[test]
    fn huge_numbers_are_refused_by_field() {
        for name in [
            "hidden_size",
            "intermediate_size",
            "num_hidden_layers",
            "num_attention_heads",
            "vocab_size",
            "max_position_embeddings",
        ] {
            for number in [0u64, u64::MAX, 1 << 40] {
                match edited(|config| drop(config.insert(name.into(), number.into()))) {
                    Err(ModelError::ConfigOutOfRange { field, .. }) => assert_eq!(field, name),
                    other => panic!("{name} = {number}: {other:?}"),
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
            matches!(result, Err(ModelError::ConfigOutOfRange { ref field, .. }) if field == "the number of parameters"),
            "{result:?}"
        );
    }

    #[test]
    fn what_llama_does_not_have_is_refused() {
        for (name, value) in [
            ("model_type", serde_json::json!("mamba")),
            ("hidden_act", serde_json::json!("gelu")),
            ("partial_rotary_factor", serde_json::json!(0.5)),
        ] {
            let result = edited(|config| drop(config.insert(name.into(), value.clone())));
            assert!(
                matches!(result, Err(ModelError::UnsupportedConfig { ref field, .. }) if field == name),
                "{name}: {result:?}"
            );
        }
        let scaling = serde_json::json!({"rope_type": "linear", "factor": 8.0});
        let result = edited(|config| drop(config.insert("rope_scaling".into(), scaling.clone())));
        assert!(
            matches!(result, Err(ModelError::UnsupportedConfig { ref field, .. }) if field == "rope_scaling"),
            "{result:?}"
        );
        let result = edited(|config| {
            config.insert("model_type".into(), "mistral".into());
            config.insert("sliding_window".into(), 8.into());
        });
        assert!(
            matches!(result, Err(ModelError::UnsupportedConfig { ref field, .. }) if field == "sliding_window"),
            "{result:?}"
        );
    }

    #[test]
    fn the_base_of_the_angles_is_that_of_the_file() {
        let config =
            edited(|config| drop(config.insert("rope_theta".into(), 500_000.0.into()))).expect("it is Llama's");
        assert_eq!(config.rope_theta, 500_000.0);
    }
}
