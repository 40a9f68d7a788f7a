//! A model's tensors as its files have them, in f32: what the canonical form is an approximation of.

use std::borrow::Cow;
use std::path::Path;

use rayon::prelude::*;

use crate::architecture::layout::{TensorKind, TensorShape};
use crate::architecture::tensors::TensorName;
use crate::architecture::Architecture;
use crate::architecture::SpecialTokens;
use crate::canonical::import::TensorReader;
use crate::containers::gguf;
use crate::error::ModelError;
use crate::open::files::ModelFiles;
use crate::open::opened::Opened;

/// Rows that a thread reads at once.
const ROWS: usize = 32;

/// The files of a model, whose tensors are read one at a time when they are asked for.
///
/// Tensors have canonical names and shapes, whatever the file calls them: fused matrices are taken apart, rows are in
/// half-split rotary order, norms are factors. Quantized encodings of GGUF files are dequantized.
pub struct FloatModel {
    opened: Opened,
}

/// A weight matrix in f32.
#[derive(Clone, Debug, PartialEq)]
pub struct FloatMatrix {
    /// Outputs.
    pub rows: usize,
    /// Inputs.
    pub columns: usize,
    /// Row by row.
    pub values: Vec<f32>,
}

impl FloatMatrix {
    /// The numbers of a row, which is below [`Self::rows`].
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.columns..][..self.columns]
    }
}

impl FloatModel {
    /// Opens a folder (`config.json`, `model.safetensors` or its shards) or one GGUF file. Presence and shape of all tensors
    /// are checked.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        Ok(Self { opened: Opened::path(path)? })
    }

    /// Opens `config.json` and `model.safetensors` of a folder, and looks at no other file: as [`Self::from_files`] for files that
    /// are not in memory.
    pub fn open_files(folder: &Path) -> Result<Self, ModelError> {
        Ok(Self { opened: Opened::weights_and_config(folder)? })
    }

    /// A model whose files are in memory.
    pub fn from_files(files: &ModelFiles) -> Result<Self, ModelError> {
        Ok(Self { opened: Opened::files(files)? })
    }

    /// A GGUF file in memory.
    pub fn from_gguf_bytes(name: &str, contents: impl Into<Cow<'static, [u8]>>) -> Result<Self, ModelError> {
        Ok(Self { opened: Opened::gguf(gguf::File::from_bytes(name, contents)?)? })
    }

    /// What the model computes.
    pub fn architecture(&self) -> &Architecture {
        &self.opened.architecture
    }

    /// Tokens that begin and end a text.
    pub fn special_tokens(&self) -> &SpecialTokens {
        &self.opened.special
    }

    /// A weight matrix; `None` if the architecture has no such matrix.
    pub fn matrix(&self, name: TensorName) -> Result<Option<FloatMatrix>, ModelError> {
        let Some(shape) = self.shape(name, TensorKind::Matrix) else { return Ok(None) };
        let reader = self.opened.reader();
        let source = reader.rows(shape)?;
        let (rows, columns) = (shape.rows, shape.columns);
        let mut values = vec![0.0; rows * columns];
        values.par_chunks_mut(ROWS * columns).enumerate().try_for_each_init(Vec::new, |scratch, (chunk, values)| {
            source.floats(chunk * ROWS, columns, values, scratch)
        })?;
        Ok(Some(FloatMatrix { rows, columns, values }))
    }

    /// The base of the rotary embedding, rounded to f32: the angle of pair `i` of `dims` elements is `base^(-2i/dims)`. `None` where
    /// the angles are scaled or differ by layer, and for an encoder.
    pub fn rotary_base(&self) -> Option<f64> {
        self.opened.rotary_base
    }

    /// A norm or a bias; `None` if the architecture has no such vector.
    pub fn vector(&self, name: TensorName) -> Result<Option<Vec<f32>>, ModelError> {
        self.shape(name, TensorKind::Vector).map(|shape| self.opened.reader().vector(shape)).transpose()
    }

    fn shape(&self, name: TensorName, kind: TensorKind) -> Option<&TensorShape> {
        self.opened.layout.iter().find(|shape| shape.name == name && shape.kind == kind)
    }
}
