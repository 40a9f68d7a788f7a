//! The canonical tensors of a model's files.

use std::sync::OnceLock;

use strike_arithmetic::equalization::exponents;

use crate::architecture::Architecture;
use crate::blocks::canonical_row;
use crate::encoding::Encoding;
use crate::equalized::{is_equalized, EqualizedRows};
use crate::gguf;
use crate::import::{Provider, RowSource};
use crate::layout::{TensorKind, TensorShape};
use crate::origin::{Naming, Origin};
use crate::panels::Rows;
use crate::source::Source;
use crate::store::{Location, Store};
use crate::tensors::{LayerTensor, TensorName, BLOCK};
use crate::ModelError;

/// Most numbers of a vector: the bias of the widest matrix.
const VECTOR_LIMIT: usize = 1 << 20;

/// The files and what their tensors are called.
pub(crate) struct FileProvider<'a> {
    pub store: &'a Store,
    /// Tells tensors of types that are not read from missing ones.
    pub gguf: Option<&'a gguf::File>,
    pub naming: &'a Naming,
    pub architecture: &'a Architecture,
    pub layout: &'a [TensorShape],
    /// The exponents of an encoder's channels, once they are known.
    pub equalization: &'a OnceLock<Vec<u8>>,
}

impl FileProvider<'_> {
    fn origin(&self, shape: &TensorShape) -> Origin {
        let rows = match shape.kind {
            TensorKind::Matrix => shape.rows,
            TensorKind::Vector => shape.columns,
        };
        self.naming.origin(self.store, self.architecture, shape.name, rows)
    }

    /// The tensor, if it has the shape that the architecture asks for.
    fn locate(&self, shape: &TensorShape) -> Result<(Origin, &Location, &Source), ModelError> {
        let origin = self.origin(shape);
        let (location, source) = self.store.tensor(&origin.tensor).map_err(|error| match self.gguf {
            Some(file) => file.unsupported_or(error),
            None => error,
        })?;
        let expected = match shape.kind {
            TensorKind::Matrix => vec![origin.total, shape.columns],
            TensorKind::Vector => vec![origin.total],
        };
        if location.shape != expected {
            let (file, tensor) = (source.name().to_owned(), origin.tensor);
            return Err(ModelError::ShapeMismatch { file, tensor, expected, found: location.shape.clone() });
        }
        if shape.kind == TensorKind::Matrix && !shape.columns.is_multiple_of(BLOCK) {
            let (file, tensor, columns) = (source.name().to_owned(), origin.tensor, shape.columns);
            return Err(ModelError::ColumnsNotInBlocks { file, tensor, columns });
        }
        Ok((origin, location, source))
    }

    /// The rows of a matrix, after its shape was checked.
    pub fn rows(&self, shape: &TensorShape) -> Result<FileRows<'_>, ModelError> {
        let (origin, location, source) = self.locate(shape)?;
        let row_bytes = location.encoding.bytes(shape.columns).ok_or_else(|| {
            let reason = format!("a row of tensor {} is no whole number of blocks", origin.tensor);
            ModelError::malformed(source.name(), reason)
        })?;
        Ok(FileRows { source, origin, encoding: location.encoding, offset: location.offset, row_bytes })
    }

    /// The exponent of each channel of an encoder.
    fn exponents(&self) -> Result<&[u8], ModelError> {
        if let Some(exponents) = self.equalization.get() {
            return Ok(exponents);
        }
        let is_gain = |shape: &&TensorShape| matches!(shape.name, TensorName::Layer(_, LayerTensor::AttentionNorm));
        let gains = self.layout.iter().filter(is_gain).map(|shape| self.vector(shape));
        let gains = gains.collect::<Result<Vec<_>, _>>()?;
        let gains: Vec<&[f32]> = gains.iter().map(Vec::as_slice).collect();
        Ok(self.equalization.get_or_init(|| exponents(&gains)))
    }

    /// Checks the presence and shape of every tensor, without reading any.
    pub fn check(&self) -> Result<(), ModelError> {
        self.layout.iter().try_for_each(|shape| self.locate(shape).map(drop))
    }
}

impl Provider for FileProvider<'_> {
    fn matrix<'a>(&'a self, shape: &TensorShape) -> Result<Box<dyn RowSource + 'a>, ModelError> {
        let rows = self.rows(shape)?;
        if !is_equalized(self.architecture, shape.name) {
            return Ok(Box::new(rows));
        }
        Ok(Box::new(EqualizedRows { rows, exponents: self.exponents()? }))
    }

    fn vector(&self, shape: &TensorShape) -> Result<Vec<f32>, ModelError> {
        let (origin, _, _) = self.locate(shape)?;
        let stored = self.store.floats(&origin.tensor, VECTOR_LIMIT)?;
        let value = |index| stored.get(origin.row(index)).copied().unwrap_or_default();
        Ok((0..shape.columns).map(|index| if origin.add_one { value(index) + 1.0 } else { value(index) }).collect())
    }

    fn total_bytes(&self) -> u64 {
        let matrices = self.layout.iter().filter(|shape| shape.kind == TensorKind::Matrix);
        let bytes = |shape: &TensorShape| {
            let (_, location, _) = self.locate(shape).ok()?;
            Some(location.encoding.bytes(shape.columns)? as u64 * shape.rows as u64)
        };
        matrices.filter_map(bytes).sum()
    }
}

/// The rows of one matrix in its file.
pub(crate) struct FileRows<'a> {
    source: &'a Source,
    origin: Origin,
    pub encoding: Encoding,
    offset: u64,
    row_bytes: usize,
}

impl FileRows<'_> {
    /// The numbers of whole rows of `columns` from row `first` on.
    pub fn floats(
        &self,
        first: usize,
        columns: usize,
        values: &mut [f32],
        scratch: &mut Vec<u8>,
    ) -> Result<(), ModelError> {
        let mut rows = values.chunks_exact_mut(columns);
        self.each(first, rows.len(), scratch, |_, bytes| {
            rows.next().is_some_and(|values| self.encoding.dequantize(bytes, values))
        })
    }

    /// Calls `convert` with the index and the bytes of each of `count` rows from row `first` on; `false` says that a number is
    /// not finite.
    pub fn each(
        &self,
        first: usize,
        count: usize,
        scratch: &mut Vec<u8>,
        mut convert: impl FnMut(usize, &[u8]) -> bool,
    ) -> Result<(), ModelError> {
        // The location was checked to lie within the file, so these offsets do not overflow.
        let offset = |row: usize| self.offset + self.origin.row(row) as u64 * self.row_bytes as u64;
        let mut checked = |row: usize, bytes: &[u8]| match convert(row, bytes) {
            true => Ok(()),
            false => Err(ModelError::NotFiniteWeight {
                file: self.source.name().to_owned(),
                tensor: self.origin.tensor.clone(),
                row: first + row,
            }),
        };
        if self.origin.interleaved.is_none() {
            let bytes = self.source.bytes(offset(first), count * self.row_bytes, scratch)?;
            return bytes.chunks_exact(self.row_bytes).enumerate().try_for_each(|(row, bytes)| checked(row, bytes));
        }
        (0..count).try_for_each(|row| checked(row, self.source.bytes(offset(first + row), self.row_bytes, scratch)?))
    }
}

impl RowSource for FileRows<'_> {
    fn fill(&self, first: usize, count: usize, rows: &mut Rows, scratch: &mut Vec<u8>) -> Result<(), ModelError> {
        self.each(first, count, scratch, |row, bytes| canonical_row(self.encoding, bytes, rows.row_mut(row)))
    }

    fn source_row_bytes(&self) -> usize {
        self.row_bytes
    }

    fn has_four_bits(&self) -> bool {
        self.encoding == Encoding::Q4_0
    }
}
