//! The description of a decoder, and its checks.

use super::bounds::{Bounds, MAX_CONTEXT, MAX_FFN, MAX_HEADS, MAX_HIDDEN, MAX_LAYERS, MAX_PARAMETERS, MAX_VOCAB};
use super::families::family::{DecoderFamily, Windowed};
use super::rope::{rotary, Scaling};
use crate::architecture::layout::layout;
use crate::architecture::{Activation, Architecture, Decoder};
use crate::error::ModelError;

/// What a configuration says of a decoder, with the family's defaults filled in and nothing checked yet.
pub(super) struct Description {
    pub family: &'static DecoderFamily,
    pub vocab_size: u64,
    pub hidden_size: u64,
    pub ffn_size: u64,
    pub layers: u64,
    pub heads: u64,
    pub kv_heads: Option<u64>,
    pub head_dim: Option<u64>,
    pub context_length: u64,
    pub norm_epsilon: f64,
    pub activation: Activation,
    pub rope_theta: f64,
    /// Of layers with a window.
    pub local_rope_theta: Option<f64>,
    /// Elements of a head that are rotated.
    pub rotary_dims: RotaryDims,
    pub scaling: Scaling,
    pub window: Option<u64>,
    pub windowed: Windowed,
    /// The scores are divided by its root; the head's width if `None`.
    pub query_scalar: Option<f64>,
    pub attention_softcap: Option<f64>,
    pub logit_softcap: Option<f64>,
    pub tied_embeddings: bool,
    pub biases: Biases,
}

pub(super) enum RotaryDims {
    All,
    Share(f64),
    Count(u64),
}

/// Which biases the file has, by the first layer's tensors.
pub(super) struct Biases {
    pub qkv: bool,
    pub attention_output: bool,
    pub ffn: bool,
}

impl Description {
    /// The base of the rotary embedding, where nothing but it decides the angles. Rounded as [`rotary`] does.
    pub fn rotary_base(&self) -> Option<f64> {
        let plain = self.scaling == Scaling::None && self.local_rope_theta.is_none();
        plain.then_some(f64::from(self.rope_theta as f32))
    }

    /// Checks everything. The shapes of an accepted architecture are so small that no size derived from them overflows.
    pub fn check(self, file: &str) -> Result<Decoder, ModelError> {
        let bounds = Bounds { file };
        let heads = bounds.integer("num_attention_heads", self.heads, 1, MAX_HEADS)?;
        let hidden_size = bounds.integer("hidden_size", self.hidden_size, 2, MAX_HIDDEN)?;
        let kv_heads = bounds.integer("num_key_value_heads", self.kv_heads.unwrap_or(self.heads), 1, heads as u64)?;
        if heads % kv_heads != 0 {
            return bounds.out_of_range("num_key_value_heads", kv_heads, format!("a divisor of {heads}"));
        }
        let head_dim = bounds.integer("head_dim", self.head_dim.unwrap_or((hidden_size / heads) as u64), 2, 1024)?;
        if head_dim % 2 != 0 {
            return bounds.out_of_range("head_dim", head_dim, "an even number".to_owned());
        }
        let layers = bounds.integer("num_hidden_layers", self.layers, 1, MAX_LAYERS)?;
        let context_length = bounds.integer("max_position_embeddings", self.context_length, 1, MAX_CONTEXT)?;
        let dims = match self.rotary_dims {
            RotaryDims::All => head_dim as u64,
            RotaryDims::Share(share) => {
                (bounds.number("partial_rotary_factor", share, 0.0, 1.0)? * head_dim as f64) as u64
            }
            RotaryDims::Count(count) => count,
        };
        let dims = bounds.integer("rotary dimensions", dims, 2, head_dim as u64)?;
        if dims % 2 != 0 {
            return bounds.out_of_range("rotary dimensions", dims, "an even number".to_owned());
        }
        // A window of the whole context hides nothing; it still chooses the rotary embedding where there are two.
        let window = self.window.filter(|window| *window < self.context_length || self.local_rope_theta.is_some());
        let windows = windows(bounds, window, &self.windowed, layers)?;
        let local = self.local_rope_theta.filter(|_| windows.iter().any(Option::is_some));
        let local_rotary =
            local.map(|theta| rotary(bounds, dims, theta, context_length, &Scaling::None)).transpose()?;
        let query_scalar =
            bounds.number("query_pre_attn_scalar", self.query_scalar.unwrap_or(head_dim as f64), 1e-3, 1e6)?;
        let cap = |field, cap: Option<f64>| cap.map(|cap| bounds.number(field, cap, 1e-3, 1e6)).transpose();
        let decoder = Decoder {
            vocab_size: bounds.integer("vocab_size", self.vocab_size, 1, MAX_VOCAB)?,
            hidden_size,
            ffn_size: bounds.integer("intermediate_size", self.ffn_size, 1, MAX_FFN)?,
            layers,
            heads,
            kv_heads,
            head_dim,
            context_length,
            norm_epsilon: bounds.number("rms_norm_eps", self.norm_epsilon, 1e-13, 1.0)? as f32,
            activation: self.activation,
            rotary: rotary(bounds, dims, self.rope_theta, context_length, &self.scaling)?,
            local_rotary,
            windows,
            attention_scale: (1.0 / libm::sqrt(query_scalar)) as f32,
            attention_softcap: cap("attn_logit_softcapping", self.attention_softcap)?.map(|cap| cap as f32),
            logit_softcap: cap("final_logit_softcapping", self.logit_softcap)?.map(|cap| cap as f32),
            embedding_scale: self
                .family
                .scaled_embedding
                .then(|| half::bf16::from_f64(libm::sqrt(hidden_size as f64)).to_f32()),
            qkv_bias: self.biases.qkv,
            attention_output_bias: self.biases.attention_output,
            ffn_bias: self.biases.ffn,
            qk_norm: self.family.qk_norm,
            post_norms: self.family.post_norms,
            tied_embeddings: self.tied_embeddings,
        };
        check_parameters(bounds, &Architecture::Decoder(decoder.clone()))?;
        Ok(decoder)
    }
}

/// Refuses more parameters than any machine holds. At most 256 layers of a few tensors of 2^15 by 2^19: no overflow.
pub(super) fn check_parameters(bounds: Bounds<'_>, architecture: &Architecture) -> Result<(), ModelError> {
    let parameters: u64 = layout(architecture).iter().map(|tensor| tensor.rows as u64 * tensor.columns as u64).sum();
    match parameters {
        0..=MAX_PARAMETERS => Ok(()),
        _ => bounds.out_of_range("the number of parameters", parameters, format!("at most {MAX_PARAMETERS}")),
    }
}

fn windows(
    bounds: Bounds<'_>,
    window: Option<u64>,
    windowed: &Windowed,
    layers: usize,
) -> Result<Vec<Option<usize>>, ModelError> {
    let Some(window) = window else { return Ok(vec![None; layers]) };
    let window = bounds.integer("sliding_window", window, 1, MAX_CONTEXT)?;
    if let Windowed::Listed(list) = windowed {
        if list.len() != layers {
            return bounds.out_of_range("layer_types", list.len(), format!("{layers} entries"));
        }
    }
    let holds = |layer: usize| match windowed {
        Windowed::All => true,
        Windowed::From(first) => layer as u64 >= *first,
        Windowed::Pattern(period) => !(layer as u64 + 1).is_multiple_of(*period),
        Windowed::Listed(list) => list[layer],
    };
    Ok((0..layers).map(|layer| holds(layer).then_some(window)).collect())
}
