//! Where the canonical tensors lie in the files: names, fused matrices, permuted rows.

use crate::architecture::{Architecture, Decoder};
use crate::config::Family;
use crate::store::Store;
use crate::tensors::{LayerTensor, TensorName};

/// Where the rows (of a matrix) or numbers (of a vector) of a canonical tensor are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
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

impl Origin {
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
    Transformers { family: Family, prefix: String, position_offset: usize },
    /// Those of llama.cpp.
    Gguf { family: Family },
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
    /// The origin of a tensor with this many rows (numbers, if a vector).
    pub fn origin(&self, store: &Store, architecture: &Architecture, name: TensorName, rows: usize) -> Origin {
        match (self, architecture) {
            (Self::Transformers { family, prefix, .. }, Architecture::Decoder(decoder)) => {
                transformers_decoder(*family, prefix, decoder, name, rows)
            }
            (Self::Transformers { prefix, position_offset, .. }, Architecture::Encoder(_)) => {
                let mut origin = Origin::plain(transformers_encoder(store, prefix, name), rows);
                if name == TensorName::PositionEmbedding {
                    origin.first = *position_offset;
                    origin.total = rows + position_offset;
                }
                origin
            }
            (Self::Gguf { family }, Architecture::Decoder(decoder)) => gguf_decoder(*family, decoder, name, rows),
            (Self::Gguf { .. }, Architecture::Encoder(_)) => Origin::plain(gguf_encoder(name), rows),
        }
    }
}

/// First row and all rows of a part of Phi-3's fused matrices, query, key and value or gate and up.
pub(crate) fn fused(decoder: &Decoder, tensor: LayerTensor) -> Option<(usize, usize)> {
    let (queries, keys) = (decoder.heads * decoder.head_dim, decoder.kv_heads * decoder.head_dim);
    let attention = queries + 2 * keys;
    match tensor {
        LayerTensor::Query => Some((0, attention)),
        LayerTensor::Key => Some((queries, attention)),
        LayerTensor::Value => Some((queries + keys, attention)),
        LayerTensor::Gate => Some((0, 2 * decoder.ffn_size)),
        LayerTensor::Up => Some((decoder.ffn_size, 2 * decoder.ffn_size)),
        _ => None,
    }
}

fn transformers_decoder(family: Family, prefix: &str, decoder: &Decoder, name: TensorName, rows: usize) -> Origin {
    use LayerTensor as T;
    let tensor = match name {
        TensorName::Embedding => format!("{prefix}embed_tokens.weight"),
        TensorName::OutputNorm => format!("{prefix}norm.weight"),
        TensorName::Output => "lm_head.weight".to_owned(),
        TensorName::Layer(layer, tensor) => {
            let gemma = family.norms_add_one();
            let own = match tensor {
                T::Query | T::Key | T::Value if family == Family::Phi3 => "self_attn.qkv_proj.weight",
                T::Gate | T::Up if family == Family::Phi3 => "mlp.gate_up_proj.weight",
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
                T::FfnNorm if gemma => "pre_feedforward_layernorm.weight",
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
            };
            format!("{prefix}layers.{layer}.{own}")
        }
        // Only encoders have the others.
        other => other.to_string(),
    };
    let mut origin = Origin::plain(tensor, rows);
    split(&mut origin, family, decoder, name);
    origin.add_one = family.norms_add_one() && is_norm(name);
    origin
}

fn split(origin: &mut Origin, family: Family, decoder: &Decoder, name: TensorName) {
    if let (Family::Phi3, TensorName::Layer(_, tensor)) = (family, name) {
        if let Some((first, total)) = fused(decoder, tensor) {
            (origin.first, origin.total) = (first, total);
        }
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

fn gguf_decoder(family: Family, decoder: &Decoder, name: TensorName, rows: usize) -> Origin {
    use LayerTensor as T;
    let tensor = match name {
        TensorName::Embedding => "token_embd.weight".to_owned(),
        TensorName::OutputNorm => "output_norm.weight".to_owned(),
        TensorName::Output => "output.weight".to_owned(),
        TensorName::Layer(layer, tensor) => {
            let own = match tensor {
                T::Query | T::Key | T::Value if family == Family::Phi3 => "attn_qkv.weight",
                T::Gate | T::Up if family == Family::Phi3 => "ffn_up.weight",
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
            };
            format!("blk.{layer}.{own}")
        }
        other => other.to_string(),
    };
    let mut origin = Origin::plain(tensor, rows);
    split(&mut origin, family, decoder, name);
    if let (Family::Llama, TensorName::Layer(_, T::Query | T::QueryBias | T::Key | T::KeyBias)) = (family, name) {
        origin.interleaved = Some(decoder.head_dim);
    }
    origin
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
        let origin = Origin { interleaved: Some(8), ..Origin::plain(String::new(), 16) };
        // llama.cpp's permutation: reshape (heads, 2, width/2), swap the last two.
        let file: Vec<usize> =
            (0..2).flat_map(|head| (0..4).flat_map(move |p| [head * 8 + p, head * 8 + 4 + p])).collect();
        let restored: Vec<usize> = (0..16).map(|row| file[origin.row(row)]).collect();
        assert_eq!(restored, (0..16).collect::<Vec<_>>());
    }
}
