//! What a model computes, whichever file described it.
//!
//! `config.json` and GGUF metadata both become an [`Architecture`]; nothing behind it looks at a file's own names again.

pub(crate) mod encode;
pub(crate) mod layout;
pub(crate) mod tensors;

/// Shapes and constants of a model. Everything here is part of the model root.
#[derive(Clone, Debug, PartialEq)]
pub enum Architecture {
    /// A causal language model.
    Decoder(Decoder),
    /// A bidirectional text encoder of the BERT family.
    Encoder(Encoder),
}

/// A causal decoder: embedding, layers of attention and feed-forward with a residual stream, a final norm, an output head.
///
/// `h ← h + post_attention(attention(norm(h)))`, `h ← h + post_ffn(ffn(norm(h)))`; the post norms are the identity where
/// [`Self::post_norms`] is false.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoder {
    /// Rows of the embedding table.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Width of the gated feed-forward layer.
    pub ffn_size: usize,
    /// Number of layers.
    pub layers: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads, a divisor of [`Self::heads`].
    pub kv_heads: usize,
    /// Width of one head.
    pub head_dim: usize,
    /// Most positions of a sequence.
    pub context_length: usize,
    /// Added to the mean square in RMSNorm.
    pub norm_epsilon: f32,
    /// Activation of the gate.
    pub activation: Activation,
    /// Rotary embedding of layers with full attention.
    pub rotary: Rotary,
    /// Rotary embedding of layers with a window, where it differs (Gemma 3).
    pub local_rotary: Option<Rotary>,
    /// Attention window in positions (the query's own included) of each layer; `None` sees everything before. One entry a layer.
    pub windows: Vec<Option<usize>>,
    /// Factor of the scores: `1/sqrt(head_dim)` unless the model says otherwise, rounded to f32 once.
    pub attention_scale: f32,
    /// `s ← cap · tanh(s / cap)` on scores.
    pub attention_softcap: Option<f32>,
    /// The same on logits.
    pub logit_softcap: Option<f32>,
    /// Factor of the embedding.
    pub embedding_scale: Option<f32>,
    /// Queries, keys and values have biases.
    pub qkv_bias: bool,
    /// The output projection of attention has a bias.
    pub attention_output_bias: bool,
    /// Gate, up and down have biases.
    pub ffn_bias: bool,
    /// RMSNorm over each head of queries and keys, before the rotary embedding.
    pub qk_norm: bool,
    /// RMSNorm on the results of attention and of the feed-forward layer, before they are added.
    pub post_norms: bool,
    /// The output head is the embedding table.
    pub tied_embeddings: bool,
}

/// Activation functions, as `strike-arithmetic` defines them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `x · sigmoid(x)`.
    Silu,
    /// GELU by the error function.
    GeluErf,
    /// GELU by tanh.
    GeluTanh,
}

/// Rotary position embedding over halves: element `i` is rotated with element `i + dims/2` of the head.
#[derive(Clone, Debug, PartialEq)]
pub struct Rotary {
    /// Angle of position 1, for each pair: `dims/2` values. Elements of the head beyond `dims` are not rotated.
    pub inv_freq: Vec<f32>,
    /// Angles of long sequences (LongRoPE), and the length from which on they hold. A job is long if prompt and most tokens
    /// together are longer.
    pub long: Option<LongRotary>,
    /// Factor of sine and cosine (YaRN, LongRoPE); 1 if the model has none.
    pub attention_factor: f32,
}

/// Rotary angles of long sequences.
#[derive(Clone, Debug, PartialEq)]
pub struct LongRotary {
    /// As [`Rotary::inv_freq`].
    pub inv_freq: Vec<f32>,
    /// Longest sequence that still uses the short ones.
    pub original_context: usize,
}

/// A BERT encoder: token, position and type embeddings, LayerNorm, layers with the norm behind each sum.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoder {
    /// Rows of the embedding table.
    pub vocab_size: usize,
    /// Width of the hidden states.
    pub hidden_size: usize,
    /// Width of the feed-forward layer.
    pub ffn_size: usize,
    /// Number of layers.
    pub layers: usize,
    /// Heads, a divisor of the hidden size.
    pub heads: usize,
    /// Most tokens of a text.
    pub context_length: usize,
    /// Rows of the type table; every token of a text has type 0.
    pub token_types: usize,
    /// Added to the variance in LayerNorm.
    pub norm_epsilon: f32,
    /// Activation of the feed-forward layer.
    pub activation: Activation,
    /// First position's row in the position table. The import leaves out the rows that RoBERTa-style tables
    /// (E5-multilingual) have before it, as GGUF files do, so this is 0 in every imported model.
    pub position_offset: usize,
    /// How token states become one vector.
    pub pooling: Pooling,
    /// Divide the vector by its Euclidean length.
    pub normalize: bool,
}

/// How the states of a text's tokens become one vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// The state of the first token.
    Cls,
    /// The mean over all tokens.
    Mean,
}

/// Tokens with a meaning to the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpecialTokens {
    /// Begins a text.
    pub bos: Option<u32>,
    /// End a text; ascending, each once.
    pub eos: Vec<u32>,
}
