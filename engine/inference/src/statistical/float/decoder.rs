//! Causal decoders of every family: the formulas are those of [`strike_models::architecture::Decoder`].

use candle_core::{Device, Tensor};
use candle_nn::kv_cache::KvCache;
use strike_models::architecture;
use strike_models::tensors::{LayerTensor as T, TensorName};

use super::attention::{split_heads, Scores, Visible};
use super::error::ReferenceError;
use super::linear::{activate, soft_cap, Linear, Norm};
use super::loader::Loader;
use super::rotary::Angles;
use super::rounding::Rounding;

/// Positions by which a cache grows.
const CACHE_STEP: usize = 512;

/// A decoder with its tensors.
pub(super) struct Decoder {
    pub architecture: architecture::Decoder,
    embedding: Tensor,
    layers: Vec<Layer>,
    output_norm: Norm,
    output: Linear,
    rounding: Rounding,
    device: Device,
}

struct Layer {
    attention_norm: Norm,
    query: Linear,
    key: Linear,
    value: Linear,
    query_norm: Option<Norm>,
    key_norm: Option<Norm>,
    attention_output: Linear,
    post_attention_norm: Option<Norm>,
    ffn_norm: Norm,
    gate: Linear,
    up: Linear,
    down: Linear,
    post_ffn_norm: Option<Norm>,
}

/// Keys and values of a text.
pub(super) struct Sequence {
    layers: Vec<KvCache>,
    length: usize,
    /// Whether the angles of long sequences hold.
    long: bool,
}

/// What all layers of a kind share in one pass: those with a window, or those without.
struct Shared {
    angles: Angles,
    visible: Visible,
}

impl Decoder {
    pub fn load(architecture: &architecture::Decoder, loader: &Loader<'_>) -> Result<Self, ReferenceError> {
        let epsilon = architecture.norm_epsilon;
        let norm = |name| Ok::<_, ReferenceError>(Norm { gain: loader.vector(name)?, epsilon });
        let layer = |index: usize| {
            let name = |tensor| TensorName::Layer(index as u16, tensor);
            Ok::<_, ReferenceError>(Layer {
                attention_norm: norm(name(T::AttentionNorm))?,
                query: loader.linear(index, T::Query, T::QueryBias)?,
                key: loader.linear(index, T::Key, T::KeyBias)?,
                value: loader.linear(index, T::Value, T::ValueBias)?,
                query_norm: loader.rms_norm(name(T::QueryNorm), epsilon)?,
                key_norm: loader.rms_norm(name(T::KeyNorm), epsilon)?,
                attention_output: loader.linear(index, T::AttentionOutput, T::AttentionOutputBias)?,
                post_attention_norm: loader.rms_norm(name(T::PostAttentionNorm), epsilon)?,
                ffn_norm: norm(name(T::FfnNorm))?,
                gate: loader.linear(index, T::Gate, T::GateBias)?,
                up: loader.linear(index, T::Up, T::UpBias)?,
                down: loader.linear(index, T::Down, T::DownBias)?,
                post_ffn_norm: loader.rms_norm(name(T::PostFfnNorm), epsilon)?,
            })
        };
        let embedding = loader.matrix(TensorName::Embedding)?;
        let output = match architecture.tied_embeddings {
            true => embedding.clone(),
            false => loader.matrix(TensorName::Output)?,
        };
        Ok(Self {
            layers: (0..architecture.layers).map(layer).collect::<Result<_, _>>()?,
            output_norm: norm(TensorName::OutputNorm)?,
            output: Linear { weight: output, adapter: None, bias: None, rounding: loader.rounding },
            embedding,
            architecture: architecture.clone(),
            rounding: loader.rounding,
            device: loader.device.clone(),
        })
    }

    /// An empty sequence of a job whose prompt and output have `length` tokens together.
    pub fn sequence(&self, length: usize) -> Sequence {
        let long = self.architecture.rotary.long.as_ref().is_some_and(|long| length > long.original_context);
        let layers = self.layers.iter().map(|_| KvCache::new(1, CACHE_STEP)).collect();
        Sequence { layers, length: 0, long }
    }

    /// The residual stream behind the last layer, a row a token, and appends the tokens to the sequence.
    pub fn hidden(&self, sequence: &mut Sequence, tokens: &[u32]) -> Result<Tensor, ReferenceError> {
        let architecture = &self.architecture;
        let ids = Tensor::new(tokens, &self.device)?;
        let mut hidden = self.embedding.index_select(&ids, 0)?;
        if let Some(factor) = architecture.embedding_scale {
            hidden = (hidden * f64::from(factor))?;
        }
        let (from, count) = (sequence.length, tokens.len());
        let shared = |window: Option<usize>| {
            let local = architecture.local_rotary.as_ref().filter(|_| window.is_some());
            let rotary = local.unwrap_or(&architecture.rotary);
            Ok::<_, ReferenceError>(Shared {
                angles: Angles::new(rotary, sequence.long, from, count, &self.device)?,
                visible: Visible::new(window, from, count, &self.device)?,
            })
        };
        let windowed = architecture.windows.iter().flatten().next().map(|window| shared(Some(*window))).transpose()?;
        let full = shared(None)?;
        for (index, (layer, cache)) in self.layers.iter().zip(&mut sequence.layers).enumerate() {
            let shared = windowed.as_ref().filter(|_| architecture.windows[index].is_some()).unwrap_or(&full);
            hidden = (&hidden + self.attention(layer, &hidden, cache, shared)?)?;
            hidden = (&hidden + self.feed_forward(layer, &hidden)?)?;
        }
        sequence.length += count;
        Ok(hidden)
    }

    /// Logits of rows of the residual stream.
    pub fn logits(&self, hidden: &Tensor) -> Result<Tensor, ReferenceError> {
        let logits = self.output.round_and_apply(&self.output_norm.apply(hidden)?)?;
        Ok(soft_cap(logits, self.architecture.logit_softcap)?)
    }

    fn attention(
        &self,
        layer: &Layer,
        hidden: &Tensor,
        cache: &mut KvCache,
        shared: &Shared,
    ) -> Result<Tensor, ReferenceError> {
        let architecture = &self.architecture;
        let input = self.rounding.activations(&layer.attention_norm.apply(hidden)?)?;
        let rotated = |linear: &Linear, heads: usize, norm: &Option<Norm>| {
            let heads = split_heads(&linear.apply(&input)?, heads)?;
            let normed = norm.as_ref().map_or(Ok(heads.clone()), |norm| norm.apply(&heads))?;
            Ok::<_, ReferenceError>(shared.angles.rotate(&normed)?)
        };
        let queries = rotated(&layer.query, architecture.heads, &layer.query_norm)?;
        let keys = rotated(&layer.key, architecture.kv_heads, &layer.key_norm)?;
        let values = split_heads(&layer.value.apply(&input)?, architecture.kv_heads)?;
        let (keys, values) =
            cache.append(&self.rounding.cache(&keys)?.contiguous()?, &self.rounding.cache(&values)?.contiguous()?)?;
        let first = shared.visible.first;
        let seen = |rows: &Tensor| rows.narrow(1, first, rows.dim(1)? - first);
        let scores = Scores { scale: architecture.attention_scale, cap: architecture.attention_softcap };
        let mixed = scores.attend(&queries, &seen(&keys)?, &seen(&values)?, shared.visible.mask.as_ref())?;
        let output = layer.attention_output.round_and_apply(&mixed)?;
        Ok(layer.post_attention_norm.as_ref().map_or(Ok(output.clone()), |norm| norm.apply(&output))?)
    }

    fn feed_forward(&self, layer: &Layer, hidden: &Tensor) -> Result<Tensor, ReferenceError> {
        let input = self.rounding.activations(&layer.ffn_norm.apply(hidden)?)?;
        let gate = activate(self.architecture.activation, &layer.gate.apply(&input)?)?;
        let output = layer.down.round_and_apply(&(gate * layer.up.apply(&input)?)?)?;
        Ok(layer.post_ffn_norm.as_ref().map_or(Ok(output.clone()), |norm| norm.apply(&output))?)
    }
}
