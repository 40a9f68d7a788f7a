//! GGUF metadata, keys as llama.cpp names them.

use super::bounds::Bounds;
use super::decoder::{Biases, Description, RotaryDims, Windowed};
use super::rope::{recognized, Scaling};
use super::{encoder, Configuration, Family, SpecialTokens};
use crate::architecture::{Activation, Architecture, Pooling};
use crate::gguf::{File, Metadata};
use crate::ModelError;

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
    let family = match name {
        "llama" => Family::Llama,
        "qwen2" => Family::Qwen2,
        "qwen3" => Family::Qwen3,
        "phi3" => Family::Phi3,
        "gemma2" => Family::Gemma2,
        "gemma3" => Family::Gemma3,
        "bert" => Family::Bert,
        _ => return bounds.unsupported("general.architecture", name),
    };
    let keys = Keys { metadata, bounds, name };
    let (embedding, _) = file.store.tensor("token_embd.weight").map_err(|error| file.unsupported_or(error))?;
    let vocab_size = embedding.shape.first().copied().unwrap_or(0);
    let (architecture, rotary_base) = match family {
        Family::Bert => (Architecture::Encoder(keys.encoder(vocab_size, file)?), None),
        _ => {
            let description = keys.decoder(family, vocab_size, file)?;
            let base = description.rotary_base();
            (Architecture::Decoder(description.check(metadata.file())?), base)
        }
    };
    let special = SpecialTokens::from_gguf(bounds, metadata, vocab_size)?;
    Ok(Configuration { family, architecture, special, position_offset: 0, rotary_base })
}

/// Keys that begin with the architecture's name.
struct Keys<'a> {
    metadata: &'a Metadata,
    bounds: Bounds<'a>,
    name: &'a str,
}

impl Keys<'_> {
    fn key(&self, field: &str) -> String {
        format!("{}.{field}", self.name)
    }

    fn integer(&self, field: &str) -> Result<Option<u64>, ModelError> {
        self.metadata.unsigned(&self.key(field))
    }

    fn float(&self, field: &str) -> Result<Option<f64>, ModelError> {
        self.metadata.float(&self.key(field))
    }

    fn required(&self, field: &str) -> Result<u64, ModelError> {
        self.bounds.required(&self.key(field), self.integer(field)?)
    }

    fn decoder(&self, family: Family, vocab_size: usize, file: &File) -> Result<Description, ModelError> {
        let gemma = matches!(family, Family::Gemma2 | Family::Gemma3);
        let hidden_size = self.required("embedding_length")?;
        let heads = self.required("attention.head_count")?;
        let layers = self.required("block_count")?;
        let head_dim = match self.integer("attention.key_length")? {
            Some(width) => Some(width),
            None if gemma => Some(256),
            None => None,
        };
        if let (Some(values), Some(keys)) = (self.integer("attention.value_length")?, head_dim) {
            if values != keys {
                return self.bounds.unsupported(&self.key("attention.value_length"), values);
            }
        }
        let width = head_dim.or_else(|| hidden_size.checked_div(heads));
        let rotary_dims = self.integer("rope.dimension_count")?;
        if family == Family::Llama && rotary_dims.is_some_and(|dims| Some(dims) != width) {
            // The rows of such a head would have been permuted for another pairing.
            return self.bounds.unsupported(&self.key("rope.dimension_count"), rotary_dims.unwrap_or_default());
        }
        let theta = self.float("rope.freq_base")?.unwrap_or(1e4);
        // The two models whose scores are scaled by another width than the head's. Their files do not say it.
        let odd_scale = matches!((family, layers), (Family::Gemma2, 46) | (Family::Gemma3, 62));
        let query_scalar = match self.float("attention.scale")?.filter(|scale| *scale > 0.0) {
            Some(scale) => Some(1.0 / (scale * scale)),
            None if odd_scale => hidden_size.checked_div(heads).map(|width| width as f64),
            None => None,
        };
        let windowed = match family {
            Family::Gemma2 => Windowed::Pattern(2),
            Family::Gemma3 => Windowed::Pattern(6),
            _ => Windowed::All,
        };
        let window = match family {
            Family::Gemma2 => self.integer("attention.sliding_window")?.or(Some(4096)),
            Family::Qwen2 | Family::Qwen3 => None,
            _ => self.integer("attention.sliding_window")?.filter(|window| *window > 0),
        };
        let local_theta = self.float("rope.freq_base_swa")?.unwrap_or(1e4);
        let has = |tensor: &str| file.store.contains(&format!("blk.0.{tensor}.bias"));
        let epsilon = self.float("attention.layer_norm_rms_epsilon")?;
        let caps = match family {
            Family::Gemma2 => (
                self.float("attn_logit_softcapping")?.or(Some(50.0)),
                self.float("final_logit_softcapping")?.or(Some(30.0)),
            ),
            Family::Gemma3 => (None, self.float("final_logit_softcapping")?),
            _ => (None, None),
        };
        Ok(Description {
            family,
            vocab_size: vocab_size as u64,
            hidden_size,
            ffn_size: self.required("feed_forward_length")?,
            layers,
            heads,
            kv_heads: self.integer("attention.head_count_kv")?,
            head_dim,
            context_length: self.required("context_length")?,
            norm_epsilon: self.bounds.required(&self.key("attention.layer_norm_rms_epsilon"), epsilon)?,
            activation: if gemma { Activation::GeluTanh } else { Activation::Silu },
            rope_theta: theta,
            local_rope_theta: (family == Family::Gemma3).then_some(local_theta),
            rotary_dims: rotary_dims.map_or(RotaryDims::All, RotaryDims::Count),
            scaling: self.scaling(theta, file)?,
            window,
            windowed,
            query_scalar,
            attention_softcap: caps.0,
            logit_softcap: caps.1,
            tied_embeddings: !file.store.contains("output.weight") && !file.unsupported.contains_key("output.weight"),
            biases: Biases { qkv: has("attn_q"), attention_output: has("attn_output"), ffn: has("ffn_up") },
        })
    }

    fn scaling(&self, theta: f64, file: &File) -> Result<Scaling, ModelError> {
        let tensor = |name: &str| match file.store.contains(name) {
            true => file.store.floats(name, FACTOR_LIMIT).map(Some),
            false => Ok(None),
        };
        let original = self.integer("rope.scaling.original_context_length")?;
        let attention_factor = self.float("rope.scaling.attn_factor")?;
        if let (Some(short), Some(long)) = (tensor("rope_factors_short.weight")?, tensor("rope_factors_long.weight")?) {
            let original = self.bounds.required(&self.key("rope.scaling.original_context_length"), original)?;
            return Ok(Scaling::Long { short, long, original, attention_factor });
        }
        if let Some(factors) = tensor("rope_freqs.weight")? {
            return Ok(recognized(theta, factors));
        }
        let kind = self.key("rope.scaling.type");
        let factor = || -> Result<f64, ModelError> {
            self.bounds.required(&self.key("rope.scaling.factor"), self.float("rope.scaling.factor")?)
        };
        match self.metadata.string(&kind)? {
            None | Some("none") => Ok(Scaling::None),
            Some("linear") => Ok(Scaling::Linear { factor: factor()? }),
            Some("yarn") => Ok(Scaling::Yarn {
                factor: factor()?,
                original,
                beta_fast: self.float("rope.scaling.yarn_beta_fast")?.unwrap_or(32.0),
                beta_slow: self.float("rope.scaling.yarn_beta_slow")?.unwrap_or(1.0),
                truncate: true,
                // llama.cpp multiplies its own factor, which is the usual one, by this.
                attention_factor: None,
            }),
            Some(other) => self.bounds.unsupported(&kind, other),
        }
    }

    fn encoder(&self, vocab_size: usize, file: &File) -> Result<crate::architecture::Encoder, ModelError> {
        let pooling = match self.integer("pooling_type")? {
            None | Some(1) => Pooling::Mean,
            Some(2) => Pooling::Cls,
            Some(other) => return self.bounds.unsupported(&self.key("pooling_type"), other),
        };
        let epsilon = self.float("attention.layer_norm_epsilon")?;
        let (types, _) = file.store.tensor("token_types.weight").map_err(|error| file.unsupported_or(error))?;
        let description = encoder::Description {
            vocab_size: vocab_size as u64,
            hidden_size: self.required("embedding_length")?,
            ffn_size: self.required("feed_forward_length")?,
            layers: self.required("block_count")?,
            heads: self.required("attention.head_count")?,
            context_length: self.required("context_length")?,
            token_types: types.shape.first().copied().unwrap_or(0) as u64,
            norm_epsilon: self.bounds.required(&self.key("attention.layer_norm_epsilon"), epsilon)?,
            activation: Activation::GeluErf,
            pooling,
            normalize: true,
        };
        description.check(self.bounds)
    }
}
