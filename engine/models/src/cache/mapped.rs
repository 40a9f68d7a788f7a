//! The tensors of an open model: a mapped cache file, or memory.

use std::collections::HashMap;
use std::ops::Range;

use memmap2::Mmap;

use crate::architecture::layout::TensorShape;
use crate::architecture::tensors::TensorName;
use crate::canonical::aligned::Aligned;
use crate::canonical::import::{Content, Imported};
use crate::canonical::matrix::{Matrix, Packing};
use crate::canonical::merkle::Hash;

/// All tensors.
pub(crate) struct Image {
    pub weights_root: Hash,
    pub data: Data,
    matrices: HashMap<TensorName, Stored>,
    vectors: HashMap<TensorName, Vec<f32>>,
}

pub(crate) enum Data {
    Memory(Vec<Aligned>),
    Mapped(Mmap),
}

/// Where the panels of a matrix are.
pub(crate) enum Place {
    /// Index of the buffer.
    Memory(usize),
    /// Bytes of the map.
    Mapped(Range<usize>),
}

struct Stored {
    rows: usize,
    columns: usize,
    packing: Packing,
    place: Place,
}

impl Image {
    pub fn new(weights_root: Hash) -> Self {
        Self { weights_root, data: Data::Memory(Vec::new()), matrices: HashMap::new(), vectors: HashMap::new() }
    }

    pub fn from_memory(imported: Imported) -> Self {
        let mut image = Self::new(imported.weights_root);
        let mut buffers = Vec::new();
        for tensor in imported.tensors {
            match tensor.content {
                Content::Vector(values) => image.add_vector(&tensor.shape, values),
                Content::Panels(panels) => {
                    image.add_matrix(&tensor.shape, tensor.packing, Place::Memory(buffers.len()));
                    buffers.push(panels);
                }
                // Only an import into a file writes.
                Content::Written => {}
            }
        }
        image.data = Data::Memory(buffers);
        image
    }

    pub fn add_matrix(&mut self, shape: &TensorShape, packing: Packing, place: Place) {
        let stored = Stored { rows: shape.rows, columns: shape.columns, packing, place };
        self.matrices.insert(shape.name, stored);
    }

    pub fn add_vector(&mut self, shape: &TensorShape, values: Vec<f32>) {
        self.vectors.insert(shape.name, values);
    }

    pub fn matrix(&self, name: TensorName) -> Option<Matrix<'_>> {
        let stored = self.matrices.get(&name)?;
        let panels = match (&self.data, &stored.place) {
            (Data::Memory(buffers), Place::Memory(index)) => buffers.get(*index)?.bytes(),
            (Data::Mapped(map), Place::Mapped(range)) => map.get(range.clone())?,
            _ => return None,
        };
        Some(Matrix { rows: stored.rows, columns: stored.columns, packing: stored.packing, panels })
    }

    pub fn vector(&self, name: TensorName) -> Option<&[f32]> {
        self.vectors.get(&name).map(Vec::as_slice)
    }

    /// Bytes of all panels.
    pub fn panel_bytes(&self) -> u64 {
        let matrices = self.matrices.keys().filter_map(|name| self.matrix(*name));
        matrices.map(|matrix| matrix.panels.len() as u64).sum()
    }
}
