//! The model being trained: Llama architecture with tied embeddings, in candle tensors.

use std::sync::Arc;

use candle_core::{Device, Result, Tensor, Var};
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::attention::{document_starts, rotation, Attention};
use crate::ops::{CrossEntropy, RmsNorm, SwiGlu};

/// The `config.json` of the model, with the field names of the Llama architecture.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Config {
    pub architectures: Vec<String>,
    pub model_type: String,
    pub hidden_size: usize,
    pub intermediate_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub num_key_value_heads: usize,
    pub head_dim: usize,
    pub vocab_size: usize,
    pub max_position_embeddings: usize,
    pub rms_norm_eps: f64,
    pub rope_theta: f64,
    pub tie_word_embeddings: bool,
    pub hidden_act: String,
    pub bos_token_id: u32,
    pub eos_token_id: u32,
    pub torch_dtype: String,
}

struct Layer {
    attention_norm: Var,
    qkv: Var,
    output: Var,
    mlp_norm: Var,
    gate_up: Var,
    down: Var,
}

/// The parameters.
pub struct Model {
    config: Config,
    embedding: Var,
    layers: Vec<Layer>,
    norm: Var,
    rotation: Arc<(Vec<f32>, Vec<f32>)>,
}

/// Normal values of the given deviation (Box-Muller), from a seeded stream.
fn normal(random: &mut ChaCha8Rng, shape: (usize, usize), deviation: f64) -> Result<Var> {
    let mut unit = || (f64::from(random.next_u32()) + 0.5) / 4_294_967_296.0;
    let values: Vec<f32> = (0..shape.0 * shape.1)
        .map(|_| {
            let radius = (-2.0 * unit().ln()).sqrt();
            (radius * (std::f64::consts::TAU * unit()).cos() * deviation) as f32
        })
        .collect();
    Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu)?)
}

impl Model {
    /// Fresh parameters drawn from `seed`.
    pub fn new(config: &Config, seed: u64) -> Result<Self> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let (h, i) = (config.hidden_size, config.intermediate_size);
        let d = config.head_dim;
        let (q, kv) = (config.num_attention_heads * d, config.num_key_value_heads * d);
        let inner = (h as f64).powf(-0.5);
        // Outputs into the residual stream start smaller, the deeper the model is.
        let residual = 1.0 / (2.0 * config.num_hidden_layers as f64).sqrt();
        let ones = || Var::from_tensor(&Tensor::ones(h, candle_core::DType::F32, &Device::Cpu)?);
        let embedding = normal(&mut random, (config.vocab_size, h), 0.02)?;
        let layers = (0..config.num_hidden_layers)
            .map(|_| {
                Ok(Layer {
                    attention_norm: ones()?,
                    qkv: normal(&mut random, (q + 2 * kv, h), inner)?,
                    output: normal(&mut random, (h, q), (q as f64).powf(-0.5) * residual)?,
                    mlp_norm: ones()?,
                    gate_up: normal(&mut random, (2 * i, h), inner)?,
                    down: normal(&mut random, (h, i), (i as f64).powf(-0.5) * residual)?,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let rotation = Arc::new(rotation(config.max_position_embeddings, d, config.rope_theta));
        Ok(Self { config: config.clone(), embedding, layers, norm: ones()?, rotation })
    }

    /// Overwrites the parameters with those of an exported file.
    pub fn load(&self, path: &std::path::Path) -> Result<()> {
        let tensors = candle_core::safetensors::load(path, &Device::Cpu)?;
        let get = |name: &str| match tensors.get(name) {
            Some(tensor) => tensor.to_dtype(candle_core::DType::F32),
            None => candle_core::bail!("{}: tensor {name} is missing", path.display()),
        };
        self.embedding.set(&get("model.embed_tokens.weight")?)?;
        self.norm.set(&get("model.norm.weight")?)?;
        for (at, layer) in self.layers.iter().enumerate() {
            let get = |name: &str| get(&format!("model.layers.{at}.{name}.weight"));
            let join = |names: &[&str]| {
                let parts = names.iter().map(|name| get(name)).collect::<Result<Vec<_>>>()?;
                Tensor::cat(&parts, 0)
            };
            layer.attention_norm.set(&get("input_layernorm")?)?;
            layer.mlp_norm.set(&get("post_attention_layernorm")?)?;
            layer.qkv.set(&join(&["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"])?)?;
            layer.output.set(&get("self_attn.o_proj")?)?;
            layer.gate_up.set(&join(&["mlp.gate_proj", "mlp.up_proj"])?)?;
            layer.down.set(&get("mlp.down_proj")?)?;
        }
        Ok(())
    }

    /// All parameters that are trained: the matrices, then the gains.
    pub fn parameters(&self) -> (Vec<Var>, Vec<Var>) {
        let mut matrices = vec![self.embedding.clone()];
        let mut gains = vec![self.norm.clone()];
        for layer in &self.layers {
            matrices.extend([&layer.qkv, &layer.output, &layer.gate_up, &layer.down].map(Var::clone));
            gains.extend([&layer.attention_norm, &layer.mlp_norm].map(Var::clone));
        }
        (matrices, gains)
    }

    /// Logits, one row a token, for sequences of `sequence` tokens one after the other.
    pub fn logits(&self, tokens: &[u32], sequence: usize) -> Result<Tensor> {
        let c = &self.config;
        let norm = |x: &Tensor, gain: &Var| x.apply_op2(gain, RmsNorm { epsilon: c.rms_norm_eps as f32 });
        let linear = |x: &Tensor, w: &Var| x.matmul(&w.t()?);
        let starts = Arc::new(document_starts(tokens, sequence, c.bos_token_id));
        let ids = Tensor::from_slice(tokens, tokens.len(), &Device::Cpu)?;
        let mut x = self.embedding.index_select(&ids, 0)?;
        for layer in &self.layers {
            let qkv = linear(&norm(&x, &layer.attention_norm)?, &layer.qkv)?;
            let mixed = qkv.apply_op1(Attention {
                sequence,
                heads: c.num_attention_heads,
                kv_heads: c.num_key_value_heads,
                head_dim: c.head_dim,
                starts: starts.clone(),
                rotation: self.rotation.clone(),
            })?;
            x = (x + linear(&mixed, &layer.output)?)?;
            let gate_up = linear(&norm(&x, &layer.mlp_norm)?, &layer.gate_up)?;
            x = (x + linear(&gate_up.apply_op1(SwiGlu)?, &layer.down)?)?;
        }
        linear(&norm(&x, &self.norm)?, &self.embedding)
    }

    /// Mean loss in nats a token.
    pub fn loss(&self, tokens: &[u32], targets: Vec<u32>, sequence: usize) -> Result<Tensor> {
        self.logits(tokens, sequence)?.apply_op1(CrossEntropy { targets })
    }

    /// The parameters under the names of the Llama architecture, in f32.
    pub fn named(&self) -> Result<Vec<(String, Tensor)>> {
        let c = &self.config;
        let (q, kv) = (c.num_attention_heads * c.head_dim, c.num_key_value_heads * c.head_dim);
        let i = c.intermediate_size;
        let mut out = vec![
            ("model.embed_tokens.weight".to_owned(), self.embedding.as_tensor().clone()),
            ("model.norm.weight".to_owned(), self.norm.as_tensor().clone()),
        ];
        for (at, layer) in self.layers.iter().enumerate() {
            let mut put = |name: &str, tensor: Tensor| out.push((format!("model.layers.{at}.{name}.weight"), tensor));
            put("input_layernorm", layer.attention_norm.as_tensor().clone());
            put("post_attention_layernorm", layer.mlp_norm.as_tensor().clone());
            put("self_attn.q_proj", layer.qkv.narrow(0, 0, q)?);
            put("self_attn.k_proj", layer.qkv.narrow(0, q, kv)?);
            put("self_attn.v_proj", layer.qkv.narrow(0, q + kv, kv)?);
            put("self_attn.o_proj", layer.output.as_tensor().clone());
            put("mlp.gate_proj", layer.gate_up.narrow(0, 0, i)?);
            put("mlp.up_proj", layer.gate_up.narrow(0, i, i)?);
            put("mlp.down_proj", layer.down.as_tensor().clone());
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Config, Model};

    /// Two implementations that share no code: this one in candle tensors, the engine in its own
    /// kernels with a cache.
    #[test]
    fn the_engine_generates_what_the_trained_model_predicts() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../engine/inference/models/builtin");
        let config = std::fs::read(directory.join("config.json")).expect("the built-in config is there");
        let config: Config = serde_json::from_slice(&config).expect("the built-in config is JSON");
        let model = Model::new(&config, 1).expect("fresh parameters");
        model.load(&directory.join("model.safetensors")).expect("the built-in parameters load");
        let engine = strike_inference::Model::load(&directory).expect("the engine loads the built-in model");
        for prompt in ["Once upon a time", "Question: Who keeps the sheep? Answer:", "Tell me about the forest."] {
            let request = strike_inference::GenerateRequest {
                prompt: prompt.into(),
                max_tokens: 60,
                sampler: strike_inference::Sampler::GREEDY,
                seed: [0; 32],
                stop: vec![],
            };
            let made = engine
                .generate(&request, &strike_inference::Control::default(), &mut |_| {})
                .expect("the request is valid");
            let mut tokens = made.prompt_tokens.clone();
            tokens.extend(&made.tokens[..made.tokens.len() - 1]);
            let logits = model.logits(&tokens, tokens.len()).expect("a forward pass");
            let logits = logits.to_vec2::<f32>().expect("rows of logits");
            for (row, chosen) in logits[made.prompt_tokens.len() - 1..].iter().zip(&made.tokens) {
                let best = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                // Rounding differs, so a near tie may fall the other way.
                assert!(best - row[*chosen as usize] < 1e-3, "{prompt}: {best} against {}", row[*chosen as usize]);
            }
        }
    }
}
