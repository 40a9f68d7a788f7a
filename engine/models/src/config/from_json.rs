//! `config.json` of transformers.

use serde::Deserialize;

use super::bounds::{Bounds, MAX_VOCAB};
use super::decoder::{Biases, Description, RotaryDims, Windowed};
use super::encoder;
use super::pooling::PoolingFiles;
use super::rope::Scaling;
use super::special::Ids;
use super::{Configuration, Family, SpecialTokens};
use crate::architecture::{Activation, Architecture};
use crate::ModelError;

/// Shapes and constants of the model.
pub(crate) const CONFIG_FILE: &str = "config.json";
/// Longest accepted [`CONFIG_FILE`].
pub(crate) const CONFIG_LIMIT: u64 = 1 << 20;

const BOUNDS: Bounds<'static> = Bounds { file: CONFIG_FILE };

/// The fields of interest, as they stand in the file.
#[derive(Deserialize)]
pub(super) struct Raw {
    model_type: Option<String>,
    /// The language model of a multimodal one.
    text_config: Option<Box<Raw>>,
    pub hidden_size: Option<u64>,
    pub intermediate_size: Option<u64>,
    pub num_hidden_layers: Option<u64>,
    pub num_attention_heads: Option<u64>,
    num_key_value_heads: Option<u64>,
    head_dim: Option<u64>,
    pub vocab_size: Option<u64>,
    pub max_position_embeddings: Option<u64>,
    original_max_position_embeddings: Option<u64>,
    rms_norm_eps: Option<f64>,
    pub layer_norm_eps: Option<f64>,
    pub type_vocab_size: Option<u64>,
    pub position_embedding_type: Option<String>,
    pub is_decoder: Option<bool>,
    pub pad_token_id: Option<u64>,
    rope_theta: Option<f64>,
    rope_local_base_freq: Option<f64>,
    rope_parameters: Option<serde_json::Value>,
    rope_scaling: Option<serde_json::Value>,
    partial_rotary_factor: Option<f64>,
    sliding_window: Option<u64>,
    sliding_window_pattern: Option<u64>,
    #[serde(rename = "_sliding_window_pattern")]
    hidden_sliding_window_pattern: Option<u64>,
    use_sliding_window: Option<bool>,
    max_window_layers: Option<u64>,
    layer_types: Option<Vec<String>>,
    query_pre_attn_scalar: Option<f64>,
    /// Absent is the family's default, null is none.
    #[serde(default, deserialize_with = "present")]
    attn_logit_softcapping: Option<Option<f64>>,
    #[serde(default, deserialize_with = "present")]
    final_logit_softcapping: Option<Option<f64>>,
    use_bidirectional_attention: Option<bool>,
    tie_word_embeddings: Option<bool>,
    hidden_act: Option<String>,
    hidden_activation: Option<String>,
    #[serde(flatten)]
    ids: Ids,
}

impl Raw {
    /// The activation of an encoder.
    pub fn hidden_act(&self) -> &str {
        self.hidden_act.as_deref().unwrap_or("gelu")
    }
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<f64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// One kind of rotary embedding.
#[derive(Clone, Default, Deserialize)]
struct Rope {
    rope_theta: Option<f64>,
    #[serde(alias = "type")]
    rope_type: Option<String>,
    factor: Option<f64>,
    low_freq_factor: Option<f64>,
    high_freq_factor: Option<f64>,
    original_max_position_embeddings: Option<u64>,
    beta_fast: Option<f64>,
    beta_slow: Option<f64>,
    truncate: Option<bool>,
    attention_factor: Option<f64>,
    mscale: Option<f64>,
    mscale_all_dim: Option<f64>,
    short_factor: Option<Vec<f32>>,
    long_factor: Option<Vec<f32>>,
    partial_rotary_factor: Option<f64>,
}

/// A `config.json`, read: the language model, and what stands around it in a multimodal one.
struct Contents {
    raw: Raw,
    family: Family,
    outer_ids: Ids,
}

fn read(contents: &[u8]) -> Result<Contents, ModelError> {
    let mut raw: Raw =
        serde_json::from_slice(contents).map_err(|error| ModelError::malformed(CONFIG_FILE, error.to_string()))?;
    let outer = (raw.ids.clone(), raw.tie_word_embeddings);
    let mut model_type = BOUNDS.required("model_type", raw.model_type.clone())?;
    if let Some(text) = raw.text_config.take().filter(|_| model_type == "gemma3") {
        raw = *text;
        "gemma3_text".clone_into(&mut model_type);
        raw.tie_word_embeddings = raw.tie_word_embeddings.or(outer.1);
    }
    let family = match model_type.as_str() {
        "llama" => Family::Llama,
        "mistral" => Family::Mistral,
        "qwen2" => Family::Qwen2,
        "qwen3" => Family::Qwen3,
        "phi3" => Family::Phi3,
        "gemma2" => Family::Gemma2,
        "gemma3_text" => Family::Gemma3,
        "bert" => Family::Bert,
        "roberta" | "xlm-roberta" => Family::Roberta,
        _ => return BOUNDS.unsupported("model_type", model_type),
    };
    Ok(Contents { raw, family, outer_ids: outer.0 })
}

/// Rows of the embedding table, as the file or the family's default says.
fn rows(family: Family, raw: &Raw) -> Result<u64, ModelError> {
    let default = match family {
        Family::Gemma2 => Some(256_000),
        Family::Gemma3 => Some(262_208),
        _ => None,
    };
    BOUNDS.required("vocab_size", raw.vocab_size.or(default))
}

/// Rows of the embedding table of the model that `config.json` describes: the ids of its tokens are below.
pub fn vocab_size(contents: &[u8]) -> Result<usize, ModelError> {
    if contents.len() as u64 > CONFIG_LIMIT {
        let found = contents.len() as u64;
        return Err(ModelError::FileTooLarge { file: CONFIG_FILE.to_owned(), found, limit: CONFIG_LIMIT });
    }
    let Contents { raw, family, .. } = read(contents)?;
    BOUNDS.integer("vocab_size", rows(family, &raw)?, 1, MAX_VOCAB)
}

/// The architecture that `config.json` describes; `has_tensor` answers for the file of weights.
pub(crate) fn architecture(
    contents: &[u8],
    generation: Option<&[u8]>,
    pooling: PoolingFiles<'_>,
    has_tensor: impl Fn(&str) -> bool,
) -> Result<Configuration, ModelError> {
    let Contents { raw, family, outer_ids } = read(contents)?;
    let ids = raw.ids.clone();
    let (architecture, position_offset, rotary_base) = match family {
        Family::Bert | Family::Roberta => {
            let (encoder, offset) = encoder::from_json(BOUNDS, family, &raw, pooling)?;
            (Architecture::Encoder(encoder), offset, None)
        }
        _ => {
            let description = describe(family, raw, has_tensor)?;
            let base = description.rotary_base();
            (Architecture::Decoder(description.check(CONFIG_FILE)?), 0, base)
        }
    };
    let vocab_size = match &architecture {
        Architecture::Decoder(decoder) => decoder.vocab_size,
        Architecture::Encoder(encoder) => encoder.vocab_size,
    };
    let special = SpecialTokens::from_json(BOUNDS, outer_ids, ids, generation, vocab_size)?;
    Ok(Configuration { family, architecture, special, position_offset, rotary_base })
}

fn describe(family: Family, raw: Raw, has_tensor: impl Fn(&str) -> bool) -> Result<Description, ModelError> {
    let gemma = matches!(family, Family::Gemma2 | Family::Gemma3);
    let gemma_3 = family == Family::Gemma3;
    if raw.use_bidirectional_attention == Some(true) {
        return BOUNDS.unsupported("use_bidirectional_attention", true);
    }
    let default = |value: Option<u64>, fallback| if gemma { value.or(Some(fallback)) } else { value };
    // `hidden_act` of Gemma 2 and 3 is a left-over that transformers ignores.
    let activation = match gemma {
        true => raw.hidden_activation.as_deref().unwrap_or("gelu_pytorch_tanh"),
        false => raw.hidden_act.as_deref().unwrap_or("silu"),
    };
    let activation = activation_of(activation)?;
    let ropes = ropes(&raw)?;
    let heads = default(raw.num_attention_heads, 8);
    let kv_heads = default(raw.num_key_value_heads, 4);
    let windowed = match (&raw.layer_types, family) {
        (Some(types), _) => Windowed::Listed(listed(types)?),
        (None, Family::Gemma2) => Windowed::Pattern(2),
        (None, Family::Gemma3) => {
            Windowed::Pattern(raw.sliding_window_pattern.or(raw.hidden_sliding_window_pattern).unwrap_or(6))
        }
        (None, Family::Qwen2 | Family::Qwen3) => Windowed::From(raw.max_window_layers.unwrap_or(28)),
        (None, _) => Windowed::All,
    };
    let window = match family {
        Family::Llama => None,
        Family::Qwen2 | Family::Qwen3 => raw.sliding_window.filter(|_| raw.use_sliding_window == Some(true)),
        Family::Gemma2 | Family::Gemma3 => raw.sliding_window.or(Some(4096)),
        _ => raw.sliding_window,
    };
    let context_length = match gemma {
        true => raw.max_position_embeddings.or(Some(if gemma_3 { 131_072 } else { 8192 })),
        false => raw.max_position_embeddings,
    };
    let context_length = BOUNDS.required("max_position_embeddings", context_length)?;
    let scaling = scaling(family, &ropes.full, raw.original_max_position_embeddings)?;
    if ropes.local.as_ref().is_some_and(|rope| rope.rope_type.as_deref().is_some_and(|kind| kind != "default")) {
        return BOUNDS.unsupported("rope_parameters.sliding_attention.rope_type", "other than default");
    }
    let share = raw.partial_rotary_factor.or(ropes.full.partial_rotary_factor);
    let theta = ropes.full.rope_theta.or(raw.rope_theta).unwrap_or(if gemma_3 { 1e6 } else { 1e4 });
    let local_theta = ropes.local.and_then(|rope| rope.rope_theta).or(raw.rope_local_base_freq).unwrap_or(1e4);
    let family_caps = match family {
        Family::Gemma2 => (Some(50.0), Some(30.0)),
        _ => (None, None),
    };
    Ok(Description {
        family,
        vocab_size: rows(family, &raw)?,
        hidden_size: BOUNDS.required("hidden_size", default(raw.hidden_size, 2304))?,
        ffn_size: BOUNDS.required("intermediate_size", default(raw.intermediate_size, 9216))?,
        layers: BOUNDS.required("num_hidden_layers", default(raw.num_hidden_layers, 26))?,
        heads: BOUNDS.required("num_attention_heads", heads)?,
        kv_heads,
        head_dim: default(raw.head_dim, 256).or((family == Family::Qwen3).then_some(128)),
        context_length,
        norm_epsilon: BOUNDS.required("rms_norm_eps", raw.rms_norm_eps.or(gemma.then_some(1e-6)))?,
        activation,
        rope_theta: theta,
        local_rope_theta: gemma_3.then_some(local_theta),
        rotary_dims: share.map_or(RotaryDims::All, RotaryDims::Share),
        scaling,
        window,
        windowed,
        query_scalar: gemma.then_some(raw.query_pre_attn_scalar.unwrap_or(256.0)),
        attention_softcap: raw.attn_logit_softcapping.unwrap_or(family_caps.0).filter(|_| gemma),
        logit_softcap: raw.final_logit_softcapping.unwrap_or(family_caps.1).filter(|_| gemma),
        tied_embeddings: raw.tie_word_embeddings.unwrap_or(gemma),
        biases: Biases {
            qkv: has_tensor("layers.0.self_attn.q_proj.bias"),
            attention_output: has_tensor("layers.0.self_attn.o_proj.bias"),
            ffn: has_tensor("layers.0.mlp.up_proj.bias"),
        },
    })
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

fn listed(types: &[String]) -> Result<Vec<bool>, ModelError> {
    types
        .iter()
        .map(|kind| match kind.as_str() {
            "full_attention" => Ok(false),
            "sliding_attention" => Ok(true),
            _ => BOUNDS.unsupported("layer_types", kind),
        })
        .collect()
}

struct Ropes {
    full: Rope,
    local: Option<Rope>,
}

/// `rope_scaling` as transformers 4 writes it, or `rope_parameters` of transformers 5: one, or one for each kind of layer.
fn ropes(raw: &Raw) -> Result<Ropes, ModelError> {
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

fn scaling(family: Family, rope: &Rope, model_original: Option<u64>) -> Result<Scaling, ModelError> {
    let required = |field: &str, value: Option<f64>| BOUNDS.required(&format!("rope_scaling.{field}"), value);
    let original = rope.original_max_position_embeddings;
    match (rope.rope_type.as_deref().unwrap_or("default"), family) {
        ("default", _) => Ok(Scaling::None),
        ("linear", _) => Ok(Scaling::Linear { factor: required("factor", rope.factor)? }),
        ("llama3", _) => Ok(Scaling::Llama3 {
            factor: required("factor", rope.factor)?,
            low: required("low_freq_factor", rope.low_freq_factor)?,
            high: required("high_freq_factor", rope.high_freq_factor)?,
            original: BOUNDS.required("rope_scaling.original_max_position_embeddings", original)?,
        }),
        // The first Phi-3 files say "su" or "yarn" for what is called LongRoPE now.
        ("longrope" | "su", _) | ("yarn", Family::Phi3) => Ok(Scaling::Long {
            short: BOUNDS.required("rope_scaling.short_factor", rope.short_factor.clone())?,
            long: BOUNDS.required("rope_scaling.long_factor", rope.long_factor.clone())?,
            original: BOUNDS.required("original_max_position_embeddings", model_original.or(original))?,
            attention_factor: rope.attention_factor,
        }),
        ("yarn", _) => {
            if rope.mscale.is_some() || rope.mscale_all_dim.is_some() {
                return BOUNDS.unsupported("rope_scaling.mscale", "given");
            }
            Ok(Scaling::Yarn {
                factor: required("factor", rope.factor)?,
                original,
                beta_fast: rope.beta_fast.unwrap_or(32.0),
                beta_slow: rope.beta_slow.unwrap_or(1.0),
                truncate: rope.truncate.unwrap_or(true),
                attention_factor: rope.attention_factor,
            })
        }
        (other, _) => BOUNDS.unsupported("rope_scaling.rope_type", other),
    }
}
