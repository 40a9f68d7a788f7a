//! Models of random weights, made in memory from a seed: for tests and for measurements without a download.

use crate::architecture::layout::{layout, TensorShape};
use crate::architecture::tensors::{LayerTensor, TensorName};
use crate::architecture::SpecialTokens;
use crate::architecture::{Activation, Architecture, Decoder, Rotary};
use crate::canonical::blocks::CANONICAL_BLOCK;
use crate::canonical::import::{RowSource, TensorReader};
use crate::canonical::matrix::{Packing, BLOCK};
use crate::canonical::panels::Rows;
use crate::error::ModelError;
use crate::open::model::Model;

/// A model of this architecture. The same seed gives the same weights on every machine.
///
/// An error if a matrix has columns that are no multiple of 32.
pub fn model(architecture: &Architecture, seed: u64) -> Result<Model, ModelError> {
    packed_model(architecture, seed, Packing::Q8)
}

/// As [`model`]; with [`Packing::Q4`] the integers of all matrices of the layers are four bits wide.
pub fn packed_model(architecture: &Architecture, seed: u64, packing: Packing) -> Result<Model, ModelError> {
    let layout = layout(architecture);
    let random = Random { seed, packing, layout: &layout, change: &|_, _, _| {} };
    Model::from_reader(architecture.clone(), SpecialTokens::default(), &layout, &random)
}

/// As [`model`], with special tokens, and with rows changed: `change` is called with the name of every matrix, the row and its
/// canonical bytes (`FORMATS.md`), in any order and from several threads.
pub fn changed_model(
    architecture: &Architecture,
    special: SpecialTokens,
    seed: u64,
    change: &(dyn Fn(TensorName, usize, &mut [u8]) + Sync),
) -> Result<Model, ModelError> {
    let layout = layout(architecture);
    let random = Random { seed, packing: Packing::Q8, layout: &layout, change };
    Model::from_reader(architecture.clone(), special, &layout, &random)
}

/// Shapes of a Llama-like decoder.
#[derive(Clone, Copy, Debug)]
pub struct DecoderShape {
    /// Rows of the embedding table.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Width of the feed-forward layer.
    pub ffn_size: usize,
    /// Layers.
    pub layers: usize,
    /// Query heads.
    pub heads: usize,
    /// Key heads.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Most positions.
    pub context_length: usize,
}

impl DecoderShape {
    /// The architecture, with a tied head and without anything special; its fields may be changed.
    pub fn architecture(self) -> Decoder {
        let pairs = self.head_dim / 2;
        let angle = |pair: usize| libm::pow(1e4, -(pair as f64) / pairs as f64) as f32;
        Decoder {
            vocab_size: self.vocab_size,
            hidden_size: self.hidden_size,
            ffn_size: self.ffn_size,
            layers: self.layers,
            heads: self.heads,
            kv_heads: self.kv_heads,
            head_dim: self.head_dim,
            context_length: self.context_length,
            norm_epsilon: 1e-5,
            activation: Activation::Silu,
            rotary: Rotary { inv_freq: (0..pairs).map(angle).collect(), long: None, attention_factor: 1.0 },
            local_rotary: None,
            windows: vec![None; self.layers],
            attention_scale: (1.0 / libm::sqrt(self.head_dim as f64)) as f32,
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
}

struct Random<'a> {
    seed: u64,
    packing: Packing,
    layout: &'a [TensorShape],
    change: &'a (dyn Fn(TensorName, usize, &mut [u8]) + Sync),
}

impl Random<'_> {
    /// A generator for a part of a tensor, so that parts can be made in any order.
    fn generator(&self, shape: &TensorShape, row: usize) -> Generator {
        let tensor = self.layout.iter().position(|other| other.name == shape.name).unwrap_or_default() as u64;
        let mut generator = Generator(self.seed);
        generator.0 ^= generator.next().wrapping_add(tensor);
        generator.0 ^= generator.next().wrapping_add(row as u64);
        generator
    }
}

impl TensorReader for Random<'_> {
    fn matrix<'a>(&'a self, shape: &TensorShape) -> Result<Box<dyn RowSource + 'a>, ModelError> {
        if !shape.columns.is_multiple_of(BLOCK) {
            return Err(ModelError::ColumnsNotInBlocks {
                file: "synthetic model".to_owned(),
                tensor: shape.name.to_string(),
                columns: shape.columns,
            });
        }
        let packing = match shape.name {
            TensorName::Layer(..) => self.packing,
            _ => Packing::Q8,
        };
        Ok(Box::new(RandomRows { random: self, shape: *shape, packing }))
    }

    fn vector(&self, shape: &TensorShape) -> Result<Vec<f32>, ModelError> {
        let mut generator = self.generator(shape, 0);
        let middle = if is_gain(shape.name) { 1.0 } else { 0.0 };
        Ok((0..shape.columns).map(|_| middle + 0.2 * (generator.unit() - 0.5)).collect())
    }

    fn total_bytes(&self) -> u64 {
        0
    }
}

fn is_gain(name: TensorName) -> bool {
    use LayerTensor as T;
    match name {
        TensorName::EmbeddingNorm | TensorName::OutputNorm => true,
        TensorName::Layer(_, tensor) => matches!(
            tensor,
            T::AttentionNorm | T::QueryNorm | T::KeyNorm | T::PostAttentionNorm | T::FfnNorm | T::PostFfnNorm
        ),
        _ => false,
    }
}

struct RandomRows<'a> {
    random: &'a Random<'a>,
    shape: TensorShape,
    packing: Packing,
}

impl RowSource for RandomRows<'_> {
    fn fill(&self, first: usize, count: usize, rows: &mut Rows, _: &mut Vec<u8>) -> Result<(), ModelError> {
        // Standard deviation of the integers: results of a layer are as large as its inputs.
        let deviation = if self.packing == Packing::Q4 { 4.6 } else { 73.6 };
        let scale = 1.0 / (deviation * libm::sqrt(self.shape.columns as f64)) as f32;
        for row in 0..count {
            let mut generator = self.random.generator(&self.shape, first + row);
            for block in rows.row_mut(row).as_chunks_mut::<CANONICAL_BLOCK>().0 {
                let scale = half::f16::from_f32(scale * (0.7 + 0.6 * generator.unit()));
                block[..2].copy_from_slice(&scale.to_bits().to_le_bytes());
                for integers in block[2..].as_chunks_mut::<8>().0 {
                    *integers = generator.next().to_le_bytes();
                    for integer in integers {
                        *integer = match self.packing {
                            Packing::Q8 => *integer,
                            Packing::Q4 => (*integer & 15).wrapping_sub(8),
                        };
                    }
                }
            }
            (self.random.change)(self.shape.name, first + row, rows.row_mut(row));
        }
        Ok(())
    }

    fn source_row_bytes(&self) -> usize {
        0
    }

    fn has_four_bits(&self) -> bool {
        self.packing == Packing::Q4
    }
}

/// SplitMix64.
struct Generator(u64);

impl Generator {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to 1.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: DecoderShape = DecoderShape {
        vocab_size: 50,
        hidden_size: 64,
        ffn_size: 96,
        layers: 2,
        heads: 2,
        kv_heads: 1,
        head_dim: 32,
        context_length: 128,
    };

    #[test]
    fn the_seed_decides_the_weights() {
        let architecture = Architecture::Decoder(SHAPE.architecture());
        let [first, again, other] = [1, 1, 2].map(|seed| model(&architecture, seed).unwrap());
        assert_eq!(first.weights_root(), again.weights_root());
        assert_ne!(first.weights_root(), other.weights_root());
        let query = first.matrix(TensorName::Layer(1, LayerTensor::Query)).unwrap();
        assert_eq!((query.rows, query.columns, query.packing), (64, 64, Packing::Q8));
        assert_eq!(query.panels.as_ptr() as usize % 64, 0);
        let packed = packed_model(&architecture, 1, Packing::Q4).unwrap();
        assert_eq!(packed.matrix(TensorName::Layer(1, LayerTensor::Query)).unwrap().packing, Packing::Q4);
        assert_eq!(packed.matrix(TensorName::Embedding).unwrap().packing, Packing::Q8);
        let key = TensorName::Layer(0, LayerTensor::Key);
        let flip = |name: TensorName, row: usize, bytes: &mut [u8]| bytes[5] ^= u8::from(name == key && row == 7);
        let changed = changed_model(&architecture, SpecialTokens::default(), 1, &flip).unwrap();
        assert_ne!(changed.weights_root(), first.weights_root());
        for row in 0..32 {
            let rows = [&first, &changed].map(|model| model.matrix(key).unwrap().canonical_row(row));
            assert_eq!(rows[0] == rows[1], row != 7);
        }
    }
}
