//! LoRA adapters as PEFT writes them, in canonical form: `FORMATS.md`, "Adapters".

mod config;
mod files;
mod float;
mod modules;

use std::collections::BTreeMap;
use std::path::Path;

use crate::architecture::layout::{TensorKind, TensorShape};
use crate::architecture::tensors::{LayerTensor, TensorName};
use crate::architecture::Architecture;
use crate::canonical::aligned::Aligned;
use crate::canonical::blocks::row_bytes;
use crate::canonical::import::{memory_matrix, ImportError};
use crate::canonical::matrix::{Matrix, Packing, BLOCK};
use crate::canonical::merkle::{tagged, top, Hash};
use crate::canonical::root::{matrix_leaf, typed_root};
use crate::error::ModelError;

use files::{AdapterFiles, FactorRows};
pub use float::{FloatAdapter, FloatFactors};

/// Index of adapters among the kinds of artifacts (`docs/protocol.md`, "Artifacts").
const ADAPTER_KIND: u8 = 4;

/// A LoRA adapter for the layers of a decoder.
pub struct Adapter {
    rank: usize,
    pairs: BTreeMap<TensorName, Pair>,
    bytes: u64,
    root: Hash,
}

/// What an adapter adds to the products of one matrix: `y ← y + B (A x)`, the scale being part of `B`.
#[derive(Clone, Copy, Debug)]
pub struct Factors<'a> {
    /// `rank × inputs`, with zero rows up to a multiple of 32.
    pub a: Matrix<'a>,
    /// `outputs × rank`, each number times the scale, with zero columns up to a multiple of 32.
    pub b: Matrix<'a>,
}

struct Pair {
    a: Owned,
    b: Owned,
}

struct Owned {
    rows: usize,
    columns: usize,
    packing: Packing,
    panels: Aligned,
}

impl Owned {
    fn matrix(&self) -> Matrix<'_> {
        Matrix { rows: self.rows, columns: self.columns, packing: self.packing, panels: self.panels.bytes() }
    }
}

impl Adapter {
    /// Reads `adapter_config.json` and `adapter_model.safetensors` of a folder.
    ///
    /// Every tensor of the file must belong to a matrix of the architecture's layers and have its shape. What changes the
    /// formula in another way (DoRA, biases, layers that are replaced as a whole) is refused.
    pub fn open(folder: &Path, architecture: &Architecture) -> Result<Self, ModelError> {
        let files = AdapterFiles::open(folder, architecture)?;
        let padded = files.rank().next_multiple_of(BLOCK);
        let mut pairs = BTreeMap::new();
        let mut leaves = Vec::new();
        let (mut length, mut bytes) = (0, 0);
        for part in files.parts() {
            let (a, a_leaf) = import(part.name, padded, part.columns, &files.a(part)?)?;
            let (b, b_leaf) = import(part.name, part.rows, padded, &files.b(part)?)?;
            for matrix in [&a, &b] {
                length += (matrix.rows * row_bytes(matrix.columns)) as u64;
                bytes += matrix.panels.bytes().len() as u64;
            }
            leaves.push(leaf(part.name, &a_leaf, &b_leaf));
            pairs.insert(part.name, Pair { a, b });
        }
        let root = typed_root(ADAPTER_KIND, length, &top(leaves));
        Ok(Self { rank: files.rank(), pairs, bytes, root })
    }

    /// What the adapter adds to the products of a matrix; `None` if nothing.
    pub fn factors(&self, layer: u16, tensor: LayerTensor) -> Option<Factors<'_>> {
        let pair = self.pairs.get(&TensorName::Layer(layer, tensor))?;
        Some(Factors { a: pair.a.matrix(), b: pair.b.matrix() })
    }

    /// The matrices to which the adapter adds something, in order.
    pub fn tensors(&self) -> impl Iterator<Item = TensorName> + '_ {
        self.pairs.keys().copied()
    }

    /// Rank before padding.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Bytes of all panels.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The typed root of the adapter.
    pub fn root(&self) -> [u8; 32] {
        self.root
    }
}

impl std::fmt::Debug for Adapter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tensors = self.pairs.len();
        formatter.debug_struct("Adapter").field("rank", &self.rank).field("tensors", &tensors).finish_non_exhaustive()
    }
}

fn leaf(name: TensorName, a: &Hash, b: &Hash) -> Hash {
    let name = name.to_string();
    tagged("strike/1/leaf", &[&(name.len() as u32).to_le_bytes(), name.as_bytes(), a, b])
}

fn import(name: TensorName, rows: usize, columns: usize, source: &FactorRows<'_>) -> Result<(Owned, Hash), ModelError> {
    let shape = TensorShape { name, kind: TensorKind::Matrix, rows, columns };
    match memory_matrix(&shape, source) {
        Ok((packing, panels, leaves)) => Ok((Owned { rows, columns, packing, panels }, matrix_leaf(&shape, leaves))),
        Err(ImportError::Model(error)) => Err(error),
        Err(ImportError::Target(source)) => Err(ModelError::Unreadable { file: "memory".to_owned(), source }),
    }
}
