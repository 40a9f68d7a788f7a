//! The weights root and the model root: `FORMATS.md`.

use crate::architecture::encode::encode;
use crate::architecture::layout::{TensorKind, TensorShape};
use crate::architecture::Architecture;
use crate::architecture::SpecialTokens;
use crate::canonical::merkle::{tagged, top, Hash};

/// Version of the arithmetic.
pub const ARITHMETIC_VERSION: u32 = 1;

/// Index of weights among the kinds of artifacts (`docs/protocol.md`, "Artifacts").
const WEIGHTS_KIND: u8 = 2;

/// Leaf of a matrix whose rows have these leaves.
pub(crate) fn matrix_leaf(shape: &TensorShape, rows: Vec<Hash>) -> Hash {
    leaf(shape, &top(rows))
}

/// A vector's canonical bytes.
pub(crate) fn vector_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Leaf of a vector, which is one row.
pub(crate) fn vector_leaf(shape: &TensorShape, values: &[f32]) -> Hash {
    leaf(shape, &tagged("strike/1/leaf", &[&vector_bytes(values)]))
}

fn leaf(shape: &TensorShape, rows: &Hash) -> Hash {
    let name = shape.name.to_string();
    let kind = match shape.kind {
        TensorKind::Matrix => 0,
        TensorKind::Vector => 1,
    };
    tagged(
        "strike/1/leaf",
        &[
            &(name.len() as u32).to_le_bytes(),
            name.as_bytes(),
            &[kind],
            &(shape.rows as u64).to_le_bytes(),
            &(shape.columns as u64).to_le_bytes(),
            rows,
        ],
    )
}

/// A typed root: `docs/protocol.md`, "Merkle trees".
pub(crate) fn typed_root(kind: u8, length: u64, top: &Hash) -> Hash {
    tagged("strike/1/root", &[&[kind], &length.to_le_bytes(), top])
}

/// The typed root over the leaves of all tensors; `length` is their canonical bytes.
pub(crate) fn weights_root(leaves: Vec<Hash>, length: u64) -> Hash {
    typed_root(WEIGHTS_KIND, length, &top(leaves))
}

/// What names a model of the exact class: arithmetic, architecture, weights, tokenizer and special tokens.
///
/// `tokenizer_root` is the file root of the tokenizer's bytes.
pub fn model_root(
    architecture: &Architecture,
    weights_root: &[u8; 32],
    tokenizer_root: &[u8; 32],
    special: &SpecialTokens,
) -> [u8; 32] {
    let architecture = encode(architecture);
    let mut tokens = Vec::new();
    tokens.push(u8::from(special.bos.is_some()));
    tokens.extend(special.bos.unwrap_or(0).to_le_bytes());
    tokens.extend((special.eos.len() as u32).to_le_bytes());
    tokens.extend(special.eos.iter().flat_map(|id| id.to_le_bytes()));
    tagged(
        "strike/1/model",
        &[
            &ARITHMETIC_VERSION.to_le_bytes(),
            &(architecture.len() as u64).to_le_bytes(),
            &architecture,
            weights_root,
            tokenizer_root,
            &tokens,
        ],
    )
}

/// What names a model with an adapter: the root of the model without it, and that of the adapter.
pub fn adapted_model_root(model_root: &[u8; 32], adapter_root: &[u8; 32]) -> [u8; 32] {
    tagged("strike/1/adapted-model", &[model_root, adapter_root])
}
