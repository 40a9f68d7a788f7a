//! The canonical tensors of a model's files.

use std::sync::OnceLock;

use strike_arithmetic::equalization::exponents;

use crate::architecture::layout::{TensorKind, TensorShape};
use crate::architecture::tensors::{LayerTensor, TensorName};
use crate::architecture::Architecture;
use crate::canonical::import::{RowSource, TensorReader};
use crate::canonical::matrix::BLOCK;
use crate::containers::gguf;
use crate::containers::source::Source;
use crate::containers::store::{Location, Store};
use crate::error::ModelError;
use crate::open::equalized::{is_equalized, EqualizedRows};
use crate::open::rows::FileRows;
use crate::open::tensor_map::{Mapping, Naming};

/// Most numbers of a vector: the bias of the widest matrix.
const VECTOR_LIMIT: usize = 1 << 20;

/// The files and what their tensors are called.
pub(crate) struct FileReader<'a> {
    pub store: &'a Store,
    /// Tells tensors of types that are not read from missing ones.
    pub gguf: Option<&'a gguf::File>,
    pub naming: &'a Naming,
    pub architecture: &'a Architecture,
    pub layout: &'a [TensorShape],
    /// The exponents of an encoder's channels, once they are known.
    pub equalization: &'a OnceLock<Vec<u8>>,
}

impl FileReader<'_> {
    fn mapping(&self, shape: &TensorShape) -> Mapping {
        let rows = match shape.kind {
            TensorKind::Matrix => shape.rows,
            TensorKind::Vector => shape.columns,
        };
        self.naming.mapping(self.store, self.architecture, shape.name, rows)
    }

    /// The tensor, if it has the shape that the architecture asks for.
    fn locate(&self, shape: &TensorShape) -> Result<(Mapping, &Location, &Source), ModelError> {
        let mapping = self.mapping(shape);
        let (location, source) = self.store.tensor(&mapping.tensor).map_err(|error| match self.gguf {
            Some(file) => file.unsupported_or(error),
            None => error,
        })?;
        let expected = match shape.kind {
            TensorKind::Matrix => vec![mapping.total, shape.columns],
            TensorKind::Vector => vec![mapping.total],
        };
        if location.shape != expected {
            let (file, tensor) = (source.name().to_owned(), mapping.tensor);
            return Err(ModelError::ShapeMismatch { file, tensor, expected, found: location.shape.clone() });
        }
        if shape.kind == TensorKind::Matrix && !shape.columns.is_multiple_of(BLOCK) {
            let (file, tensor, columns) = (source.name().to_owned(), mapping.tensor, shape.columns);
            return Err(ModelError::ColumnsNotInBlocks { file, tensor, columns });
        }
        Ok((mapping, location, source))
    }

    /// The rows of a matrix, after its shape was checked.
    pub fn rows(&self, shape: &TensorShape) -> Result<FileRows<'_>, ModelError> {
        let (mapping, location, source) = self.locate(shape)?;
        let row_bytes = location.encoding.bytes(shape.columns).ok_or_else(|| {
            let reason = format!("a row of tensor {} is no whole number of blocks", mapping.tensor);
            ModelError::malformed(source.name(), reason)
        })?;
        Ok(FileRows { source, mapping, encoding: location.encoding, offset: location.offset, row_bytes })
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

impl TensorReader for FileReader<'_> {
    fn matrix<'a>(&'a self, shape: &TensorShape) -> Result<Box<dyn RowSource + 'a>, ModelError> {
        let rows = self.rows(shape)?;
        if !is_equalized(self.architecture, shape.name) {
            return Ok(Box::new(rows));
        }
        Ok(Box::new(EqualizedRows { rows, exponents: self.exponents()? }))
    }

    fn vector(&self, shape: &TensorShape) -> Result<Vec<f32>, ModelError> {
        let (mapping, _, _) = self.locate(shape)?;
        let stored = self.store.floats(&mapping.tensor, VECTOR_LIMIT)?;
        let value = |index| stored.get(mapping.row(index)).copied().unwrap_or_default();
        Ok((0..shape.columns).map(|index| if mapping.add_one { value(index) + 1.0 } else { value(index) }).collect())
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
