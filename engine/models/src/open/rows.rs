//! The rows of a matrix as its file has them.

use crate::canonical::import::RowSource;
use crate::canonical::panels::Rows;
use crate::containers::encoding::{canonical_row, Encoding};
use crate::containers::source::Source;
use crate::error::ModelError;
use crate::open::tensor_map::Mapping;

/// The rows of one matrix in its file.
pub(crate) struct FileRows<'a> {
    pub source: &'a Source,
    pub mapping: Mapping,
    pub encoding: Encoding,
    pub offset: u64,
    pub row_bytes: usize,
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
        let offset = |row: usize| self.offset + self.mapping.row(row) as u64 * self.row_bytes as u64;
        let mut checked = |row: usize, bytes: &[u8]| match convert(row, bytes) {
            true => Ok(()),
            false => Err(ModelError::NotFiniteWeight {
                file: self.source.name().to_owned(),
                tensor: self.mapping.tensor.clone(),
                row: first + row,
            }),
        };
        if self.mapping.interleaved.is_none() {
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
