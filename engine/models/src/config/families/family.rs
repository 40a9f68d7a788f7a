//! What a family is: a row of constants, and the functions that it names.

use crate::architecture::Activation;
use crate::config::keys::Keys;
use crate::config::raw::Raw;
use crate::error::ModelError;

/// Models whose configurations and tensors are written alike.
pub(crate) struct Family {
    /// `model_type` in `config.json`.
    pub model_types: &'static [&'static str],
    /// `general.architecture` in GGUF files; `None` where they bear another family's name.
    pub gguf_name: Option<&'static str>,
    pub storage: Storage,
    pub kind: Kind,
}

/// What a family computes.
#[allow(clippy::large_enum_variant, reason = "rows of constants, which are never moved")]
pub(crate) enum Kind {
    Decoder(DecoderFamily),
    Encoder(EncoderFamily),
}

/// Where files keep something else than the canonical tensors.
pub(crate) struct Storage {
    /// Norm weights in safetensors are the difference from 1.
    pub norms_add_one: bool,
    /// Matrices that hold several canonical ones.
    pub fused: Option<Fused>,
    /// GGUF files have the rows of queries and keys interleaved: row `2p + a` of a head is element `p + a * width/2`.
    pub interleaved: bool,
}

impl Storage {
    /// The tensors are the canonical ones.
    pub const CANONICAL: Self = Self { norms_add_one: false, fused: None, interleaved: false };
}

/// Names of fused matrices, below the layer's.
pub(crate) struct Fused {
    /// Query, key and value.
    pub attention: Names,
    /// Gate and up.
    pub ffn: Names,
}

/// A tensor's name in files of transformers and in GGUF files.
pub(crate) struct Names {
    pub transformers: &'static str,
    pub gguf: &'static str,
}

/// A family of causal decoders.
pub(crate) struct DecoderFamily {
    /// RMSNorm over each head of queries and keys.
    pub qk_norm: bool,
    /// RMSNorm behind attention and behind the feed-forward layer.
    pub post_norms: bool,
    /// The embedding is multiplied by the root of its width, rounded to bf16.
    pub scaled_embedding: bool,
    /// Activation of the gate in GGUF files, which do not say it.
    pub activation: Activation,
    /// Name of the activation in `config.json`.
    pub activation_name: fn(&Raw) -> &str,
    /// What `config.json` leaves out.
    pub defaults: Defaults,
    /// Width of a head in GGUF files that do not say it; `None` is the hidden size by the heads.
    pub gguf_head_dim: Option<u64>,
    /// Number of layers of the one model whose scores are scaled by the hidden size by the heads. Its GGUF file does not say it.
    pub gguf_scaled_by_width: Option<u64>,
    /// Files call LongRoPE `yarn`.
    pub yarn_is_longrope: bool,
    /// Windows and caps by `config.json`.
    pub json: fn(&Raw) -> Own,
    /// Windows and caps by GGUF metadata.
    pub gguf: fn(&Keys<'_>) -> Result<Own, ModelError>,
}

impl DecoderFamily {
    /// A decoder without anything special; a window holds for all layers.
    pub const PLAIN: Self = Self {
        qk_norm: false,
        post_norms: false,
        scaled_embedding: false,
        activation: Activation::Silu,
        activation_name: |raw| raw.hidden_act.as_deref().unwrap_or("silu"),
        defaults: Defaults::NONE,
        gguf_head_dim: None,
        gguf_scaled_by_width: None,
        yarn_is_longrope: false,
        json: |raw| Own { window: raw.sliding_window, ..Own::NONE },
        gguf: |keys| Ok(Own { window: keys.window()?, ..Own::NONE }),
    };
}

/// Numbers that `config.json` may leave out, because transformers knows them; `None` has no default.
pub(crate) struct Defaults {
    pub vocab_size: Option<u64>,
    pub hidden_size: Option<u64>,
    pub ffn_size: Option<u64>,
    pub layers: Option<u64>,
    pub heads: Option<u64>,
    pub kv_heads: Option<u64>,
    pub head_dim: Option<u64>,
    pub context_length: Option<u64>,
    pub norm_epsilon: Option<f64>,
    pub rope_theta: f64,
    /// Of layers with a window; `None` where all layers have the same angles.
    pub local_rope_theta: Option<f64>,
    /// The scores are divided by its root; `None` is the width of a head, whatever the file says.
    pub query_scalar: Option<f64>,
    pub tied_embeddings: bool,
}

impl Defaults {
    pub const NONE: Self = Self {
        vocab_size: None,
        hidden_size: None,
        ffn_size: None,
        layers: None,
        heads: None,
        kv_heads: None,
        head_dim: None,
        context_length: None,
        norm_epsilon: None,
        rope_theta: 1e4,
        local_rope_theta: None,
        query_scalar: None,
        tied_embeddings: false,
    };
}

/// What a family's configurations say in a way of their own.
pub(crate) struct Own {
    pub window: Option<u64>,
    pub windowed: Windowed,
    pub attention_softcap: Option<f64>,
    pub logit_softcap: Option<f64>,
}

impl Own {
    pub const NONE: Self = Self { window: None, windowed: Windowed::All, attention_softcap: None, logit_softcap: None };
}

/// Which layers the window holds for.
pub(crate) enum Windowed {
    All,
    /// Those from this one on.
    From(u64),
    /// All but every n-th.
    Pattern(u64),
    /// One entry a layer.
    Listed(Vec<bool>),
}

/// A family of text encoders.
pub(crate) struct EncoderFamily {
    /// Rows of the position table before the first position.
    pub first_position: fn(&Raw) -> u64,
}
