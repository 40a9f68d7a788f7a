//! LoRA adapters as PEFT writes them, in canonical form: `FORMATS.md`, "Adapters".

mod config;

use std::collections::BTreeMap;
use std::path::Path;

use crate::aligned::Aligned;
use crate::architecture::{Architecture, Decoder};
use crate::blocks::canonical_row;
use crate::encoding::Encoding;
use crate::import::{memory_matrix, ImportError, RowSource};
use crate::layout::{layout, TensorKind, TensorShape};
use crate::merkle::{tagged, top, Hash};
use crate::origin::fused;
use crate::panels::Rows;
use crate::root::{matrix_leaf, typed_root};
use crate::safetensors_files::single_file;
use crate::source::{read_whole, Source};
use crate::store::{Location, Store};
use crate::tensors::{LayerTensor, Matrix, Packing, TensorName, BLOCK};
use crate::ModelError;

/// Rank, factor and targets.
const CONFIG_FILE: &str = "adapter_config.json";
/// The matrices.
const WEIGHTS_FILE: &str = "adapter_model.safetensors";
const CONFIG_LIMIT: u64 = 1 << 20;
/// Index of adapters among the kinds of artifacts (`docs/protocol.md`, "Artifacts").
const ADAPTER_KIND: u8 = 4;

/// A LoRA adapter for the layers of a decoder.
pub struct Adapter {
    rank: usize,
    scale: f32,
    pairs: BTreeMap<TensorName, Pair>,
    root: Hash,
}

/// What an adapter adds to one matrix: `y ← y + scale · B (A x)`.
#[derive(Clone, Copy, Debug)]
pub struct Factors<'a> {
    /// `rank × inputs`, with zero rows up to a multiple of 32.
    pub a: Matrix<'a>,
    /// `outputs × rank`, with zero columns up to a multiple of 32.
    pub b: Matrix<'a>,
    /// `lora_alpha / rank`, or over its root.
    pub scale: f32,
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
    /// Every tensor of the file must belong to a matrix of the architecture's layers and have its shape.
    pub fn open(folder: &Path, architecture: &Architecture) -> Result<Self, ModelError> {
        let config = config::parse(CONFIG_FILE, &read_whole(&folder.join(CONFIG_FILE), CONFIG_LIMIT)?)?;
        let Architecture::Decoder(decoder) = architecture else {
            return Err(ModelError::UnsupportedConfig {
                file: CONFIG_FILE.to_owned(),
                field: "base model".to_owned(),
                found: "an encoder".to_owned(),
            });
        };
        let store = single_file(Source::open(&folder.join(WEIGHTS_FILE))?)?;
        let shapes: BTreeMap<_, _> = layout(architecture).into_iter().map(|shape| (shape.name, shape)).collect();
        let mut pairs = BTreeMap::new();
        let mut leaves = BTreeMap::new();
        let mut length = 0;
        for module in modules(&store, decoder.layers)? {
            let parts = module.parts(decoder);
            for (tensor, first_row, total_rows) in parts {
                let name = TensorName::Layer(module.layer, tensor);
                let shape = shapes.get(&name).filter(|shape| shape.kind == TensorKind::Matrix);
                let shape = shape.ok_or_else(|| foreign(&module.a))?;
                let rank = config.rank;
                let a = PaddedRows::new(&store, &module.a, [rank, shape.columns], 0)?;
                let b = PaddedRows::new(&store, &module.b, [total_rows.unwrap_or(shape.rows), rank], first_row)?;
                let padded = rank.next_multiple_of(BLOCK);
                let (a, a_leaf) = import(name, padded, shape.columns, &a)?;
                let (b, b_leaf) = import(name, shape.rows, padded, &b)?;
                length += (a.rows * crate::blocks::row_bytes(a.columns)) as u64;
                length += (b.rows * crate::blocks::row_bytes(b.columns)) as u64;
                leaves.insert(name, leaf(name, rank, config.scale, &a_leaf, &b_leaf));
                pairs.insert(name, Pair { a, b });
            }
        }
        let root = typed_root(ADAPTER_KIND, length, &top(leaves.into_values().collect()));
        Ok(Self { rank: config.rank, scale: config.scale, pairs, root })
    }

    /// What the adapter adds to a matrix; `None` if nothing.
    pub fn factors(&self, layer: u16, tensor: LayerTensor) -> Option<Factors<'_>> {
        let pair = self.pairs.get(&TensorName::Layer(layer, tensor))?;
        Some(Factors { a: pair.a.matrix(), b: pair.b.matrix(), scale: self.scale })
    }

    /// The matrices to which the adapter adds something.
    pub fn tensors(&self) -> impl Iterator<Item = TensorName> + '_ {
        self.pairs.keys().copied()
    }

    /// Rank before padding.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// The typed root of the adapter.
    pub fn root(&self) -> [u8; 32] {
        self.root
    }
}

fn leaf(name: TensorName, rank: usize, scale: f32, a: &Hash, b: &Hash) -> Hash {
    let name = name.to_string();
    let (rank, scale) = ((rank as u64).to_le_bytes(), scale.to_bits().to_le_bytes());
    tagged("strike/1/leaf", &[&(name.len() as u32).to_le_bytes(), name.as_bytes(), &rank, &scale, a, b])
}

/// A linear layer of the base model that has both matrices in the file.
struct Module {
    layer: u16,
    kind: &'static str,
    a: String,
    b: String,
}

const MODULES: [(&str, &str); 9] = [
    ("self_attn.q_proj", "q"),
    ("self_attn.k_proj", "k"),
    ("self_attn.v_proj", "v"),
    ("self_attn.o_proj", "o"),
    ("self_attn.qkv_proj", "qkv"),
    ("mlp.gate_proj", "gate"),
    ("mlp.up_proj", "up"),
    ("mlp.down_proj", "down"),
    ("mlp.gate_up_proj", "gate_up"),
];

impl Module {
    /// The canonical matrices of the module; where it is fused, the first row and all rows of the file's matrix.
    fn parts(&self, decoder: &Decoder) -> Vec<(LayerTensor, usize, Option<usize>)> {
        use LayerTensor as T;
        let plain = |tensor| vec![(tensor, 0, None)];
        let split = |tensors: &[LayerTensor]| {
            let part = |tensor: &LayerTensor| {
                let (first, total) = fused(decoder, *tensor)?;
                Some((*tensor, first, Some(total)))
            };
            tensors.iter().filter_map(part).collect()
        };
        match self.kind {
            "q" => plain(T::Query),
            "k" => plain(T::Key),
            "v" => plain(T::Value),
            "o" => plain(T::AttentionOutput),
            "gate" => plain(T::Gate),
            "up" => plain(T::Up),
            "down" => plain(T::Down),
            "qkv" => split(&[T::Query, T::Key, T::Value]),
            _ => split(&[T::Gate, T::Up]),
        }
    }
}

fn foreign(tensor: &str) -> ModelError {
    ModelError::malformed(WEIGHTS_FILE, format!("tensor {tensor} belongs to no matrix of the model's layers"))
}

/// The modules by the names of the tensors, such as `base_model.model.model.layers.3.self_attn.q_proj.lora_A.weight`.
fn modules(store: &Store, layers: usize) -> Result<Vec<Module>, ModelError> {
    let mut modules = Vec::new();
    let mut names: Vec<&String> = store.tensors.keys().collect();
    names.sort();
    for name in names {
        let module = name.strip_suffix(".lora_A.weight").or_else(|| name.strip_suffix(".lora_B.weight"));
        let (_, place) = module.and_then(|module| module.rsplit_once("layers.")).ok_or_else(|| foreign(name))?;
        let (layer, own) = place.split_once('.').ok_or_else(|| foreign(name))?;
        let layer = layer.parse::<u16>().ok().filter(|layer| usize::from(*layer) < layers);
        let kind = MODULES.into_iter().find(|(module, _)| *module == own);
        let (Some(layer), Some((_, kind)), Some(module)) = (layer, kind, module) else { return Err(foreign(name)) };
        // The pair is taken at its first matrix; the second must be there.
        if name.ends_with("A.weight") {
            modules.push(Module { layer, kind, a: name.clone(), b: format!("{module}.lora_B.weight") });
        } else if !store.contains(&format!("{module}.lora_A.weight")) {
            let tensor = format!("{module}.lora_A.weight");
            return Err(ModelError::MissingTensor { file: WEIGHTS_FILE.to_owned(), tensor });
        }
    }
    match modules.is_empty() {
        true => Err(ModelError::malformed(WEIGHTS_FILE, "it has no LoRA matrices")),
        false => Ok(modules),
    }
}

fn import(name: TensorName, rows: usize, columns: usize, source: &PaddedRows<'_>) -> Result<(Owned, Hash), ModelError> {
    let shape = TensorShape { name, kind: TensorKind::Matrix, rows, columns };
    match memory_matrix(&shape, source) {
        Ok((packing, panels, leaves)) => Ok((Owned { rows, columns, packing, panels }, matrix_leaf(&shape, leaves))),
        Err(ImportError::Model(error)) => Err(error),
        Err(ImportError::Target(source)) => Err(ModelError::Unreadable { file: "memory".to_owned(), source }),
    }
}

/// Rows of a matrix of a file, and zeros beyond its rows and columns.
struct PaddedRows<'a> {
    source: &'a Source,
    tensor: &'a str,
    location: &'a Location,
    first: usize,
    rows: usize,
    columns: usize,
}

impl<'a> PaddedRows<'a> {
    fn new(store: &'a Store, tensor: &'a str, expected: [usize; 2], first: usize) -> Result<Self, ModelError> {
        let (location, source) = store.tensor(tensor)?;
        if location.shape != expected {
            return Err(ModelError::ShapeMismatch {
                file: source.name().to_owned(),
                tensor: tensor.to_owned(),
                expected: expected.to_vec(),
                found: location.shape.clone(),
            });
        }
        Ok(Self { source, tensor, location, first, rows: expected[0], columns: expected[1] })
    }
}

impl RowSource for PaddedRows<'_> {
    fn fill(&self, first: usize, count: usize, rows: &mut Rows, scratch: &mut Vec<u8>) -> Result<(), ModelError> {
        let failed = |row| ModelError::NotFiniteWeight {
            file: self.source.name().to_owned(),
            tensor: self.tensor.to_owned(),
            row,
        };
        // Rows of safetensors are at most 2^17 numbers of four bytes.
        let row_bytes = self.source_row_bytes();
        let mut values = vec![0.0; self.columns.next_multiple_of(BLOCK)];
        for row in 0..count {
            let stored = self.first + first + row;
            if stored >= self.rows {
                rows.row_mut(row).fill(0);
                continue;
            }
            let offset = self.location.offset + (stored * row_bytes) as u64;
            let bytes = self.source.bytes(offset, row_bytes, scratch)?;
            self.location.encoding.widen(bytes, &mut values[..self.columns]).map_err(|()| failed(stored))?;
            let widened: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            if !canonical_row(Encoding::F32, &widened, rows.row_mut(row)) {
                return Err(failed(stored));
            }
        }
        Ok(())
    }

    fn source_row_bytes(&self) -> usize {
        self.location.encoding.bytes(self.columns).unwrap_or_default()
    }

    fn has_four_bits(&self) -> bool {
        false
    }
}
