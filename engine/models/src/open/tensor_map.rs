//! Where the canonical tensors lie in the files: names, fused matrices, permuted rows.

use crate::architecture::layout::fused;
use crate::architecture::tensors::{LayerTensor, TensorName};
use crate::architecture::{Architecture, Decoder};
use crate::config::families::family::{Family, Names};
use crate::containers::store::Store;

/// Where the rows (of a matrix) or numbers (of a vector) of a canonical tensor are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    /// Name in the file.
    pub tensor: String,
    /// Its rows, of which those from `first` on are the canonical tensor's.
    pub total: usize,
    pub first: usize,
    /// Width of a head whose rows are interleaved: row `2p + a` of the file's head is element `p + a * width/2`.
    pub interleaved: Option<usize>,
    /// Each number is one less than the canonical one.
    pub add_one: bool,
}

impl Mapping {
    fn plain(tensor: String, rows: usize) -> Self {
        Self { tensor, total: rows, first: 0, interleaved: None, add_one: false }
    }

    /// The file's row of a canonical one.
    pub fn row(&self, row: usize) -> usize {
        let row = match self.interleaved {
            None => row,
            Some(width) => {
                let (head, element) = (row / width, row % width);
                let half = width / 2;
                head * width + 2 * (element % half) + element / half
            }
        };
        self.first + row
    }
}

/// The names in a container.
pub(crate) enum Naming {
    /// Those of transformers, behind a prefix.
    Transformers { family: &'static Family, prefix: String, position_offset: usize },
    /// Those of llama.cpp.
    Gguf { family: &'static Family },
}

/// Prefixes of the decoders' tensors: usual, and inside of multimodal models.
const DECODER_PREFIXES: [&str; 3] = ["model.", "model.language_model.", "language_model.model."];
/// Prefixes of the encoders' tensors: as sentence-transformers writes them, and inside of models with a head.
const ENCODER_PREFIXES: [&str; 4] = ["", "bert.", "roberta.", "model."];

/// The prefix in a file; the first if there is none of the tensors that every model has.
pub(crate) fn prefix(store: &Store) -> &'static str {
    let decoder = DECODER_PREFIXES.into_iter().find(|prefix| store.contains(&format!("{prefix}embed_tokens.weight")));
    let encoder = || {
        ENCODER_PREFIXES
            .into_iter()
            .find(|prefix| store.contains(&format!("{prefix}embeddings.word_embeddings.weight")))
    };
    decoder.or_else(encoder).unwrap_or(DECODER_PREFIXES[0])
}

impl Naming {
    /// The mapping of a tensor with this many rows (numbers, if a vector).
    pub fn mapping(&self, store: &Store, architecture: &Architecture, name: TensorName, rows: usize) -> Mapping {
        match (self, architecture) {
            (Self::Transformers { family, prefix, .. }, Architecture::Decoder(decoder)) => {
                transformers_decoder(family, prefix, decoder, name, rows)
            }
            (Self::Transformers { prefix, position_offset, .. }, Architecture::Encoder(_)) => {
                let mut mapping = Mapping::plain(transformers_encoder(store, prefix, name), rows);
                if name == TensorName::PositionEmbedding {
                    mapping.first = *position_offset;
                    mapping.total = rows + position_offset;
                }
                mapping
            }
            (Self::Gguf { family }, Architecture::Decoder(decoder)) => gguf_decoder(family, decoder, name, rows),
            (Self::Gguf { .. }, Architecture::Encoder(_)) => Mapping::plain(gguf_encoder(name), rows),
        }
    }
}

fn transformers_decoder(
    family: &'static Family,
    prefix: &str,
    decoder: &Decoder,
    name: TensorName,
    rows: usize,
) -> Mapping {
    let tensor = match name {
        TensorName::Embedding => format!("{prefix}embed_tokens.weight"),
        TensorName::OutputNorm => format!("{prefix}norm.weight"),
        TensorName::Output => "lm_head.weight".to_owned(),
        TensorName::Layer(layer, tensor) => {
            let own = match fused_names(family, tensor) {
                Some(names) => names.transformers,
                None => transformers_name(tensor, decoder.post_norms),
            };
            format!("{prefix}layers.{layer}.{own}")
        }
        // Only encoders have the others.
        other => other.to_string(),
    };
    let mut mapping = Mapping::plain(tensor, rows);
    split(&mut mapping, family, decoder, name);
    mapping.add_one = family.storage.norms_add_one && is_norm(name);
    mapping
}

fn transformers_name(tensor: LayerTensor, post_norms: bool) -> &'static str {
    use LayerTensor as T;
    match tensor {
        T::AttentionNorm => "input_layernorm.weight",
        T::Query => "self_attn.q_proj.weight",
        T::QueryBias => "self_attn.q_proj.bias",
        T::Key => "self_attn.k_proj.weight",
        T::KeyBias => "self_attn.k_proj.bias",
        T::Value => "self_attn.v_proj.weight",
        T::ValueBias => "self_attn.v_proj.bias",
        T::QueryNorm => "self_attn.q_norm.weight",
        T::KeyNorm => "self_attn.k_norm.weight",
        T::AttentionOutput => "self_attn.o_proj.weight",
        T::AttentionOutputBias => "self_attn.o_proj.bias",
        T::PostAttentionNorm => "post_attention_layernorm.weight",
        T::FfnNorm if post_norms => "pre_feedforward_layernorm.weight",
        T::FfnNorm => "post_attention_layernorm.weight",
        T::Gate => "mlp.gate_proj.weight",
        T::GateBias => "mlp.gate_proj.bias",
        T::Up => "mlp.up_proj.weight",
        T::UpBias => "mlp.up_proj.bias",
        T::Down => "mlp.down_proj.weight",
        T::DownBias => "mlp.down_proj.bias",
        T::PostFfnNorm => "post_feedforward_layernorm.weight",
        T::AttentionNormBias => "input_layernorm.bias",
        T::FfnNormBias => "post_attention_layernorm.bias",
    }
}

/// The names of the fused matrix that a family keeps a layer's matrix in.
fn fused_names(family: &'static Family, tensor: LayerTensor) -> Option<&'static Names> {
    let names = family.storage.fused.as_ref()?;
    match tensor {
        LayerTensor::Query | LayerTensor::Key | LayerTensor::Value => Some(&names.attention),
        LayerTensor::Gate | LayerTensor::Up => Some(&names.ffn),
        _ => None,
    }
}

/// The rows of a canonical matrix in the fused one.
fn split(mapping: &mut Mapping, family: &'static Family, decoder: &Decoder, name: TensorName) {
    let TensorName::Layer(_, tensor) = name else { return };
    if let (Some(_), Some((first, total))) = (fused_names(family, tensor), fused(decoder, tensor)) {
        (mapping.first, mapping.total) = (first, total);
    }
}

fn is_norm(name: TensorName) -> bool {
    use LayerTensor as T;
    match name {
        TensorName::OutputNorm => true,
        TensorName::Layer(_, tensor) => matches!(
            tensor,
            T::AttentionNorm | T::QueryNorm | T::KeyNorm | T::PostAttentionNorm | T::FfnNorm | T::PostFfnNorm
        ),
        _ => false,
    }
}

fn transformers_encoder(store: &Store, prefix: &str, name: TensorName) -> String {
    use LayerTensor as T;
    let own = match name {
        TensorName::Embedding => "embeddings.word_embeddings.weight".to_owned(),
        TensorName::PositionEmbedding => "embeddings.position_embeddings.weight".to_owned(),
        TensorName::TypeEmbedding => "embeddings.token_type_embeddings.weight".to_owned(),
        TensorName::EmbeddingNorm => "embeddings.LayerNorm.weight".to_owned(),
        TensorName::EmbeddingNormBias => "embeddings.LayerNorm.bias".to_owned(),
        TensorName::Layer(layer, tensor) => {
            let own = match tensor {
                T::Query => "attention.self.query.weight",
                T::QueryBias => "attention.self.query.bias",
                T::Key => "attention.self.key.weight",
                T::KeyBias => "attention.self.key.bias",
                T::Value => "attention.self.value.weight",
                T::ValueBias => "attention.self.value.bias",
                T::AttentionOutput => "attention.output.dense.weight",
                T::AttentionOutputBias => "attention.output.dense.bias",
                T::AttentionNorm => "attention.output.LayerNorm.weight",
                T::AttentionNormBias => "attention.output.LayerNorm.bias",
                T::Up => "intermediate.dense.weight",
                T::UpBias => "intermediate.dense.bias",
                T::Down => "output.dense.weight",
                T::DownBias => "output.dense.bias",
                T::FfnNorm => "output.LayerNorm.weight",
                T::FfnNormBias => "output.LayerNorm.bias",
                // Only decoders have the others.
                _ => return format!("{prefix}encoder.layer.{layer}.{tensor}"),
            };
            format!("encoder.layer.{layer}.{own}")
        }
        other => other.to_string(),
    };
    let tensor = format!("{prefix}{own}");
    // Files converted from TensorFlow say gamma and beta.
    let old = tensor.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
    if !store.contains(&tensor) && store.contains(&old) {
        old
    } else {
        tensor
    }
}

fn gguf_decoder(family: &'static Family, decoder: &Decoder, name: TensorName, rows: usize) -> Mapping {
    let tensor = match name {
        TensorName::Embedding => "token_embd.weight".to_owned(),
        TensorName::OutputNorm => "output_norm.weight".to_owned(),
        TensorName::Output => "output.weight".to_owned(),
        TensorName::Layer(layer, tensor) => {
            let own = match fused_names(family, tensor) {
                Some(names) => names.gguf,
                None => gguf_name(tensor),
            };
            format!("blk.{layer}.{own}")
        }
        other => other.to_string(),
    };
    let mut mapping = Mapping::plain(tensor, rows);
    split(&mut mapping, family, decoder, name);
    if family.storage.interleaved && is_rotated(name) {
        mapping.interleaved = Some(decoder.head_dim);
    }
    mapping
}

fn gguf_name(tensor: LayerTensor) -> &'static str {
    use LayerTensor as T;
    match tensor {
        T::AttentionNorm => "attn_norm.weight",
        T::AttentionNormBias => "attn_norm.bias",
        T::Query => "attn_q.weight",
        T::QueryBias => "attn_q.bias",
        T::Key => "attn_k.weight",
        T::KeyBias => "attn_k.bias",
        T::Value => "attn_v.weight",
        T::ValueBias => "attn_v.bias",
        T::QueryNorm => "attn_q_norm.weight",
        T::KeyNorm => "attn_k_norm.weight",
        T::AttentionOutput => "attn_output.weight",
        T::AttentionOutputBias => "attn_output.bias",
        T::PostAttentionNorm => "post_attention_norm.weight",
        T::FfnNorm => "ffn_norm.weight",
        T::FfnNormBias => "ffn_norm.bias",
        T::Gate => "ffn_gate.weight",
        T::GateBias => "ffn_gate.bias",
        T::Up => "ffn_up.weight",
        T::UpBias => "ffn_up.bias",
        T::Down => "ffn_down.weight",
        T::DownBias => "ffn_down.bias",
        T::PostFfnNorm => "post_ffw_norm.weight",
    }
}

fn is_rotated(name: TensorName) -> bool {
    use LayerTensor as T;
    matches!(name, TensorName::Layer(_, T::Query | T::QueryBias | T::Key | T::KeyBias))
}

fn gguf_encoder(name: TensorName) -> String {
    use LayerTensor as T;
    match name {
        TensorName::Embedding => "token_embd.weight".to_owned(),
        TensorName::PositionEmbedding => "position_embd.weight".to_owned(),
        TensorName::TypeEmbedding => "token_types.weight".to_owned(),
        TensorName::EmbeddingNorm => "token_embd_norm.weight".to_owned(),
        TensorName::EmbeddingNormBias => "token_embd_norm.bias".to_owned(),
        TensorName::Layer(layer, tensor) => {
            let own = match tensor {
                T::Query => "attn_q.weight",
                T::QueryBias => "attn_q.bias",
                T::Key => "attn_k.weight",
                T::KeyBias => "attn_k.bias",
                T::Value => "attn_v.weight",
                T::ValueBias => "attn_v.bias",
                T::AttentionOutput => "attn_output.weight",
                T::AttentionOutputBias => "attn_output.bias",
                T::AttentionNorm => "attn_output_norm.weight",
                T::AttentionNormBias => "attn_output_norm.bias",
                T::Up => "ffn_up.weight",
                T::UpBias => "ffn_up.bias",
                T::Down => "ffn_down.weight",
                T::DownBias => "ffn_down.bias",
                T::FfnNorm => "layer_output_norm.weight",
                T::FfnNormBias => "layer_output_norm.bias",
                _ => return format!("blk.{layer}.{tensor}"),
            };
            format!("blk.{layer}.{own}")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interleaved_rows_are_put_back_into_halves() {
        let mapping = Mapping { interleaved: Some(8), ..Mapping::plain(String::new(), 16) };
        // llama.cpp's permutation: reshape (heads, 2, width/2), swap the last two.
        let file: Vec<usize> =
            (0..2).flat_map(|head| (0..4).flat_map(move |p| [head * 8 + p, head * 8 + 4 + p])).collect();
        let restored: Vec<usize> = (0..16).map(|row| file[mapping.row(row)]).collect();
        assert_eq!(restored, (0..16).collect::<Vec<_>>());
    }
}
