//! The forward pass of the Llama architecture over a key and value cache.

use crate::control::Control;
use crate::statistical::attention::{attend, LayerCache, Rope};
use crate::statistical::config::Config;
use crate::statistical::error::GenerateError;
use crate::statistical::kernels::{linear, rms_norm};
use crate::statistical::math::silu;
use crate::statistical::weights::{Layer, Weights};

/// A configuration with its weights.
#[derive(Debug)]
pub(crate) struct Transformer {
    pub config: Config,
    weights: Weights,
    rope: Rope,
}

/// The cache of one sequence.
#[derive(Debug)]
pub(crate) struct Sequence {
    layers: Vec<LayerCache>,
    length: usize,
}

impl Sequence {
    /// Tokens that have been read.
    pub fn len(&self) -> usize {
        self.length
    }
}

impl Transformer {
    pub fn new(config: Config, weights: Weights) -> Self {
        let rope = Rope::new(&config);
        Self { config, weights, rope }
    }

    /// An empty sequence.
    pub fn start(&self) -> Sequence {
        Sequence { layers: self.weights.layers.iter().map(|_| LayerCache::default()).collect(), length: 0 }
    }

    /// Reads tokens into the sequence and returns their final hidden rows, before the output layer.
    ///
    /// Every token is below the vocabulary size and the sequence stays within the context; the
    /// callers have checked both. After an error the sequence is not to be used any more.
    pub fn read(&self, sequence: &mut Sequence, tokens: &[u32], control: &Control) -> Result<Vec<f32>, GenerateError> {
        let mut x = Vec::with_capacity(tokens.len() * self.config.hidden_size);
        for token in tokens {
            x.extend_from_slice(self.weights.embedding.row(*token as usize));
        }
        for (layer, cache) in self.weights.layers.iter().zip(&mut sequence.layers) {
            control.check()?;
            self.layer(layer, cache, &mut x, sequence.length);
        }
        sequence.length += tokens.len();
        Ok(rms_norm(&x, &self.weights.norm, self.config.rms_norm_eps))
    }

    /// Logits of hidden rows, `vocab_size` a row.
    pub fn logits(&self, hidden: &[f32]) -> Vec<f32> {
        linear(hidden, self.weights.head())
    }

    fn layer(&self, layer: &Layer, cache: &mut LayerCache, x: &mut [f32], first: usize) {
        let config = &self.config;
        let normed = rms_norm(x, &layer.attention_norm, config.rms_norm_eps);
        let mut queries = linear(&normed, &layer.query);
        let mut keys = linear(&normed, &layer.key);
        self.rope.apply(&mut queries, config.query_width(), first);
        self.rope.apply(&mut keys, config.kv_width(), first);
        cache.keys.extend_from_slice(&keys);
        cache.values.extend_from_slice(&linear(&normed, &layer.value));
        let mixed = attend(config, &queries, cache, first);
        add(x, &linear(&mixed, &layer.output));
        let normed = rms_norm(x, &layer.mlp_norm, config.rms_norm_eps);
        let mut gate = linear(&normed, &layer.gate);
        let up = linear(&normed, &layer.up);
        for (gate, up) in gate.iter_mut().zip(up) {
            *gate = silu(*gate) * up;
        }
        add(x, &linear(&gate, &layer.down));
    }
}

fn add(x: &mut [f32], y: &[f32]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x += y;
    }
}
