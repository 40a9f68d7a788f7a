//! The two files of an adapter, checked against the base model's architecture.

use std::path::Path;

use crate::architecture::layout::layout;
use crate::architecture::Architecture;
use crate::canonical::import::RowSource;
use crate::canonical::matrix::BLOCK;
use crate::canonical::panels::Rows;
use crate::containers::encoding::{canonical_row, Encoding};
use crate::containers::safetensors::single_file_of_matrices;
use crate::containers::source::{read_whole, Source};
use crate::containers::store::{Location, Store};
use crate::error::ModelError;

use super::config::{self, Config};
use super::modules::{parts, Part, WEIGHTS_FILE};

/// Rank, factor and targets.
const CONFIG_FILE: &str = "adapter_config.json";
const CONFIG_LIMIT: u64 = 1 << 20;

/// An adapter as its files have it.
pub(super) struct AdapterFiles {
    config: Config,
    store: Store,
    parts: Vec<Part>,
}

impl AdapterFiles {
    pub fn open(folder: &Path, architecture: &Architecture) -> Result<Self, ModelError> {
        let config = config::parse(CONFIG_FILE, &read_whole(&folder.join(CONFIG_FILE), CONFIG_LIMIT)?)?;
        let Architecture::Decoder(decoder) = architecture else {
            return Err(ModelError::UnsupportedConfig {
                file: CONFIG_FILE.to_owned(),
                field: "base model".to_owned(),
                found: "an encoder".to_owned(),
            });
        };
        let store = single_file_of_matrices(Source::open(&folder.join(WEIGHTS_FILE))?)?;
        let parts = parts(&store, decoder, &layout(architecture))?;
        Ok(Self { config, store, parts })
    }

    pub fn rank(&self) -> usize {
        self.config.rank
    }

    /// The adapted matrices, in the order of the model's tensors.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// `A` of a matrix.
    pub fn a(&self, part: &Part) -> Result<FactorRows<'_>, ModelError> {
        FactorRows::new(&self.store, &part.a, [self.config.rank, part.columns], 0, 1.0)
    }

    /// `B` of a matrix, times the scale.
    pub fn b(&self, part: &Part) -> Result<FactorRows<'_>, ModelError> {
        FactorRows::new(&self.store, &part.b, [part.total_rows, self.config.rank], part.first_row, self.config.scale)
    }
}

/// Rows of a matrix of the file times a factor, and zeros beyond its rows and columns.
pub(super) struct FactorRows<'a> {
    source: &'a Source,
    location: &'a Location,
    tensor: String,
    first: usize,
    rows: usize,
    columns: usize,
    factor: f32,
}

impl<'a> FactorRows<'a> {
    fn new(
        store: &'a Store,
        tensor: &str,
        expected: [usize; 2],
        first: usize,
        factor: f32,
    ) -> Result<Self, ModelError> {
        let (location, source) = store.tensor(tensor)?;
        if location.shape != expected {
            return Err(ModelError::ShapeMismatch {
                file: source.name().to_owned(),
                tensor: tensor.to_owned(),
                expected: expected.to_vec(),
                found: location.shape.clone(),
            });
        }
        let [rows, columns] = expected;
        Ok(Self { source, location, tensor: tensor.to_owned(), first, rows, columns, factor })
    }

    fn not_finite(&self, row: usize) -> ModelError {
        ModelError::NotFiniteWeight { file: self.source.name().to_owned(), tensor: self.tensor.clone(), row }
    }

    /// The numbers of a row; an error if one is not finite.
    pub fn values(&self, row: usize, values: &mut [f32], scratch: &mut Vec<u8>) -> Result<(), ModelError> {
        let row = self.first + row;
        let row_bytes = self.source_row_bytes();
        let bytes = self.source.bytes(self.location.offset + (row * row_bytes) as u64, row_bytes, scratch)?;
        self.location.encoding.widen(bytes, values).map_err(|()| self.not_finite(row))?;
        for value in &mut *values {
            *value *= self.factor;
        }
        match values.iter().all(|value| value.is_finite()) {
            true => Ok(()),
            false => Err(self.not_finite(row)),
        }
    }
}

impl RowSource for FactorRows<'_> {
    fn fill(&self, first: usize, count: usize, rows: &mut Rows, scratch: &mut Vec<u8>) -> Result<(), ModelError> {
        // Rows are at most 2^17 numbers.
        let mut values = vec![0.0; self.columns.next_multiple_of(BLOCK)];
        let mut bytes = Vec::new();
        for row in 0..count {
            if first + row >= self.rows {
                rows.row_mut(row).fill(0);
                continue;
            }
            self.values(first + row, &mut values[..self.columns], scratch)?;
            bytes.clear();
            bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            if !canonical_row(Encoding::F32, &bytes, rows.row_mut(row)) {
                return Err(self.not_finite(self.first + first + row));
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
