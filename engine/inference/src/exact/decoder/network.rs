//! A model's tensors as the forward pass uses them: looked up and checked once.

use std::sync::Arc;

use strike_models::architecture::{Architecture, Decoder};
use strike_models::tensors::{LayerTensor, Matrix, TensorName};
use strike_models::Adapter;

use crate::exact::job::Job;
use crate::exact::tensors::{lookup_matrix, lookup_vector, Tensors};

/// Widest head.
pub(crate) const MAX_HEAD: usize = 512;

/// A layer of a decoder.
pub(crate) struct Layer {
    pub attention_norm: &'static [f32],
    pub query: Matrix<'static>,
    pub key: Matrix<'static>,
    pub value: Matrix<'static>,
    pub query_bias: Option<&'static [f32]>,
    pub key_bias: Option<&'static [f32]>,
    pub value_bias: Option<&'static [f32]>,
    pub query_norm: Option<&'static [f32]>,
    pub key_norm: Option<&'static [f32]>,
    pub attention_output: Matrix<'static>,
    pub attention_output_bias: Option<&'static [f32]>,
    pub post_attention_norm: Option<&'static [f32]>,
    pub ffn_norm: &'static [f32],
    pub gate: Matrix<'static>,
    pub gate_bias: Option<&'static [f32]>,
    pub up: Matrix<'static>,
    pub up_bias: Option<&'static [f32]>,
    pub down: Matrix<'static>,
    pub down_bias: Option<&'static [f32]>,
    pub post_ffn_norm: Option<&'static [f32]>,
}

/// A decoder with its tensors.
pub(crate) struct Network {
    pub decoder: Decoder,
    pub embedding: Matrix<'static>,
    pub layers: Vec<Layer>,
    pub output_norm: &'static [f32],
    pub output: Matrix<'static>,
    /// What is added to the products of the layers' matrices.
    pub adapter: Option<Arc<Adapter>>,
    /// Keeps what the references above point to; dropped after them.
    _tensors: Arc<dyn Tensors>,
}

impl Network {
    /// Looks up all tensors. The name of one that is missing or of another size is the error.
    pub fn new(tensors: Arc<dyn Tensors>) -> Result<Self, String> {
        // SAFETY: the tensors are immutable and live in `_tensors` as long as the references; nothing of this type is given out
        // with the extended lifetime.
        let source: &'static dyn Tensors = unsafe { &*Arc::as_ptr(&tensors) };
        let Architecture::Decoder(decoder) = source.architecture() else {
            return Err("the model is an encoder, it does not generate".to_owned());
        };
        let decoder = decoder.clone();
        if decoder.head_dim > MAX_HEAD {
            return Err(format!("heads have {} elements, at most {MAX_HEAD} are computed", decoder.head_dim));
        }
        let matrix = |name, rows, columns| lookup_matrix(source, name, rows, columns);
        let vector = |name, size| lookup_vector(source, name, size);
        let optional = |present: bool, name, size| present.then(|| vector(name, size)).transpose();
        let (hidden, ffn) = (decoder.hidden_size, decoder.ffn_size);
        let (query_width, kv_width) = (decoder.heads * decoder.head_dim, decoder.kv_heads * decoder.head_dim);
        let layer = |index: u16| {
            let name = |tensor| TensorName::Layer(index, tensor);
            use LayerTensor as T;
            Ok(Layer {
                attention_norm: vector(name(T::AttentionNorm), hidden)?,
                query: matrix(name(T::Query), query_width, hidden)?,
                key: matrix(name(T::Key), kv_width, hidden)?,
                value: matrix(name(T::Value), kv_width, hidden)?,
                query_bias: optional(decoder.qkv_bias, name(T::QueryBias), query_width)?,
                key_bias: optional(decoder.qkv_bias, name(T::KeyBias), kv_width)?,
                value_bias: optional(decoder.qkv_bias, name(T::ValueBias), kv_width)?,
                query_norm: optional(decoder.qk_norm, name(T::QueryNorm), decoder.head_dim)?,
                key_norm: optional(decoder.qk_norm, name(T::KeyNorm), decoder.head_dim)?,
                attention_output: matrix(name(T::AttentionOutput), hidden, query_width)?,
                attention_output_bias: optional(decoder.attention_output_bias, name(T::AttentionOutputBias), hidden)?,
                post_attention_norm: optional(decoder.post_norms, name(T::PostAttentionNorm), hidden)?,
                ffn_norm: vector(name(T::FfnNorm), hidden)?,
                gate: matrix(name(T::Gate), ffn, hidden)?,
                gate_bias: optional(decoder.ffn_bias, name(T::GateBias), ffn)?,
                up: matrix(name(T::Up), ffn, hidden)?,
                up_bias: optional(decoder.ffn_bias, name(T::UpBias), ffn)?,
                down: matrix(name(T::Down), hidden, ffn)?,
                down_bias: optional(decoder.ffn_bias, name(T::DownBias), hidden)?,
                post_ffn_norm: optional(decoder.post_norms, name(T::PostFfnNorm), hidden)?,
            })
        };
        let embedding = matrix(TensorName::Embedding, decoder.vocab_size, hidden)?;
        let output =
            if decoder.tied_embeddings { embedding } else { matrix(TensorName::Output, decoder.vocab_size, hidden)? };
        Ok(Self {
            embedding,
            layers: (0..decoder.layers as u16).map(layer).collect::<Result<_, String>>()?,
            output_norm: vector(TensorName::OutputNorm, hidden)?,
            output,
            adapter: None,
            decoder,
            _tensors: tensors,
        })
    }

    /// Whether a job uses the long angles of LongRoPE: prompt and most tokens together are longer than the original context.
    pub fn is_long(&self, job: &Job) -> bool {
        let length = job.prompt.len() as u64 + u64::from(job.max_tokens);
        self.decoder.rotary.long.as_ref().is_some_and(|long| length > long.original_context as u64)
    }

    /// The same tensors with an adapter. What of it does not fit is the error.
    pub fn with_adapter(&self, adapter: Arc<Adapter>) -> Result<Self, String> {
        for name in adapter.tensors() {
            let TensorName::Layer(layer, tensor) = name else { return Err(format!("{name} is no matrix of a layer")) };
            let (matrix, factors) = (self._tensors.matrix(name), adapter.factors(layer, tensor));
            let (Some(matrix), Some(factors)) = (matrix, factors) else {
                return Err(format!("the model has no matrix {name}"));
            };
            if (factors.b.rows, factors.a.columns) != (matrix.rows, matrix.columns) {
                let (found, expected) = ((factors.b.rows, factors.a.columns), (matrix.rows, matrix.columns));
                return Err(format!(
                    "{name} is {}x{} in the adapter, {}x{} in the model",
                    found.0, found.1, expected.0, expected.1
                ));
            }
        }
        Ok(Self { adapter: Some(adapter), ..Self::new(self._tensors.clone())? })
    }
}
