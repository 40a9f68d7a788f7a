//! Decoders of random tensors, computed from the definitions: a plain reference over `strike-arithmetic`.

#![allow(clippy::needless_range_loop)]

use std::sync::Arc;

use strike_arithmetic::activations::quantize_row;
use strike_arithmetic::attention::{attend, Cache};
use strike_arithmetic::half::f32_to_f16;
use strike_arithmetic::weights::{quantize, WeightBlock};
use strike_arithmetic::{functions, linear, norm, rotary};
use strike_models::architecture::{Activation, Architecture, Decoder, Rotary};
use strike_models::tensors::{LayerTensor, Matrix, Packing, TensorName, BLOCK, PANEL_BLOCK_Q8, PANEL_COLUMNS};
use strike_models::Adapter;

use crate::exact::tensors::Tensors;

/// Rows, columns, the rows as blocks and as panels.
type RandomMatrix = (usize, usize, Vec<Vec<WeightBlock>>, Vec<u8>);

pub(crate) struct RandomTensors {
    architecture: Architecture,
    pub matrices: std::collections::HashMap<TensorName, RandomMatrix>,
    pub vectors: std::collections::HashMap<TensorName, Vec<f32>>,
    pub adapter: Option<Arc<Adapter>>,
}

pub(crate) struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn number(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

impl RandomTensors {
    pub fn empty(architecture: Architecture) -> Self {
        Self { architecture, matrices: Default::default(), vectors: Default::default(), adapter: None }
    }

    /// The product of a matrix with a row, and what the adapter adds to it, from the definitions.
    pub fn product(&self, name: TensorName, x: &[f32]) -> Vec<f32> {
        let activations = quantize_row(x).expect("finite");
        let mut products: Vec<f32> = self.matrices[&name].2.iter().map(|row| linear::dot(row, &activations)).collect();
        if let (Some(adapter), TensorName::Layer(layer, tensor)) = (&self.adapter, name) {
            if let Some(factors) = adapter.factors(layer, tensor) {
                let inner: Vec<f32> = blocks(&factors.a).iter().map(|row| linear::dot(row, &activations)).collect();
                let inner = quantize_row(&inner).expect("finite");
                for (product, row) in products.iter_mut().zip(blocks(&factors.b)) {
                    *product += linear::dot(&row, &inner);
                }
            }
        }
        products
    }

    /// A row of a matrix as numbers.
    pub fn row(&self, name: TensorName, row: usize) -> Vec<f32> {
        let blocks = self.matrices[&name].2[row].iter();
        blocks.flat_map(|block| block.q.map(|q| linear::dequantize::<f32>(block.scale, q))).collect()
    }

    pub fn new(decoder: Decoder, seed: u64) -> Self {
        let mut random = Random(seed);
        let mut tensors = Self::empty(Architecture::Decoder(decoder.clone()));
        let (hidden, ffn) = (decoder.hidden_size, decoder.ffn_size);
        let (query, kv) = (decoder.heads * decoder.head_dim, decoder.kv_heads * decoder.head_dim);
        tensors.matrix_of(TensorName::Embedding, decoder.vocab_size, hidden, &mut random);
        tensors.vector_of(TensorName::OutputNorm, hidden, 1.0, &mut random);
        for layer in 0..decoder.layers as u16 {
            use LayerTensor as T;
            let mut matrix = |tensor, rows, columns| {
                tensors.matrix_of(TensorName::Layer(layer, tensor), rows, columns, &mut random);
            };
            matrix(T::Query, query, hidden);
            matrix(T::Key, kv, hidden);
            matrix(T::Value, kv, hidden);
            matrix(T::AttentionOutput, hidden, query);
            matrix(T::Gate, ffn, hidden);
            matrix(T::Up, ffn, hidden);
            matrix(T::Down, hidden, ffn);
            for (tensor, size, mean) in [
                (T::AttentionNorm, hidden, 1.0),
                (T::FfnNorm, hidden, 1.0),
                (T::PostAttentionNorm, hidden, 1.0),
                (T::PostFfnNorm, hidden, 1.0),
                (T::QueryNorm, decoder.head_dim, 1.0),
                (T::KeyNorm, decoder.head_dim, 1.0),
                (T::QueryBias, query, 0.0),
                (T::KeyBias, kv, 0.0),
                (T::ValueBias, kv, 0.0),
                (T::AttentionOutputBias, hidden, 0.0),
                (T::GateBias, ffn, 0.0),
                (T::UpBias, ffn, 0.0),
                (T::DownBias, hidden, 0.0),
            ] {
                tensors.vector_of(TensorName::Layer(layer, tensor), size, mean, &mut random);
            }
        }
        tensors
    }

    pub fn vector_of(&mut self, name: TensorName, size: usize, mean: f32, random: &mut Random) {
        self.vectors.insert(name, (0..size).map(|_| mean + 0.3 * random.number()).collect());
    }

    pub fn matrix_of(&mut self, name: TensorName, rows: usize, columns: usize, random: &mut Random) {
        let scale = 2.0 / (columns as f32).sqrt();
        let blocks = columns / BLOCK;
        let values: Vec<Vec<WeightBlock>> = (0..rows)
            .map(|_| {
                (0..blocks)
                    .map(|_| quantize(&std::array::from_fn(|_| random.number() * scale)).expect("finite"))
                    .collect()
            })
            .collect();
        let mut panels = vec![0; rows.div_ceil(PANEL_COLUMNS) * blocks * PANEL_BLOCK_Q8];
        for (row, row_blocks) in values.iter().enumerate() {
            let (panel, column) = (row / PANEL_COLUMNS, row % PANEL_COLUMNS);
            for (at, block) in row_blocks.iter().enumerate() {
                let bytes = &mut panels[(panel * blocks + at) * PANEL_BLOCK_Q8..][..PANEL_BLOCK_Q8];
                bytes[2 * column..][..2].copy_from_slice(&block.scale.to_le_bytes());
                for (input, q) in block.q.iter().enumerate() {
                    bytes[64 + 128 * (input / 4) + 4 * column + input % 4] = *q as u8;
                }
            }
        }
        self.matrices.insert(name, (rows, columns, values, panels));
    }
}

/// The rows of a matrix.
fn blocks(matrix: &Matrix<'_>) -> Vec<Vec<WeightBlock>> {
    let block = |bytes: &[u8]| WeightBlock {
        scale: u16::from_le_bytes([bytes[0], bytes[1]]),
        q: std::array::from_fn(|at| bytes[2 + at] as i8),
    };
    (0..matrix.rows).map(|row| matrix.canonical_row(row).chunks(34).map(block).collect()).collect()
}

/// A random adapter of rank 40, which is no multiple of 32, for some of the matrices of a decoder.
pub(crate) fn adapter(decoder: &Decoder) -> Arc<Adapter> {
    let mut random = Random(0x2468_ace1);
    let mut tensors = Vec::new();
    let (hidden, query) = (decoder.hidden_size, decoder.heads * decoder.head_dim);
    let kv = decoder.kv_heads * decoder.head_dim;
    for (module, outputs, inputs) in [
        ("0.self_attn.q_proj", query, hidden),
        ("0.self_attn.v_proj", kv, hidden),
        ("1.self_attn.k_proj", kv, hidden),
        ("1.self_attn.o_proj", hidden, query),
        ("0.mlp.up_proj", decoder.ffn_size, hidden),
        ("1.mlp.gate_proj", decoder.ffn_size, hidden),
        ("1.mlp.down_proj", hidden, decoder.ffn_size),
    ] {
        for (part, shape) in [("A", vec![40, inputs]), ("B", vec![outputs, 40])] {
            let values = (0..shape.iter().product()).map(|_| 0.3 * random.number());
            let bytes: Vec<u8> = values.flat_map(f32::to_le_bytes).collect();
            tensors.push((format!("base_model.model.model.layers.{module}.lora_{part}.weight"), shape, bytes));
        }
    }
    let views = tensors.iter().map(|(name, shape, bytes)| {
        let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), bytes);
        (name, view.expect("a tensor"))
    });
    let folder = tempfile::tempdir().expect("a folder");
    let config = r#"{"peft_type": "LORA", "r": 40, "lora_alpha": 17}"#;
    std::fs::write(folder.path().join("adapter_config.json"), config).expect("a file");
    let file = safetensors::serialize(views, None).expect("a file");
    std::fs::write(folder.path().join("adapter_model.safetensors"), file).expect("a file");
    Arc::new(Adapter::open(folder.path(), &Architecture::Decoder(decoder.clone())).expect("an adapter"))
}

impl Tensors for RandomTensors {
    fn architecture(&self) -> &Architecture {
        &self.architecture
    }
    fn matrix(&self, name: TensorName) -> Option<Matrix<'_>> {
        let (rows, columns, _, panels) = self.matrices.get(&name)?;
        Some(Matrix { rows: *rows, columns: *columns, packing: Packing::Q8, panels })
    }
    fn vector(&self, name: TensorName) -> Option<&[f32]> {
        self.vectors.get(&name).map(Vec::as_slice)
    }
}

pub(crate) fn decoder(layers: usize) -> Decoder {
    let inv_freq = |base: f32| (0..16).map(|i| base.powf(-(i as f32) / 16.0)).collect();
    Decoder {
        vocab_size: 100,
        hidden_size: 96,
        ffn_size: 160,
        layers,
        heads: 6,
        kv_heads: 2,
        head_dim: 32,
        context_length: 1024,
        norm_epsilon: 1e-5,
        activation: Activation::Silu,
        rotary: Rotary { inv_freq: inv_freq(10_000.0), long: None, attention_factor: 1.0 },
        local_rotary: None,
        windows: vec![None; layers],
        attention_scale: 0.176_776_7,
        attention_softcap: None,
        logit_softcap: None,
        embedding_scale: None,
        qkv_bias: false,
        attention_output_bias: false,
        ffn_bias: false,
        qk_norm: false,
        post_norms: false,
        tied_embeddings: true,
    }
}

/// As [`decoder`] with everything switched on.
pub(crate) fn elaborate(layers: usize) -> Decoder {
    let plain = decoder(layers);
    Decoder {
        activation: Activation::GeluTanh,
        local_rotary: Some(Rotary {
            inv_freq: (0..8).map(|i| 100f32.powf(-(i as f32) / 8.0)).collect(),
            long: None,
            attention_factor: 1.1,
        }),
        windows: (0..layers).map(|layer| (layer % 2 == 0).then_some(9)).collect(),
        attention_softcap: Some(20.0),
        logit_softcap: Some(30.0),
        embedding_scale: Some(9.8),
        qkv_bias: true,
        attention_output_bias: true,
        ffn_bias: true,
        qk_norm: true,
        post_norms: true,
        ..plain
    }
}

/// Logits of every position, one at a time, from the definitions.
pub(crate) fn reference(tensors: &RandomTensors, tokens: &[u32]) -> Vec<Vec<f32>> {
    let Architecture::Decoder(decoder) = &tensors.architecture else { panic!() };
    let width = decoder.head_dim;
    let product = |name: TensorName, x: &[f32]| tensors.product(name, x);
    let vector = |layer: usize, tensor| &tensors.vectors[&TensorName::Layer(layer as u16, tensor)];
    let add = |x: &mut [f32], y: &[f32]| x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
    let mut caches = vec![vec![(Vec::new(), Vec::new()); decoder.kv_heads]; decoder.layers];
    let mut logits = Vec::new();
    for (position, token) in tokens.iter().enumerate() {
        let mut hidden = tensors.row(TensorName::Embedding, *token as usize);
        if let Some(factor) = decoder.embedding_scale {
            hidden.iter_mut().for_each(|x| *x *= factor);
        }
        for layer in 0..decoder.layers {
            use LayerTensor as T;
            let name = |tensor| TensorName::Layer(layer as u16, tensor);
            let mut normed = hidden.clone();
            norm::rms_norm(&mut normed, vector(layer, T::AttentionNorm), decoder.norm_epsilon);
            let [mut query, mut key, mut value] = [T::Query, T::Key, T::Value].map(|t| product(name(t), &normed));
            if decoder.qkv_bias {
                add(&mut query, vector(layer, T::QueryBias));
                add(&mut key, vector(layer, T::KeyBias));
                add(&mut value, vector(layer, T::ValueBias));
            }
            let rotary = match (decoder.windows[layer], &decoder.local_rotary) {
                (Some(_), Some(local)) => local,
                _ => &decoder.rotary,
            };
            let angles: Vec<(f32, f32)> = rotary
                .inv_freq
                .iter()
                .map(|f| rotary::sine_cosine(position as u32, *f, rotary.attention_factor))
                .collect();
            for (row, tensor) in [(&mut query, T::QueryNorm), (&mut key, T::KeyNorm)] {
                for head in row.chunks_exact_mut(width) {
                    if decoder.qk_norm {
                        norm::rms_norm(head, vector(layer, tensor), decoder.norm_epsilon);
                    }
                    rotary::rotate(head, &angles);
                }
            }
            let mut attended = Vec::new();
            for (kv_head, (keys, values)) in caches[layer].iter_mut().enumerate() {
                keys.extend(key[kv_head * width..][..width].iter().map(|x| f32_to_f16(*x)));
                values.extend(value[kv_head * width..][..width].iter().map(|x| f32_to_f16(*x)));
                let group = decoder.heads / decoder.kv_heads;
                for head in kv_head * group..(kv_head + 1) * group {
                    let first = decoder.windows[layer].map_or(0, |window| (position + 1).saturating_sub(window));
                    attended.extend(attend(
                        &query[head * width..][..width],
                        &Cache { keys, values, width },
                        first,
                        position + 1,
                        decoder.attention_scale,
                        decoder.attention_softcap,
                    ));
                }
            }
            let mut output = product(name(T::AttentionOutput), &attended);
            if decoder.attention_output_bias {
                add(&mut output, vector(layer, T::AttentionOutputBias));
            }
            if decoder.post_norms {
                norm::rms_norm(&mut output, vector(layer, T::PostAttentionNorm), decoder.norm_epsilon);
            }
            add(&mut hidden, &output);
            let mut normed = hidden.clone();
            norm::rms_norm(&mut normed, vector(layer, T::FfnNorm), decoder.norm_epsilon);
            let (mut gate, mut up) = (product(name(T::Gate), &normed), product(name(T::Up), &normed));
            if decoder.ffn_bias {
                add(&mut gate, vector(layer, T::GateBias));
                add(&mut up, vector(layer, T::UpBias));
            }
            let function = match decoder.activation {
                Activation::Silu => functions::silu,
                Activation::GeluErf => functions::gelu_erf,
                Activation::GeluTanh => functions::gelu_tanh,
            };
            gate.iter_mut().zip(&up).for_each(|(g, u)| *g = function(*g) * u);
            let mut output = product(name(T::Down), &gate);
            if decoder.ffn_bias {
                add(&mut output, vector(layer, T::DownBias));
            }
            if decoder.post_norms {
                norm::rms_norm(&mut output, vector(layer, T::PostFfnNorm), decoder.norm_epsilon);
            }
            add(&mut hidden, &output);
        }
        norm::rms_norm(&mut hidden, &tensors.vectors[&TensorName::OutputNorm], decoder.norm_epsilon);
        let mut row = product(TensorName::Embedding, &hidden);
        if let Some(cap) = decoder.logit_softcap {
            row.iter_mut().for_each(|x| *x = functions::soft_cap(*x, cap));
        }
        logits.push(row);
    }
    logits
}

pub(crate) fn bits(logits: &[f32]) -> Vec<u32> {
    logits.iter().map(|x| x.to_bits()).collect()
}
