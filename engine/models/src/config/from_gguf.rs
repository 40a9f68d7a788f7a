//! GGUF metadata, keys as llama.cpp names them.

use super::bounds::Bounds;
use super::configuration::Configuration;
use super::decoder::{Biases, Description, RotaryDims};
use super::encoder;
use super::families;
use super::families::family::{DecoderFamily, Kind};
use super::keys::Keys;
use super::rope::{recognized, Scaling};
use crate::architecture::{Activation, Architecture, Encoder, Pooling, SpecialTokens};
use crate::containers::gguf::File;
use crate::error::ModelError;

/// Most numbers of a tensor of rotary factors.
const FACTOR_LIMIT: usize = 512;

/// The architecture that a GGUF file describes.
pub(crate) fn architecture(file: &File) -> Result<Configuration, ModelError> {
    let metadata = file.metadata();
    let bounds = Bounds { file: metadata.file() };
    let name = bounds.required("general.architecture", metadata.string("general.architecture")?)?;
    if let Some(count) = metadata.unsigned("split.count")?.filter(|count| *count > 1) {
        return bounds.unsupported("split.count", count);
    }
    let Some(family) = families::by_gguf_name(name) else {
        return bounds.unsupported("general.architecture", name);
    };
    let keys = Keys { metadata, bounds, name };
    let (embedding, _) = file.store.tensor("token_embd.weight").map_err(|error| file.unsupported_or(error))?;
    let vocab_size = embedding.shape.first().copied().unwrap_or(0);
    let (architecture, rotary_base) = match &family.kind {
        Kind::Encoder(_) => (Architecture::Encoder(encoder(&keys, vocab_size, file)?), None),
        Kind::Decoder(kind) => {
            let interleaved = family.storage.interleaved;
            let description = decoder(&keys, kind, interleaved, vocab_size, file)?;
            let base = description.rotary_base();
            (Architecture::Decoder(description.check(metadata.file())?), base)
        }
    };
    let special = SpecialTokens::from_gguf(bounds, metadata, vocab_size)?;
    Ok(Configuration { family, architecture, special, position_offset: 0, rotary_base })
}

fn decoder(
    keys: &Keys<'_>,
    family: &'static DecoderFamily,
    interleaved: bool,
    vocab_size: usize,
    file: &File,
) -> Result<Description, ModelError> {
    let hidden_size = keys.required("embedding_length")?;
    let heads = keys.required("attention.head_count")?;
    let layers = keys.required("block_count")?;
    let head_dim = keys.integer("attention.key_length")?.or(family.gguf_head_dim);
    if let (Some(values), Some(width)) = (keys.integer("attention.value_length")?, head_dim) {
        if values != width {
            return keys.bounds.unsupported(&keys.key("attention.value_length"), values);
        }
    }
    let width = head_dim.or_else(|| hidden_size.checked_div(heads));
    let rotary_dims = keys.integer("rope.dimension_count")?;
    if interleaved && rotary_dims.is_some_and(|dims| Some(dims) != width) {
        // The rows of such a head would have been permuted for another pairing.
        return keys.bounds.unsupported(&keys.key("rope.dimension_count"), rotary_dims.unwrap_or_default());
    }
    let theta = keys.float("rope.freq_base")?.unwrap_or(1e4);
    let scaled_by_width = family.gguf_scaled_by_width == Some(layers);
    let query_scalar = match keys.float("attention.scale")?.filter(|scale| *scale > 0.0) {
        Some(scale) => Some(1.0 / (scale * scale)),
        None if scaled_by_width => hidden_size.checked_div(heads).map(|width| width as f64),
        None => None,
    };
    let local_theta = keys.float("rope.freq_base_swa")?;
    let has = |tensor: &str| file.store.contains(&format!("blk.0.{tensor}.bias"));
    let epsilon = keys.float("attention.layer_norm_rms_epsilon")?;
    let own = (family.gguf)(keys)?;
    Ok(Description {
        family,
        vocab_size: vocab_size as u64,
        hidden_size,
        ffn_size: keys.required("feed_forward_length")?,
        layers,
        heads,
        kv_heads: keys.integer("attention.head_count_kv")?,
        head_dim,
        context_length: keys.required("context_length")?,
        norm_epsilon: keys.bounds.required(&keys.key("attention.layer_norm_rms_epsilon"), epsilon)?,
        activation: family.activation,
        rope_theta: theta,
        local_rope_theta: family.defaults.local_rope_theta.map(|default| local_theta.unwrap_or(default)),
        rotary_dims: rotary_dims.map_or(RotaryDims::All, RotaryDims::Count),
        scaling: scaling(keys, theta, file)?,
        window: own.window,
        windowed: own.windowed,
        query_scalar,
        attention_softcap: own.attention_softcap,
        logit_softcap: own.logit_softcap,
        tied_embeddings: !file.store.contains("output.weight") && !file.unsupported.contains_key("output.weight"),
        biases: Biases { qkv: has("attn_q"), attention_output: has("attn_output"), ffn: has("ffn_up") },
    })
}

fn scaling(keys: &Keys<'_>, theta: f64, file: &File) -> Result<Scaling, ModelError> {
    let tensor = |name: &str| match file.store.contains(name) {
        true => file.store.floats(name, FACTOR_LIMIT).map(Some),
        false => Ok(None),
    };
    let original = keys.integer("rope.scaling.original_context_length")?;
    let attention_factor = keys.float("rope.scaling.attn_factor")?;
    if let (Some(short), Some(long)) = (tensor("rope_factors_short.weight")?, tensor("rope_factors_long.weight")?) {
        let original = keys.bounds.required(&keys.key("rope.scaling.original_context_length"), original)?;
        return Ok(Scaling::Long { short, long, original, attention_factor });
    }
    if let Some(factors) = tensor("rope_freqs.weight")? {
        return Ok(recognized(theta, factors));
    }
    let kind = keys.key("rope.scaling.type");
    let factor = || -> Result<f64, ModelError> {
        keys.bounds.required(&keys.key("rope.scaling.factor"), keys.float("rope.scaling.factor")?)
    };
    // Old files have the factor alone, by one of two names: it is linear.
    let alone = match keys.float("rope.scaling.factor")? {
        Some(factor) => Some(factor),
        None => keys.float("rope.scale_linear")?,
    };
    match keys.metadata.string(&kind)? {
        None => Ok(alone
            .filter(|factor| *factor > 0.0 && *factor != 1.0)
            .map_or(Scaling::None, |factor| Scaling::Linear { factor })),
        Some("none") => Ok(Scaling::None),
        Some("linear") => Ok(Scaling::Linear { factor: factor()? }),
        Some("yarn") => Ok(Scaling::Yarn {
            factor: factor()?,
            original,
            beta_fast: keys.float("rope.scaling.yarn_beta_fast")?.unwrap_or(32.0),
            beta_slow: keys.float("rope.scaling.yarn_beta_slow")?.unwrap_or(1.0),
            truncate: true,
            // llama.cpp multiplies its own factor, which is the usual one, by this.
            attention_factor: None,
        }),
        Some(other) => keys.bounds.unsupported(&kind, other),
    }
}

fn encoder(keys: &Keys<'_>, vocab_size: usize, file: &File) -> Result<Encoder, ModelError> {
    let pooling = match keys.integer("pooling_type")? {
        None | Some(1) => Pooling::Mean,
        Some(2) => Pooling::Cls,
        Some(other) => return keys.bounds.unsupported(&keys.key("pooling_type"), other),
    };
    let epsilon = keys.float("attention.layer_norm_epsilon")?;
    let (types, _) = file.store.tensor("token_types.weight").map_err(|error| file.unsupported_or(error))?;
    let description = encoder::Description {
        vocab_size: vocab_size as u64,
        hidden_size: keys.required("embedding_length")?,
        ffn_size: keys.required("feed_forward_length")?,
        layers: keys.required("block_count")?,
        heads: keys.required("attention.head_count")?,
        context_length: keys.required("context_length")?,
        token_types: types.shape.first().copied().unwrap_or(0) as u64,
        norm_epsilon: keys.bounds.required(&keys.key("attention.layer_norm_epsilon"), epsilon)?,
        activation: Activation::GeluErf,
        pooling,
        normalize: true,
    };
    description.check(keys.bounds)
}
