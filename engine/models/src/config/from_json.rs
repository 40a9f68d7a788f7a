//! `config.json` of transformers.

use super::bounds::MAX_VOCAB;
use super::configuration::Configuration;
use super::decoder::{Biases, Description, RotaryDims};
use super::encoder;
use super::families;
use super::families::family::{DecoderFamily, EncoderFamily, Family, Kind, Windowed};
use super::pooling::PoolingFiles;
use super::raw::{activation_of, ropes, Raw, Rope, BOUNDS, CONFIG_FILE, CONFIG_LIMIT};
use super::rope::Scaling;
use super::special::Ids;
use crate::architecture::{Architecture, Encoder, SpecialTokens};
use crate::error::ModelError;

/// A `config.json`, read: the language model, and what stands around it in a multimodal one.
struct Contents {
    raw: Raw,
    family: &'static Family,
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
    match families::by_model_type(&model_type) {
        Some(family) => Ok(Contents { raw, family, outer_ids: outer.0 }),
        None => BOUNDS.unsupported("model_type", model_type),
    }
}

/// Rows of the embedding table, as the file or the family's default says.
fn rows(family: &Family, raw: &Raw) -> Result<u64, ModelError> {
    let default = match &family.kind {
        Kind::Decoder(family) => family.defaults.vocab_size,
        Kind::Encoder(_) => None,
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
    let (architecture, position_offset, rotary_base) = match &family.kind {
        Kind::Encoder(kind) => {
            let (encoder, offset) = encoder(kind, &raw, pooling)?;
            (Architecture::Encoder(encoder), offset, None)
        }
        Kind::Decoder(kind) => {
            let description = decoder(kind, &raw, has_tensor)?;
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

/// The encoder of a `config.json`, and the rows of the file's position table before the first position.
fn encoder(family: &EncoderFamily, raw: &Raw, pooling: PoolingFiles<'_>) -> Result<(Encoder, usize), ModelError> {
    if let Some(kind) = raw.position_embedding_type.as_deref().filter(|kind| *kind != "absolute") {
        return BOUNDS.unsupported("position_embedding_type", kind);
    }
    if raw.is_decoder == Some(true) {
        return BOUNDS.unsupported("is_decoder", true);
    }
    let positions = BOUNDS.required("max_position_embeddings", raw.max_position_embeddings)?;
    let offset = (family.first_position)(raw);
    let Some(context_length) = positions.checked_sub(offset) else {
        return BOUNDS.out_of_range("pad_token_id", offset.saturating_sub(1), format!("below {positions}"));
    };
    let (pooling, normalize) = pooling.parse()?;
    let description = encoder::Description {
        vocab_size: BOUNDS.required("vocab_size", raw.vocab_size)?,
        hidden_size: BOUNDS.required("hidden_size", raw.hidden_size)?,
        ffn_size: BOUNDS.required("intermediate_size", raw.intermediate_size)?,
        layers: BOUNDS.required("num_hidden_layers", raw.num_hidden_layers)?,
        heads: BOUNDS.required("num_attention_heads", raw.num_attention_heads)?,
        context_length,
        token_types: raw.type_vocab_size.unwrap_or(2),
        norm_epsilon: raw.layer_norm_eps.unwrap_or(1e-12),
        activation: activation_of(raw.hidden_act.as_deref().unwrap_or("gelu"))?,
        pooling,
        normalize,
    };
    Ok((description.check(BOUNDS)?, offset as usize))
}

fn decoder(
    family: &'static DecoderFamily,
    raw: &Raw,
    has_tensor: impl Fn(&str) -> bool,
) -> Result<Description, ModelError> {
    if raw.use_bidirectional_attention == Some(true) {
        return BOUNDS.unsupported("use_bidirectional_attention", true);
    }
    let activation = activation_of((family.activation_name)(raw))?;
    let ropes = ropes(raw)?;
    let (own, defaults) = ((family.json)(raw), &family.defaults);
    let windowed = match &raw.layer_types {
        Some(types) => Windowed::Listed(listed(types)?),
        None => own.windowed,
    };
    let context_length = raw.max_position_embeddings.or(defaults.context_length);
    let context_length = BOUNDS.required("max_position_embeddings", context_length)?;
    let scaling = scaling(family, &ropes.full, raw.original_max_position_embeddings)?;
    if ropes.local.as_ref().is_some_and(|rope| rope.rope_type.as_deref().is_some_and(|kind| kind != "default")) {
        return BOUNDS.unsupported("rope_parameters.sliding_attention.rope_type", "other than default");
    }
    let share = raw.partial_rotary_factor.or(ropes.full.partial_rotary_factor);
    let local_theta = ropes.local.and_then(|rope| rope.rope_theta).or(raw.rope_local_base_freq);
    Ok(Description {
        family,
        vocab_size: BOUNDS.required("vocab_size", raw.vocab_size.or(defaults.vocab_size))?,
        hidden_size: BOUNDS.required("hidden_size", raw.hidden_size.or(defaults.hidden_size))?,
        ffn_size: BOUNDS.required("intermediate_size", raw.intermediate_size.or(defaults.ffn_size))?,
        layers: BOUNDS.required("num_hidden_layers", raw.num_hidden_layers.or(defaults.layers))?,
        heads: BOUNDS.required("num_attention_heads", raw.num_attention_heads.or(defaults.heads))?,
        kv_heads: raw.num_key_value_heads.or(defaults.kv_heads),
        head_dim: raw.head_dim.or(defaults.head_dim),
        context_length,
        norm_epsilon: BOUNDS.required("rms_norm_eps", raw.rms_norm_eps.or(defaults.norm_epsilon))?,
        activation,
        rope_theta: ropes.full.rope_theta.or(raw.rope_theta).unwrap_or(defaults.rope_theta),
        local_rope_theta: defaults.local_rope_theta.map(|default| local_theta.unwrap_or(default)),
        rotary_dims: share.map_or(RotaryDims::All, RotaryDims::Share),
        scaling,
        window: own.window,
        windowed,
        query_scalar: defaults.query_scalar.map(|default| raw.query_pre_attn_scalar.unwrap_or(default)),
        attention_softcap: own.attention_softcap,
        logit_softcap: own.logit_softcap,
        tied_embeddings: raw.tie_word_embeddings.unwrap_or(defaults.tied_embeddings),
        biases: Biases {
            qkv: has_tensor("layers.0.self_attn.q_proj.bias"),
            attention_output: has_tensor("layers.0.self_attn.o_proj.bias"),
            ffn: has_tensor("layers.0.mlp.up_proj.bias"),
        },
    })
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

fn scaling(family: &DecoderFamily, rope: &Rope, model_original: Option<u64>) -> Result<Scaling, ModelError> {
    let required = |field: &str, value: Option<f64>| BOUNDS.required(&format!("rope_scaling.{field}"), value);
    let original = rope.original_max_position_embeddings;
    if rope.rope_type.is_none() && rope.factor.is_some_and(|factor| factor != 1.0) {
        // Angles are to be stretched, and how is not said.
        return BOUNDS.unsupported("rope_scaling.rope_type", "none beside a factor");
    }
    match (rope.rope_type.as_deref().unwrap_or("default"), family.yarn_is_longrope) {
        ("default", _) => Ok(Scaling::None),
        ("linear", _) => Ok(Scaling::Linear { factor: required("factor", rope.factor)? }),
        ("llama3", _) => Ok(Scaling::Llama3 {
            factor: required("factor", rope.factor)?,
            low: required("low_freq_factor", rope.low_freq_factor)?,
            high: required("high_freq_factor", rope.high_freq_factor)?,
            original: BOUNDS.required("rope_scaling.original_max_position_embeddings", original)?,
        }),
        // The first Phi-3 files say "su" or "yarn" for what is called LongRoPE now.
        ("longrope" | "su", _) | ("yarn", true) => Ok(Scaling::Long {
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
