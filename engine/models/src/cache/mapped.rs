//! The tensors of an open model: a mapped cache file, or memory.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;

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
    Mapped(Mapped),
}

/// A mapped cache file. It is held open, so that a change of what is mapped is seen whatever becomes of its name.
pub(crate) struct Mapped {
    map: Mmap,
    file: File,
    state: State,
}

/// Length, and the time of the last writing with its nanoseconds.
type State = (u64, i64, i64);

fn state(file: &File) -> io::Result<State> {
    let metadata = file.metadata()?;
    Ok((metadata.size(), metadata.mtime(), metadata.mtime_nsec()))
}

impl Mapped {
    /// A map of the whole file, as it is now.
    pub fn new(map: Mmap, file: File) -> io::Result<Self> {
        let state = state(&file)?;
        Ok(Self { map, file, state })
    }

    pub fn bytes(&self, range: Range<usize>) -> Option<&[u8]> {
        self.map.get(range)
    }

    /// Whether nobody has written to the file since. That it was removed or replaced by another changes nothing.
    fn is_intact(&self) -> bool {
        state(&self.file).is_ok_and(|now| now == self.state)
    }
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
            (Data::Mapped(mapped), Place::Mapped(range)) => mapped.bytes(range.clone())?,
            _ => return None,
        };
        Some(Matrix { rows: stored.rows, columns: stored.columns, packing: stored.packing, panels })
    }

    pub fn vector(&self, name: TensorName) -> Option<&[f32]> {
        self.vectors.get(&name).map(Vec::as_slice)
    }

    /// Whether the tensors are still those that were opened.
    pub fn is_intact(&self) -> bool {
        match &self.data {
            Data::Memory(_) => true,
            Data::Mapped(mapped) => mapped.is_intact(),
        }
    }

    /// Bytes of all panels.
    pub fn panel_bytes(&self) -> u64 {
        let matrices = self.matrices.keys().filter_map(|name| self.matrix(*name));
        matrices.map(|matrix| matrix.panels.len() as u64).sum()
    }
}
